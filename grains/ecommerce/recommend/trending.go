package recommend

import (
	"time"

	"entrepot"
	"entrepot/events"
)

// Bounds and weights of trends.
const (
	maxTrending  = 500 // products on the board
	maxSignals   = 2048
	signalsKnown = 2048
	trendingHalf = 7 * 24 * time.Hour

	// The weights of an order and of a view of a product.
	WeightOrder = 5.0
	WeightView  = 1.0
)

// Trending is the state of the kind of trends: the products that are bought and viewed now, in a
// company or on the whole platform. The zero Trending has counted nothing.
type Trending struct {
	CompanyID entrepot.ID `json:"companyId,omitempty"`
	Products  board       `json:"products,omitempty"`
	Counted   memory      `json:"counted"`
	CreatedAt int64       `json:"created,omitempty"` // Unix ms
}

type trended struct {
	events.Private
	company entrepot.ID
	signals []Signal
	at      int64
}

// Count counts the events that were not counted before.
func (s *Trending) Count(t entrepot.Turn, c Count) ([]events.Event, error) {
	if err := t.RequireSystem(); err != nil {
		return nil, err
	}
	switch {
	case len(c.Signals) > maxSignals:
		return nil, entrepot.Invalid("signals", "items", "must be at most %d", maxSignals)
	}
	f, seen := trended{company: c.CompanyID, at: t.Now.UnixMilli()}, map[string]bool{}
	for _, g := range c.Signals {
		at := moment(g.At, t.Now)
		if seen[g.EventID] || s.Counted.knows(g.EventID, at) || !(g.Weight > 0) {
			continue
		}
		seen[g.EventID] = true
		g.At = at
		f.signals = append(f.signals, g)
	}
	if len(f.signals) == 0 {
		return nil, nil
	}
	return []events.Event{f}, nil
}

// Forget empties the trends of a deleted company.
func (s *Trending) Forget(t entrepot.Turn, _ Forget) ([]events.Event, error) {
	if err := t.RequireSystem(); err != nil {
		return nil, err
	}
	switch {
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
			for _, id := range g.ProductIDs {
				s.Products.add(id, g.Weight, g.At, trendingHalf, maxTrending)
			}
			s.Counted.keep(g.EventID, g.At, signalsKnown)
		}
	case forgotten:
		s.Products = nil
	}
}

// GetTop returns the products that trend most.
func (s *Trending) GetTop(t entrepot.Turn, c GetTop) (*Top, error) {
	return &Top{Products: s.Top(t.Now, c.Limit)}, nil
}

// Top returns the n products with the most decayed weight, which is their score.
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
