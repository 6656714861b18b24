package user

import (
	"time"

	"entrepot"
	"entrepot/events"
)

// A super admin's powers are taken away by another one only, in three commands:
// PrepareLeave to who goes, Vouch to who stays, then SetUser or Erase. Who is
// about to go does not vouch. So of those who ever go, the last to be prepared
// has a voucher who is prepared never after: one super admin is left, whatever
// is asked at the same time.

const (
	leaveFor   = 10 * time.Second // a prepared leave is good
	leaveSlack = 5 * time.Second  // more, in which it still keeps from vouching: clocks differ
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

var errLeave = entrepot.Errorf(entrepot.CodeConflict, "a super admin is removed by another who stays; try again")

// mayLeave: only an active super admin's leave has to be prepared.
func (s *State) mayLeave(t entrepot.Turn) bool {
	if s.Role != entrepot.SuperAdmin || !s.IsActive {
		return true
	}
	return s.Leave != nil && s.Leave.By == t.Caller.UserID && t.Now.UnixMilli() < s.Leave.Until
}

// PrepareLeave announces that the caller takes the user's powers away.
func (s *State) PrepareLeave(t entrepot.Turn, _ PrepareLeave) ([]events.Event, error) {
	switch {
	case s.gone() || t.Caller.Role != entrepot.SuperAdmin || t.Caller.UserID == s.ID:
		return nil, entrepot.ErrNotFound
	case s.Role != entrepot.SuperAdmin || !s.IsActive:
		return nil, nil
	}
	return []events.Event{leavePrepared{leave: leave{By: t.Caller.UserID, Until: t.Now.Add(leaveFor).UnixMilli()}}}, nil
}

// Vouch says that the user is a super admin and stays. It is a fact, and so a
// write: an activation that is no longer the one cannot vouch.
func (s *State) Vouch(t entrepot.Turn, _ Vouch) ([]events.Event, error) {
	now := t.Now.UnixMilli()
	switch {
	case t.Caller.Role != entrepot.System:
		return nil, entrepot.ErrNotFound
	case s.gone() || s.Role != entrepot.SuperAdmin || !s.IsActive:
		return nil, entrepot.Errorf(entrepot.CodeForbidden, "the caller is no super admin any more")
	case s.Leave != nil && now < s.Leave.Until+leaveSlack.Milliseconds():
		return nil, errLeave
	}
	return []events.Event{vouched{At: now}}, nil
}
