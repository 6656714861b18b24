package cart

import (
	"slices"
	"strings"

	"entrepot"
	"entrepot/events"
)

// Limits of promo codes.
const (
	MaxPromos = 5
	maxCode   = 40 // characters
)

// AddPromo adds a code. The checkout computes its discount.
func (s *State) AddPromo(t entrepot.Turn, c AddPromo) ([]events.Event, error) {
	switch {
	case !s.reachable(t):
		return nil, entrepot.ErrNotFound
	case c.Code == "" || len(c.Code) > maxCode || c.Code != strings.ToUpper(c.Code):
		return nil, entrepot.Invalid("code", "code", "must be 1 to %d characters without small letters", maxCode)
	case slices.Contains(s.Promos, c.Code):
		return nil, nil
	case len(s.Promos) >= MaxPromos:
		return nil, entrepot.Errorf(entrepot.CodeConflict, "a cart takes at most %d promo codes", MaxPromos)
	}
	promos := append(slices.Clone(s.Promos), c.Code)
	return []events.Event{s.update(t, content{s.Lines, s.Saved, promos}, "")}, nil
}

// RemovePromo removes a code.
func (s *State) RemovePromo(t entrepot.Turn, c RemovePromo) ([]events.Event, error) {
	at := slices.Index(s.Promos, c.Code)
	if !s.reachable(t) || at < 0 {
		return nil, entrepot.ErrNotFound
	}
	promos := slices.Delete(slices.Clone(s.Promos), at, at+1)
	return []events.Event{s.update(t, content{s.Lines, s.Saved, promos}, "")}, nil
}
