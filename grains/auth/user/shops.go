package user

import (
	"slices"

	"entrepot"
	"entrepot/events"
)

// AssignShop adds a shop to those the user works in. Tokens that name fewer
// shops are withdrawn; the client refreshes.
func (s *State) AssignShop(t entrepot.Turn, c AssignShop) ([]events.Event, error) {
	switch {
	case t.Caller.Role != entrepot.System, s.gone(), s.CompanyID != c.CompanyID || c.CompanyID == "":
		return nil, entrepot.ErrNotFound
	case !entrepot.ValidID(c.ShopID):
		return nil, entrepot.Invalid("shopId", "id", "must be a shop id")
	case !s.IsActive:
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the account is disabled")
	case s.Role != entrepot.ShopManager && (c.Manager || s.Role != entrepot.ShopStaff):
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the role %s is not assigned to a shop like this", s.Role)
	case slices.Contains(s.ShopIDs, c.ShopID):
		return nil, nil
	}
	return s.work(t, append(slices.Clone(s.ShopIDs), c.ShopID)), nil
}

// UnassignShop takes a shop away.
func (s *State) UnassignShop(t entrepot.Turn, c UnassignShop) ([]events.Event, error) {
	switch {
	case t.Caller.Role != entrepot.System, s.gone(), s.CompanyID != c.CompanyID || c.CompanyID == "":
		return nil, entrepot.ErrNotFound
	case !slices.Contains(s.ShopIDs, c.ShopID):
		return nil, nil
	}
	left := slices.DeleteFunc(slices.Clone(s.ShopIDs), func(id entrepot.ID) bool { return id == c.ShopID })
	return s.work(t, left), nil
}

// work is the user in other shops; the tokens issued until now say the old ones.
func (s *State) work(t entrepot.Turn, shops []entrepot.ID) []events.Event {
	u := s.public()
	u.ShopIDs, u.UpdatedAt = shops, t.Now
	return append([]events.Event{events.UserUpdated{User: u}}, s.outdate(t)...)
}

// outdate withdraws every token issued until now (a millisecond more withdraws
// those of this very one too), and leaves the sessions: their
// next refresh tells the truth.
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

func (s *State) assigned(AssignShop) (*User, bool, error) {
	return s.View(), len(s.Stale) == 0, nil
}

func (s *State) unassigned(UnassignShop) (*User, bool, error) {
	return s.View(), len(s.Stale) == 0, nil
}
