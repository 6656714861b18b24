// Package access holds what every member needs in order to trust an access token:
// the tokens that were withdrawn before they expire, and the companies that are
// not in full standing. The platform has one such grain.
//
// Commands: Withdraw, SetCompany. Queries: Since. By time: withdrawals of expired
// tokens are forgotten. Persisted: the whole [State]. It publishes nothing; users
// and companies publish their own changes.
package access

import (
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
)

// MaxWithdrawn bounds the state to about a megabyte. Further withdrawals within the
// life of a token are refused, and the steps that send them try again.
const MaxWithdrawn = 10_000

// State is everything in force. The zero State trusts every token.
type State struct {
	Number    int64        `json:"number,omitempty"` // of the last change
	Withdrawn []withdrawal `json:"withdrawn,omitempty"`
	Companies []company    `json:"companies,omitempty"`
	CreatedAt int64        `json:"created,omitempty"` // Unix ms
}

// withdrawal is a numbered Withdraw.
type withdrawal struct {
	Withdraw
	Number int64 `json:"n"`
}

// company is a numbered standing. It stays when it is full again, so that a late
// older command meets the newer version.
type company struct {
	SetCompany
	Number int64 `json:"n"`
}

type withdrawn struct {
	events.Private
	Withdraw
	At int64
}

type companySet struct {
	events.Private
	SetCompany
	At int64
}

type forgotten struct {
	events.Private
	At int64
}

// Withdraw records a withdrawal until its last token has expired.
func (s *State) Withdraw(t entrepot.Turn, c Withdraw) ([]events.Event, error) {
	if err := t.RequireSystem(); err != nil {
		return nil, err
	}
	now := t.Now.UnixMilli()
	switch {
	case !entrepot.ValidID(c.UserID):
		return nil, entrepot.Invalid("userId", "id", "must be a user id")
	case c.SessionID == "" && c.Before <= 0:
		return nil, entrepot.Invalid("before", "required", "must be given without a sessionId")
	case c.Until <= now || s.covers(c):
		return nil, nil
	case s.alive(now) >= MaxWithdrawn:
		return nil, entrepot.Unavailable("%d withdrawals are in force already, at most %d", MaxWithdrawn, MaxWithdrawn)
	}
	return []events.Event{withdrawn{Withdraw: c, At: now}}, nil
}

// covers reports whether an earlier withdrawal ends the same tokens.
func (s *State) covers(c Withdraw) bool {
	return slices.ContainsFunc(s.Withdrawn, func(w withdrawal) bool {
		return w.UserID == c.UserID && w.SessionID == c.SessionID && w.Before >= c.Before && w.Until >= c.Until
	})
}

// alive counts the withdrawals in force.
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
	if err := t.RequireSystem(); err != nil {
		return nil, err
	}
	switch {
	case !entrepot.ValidID(c.CompanyID):
		return nil, entrepot.Invalid("companyId", "id", "must be a company id")
	case !slices.Contains(standings, c.Standing):
		return nil, entrepot.Invalid("standing", "enum", "must be full, read_only or closed")
	}
	if i := s.find(c.CompanyID); i >= 0 && s.Companies[i].Version >= c.Version {
		return nil, nil
	}
	return []events.Event{companySet{SetCompany: c, At: t.Now.UnixMilli()}}, nil
}

var standings = []string{entrepot.StandingFull, entrepot.StandingReadOnly, entrepot.StandingClosed}

func (s *State) find(id entrepot.ID) int {
	return slices.IndexFunc(s.Companies, func(k company) bool { return k.CompanyID == id })
}

// WakeAt returns the end of the minute in which the first withdrawal expires; zero
// without one.
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

// Since returns the changes after a number. Forgotten withdrawals are missing,
// because their tokens have expired.
func (s *State) Since(t entrepot.Turn, q Since) (*Changes, error) {
	if err := t.RequireSystem(); err != nil {
		return nil, err
	}
	after := q.Number
	out := &Changes{Number: s.Number}
	if after <= 0 || after > s.Number { // a larger number comes from before a database was restored
		after, out.Complete = 0, true
	}
	for _, w := range s.Withdrawn {
		if w.Number > after && w.Until > t.Now.UnixMilli() {
			out.Withdrawn = append(out.Withdrawn, w.Withdraw)
		}
	}
	for _, k := range s.Companies {
		if k.Number > after && (k.Standing != entrepot.StandingFull || !out.Complete) {
			out.Companies = append(out.Companies, k.SetCompany)
		}
	}
	return out, nil
}

// upTo is the reply to a command: the number of the newest change.
func (s *State) upTo() *Changes { return &Changes{Number: s.Number} }

// Apply changes the state by one fact.
func (s *State) Apply(e events.Event) {
	switch f := e.(type) {
	case withdrawn:
		s.begin(f.At)
		s.forget(f.At)
		s.Number++
		s.Withdrawn = append(s.Withdrawn, withdrawal{f.Withdraw, s.Number})
	case companySet:
		s.begin(f.At)
		s.Number++
		k := company{f.SetCompany, s.Number}
		if i := s.find(k.CompanyID); i >= 0 {
			s.Companies[i] = k
		} else {
			s.Companies = append(s.Companies, k)
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
