package recommend

import (
	"math"
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
)

// Bounds and weights of an affinity.
const (
	maxNeighbours = 200 // stored
	MaxShown      = 50  // returned
	// MaxBasket bounds the distinct products of an order that relates them. Larger orders are
	// stock-ups and relate nothing.
	MaxBasket      = 50
	maxPurchases   = 2048 // in one command
	ordersKnown    = 1024
	affinityHalf   = 60 * 24 * time.Hour
	popularityPull = 0.3 // 0: best sellers dominate; 1: chance finds do
	doubt          = 3.0 // decayed orders at which a neighbour is half believed
)

// Affinity is the state of the kind of affinities: the products that are bought together with a
// product. The zero Affinity has counted nothing.
type Affinity struct {
	ProductID entrepot.ID `json:"productId,omitempty"`
	CompanyID entrepot.ID `json:"companyId,omitempty"`
	Own       Decayed     `json:"own"` // its orders
	Near      board       `json:"near,omitempty"`
	Counted   memory      `json:"counted"`
	CreatedAt int64       `json:"created,omitempty"` // Unix ms
}

// bought is private because the orders are published already.
type bought struct {
	events.Private
	product, company entrepot.ID
	orders           []Purchase
	at               int64
}

type forgotten struct{ events.Private }

// Bought counts the orders that were not counted before.
func (s *Affinity) Bought(t entrepot.Turn, c Bought) ([]events.Event, error) {
	if err := t.RequireSystem(); err != nil {
		return nil, err
	}
	switch {
	case len(c.Purchases) > maxPurchases:
		return nil, entrepot.Invalid("purchases", "items", "must be at most %d", maxPurchases)
	}
	f := bought{product: t.ID, company: c.CompanyID, at: t.Now.UnixMilli()}
	for _, p := range c.Purchases {
		at := moment(p.At, t.Now)
		again := slices.ContainsFunc(f.orders, func(o Purchase) bool { return o.OrderID == p.OrderID })
		if again || s.Counted.knows(p.OrderID, at) {
			continue
		}
		if p.At = at; len(p.With) >= MaxBasket {
			p.With = nil
		}
		f.orders = append(f.orders, p)
	}
	if len(f.orders) == 0 {
		return nil, nil
	}
	return []events.Event{f}, nil
}

// Forget empties the affinity of a deleted company's product.
func (s *Affinity) Forget(t entrepot.Turn, _ Forget) ([]events.Event, error) {
	if err := t.RequireSystem(); err != nil {
		return nil, err
	}
	switch {
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

// count adds an order. The more products it has, the less each pair weighs.
func (s *Affinity) count(o Purchase) {
	s.Own.add(1, o.At, affinityHalf)
	for _, c := range o.With {
		r := s.Near.add(c.ProductID, 1/math.Sqrt(float64(len(o.With))), o.At, affinityHalf, maxNeighbours)
		r.Known = c.Popularity + 1
	}
	s.Counted.keep(o.OrderID, o.At, ordersKnown)
}

// GetPopularity returns the popularity of the product.
func (s *Affinity) GetPopularity(t entrepot.Turn, _ GetPopularity) (*Popularity, error) {
	return &Popularity{Weight: s.Own.at(t.Now.UnixMilli(), affinityHalf)}, nil
}

// GetNeighbours returns the products that are bought together with the product, best first.
func (s *Affinity) GetNeighbours(t entrepot.Turn, c GetNeighbours) (*Neighbours, error) {
	n := MaxShown
	if c.Limit > 0 {
		n = min(n, c.Limit)
	}
	return &Neighbours{Neighbours: s.Neighbours(t.Now, n)}, nil
}

// Neighbours returns the n best neighbours. The score is the number of shared orders in relation to
// the popularity of both products (a popularityPull of 0.5 would be a cosine), so that best sellers,
// which are in many orders of everything, do not dominate everywhere. Few orders lower it. The
// popularity of the neighbour is that of the last shared order.
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
