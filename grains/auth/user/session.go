package user

import (
	"bytes"
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
)

// Limits of sessions.
const (
	MaxSessions     = 20
	SessionIdle     = 14 * 24 * time.Hour // since the last refresh
	SessionLife     = 30 * 24 * time.Hour // since the login
	maxStale        = 64                  // withdrawals that the access grain does not have yet
	maxSessionAgent = 200                 // kept bytes of a user agent
)

// session is a Session with its secrets.
type session struct {
	Session

	Hash       []byte `json:"hash"`       // SHA-256 of the refresh token's secret
	TokenUntil int64  `json:"tokenUntil"` // Unix ms; when its newest access token expires
}

// expired reports whether the session has reached one of its limits.
func (x *session) expired(now int64) bool {
	return now >= x.LastUsedAt+SessionIdle.Milliseconds() || now >= x.CreatedAt+SessionLife.Milliseconds()
}

// stale is a withdrawal of access tokens: those of a session, or all that were issued
// before a time.
type stale struct {
	Number  int64  `json:"n"`
	Session string `json:"s,omitempty"`
	Before  int64  `json:"b,omitempty"` // Unix ms
	Until   int64  `json:"e"`           // Unix ms; when the last of the tokens expires
}

type sessionOpened struct {
	events.Private
	session
}

type sessionRotated struct {
	events.Private
	ID             string
	Hash           []byte
	At, TokenUntil int64
}

type sessionEnded struct {
	events.Private
	ID string
}

type tokensStale struct {
	events.Private
	stale
}

type staleKnown struct {
	events.Private
	Number int64
}

// NoteLogin records that tokens were issued to the user, and opens the session. A
// session too many ends the oldest one.
func (s *State) NoteLogin(t entrepot.Turn, c NoteLogin) ([]events.Event, error) {
	if s.gone() || !t.Caller.Is(s.ID) {
		return nil, entrepot.ErrNotFound
	}
	if !s.IsActive {
		return nil, entrepot.Errorf(entrepot.CodeForbidden, "the account is disabled")
	}
	facts, err := s.secondFactor(c.TOTPStep, c.RecoveryHash)
	if err != nil {
		return nil, err
	}
	facts = append(facts, s.resealed(c.TOTPSealed, c.TOTPResealed)...)
	facts = append(facts, events.UserLoggedIn{UserID: s.ID, Email: s.Email, Role: s.Role, LoggedInAt: t.Now})
	if c.SessionID == "" {
		return facts, nil
	}
	now := t.Now.UnixMilli()
	facts = append(facts, s.makeRoom(now)...)
	return append(facts, sessionOpened{session: session{
		Session: Session{
			ID: c.SessionID, CreatedAt: now, LastUsedAt: now, IP: t.Caller.IP,
			UserAgent: cut(t.Caller.UserAgent, maxSessionAgent), Generation: 1,
		},
		Hash: bytes.Clone(c.RefreshHash), TokenUntil: c.TokenUntil,
	}}), nil
}

// makeRoom ends the expired sessions, and the oldest ones beyond the limit.
func (s *State) makeRoom(now int64) (facts []events.Event) {
	live := 0
	for i := range s.Sessions {
		if !s.Sessions[i].expired(now) {
			live++
		}
	}
	for i := range s.Sessions {
		x := &s.Sessions[i]
		switch {
		case x.expired(now):
			facts = append(facts, s.end(x, now)...)
		case live >= MaxSessions:
			facts = append(facts, s.end(x, now)...)
			live--
		}
	}
	return facts
}

func cut(s string, n int) string { return s[:min(len(s), n)] }

// end returns the end of a session, and the withdrawal of its access token unless it
// has expired.
func (s *State) end(x *session, now int64) []events.Event {
	facts := []events.Event{sessionEnded{ID: x.ID}}
	if x.TokenUntil > now {
		facts = append(facts, tokensStale{stale: stale{Session: x.ID, Until: x.TokenUntil}})
	}
	return facts
}

// session returns the session of an id; nil if there is none.
func (s *State) session(id string) *session {
	if i := slices.IndexFunc(s.Sessions, func(x session) bool { return x.ID == id }); i >= 0 && id != "" {
		return &s.Sessions[i]
	}
	return nil
}

// NoteLogout ends one session of the user, or all sessions.
func (s *State) NoteLogout(t entrepot.Turn, c NoteLogout) ([]events.Event, error) {
	now, x := t.Now.UnixMilli(), s.session(c.SessionID)
	switch {
	case s.gone() || !t.Caller.Is(s.ID):
		return nil, entrepot.ErrNotFound
	case x == nil && c.SessionID != "" && c.TokenUntil == 0 && !c.All:
		return nil, entrepot.ErrNotFound
	case len(s.Stale) >= maxStale:
		return nil, errWithdrawing
	}
	facts := []events.Event{events.UserLoggedOut{UserID: s.ID, Email: s.Email, LoggedOutAt: t.Now}}
	switch {
	case c.All:
		for i := range s.Sessions {
			facts = append(facts, s.end(&s.Sessions[i], now)...)
		}
	case x != nil:
		return append(facts, s.end(x, now)...), nil
	}
	if x == nil && c.SessionID != "" && c.TokenUntil > now { // the token outlives the record of its session
		facts = append(facts, tokensStale{stale: stale{Session: c.SessionID, Until: c.TokenUntil}})
	}
	return facts, nil
}

