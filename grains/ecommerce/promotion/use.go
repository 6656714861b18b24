package promotion

import (
	"time"

	"entrepot"
	"entrepot/events"
)

// Use is the state of the kind of one customer's uses of a code with a limit per customer.
// Commands: Claim, Release, Settle, Return, by the rules of [Claims]; Erase.
type Use struct {
	ID          entrepot.ID `json:"id,omitempty"`
	PromotionID entrepot.ID `json:"promotionId,omitempty"`
	CustomerID  entrepot.ID `json:"customerId,omitempty"`
	CreatedAt   int64       `json:"created,omitempty"` // Unix ms
	Claims
}

type (
	useClaimed struct {
		events.Private
		c  Claim
		at int64
	}
	useErased struct {
		events.Private
	}
	useEnded struct {
		events.Private
		ending
	}
)

// Claim sets one of the customer's uses aside.
func (s *Use) Claim(t entrepot.Turn, c Claim) ([]events.Event, error) {
	if t.Caller.Role != entrepot.System || t.ID != UseID(c.PromotionID, c.CustomerID) {
		return nil, entrepot.ErrNotFound
	}
	fresh, err := s.claim(c, c.Limit)
	if err != nil || !fresh {
		return nil, err
	}
	return []events.Event{useClaimed{c: c, at: t.Now.UnixMilli()}}, nil
}

// Release gives the use back.
func (s *Use) Release(t entrepot.Turn, c Release) ([]events.Event, error) {
	return s.finish(t, c.ClaimID, c.OrderID, false)
}

// Settle makes the use final.
func (s *Use) Settle(t entrepot.Turn, c Settle) ([]events.Event, error) {
	return s.finish(t, c.ClaimID, c.OrderID, true)
}

// Return gives a final use back.
func (s *Use) Return(t entrepot.Turn, c Return) ([]events.Event, error) {
	return s.finish(t, c.ClaimID, c.OrderID, false)
}

func (s *Use) finish(t entrepot.Turn, claim, order entrepot.ID, final bool) ([]events.Event, error) {
	if err := t.RequireSystem(); err != nil {
		return nil, err
	}
	if e := s.end(claim, order, final); e != nil {
		e.keep = final && !e.used // one customer has few
		return []events.Event{useEnded{ending: *e}}, nil
	}
	return nil, nil
}

// Erase removes the customer. Claimed uses still end as usual.
func (s *Use) Erase(t entrepot.Turn, _ Erase) ([]events.Event, error) {
	if err := t.RequireSystem(); err != nil || s.CustomerID == "" {
		return nil, err
	}
	return []events.Event{useErased{}}, nil
}

// WakeAt returns the time at which the oldest abandoned claim expires.
func (s *Use) WakeAt() time.Time { return s.staleAt() }

// Wake releases expired claims.
func (s *Use) Wake(t entrepot.Turn) (out []events.Event) {
	for _, e := range s.stale(t.Now) {
		out = append(out, useEnded{ending: e})
	}
	return out
}

// Apply changes the state by one fact.
func (s *Use) Apply(e events.Event) {
	switch f := e.(type) {
	case useClaimed:
		if s.ID == "" {
			s.ID, s.PromotionID, s.CustomerID = UseID(f.c.PromotionID, f.c.CustomerID), f.c.PromotionID, f.c.CustomerID
			s.CreatedAt = f.at
		}
		s.add(f.c)
	case useErased:
		s.CustomerID = ""
	case useEnded:
		s.apply(f.ending)
	}
}
