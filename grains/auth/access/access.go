// Package access is what every member must know to trust an access token: which
// tokens were withdrawn before they expire, and which companies are not in full
// standing. There is one such grain in the platform.
//
// Commands: Withdraw, SetCompany. Queries: Since. Persisted: the whole [State].
// It publishes nothing; users and companies tell what happened to them.
package access

import (
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
)

// MaxWithdrawn bounds the state to about a megabyte. More withdrawals than that
// within the life of a token are refused, and their steps try again.
const MaxWithdrawn = 10_000

// State is all that counts. The zero State trusts every token.
type State struct {
	Number    int64        `json:"number,omitempty"` // of the last change
	Withdrawn []withdrawal `json:"withdrawn,omitempty"`
	Companies []company    `json:"companies,omitempty"`
	CreatedAt int64        `json:"created,omitempty"` // Unix ms, as all times of the state
}

// withdrawal ends one session's tokens, or those of a user issued before a time.
type withdrawal struct {
	User    entrepot.ID `json:"u"`
	Session string      `json:"s,omitempty"`
	Before  int64       `json:"b,omitempty"`
	Until   int64       `json:"e"`
	Number  int64       `json:"n"`
}

// company is a standing. One that is full again stays, so that an older command
// that comes late finds the newer version.
type company struct {
	ID       entrepot.ID `json:"id"`
	Standing string      `json:"standing"`
	Version  int64       `json:"version"`
	Number   int64       `json:"n"`
}

type withdrawn struct {
	events.Private
	withdrawal
	At int64
}

type companySet struct {
	events.Private
	company
	At int64
}

type forgotten struct {
	events.Private
	At int64
}

// Withdraw remembers a withdrawal until its last token has expired.
func (s *State) Withdraw(t entrepot.Turn, c Withdraw) ([]events.Event, error) {
	now := t.Now.UnixMilli()
	switch {
	case t.Caller.Role != entrepot.System:
		return nil, entrepot.ErrNotFound
	case !entrepot.ValidID(c.UserID):
		return nil, entrepot.Invalid("userId", "id", "must be a user id")
	case c.SessionID == "" && c.Before <= 0:
		return nil, entrepot.Invalid("beforeMs", "required", "must be given where no session is named")
	case c.Until <= now || s.covers(c):
		return nil, nil
	case s.alive(now) >= MaxWithdrawn:
		return nil, entrepot.Unavailable("too many tokens were withdrawn")
	}
	return []events.Event{withdrawn{
		withdrawal: withdrawal{User: c.UserID, Session: c.SessionID, Before: c.Before, Until: c.Until}, At: now,
	}}, nil
}

func (s *State) covers(c Withdraw) bool {
	return slices.ContainsFunc(s.Withdrawn, func(w withdrawal) bool {
		return w.User == c.UserID && w.Session == c.SessionID && w.Before >= c.Before && w.Until >= c.Until
	})
}

func (s *State) alive(now int64) (n int) {
	for i := range s.Withdrawn {
		if s.Withdrawn[i].Until > now {
			n++
		}
	}
	return n
}

// SetCompany sets a standing, unless a newer one is known.
func (s *State) SetCompany(t entrepot.Turn, c SetCompany) ([]events.Event, error) {
	switch {
	case t.Caller.Role != entrepot.System:
		return nil, entrepot.ErrNotFound
	case !entrepot.ValidID(c.CompanyID):
		return nil, entrepot.Invalid("companyId", "id", "must be a company id")
	case c.Standing != entrepot.StandingFull && c.Standing != entrepot.StandingReadOnly && c.Standing != entrepot.StandingClosed:
		return nil, entrepot.Invalid("standing", "enum", "is none of full, read_only, closed")
	}
	if i := s.find(c.CompanyID); i >= 0 && s.Companies[i].Version >= c.Version {
		return nil, nil
	}
	return []events.Event{companySet{
		company: company{ID: c.CompanyID, Standing: c.Standing, Version: c.Version}, At: t.Now.UnixMilli(),
	}}, nil
}

func (s *State) find(id entrepot.ID) int {
	return slices.IndexFunc(s.Companies, func(k company) bool { return k.ID == id })
}

// WakeAt is the end of the minute in which the first withdrawal may be forgotten.
func (s *State) WakeAt() time.Time {
	first := int64(0)
	for i := range s.Withdrawn {
		if u := s.Withdrawn[i].Until; first == 0 || u < first {
			first = u
		}
	}
	if first == 0 {
		return time.Time{}
	}
	return time.UnixMilli(first).UTC().Truncate(time.Minute).Add(time.Minute)
}

// Wake forgets withdrawals whose tokens have all expired.
func (s *State) Wake(t entrepot.Turn) []events.Event {
	now := t.Now.UnixMilli()
	if s.alive(now) == len(s.Withdrawn) {
		return nil
	}
	return []events.Event{forgotten{At: now}}
}

// Apply changes the state by one fact.
func (s *State) Apply(e events.Event) {
	switch f := e.(type) {
	case withdrawn:
		s.begin(f.At)
		s.forget(f.At)
		s.Number++
		f.Number = s.Number
		s.Withdrawn = append(s.Withdrawn, f.withdrawal)
	case companySet:
		s.begin(f.At)
		s.Number++
		f.Number = s.Number
		if i := s.find(f.ID); i >= 0 {
			s.Companies[i] = f.company
		} else {
			s.Companies = append(s.Companies, f.company)
		}
	case forgotten:
		s.forget(f.At)
	}
}

func (s *State) begin(at int64) {
	if s.CreatedAt == 0 {
		s.CreatedAt = at
	}
}

func (s *State) forget(now int64) {
	s.Withdrawn = slices.DeleteFunc(s.Withdrawn, func(w withdrawal) bool { return w.Until <= now })
}

// Since answers what changed after a number. What was forgotten need not be
// told: the tokens it named have expired.
func (s *State) Since(t entrepot.Turn, q Since) (*Changes, error) {
	if t.Caller.Role != entrepot.System {
		return nil, entrepot.ErrNotFound
	}
	after := q.Number
	out := &Changes{Number: s.Number}
	if after <= 0 || after > s.Number { // beyond: the asker knows another history, of a database since restored
		after, out.Complete = 0, true
	}
	for _, w := range s.Withdrawn {
		if w.Number > after && w.Until > t.Now.UnixMilli() {
			out.Withdrawn = append(out.Withdrawn, Withdraw{UserID: w.User, SessionID: w.Session, Before: w.Before, Until: w.Until})
		}
	}
	for _, k := range s.Companies {
		if k.Number > after && (k.Standing != entrepot.StandingFull || !out.Complete) {
			out.Companies = append(out.Companies, SetCompany{CompanyID: k.ID, Standing: k.Standing, Version: k.Version})
		}
	}
	return out, nil
}

// View answers a command: up to which number things are known.
func (s *State) View() *Changes { return &Changes{Number: s.Number} }

func (s *State) createdAt() time.Time { return time.UnixMilli(s.CreatedAt).UTC() }
