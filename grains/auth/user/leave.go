package user

import (
	"time"

	"entrepot"
	"entrepot/events"
)

// Only another super admin removes a super admin, in three commands: PrepareLeave to
// the leaving one, Vouch to the staying one, then SetUser or Erase. A super admin
// whose leave is prepared does not vouch. So the last of all prepared leaves has a
// voucher whose own leave is never prepared afterwards: one super admin is left,
// whatever is sent at the same time.

const (
	leaveFor   = 10 * time.Second // lifetime of a prepared leave
	leaveSlack = 5 * time.Second  // longer than leaveFor it prevents vouching, because clocks differ
)

// leave is prepared by one super admin for another.
type leave struct {
	By    entrepot.ID `json:"by"`
	Until int64       `json:"until"`
}

type leavePrepared struct {
	events.Private
	leave
}

type vouched struct {
	events.Private
	At int64
}

var errLeave = entrepot.Errorf(entrepot.CodeConflict, "only a super admin that stays removes another one; try again")

// mayLeave reports whether the user may lose its role. Only the leave of an active
// super admin must be prepared.
func (s *State) mayLeave(t entrepot.Turn) bool {
	if s.Role != entrepot.SuperAdmin || !s.IsActive {
		return true
	}
	return s.Leave != nil && s.Leave.By == t.Caller.UserID && t.Now.UnixMilli() < s.Leave.Until
}

// PrepareLeave announces that the caller will remove the user from the super admins.
func (s *State) PrepareLeave(t entrepot.Turn, _ PrepareLeave) ([]events.Event, error) {
	switch {
	case s.gone() || t.Caller.Role != entrepot.SuperAdmin || t.Caller.UserID == s.ID:
		return nil, entrepot.ErrNotFound
	case s.Role != entrepot.SuperAdmin || !s.IsActive:
		return nil, nil
	}
	return []events.Event{leavePrepared{leave: leave{By: t.Caller.UserID, Until: t.Now.Add(leaveFor).UnixMilli()}}}, nil
}

// Vouch confirms that the user is a super admin and stays. It is a fact, and so a
// write: an outdated activation cannot vouch.
func (s *State) Vouch(t entrepot.Turn, _ Vouch) ([]events.Event, error) {
	if err := t.RequireSystem(); err != nil {
		return nil, err
	}
	now := t.Now.UnixMilli()
	switch {
	case s.gone() || s.Role != entrepot.SuperAdmin || !s.IsActive:
		return nil, entrepot.Errorf(entrepot.CodeForbidden, "you are not a super admin any more")
	case s.Leave != nil && now < s.Leave.Until+leaveSlack.Milliseconds():
		return nil, errLeave
	}
	return []events.Event{vouched{At: now}}, nil
}
