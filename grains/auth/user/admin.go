package user

import (
	"slices"
	"strings"

	"entrepot"
	"entrepot/events"
)

// gone reports whether the user is not registered, or erased.
func (s *State) gone() bool { return s.ID == "" || s.Erased != 0 }

// SetUser changes a user's name, role and activity.
func (s *State) SetUser(t entrepot.Turn, c SetUser) ([]events.Event, error) {
	if s.gone() || !t.Caller.Administers(s.CompanyID) {
		return nil, entrepot.ErrNotFound
	}
	if err := entrepot.CheckVersion(c.ExpectedVersion, s.Version); err != nil {
		return nil, err
	}
	role := c.Role
	newRole, disabled := role != s.Role, s.IsActive && !c.IsActive
	switch {
	case strings.TrimSpace(c.Name) == "":
		return nil, entrepot.Invalid("name", "required", "must be given")
	case t.Caller.UserID == s.ID && (newRole || c.IsActive != s.IsActive):
		return nil, entrepot.Errorf(entrepot.CodeForbidden, "you may not change your own role or activity")
	case newRole && !s.mayBecome(role):
		return nil, entrepot.Invalid("role", "enum",
			"must be a staff role for a company's staff, and super_admin or customer for others")
	case newRole && role == entrepot.CompanyAdmin && len(s.ShopIDs) > 0:
		return nil, entrepot.Errorf(entrepot.CodeConflict,
			"the user is assigned to shops, and company admins are not; remove the assignments first")
	case len(s.Stale) >= maxStale:
		return nil, errWithdrawing
	case c.Name == s.Name && !newRole && c.IsActive == s.IsActive:
		return nil, nil
	case (newRole || disabled) && !s.mayLeave(t):
		return nil, errLeave
	}
	u := s.public()
	u.Name, u.Role, u.IsActive, u.UpdatedAt = c.Name, role, c.IsActive, t.Now
	facts := []events.Event{events.UserUpdated{User: u}}
	switch {
	case disabled:
		facts = append(facts, s.endAll(t)...)
	case newRole:
		facts = append(facts, s.outdate(t)...)
	}
	return facts, nil
}

// mayBecome lets staff stay staff of their company, and keeps others outside companies.
func (s *State) mayBecome(r entrepot.Role) bool {
	if s.CompanyID != "" {
		return isStaff(r)
	}
	return r == entrepot.SuperAdmin || r == entrepot.Customer
}

// endAll ends every session and withdraws all tokens at once.
func (s *State) endAll(t entrepot.Turn) []events.Event {
	facts := s.outdate(t)
	for i := range s.Sessions {
		facts = append(facts, sessionEnded{ID: s.Sessions[i].ID})
	}
	return facts
}

// Erase removes the person.
func (s *State) Erase(t entrepot.Turn, c Erase) ([]events.Event, error) {
	if s.gone() || !t.Caller.Administers(s.CompanyID) {
		return nil, entrepot.ErrNotFound
	}
	if err := entrepot.CheckVersion(c.ExpectedVersion, s.Version); err != nil {
		return nil, err
	}
	switch {
	case t.Caller.UserID == s.ID:
		return nil, entrepot.Errorf(entrepot.CodeForbidden, "you may not erase your own account")
	case len(s.Stale) >= maxStale:
		return nil, errWithdrawing
	case !s.mayLeave(t):
		return nil, errLeave
	}
	facts := s.endAll(t)
	return append(facts, events.UserDeleted{
		UserID: s.ID, Role: s.Role, CompanyID: s.CompanyID, ShopIDs: slices.Clone(s.ShopIDs), DeletedAt: t.Now,
	}), nil
}

// forget removes the person. The data that others refer to stays, and so do the
// withdrawals under way.
func (s *State) forget(e events.UserDeleted) {
	at := e.DeletedAt.UnixMilli()
	*s = State{
		Account: Account{
			ID: s.ID, Role: s.Role, CompanyID: s.CompanyID, CreatedAt: s.CreatedAt, UpdatedAt: at, Version: s.Version + 1,
		},
		Erased: at, Stale: s.Stale, StaleSeq: s.StaleSeq,
	}
}
