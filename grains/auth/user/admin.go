package user

import (
	"slices"
	"strings"

	"entrepot"
	"entrepot/events"
)

// gone: never registered, or erased.
func (s *State) gone() bool { return s.ID == "" || s.Erased != 0 }

// SetUser changes a user's name, role and whether the account may be used.
func (s *State) SetUser(t entrepot.Turn, c SetUser) ([]events.Event, error) {
	if s.gone() || !t.Caller.Administers(s.CompanyID) {
		return nil, entrepot.ErrNotFound
	}
	if err := entrepot.CheckVersion(c.ExpectedVersion, s.Version); err != nil {
		return nil, err
	}
	role := entrepot.Role(c.Role)
	raised, disabled := role != s.Role, s.IsActive && !c.IsActive
	switch {
	case strings.TrimSpace(c.Name) == "":
		return nil, entrepot.Invalid("name", "required", "must be given")
	case t.Caller.UserID == s.ID && (raised || c.IsActive != s.IsActive):
		return nil, entrepot.Errorf(entrepot.CodeForbidden, "nobody changes the own role, or disables the own account")
	case raised && !s.mayBecome(role):
		return nil, entrepot.Invalid("role", "enum", "is not a role that this user may have: staff stay staff of their company, others belong to none")
	case raised && role == entrepot.CompanyAdmin && len(s.ShopIDs) > 0:
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the user is assigned to shops, and company admins are not; unassign first")
	case len(s.Stale) >= maxStale:
		return nil, entrepot.Unavailable("earlier sessions of the user are still being ended")
	case c.Name == s.Name && !raised && c.IsActive == s.IsActive:
		return nil, nil
	case (raised || disabled) && !s.mayLeave(t):
		return nil, errLeave
	}
	u := s.public()
	u.Name, u.Role, u.IsActive, u.UpdatedAt = c.Name, role, c.IsActive, t.Now
	facts := []events.Event{events.UserUpdated{User: u}}
	switch {
	case disabled:
		facts = append(facts, s.endAll(t)...)
	case raised:
		facts = append(facts, s.outdate(t)...)
	}
	return facts, nil
}

// mayBecome keeps staff in their company and others out of any.
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
		return nil, entrepot.Errorf(entrepot.CodeForbidden, "nobody erases the own account")
	case len(s.Stale) >= maxStale:
		return nil, entrepot.Unavailable("earlier sessions of the user are still being ended")
	case !s.mayLeave(t):
		return nil, errLeave
	}
	facts := s.endAll(t)
	return append(facts, events.UserDeleted{UserID: s.ID, Role: s.Role, CompanyID: s.CompanyID, ShopIDs: slices.Clone(s.ShopIDs), DeletedAt: t.Now}), nil
}

// forget keeps of a user what others refer to, and the withdrawals under way.
func (s *State) forget(e events.UserDeleted) {
	*s = State{
		ID: s.ID, Role: s.Role, CompanyID: s.CompanyID, CreatedAt: s.CreatedAt, UpdatedAt: e.DeletedAt.UnixMilli(),
		Erased: e.DeletedAt.UnixMilli(), Version: s.Version + 1, Stale: s.Stale, StaleSeq: s.StaleSeq,
	}
}

func (s *State) userSet(SetUser) (*User, bool, error) {
	return s.View(), len(s.Stale) == 0, nil
}

func (s *State) erased(Erase) (*User, bool, error) {
	return s.View(), len(s.Stale) == 0, nil
}
