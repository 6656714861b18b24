package recommend

import (
	"time"

	"entrepot"
	"entrepot/events"
)

// The bounds of what trends.
const (
	maxTrending  = 500 // products on the board
	maxSignals   = 2048
	signalsKnown = 2048
	trendingHalf = 7 * 24 * time.Hour

	// What an order says of a product, and what a view does.
	WeightOrder = 5.0
	WeightView  = 1.0
)

// Trending is what is bought and viewed now, in a company or everywhere. The
// zero Trending has counted nothing.
type Trending struct {
	CompanyID entrepot.ID `json:"companyId,omitempty"`
	Products  board       `json:"products,omitempty"`
	Counted   memory      `json:"counted"`
	CreatedAt int64       `json:"created,omitempty"` // Unix ms
}

type trended struct {
	events.Private
	company entrepot.ID
	signals []signal
	at      int64
}

type signal struct {
	id       string
	at       int64
	products []entrepot.ID
	weight   float64
}

// Count counts the events that are not known yet.
func (s *Trending) Count(t entrepot.Turn, c Count) ([]events.Event, error) {
	switch {
	case t.Caller.Role != entrepot.System:
		return nil, entrepot.ErrNotFound
	case len(c.Signals) > maxSignals:
		return nil, entrepot.Invalid("signals", "items", "at most %d", maxSignals)
	}
	f, seen := trended{company: c.CompanyID, at: t.Now.UnixMilli()}, map[string]bool{}
	for _, g := range c.Signals {
		at := moment(g.At, t.Now)
		if seen[g.EventID] || s.Counted.knows(g.EventID, at) || !(g.Weight > 0) {
			continue
		}
		seen[g.EventID] = true
		f.signals = append(f.signals, signal{g.EventID, at, g.ProductIDs, g.Weight})
	}
	if len(f.signals) == 0 {
		return nil, nil
	}
	return []events.Event{f}, nil
}

// Forget empties the board: its company was erased.
func (s *Trending) Forget(t entrepot.Turn, _ Forget) ([]events.Event, error) {
	switch {
	case t.Caller.Role != entrepot.System:
		return nil, entrepot.ErrNotFound
	case len(s.Products) == 0:
		return nil, nil
	default:
		return []events.Event{forgotten{}}, nil
	}
}

// Apply changes the state by one fact.
func (s *Trending) Apply(e events.Event) {
	switch f := e.(type) {
	case trended:
		if s.CreatedAt == 0 {
			s.CompanyID, s.CreatedAt = f.company, f.at
		}
		for _, g := range f.signals {
			for _, id := range g.products {
				s.Products.add(id, g.weight, g.at, trendingHalf, maxTrending)
			}
			s.Counted.keep(g.id, g.at, signalsKnown)
		}
	case forgotten:
		s.Products = nil
	}
}

// GetTop answers what trends, best first.
func (s *Trending) GetTop(t entrepot.Turn, c GetTop) (*Top, error) {
	return &Top{Products: scored(s.Top(t.Now, int(c.Limit)))}, nil
}

// Top are the n products with the most decayed weight, which is their score.
func (s *Trending) Top(now time.Time, n int) []Scored {
	ms := now.UnixMilli()
	out := make([]Scored, 0, len(s.Products))
	for i := range s.Products {
		if w := s.Products[i].sure(ms, trendingHalf); w > 0 {
			out = append(out, Scored{s.Products[i].ID, w})
		}
	}
	return best(out, n)
}
