package user

import (
	"slices"

	"entrepot"
	"entrepot/events"
)

// AssignShop adds a shop to those of the user. Tokens that name fewer shops are
// withdrawn, so that the client refreshes.
func (s *State) AssignShop(t entrepot.Turn, c AssignShop) ([]events.Event, error) {
	switch {
	case t.RequireSystem() != nil, s.gone(), s.CompanyID != c.CompanyID || c.CompanyID == "":
		return nil, entrepot.ErrNotFound
	case !entrepot.ValidID(c.ShopID):
		return nil, entrepot.Invalid("shopId", "id", "must be a shop id")
	case !s.IsActive:
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the account is disabled")
	case s.Role != entrepot.ShopManager && (c.Manager || s.Role != entrepot.ShopStaff):
		return nil, entrepot.Errorf(entrepot.CodeConflict, "a user of the role %s cannot get this assignment", s.Role)
	case slices.Contains(s.ShopIDs, c.ShopID):
		return nil, nil
	}
	return s.work(t, append(slices.Clone(s.ShopIDs), c.ShopID)), nil
}

// UnassignShop removes a shop from those of the user.
func (s *State) UnassignShop(t entrepot.Turn, c UnassignShop) ([]events.Event, error) {
	switch {
	case t.RequireSystem() != nil, s.gone(), s.CompanyID != c.CompanyID || c.CompanyID == "":
		return nil, entrepot.ErrNotFound
	case !slices.Contains(s.ShopIDs, c.ShopID):
		return nil, nil
	}
	left := slices.DeleteFunc(slices.Clone(s.ShopIDs), func(id entrepot.ID) bool { return id == c.ShopID })
	return s.work(t, left), nil
}

// work returns the facts of a change of shops, with the withdrawal of the tokens that
// carry the old ones.
func (s *State) work(t entrepot.Turn, shops []entrepot.ID) []events.Event {
	u := s.public()
	u.ShopIDs, u.UpdatedAt = shops, t.Now
	return append([]events.Event{events.UserUpdated{User: u}}, s.outdate(t)...)
}

// outdate returns the withdrawal of every token issued until now; the additional
// millisecond includes those of this very millisecond. Sessions stay, and their next
// refresh brings a token with the new data.
func (s *State) outdate(t entrepot.Turn) []events.Event {
	now, until := t.Now.UnixMilli(), int64(0)
	for i := range s.Sessions {
		until = max(until, s.Sessions[i].TokenUntil)
	}
	if until <= now {
		return nil
	}
	return []events.Event{tokensStale{stale: stale{Before: max(now, s.Outdated) + 1, Until: until}}}
}
