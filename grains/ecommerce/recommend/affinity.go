package recommend

import (
	"math"
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
)

// The bounds of an affinity.
const (
	maxNeighbours = 200 // kept
	MaxShown      = 50  // answered
	// MaxBasket is how many different products an order may have to say what goes
	// together: one that is larger is a stock-up and says nothing.
	MaxBasket      = 50
	maxPurchases   = 2048 // in one command
	ordersKnown    = 1024
	affinityHalf   = 60 * 24 * time.Hour
	popularityPull = 0.3 // 0: best sellers dominate; 1: chance finds do; see docs/recommendations.md
	doubt          = 3.0 // decayed orders at which a neighbour is half believed
)

// Affinity is what is bought together with one product. The zero Affinity knows
// of nothing.
type Affinity struct {
	ProductID entrepot.ID `json:"productId,omitempty"`
	CompanyID entrepot.ID `json:"companyId,omitempty"`
	Own       Decayed     `json:"own"` // its orders
	Near      board       `json:"near,omitempty"`
	Counted   memory      `json:"counted"`
	CreatedAt int64       `json:"created,omitempty"` // Unix ms
}

// bought are orders that count. Private: every order has been told.
type bought struct {
	events.Private
	product, company entrepot.ID
	orders           []purchase
	at               int64
}

type purchase struct {
	order string
	at    int64
	with  []companion
}

type companion struct {
	id         entrepot.ID
	popularity float64
}

type forgotten struct{ events.Private }

// Bought counts the orders that are not known yet.
func (s *Affinity) Bought(t entrepot.Turn, c Bought) ([]events.Event, error) {
	switch {
	case t.Caller.Role != entrepot.System:
		return nil, entrepot.ErrNotFound
	case len(c.Purchases) > maxPurchases:
		return nil, entrepot.Invalid("purchases", "items", "at most %d", maxPurchases)
	}
	f := bought{product: t.ID, company: c.CompanyID, at: t.Now.UnixMilli()}
	for _, p := range c.Purchases {
		at := moment(p.At, t.Now)
		again := slices.ContainsFunc(f.orders, func(o purchase) bool { return o.order == p.OrderID })
		if again || s.Counted.knows(p.OrderID, at) {
			continue
		}
		o := purchase{order: p.OrderID, at: at}
		if len(p.With) < MaxBasket {
			for _, w := range p.With {
				o.with = append(o.with, companion{w.ProductID, w.Popularity})
			}
		}
		f.orders = append(f.orders, o)
	}
	if len(f.orders) == 0 {
		return nil, nil
	}
	return []events.Event{f}, nil
}

// Forget empties the affinity: its company was erased.
func (s *Affinity) Forget(t entrepot.Turn, _ Forget) ([]events.Event, error) {
	switch {
	case t.Caller.Role != entrepot.System:
		return nil, entrepot.ErrNotFound
	case s.CreatedAt == 0 || (len(s.Near) == 0 && s.Own.Sum == 0):
		return nil, nil
	default:
		return []events.Event{forgotten{}}, nil
	}
}

// Apply changes the state by one fact.
func (s *Affinity) Apply(e events.Event) {
	switch f := e.(type) {
	case bought:
		if s.CreatedAt == 0 {
			s.ProductID, s.CompanyID, s.CreatedAt = f.product, f.company, f.at
		}
		for _, o := range f.orders {
			s.count(o)
		}
	case forgotten:
		s.Own, s.Near = Decayed{}, nil
	}
}

// count adds an order. The more it had in it, the less each pair of it says.
func (s *Affinity) count(o purchase) {
	s.Own.add(1, o.at, affinityHalf)
	for _, c := range o.with {
		r := s.Near.add(c.id, 1/math.Sqrt(float64(len(o.with))), o.at, affinityHalf, maxNeighbours)
		r.Known = c.popularity + 1
	}
	s.Counted.keep(o.order, o.at, ordersKnown)
}

// GetPopularity answers how much the product is bought.
func (s *Affinity) GetPopularity(t entrepot.Turn, _ GetPopularity) (*Popularity, error) {
	return &Popularity{Weight: s.Own.at(t.Now.UnixMilli(), affinityHalf)}, nil
}

// GetNeighbours answers what is bought together with the product, best first.
func (s *Affinity) GetNeighbours(t entrepot.Turn, c GetNeighbours) (*Neighbours, error) {
	n := MaxShown
	if c.Limit > 0 {
		n = min(n, int(c.Limit))
	}
	return &Neighbours{Neighbours: scored(s.Neighbours(t.Now, n))}, nil
}

// Neighbours are the n best. The score is how many of the two products' orders
// they share, set against what each is bought by itself (a cosine would be a pull
// of a half), so that a best seller, which is in many
// orders of everything, does not come out on top everywhere; held back while
// there are few orders to go by. What the other is bought is taken to be as it
// was when the two met last.
func (s *Affinity) Neighbours(now time.Time, n int) []Scored {
	ms := now.UnixMilli()
	own := s.Own.at(ms, affinityHalf)
	out := make([]Scored, 0, len(s.Near))
	for i := range s.Near {
		r := &s.Near[i]
		together := r.sure(ms, affinityHalf)
		if together <= 0 || own <= 0 {
			continue
		}
		others := math.Pow(max(r.Known, together), popularityPull) * math.Pow(max(own, together), 1-popularityPull)
		out = append(out, Scored{r.ID, min(1, together/others) * together / (together + doubt)})
	}
	return best(out, n)
}

func scored(list []Scored) []ScoredMsg {
	out := make([]ScoredMsg, len(list))
	for i, s := range list {
		out[i] = ScoredMsg{ProductID: s.ID, Score: s.Score}
	}
	return out
}