// ChangePassword sets another password and ends all sessions but the caller's.
func (s *State) ChangePassword(t entrepot.Turn, c ChangePassword) ([]events.Event, error) {
	switch {
	case s.gone() || t.Caller.Role == entrepot.System || !t.Caller.Is(s.ID):
		return nil, entrepot.ErrNotFound
	case c.NewHash == "":
		return nil, entrepot.Invalid("newPassword", "required", "must be given")
	case c.CurrentHash != s.PasswordHash || !s.IsActive: // changed meanwhile on another device
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the password has changed meanwhile; log in again")
	case len(s.Stale) >= maxStale:
		return nil, errWithdrawing
	}
	u := s.public()
	u.UpdatedAt = t.Now
	facts := []events.Event{events.UserUpdated{User: u}, passwordSet{Hash: c.NewHash}}
	for i := range s.Sessions {
		if s.Sessions[i].ID != c.KeepSession {
			facts = append(facts, s.end(&s.Sessions[i], t.Now.UnixMilli())...)
		}
	}
	return facts, nil
}

// Refresh exchanges the session's refresh token for the next one. Session ids are
// random, so a past generation proves a used token: the token was stolen, from or by
// its user, and the session ends for both.
func (s *State) Refresh(t entrepot.Turn, c Refresh) ([]events.Event, error) {
	if err := t.RequireSystem(); err != nil {
		return nil, err
	}
	now, x := t.Now.UnixMilli(), s.session(c.SessionID)
	switch {
	case x == nil || x.expired(now) || !s.IsActive || len(c.NextHash) == 0:
		return nil, errRefresh
	case c.Generation == x.Generation && bytes.Equal(c.RefreshHash, x.Hash): // timing reveals only hashes
		return []events.Event{sessionRotated{
			ID: x.ID, Hash: bytes.Clone(c.NextHash), At: now, TokenUntil: c.TokenUntil,
		}}, nil
	case c.Generation > 0 && c.Generation < x.Generation:
		return append(s.end(x, now), events.UserLoggedOut{UserID: s.ID, Email: s.Email, LoggedOutAt: t.Now}), nil
	default:
		return nil, errRefresh
	}
}

var errRefresh = entrepot.Errorf(entrepot.CodeUnauthenticated, "the refresh token is invalid; log in again")

// refreshed returns the reply to Refresh; a stolen token's waits for the withdrawal.
func (s *State) refreshed(c Refresh) (*Refreshed, bool, error) {
	x := s.session(c.SessionID)
	if x == nil {
		if len(s.Stale) > 0 {
			return nil, false, nil
		}
		return nil, true, errRefresh
	}
	if !bytes.Equal(x.Hash, c.NextHash) {
		return nil, true, errRefresh
	}
	return &Refreshed{User: s.view(), IssuedAt: max(x.LastUsedAt, s.Outdated)}, true, nil
}

// ListSessions returns the user's live sessions, the newest first.
func (s *State) ListSessions(t entrepot.Turn, _ ListSessions) (*Sessions, error) {
	if s.gone() || !t.Caller.Is(s.ID) {
		return nil, entrepot.ErrNotFound
	}
	out := &Sessions{}
	for _, x := range slices.Backward(s.Sessions) {
		if !x.expired(t.Now.UnixMilli()) {
			out.Sessions = append(out.Sessions, x.Session)
		}
	}
	return out, nil
}

func (s *State) applySession(e events.Event) {
	switch f := e.(type) {
	case sessionOpened:
		s.Sessions = append(s.Sessions, f.session)
	case sessionRotated:
		if x := s.session(f.ID); x != nil {
			x.Hash, x.LastUsedAt, x.TokenUntil = f.Hash, f.At, max(f.TokenUntil, x.TokenUntil)
			x.Generation++
		}
	case sessionEnded:
		s.Sessions = slices.DeleteFunc(s.Sessions, func(x session) bool { return x.ID == f.ID })
	case tokensStale:
		s.Outdated = max(s.Outdated, f.Before)
		s.StaleSeq++
		f.Number = s.StaleSeq
		s.Stale = append(s.Stale, f.stale)
	case staleKnown:
		s.Stale = slices.DeleteFunc(s.Stale, func(w stale) bool { return w.Number == f.Number })
	}
}
