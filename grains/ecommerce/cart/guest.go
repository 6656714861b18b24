package cart

import (
	"entrepot"
	"entrepot/events"
)

// Handover is the handover of a guest's cart to a customer. While it is under way,
// and once it is done, the guest's token opens nothing.
type Handover struct {
	To       entrepot.ID `json:"to"`
	Seq      int64       `json:"seq"`
	Returned bool        `json:"returned,omitempty"` // the lines did not fit the customer's cart
	Taken    bool        `json:"taken,omitempty"`    // the customer's cart has the lines
}

func (h *Handover) active() bool { return h != nil && !h.Returned }

func (h *Handover) is(to entrepot.ID, seq int64) bool { return h != nil && h.To == to && h.Seq == seq }

type (
	opened struct {
		events.Private
		id entrepot.ID
		at int64
	}
	handed struct {
		events.Private
		to  entrepot.ID
		seq int64
	}
	settled struct {
		events.Private
		taken bool
	}
)

// Open opens the cart of a guest, before its token is given out.
func (s *State) Open(t entrepot.Turn, _ Open) ([]events.Event, error) {
	switch {
	case t.Caller.Role != "" || t.Caller.UserID != t.ID:
		return nil, entrepot.ErrNotFound
	case s.ID != "":
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the cart is open already")
	}
	return []events.Event{opened{id: t.ID, at: t.Now.UnixMilli()}}, nil
}

// HandOver closes the cart to its guest. Repeated by the same merge it changes
// nothing; another customer, or a merge that gave the cart back, gets CodeNotFound.
func (s *State) HandOver(t entrepot.Turn, c HandOver) ([]events.Event, error) {
	switch {
	case t.RequireSystem() != nil || !s.Guest:
		return nil, entrepot.ErrNotFound
	case s.Hand.active() && s.Hand.is(c.To, c.Seq):
		return nil, nil
	case s.Hand.active() || (s.Hand != nil && s.Hand.To == c.To && c.Seq <= s.Hand.Seq):
		return nil, entrepot.ErrNotFound
	}
	return []events.Event{handed{to: c.To, seq: c.Seq}}, nil
}

// Settle ends the handover: the cart is emptied, or open to its guest again.
func (s *State) Settle(t entrepot.Turn, c Settle) ([]events.Event, error) {
	switch {
	case t.RequireSystem() != nil:
		return nil, entrepot.ErrNotFound
	case !s.Hand.is(c.To, c.Seq) || s.Hand.Taken || s.Hand.Returned:
		return nil, nil
	case !c.Taken:
		return []events.Event{settled{}}, nil
	}
	gone := s.update(t, content{}, "")
	gone.HandedTo = c.To
	return []events.Event{settled{taken: true}, gone}, nil
}

func (s *State) settle(f settled) {
	h := *s.Hand
	h.Taken, h.Returned = f.taken, !f.taken
	s.Hand = &h
}
