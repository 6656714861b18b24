package user

import (
	"bytes"
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
)

// How long and how many.
const (
	MaxSessions     = 20
	SessionIdle     = 14 * 24 * time.Hour // since the last refresh
	SessionLife     = 30 * 24 * time.Hour // since the login
	maxStale        = 64                  // withdrawals that wait for the access grain
	maxSessionAgent = 200                 // bytes of a user agent that are kept
)

// Session is a login on one device, which goes on by refreshing.
type Session struct {
	ID         string `json:"id"`
	CreatedAt  int64  `json:"created"`
	LastUsedAt int64  `json:"lastUsed"`
	IP         string `json:"ip,omitempty"`
	UserAgent  string `json:"userAgent,omitempty"`
	Generation int64  `json:"generation"` // of the refresh token that is good
	Hash       []byte `json:"hash"`       // SHA-256 of its secret
	TokenUntil int64  `json:"tokenUntil"` // when its newest access token expires
}

// over: neither of its limits is renewed by anything but a login.
func (s *Session) over(now int64) bool {
	return now >= s.LastUsedAt+SessionIdle.Milliseconds() || now >= s.CreatedAt+SessionLife.Milliseconds()
}

// stale are access tokens to be withdrawn: a session's, or all that were issued before a time.
type stale struct {
	Number  int64  `json:"n"`
	Session string `json:"s,omitempty"`
	Before  int64  `json:"b,omitempty"`
	Until   int64  `json:"e"`
}

type sessionOpened struct {
	events.Private
	Session
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

// NoteLogin records that tokens were issued to the user, and opens the session.
// The oldest gives way to one too many.
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
	left := 0
	for i := range s.Sessions {
		if !s.Sessions[i].over(now) {
			left++
		}
	}
	for i := range s.Sessions { // they stand in the order of their logins
		if over := s.Sessions[i].over(now); over || left >= MaxSessions {
			facts = append(facts, s.end(&s.Sessions[i], now)...)
			if !over {
				left--
			}
		}
	}
	return append(facts, sessionOpened{Session: Session{
		ID: c.SessionID, CreatedAt: now, LastUsedAt: now, IP: t.Caller.IP, UserAgent: cut(t.Caller.UserAgent, maxSessionAgent),
		Generation: 1, Hash: bytes.Clone(c.RefreshHash), TokenUntil: c.TokenUntil,
	}}), nil
}

func cut(s string, n int) string { return s[:min(len(s), n)] }

// end ends a session and withdraws its access token if it is still good.
func (s *State) end(x *Session, now int64) []events.Event {
	facts := []events.Event{sessionEnded{ID: x.ID}}
	if x.TokenUntil > now {
		facts = append(facts, tokensStale{stale: stale{Session: x.ID, Until: x.TokenUntil}})
	}
	return facts
}

func (s *State) session(id string) *Session {
	if i := slices.IndexFunc(s.Sessions, func(x Session) bool { return x.ID == id }); i >= 0 && id != "" {
		return &s.Sessions[i]
	}
	return nil
}

// NoteLogout ends one session of the user, or all.
func (s *State) NoteLogout(t entrepot.Turn, c NoteLogout) ([]events.Event, error) {
	now, x := t.Now.UnixMilli(), s.session(c.SessionID)
	switch {
	case s.gone() || !t.Caller.Is(s.ID):
		return nil, entrepot.ErrNotFound
	case x == nil && c.SessionID != "" && c.TokenUntil == 0 && !c.All:
		return nil, entrepot.ErrNotFound
	case len(s.Stale) >= maxStale:
		return nil, entrepot.Unavailable("earlier sessions of the user are still being ended")
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
	if x == nil && c.SessionID != "" && c.TokenUntil > now { // a token outlives its session's record
		facts = append(facts, tokensStale{stale: stale{Session: c.SessionID, Until: c.TokenUntil}})
	}
	return facts, nil
}

// loggedOut answers once the access grain knows: then every member does within its next poll.
func (s *State) loggedOut(NoteLogout) (*User, bool, error) {
	return s.View(), len(s.Stale) == 0, nil
}

// ChangePassword sets another password and ends all sessions but the one that asks.
func (s *State) ChangePassword(t entrepot.Turn, c ChangePassword) ([]events.Event, error) {
	switch {
	case s.gone() || t.Caller.Role == entrepot.System || !t.Caller.Is(s.ID):
		return nil, entrepot.ErrNotFound
	case c.NewHash == "":
		return nil, entrepot.Invalid("newPassword", "required", "must be given")
	case c.CurrentHash != s.PasswordHash || !s.IsActive: // changed meanwhile, on another device
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the password was changed meanwhile; log in again")
	case len(s.Stale) >= maxStale:
		return nil, entrepot.Unavailable("earlier sessions of the user are still being ended")
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

func (s *State) passwordChanged(ChangePassword) (*User, bool, error) {
	return s.View(), len(s.Stale) == 0, nil
}

// Refresh takes the session's refresh token for its next one. Session ids are
// random, so who names one with a generation that is past holds a token that was
// used: it was stolen, from or by whoever used it, and the session ends for both.
func (s *State) Refresh(t entrepot.Turn, c Refresh) ([]events.Event, error) {
	if t.Caller.Role != entrepot.System {
		return nil, entrepot.ErrNotFound
	}
	now, x := t.Now.UnixMilli(), s.session(c.SessionID)
	switch {
	case x == nil || x.over(now) || !s.IsActive || len(c.NextHash) == 0:
		return nil, errRefresh
	case c.Generation == x.Generation && bytes.Equal(c.RefreshHash, x.Hash): // of hashes: their time tells nothing of the secret
		return []events.Event{sessionRotated{ID: x.ID, Hash: bytes.Clone(c.NextHash), At: now, TokenUntil: c.TokenUntil}}, nil
	case c.Generation > 0 && c.Generation < x.Generation:
		return append(s.end(x, now), events.UserLoggedOut{UserID: s.ID, Email: s.Email, LoggedOutAt: t.Now}), nil
	default:
		return nil, errRefresh
	}
}

var errRefresh = entrepot.Errorf(entrepot.CodeUnauthenticated, "the refresh token is not valid; log in again")

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
	return &Refreshed{User: s.View(), IssuedAt: max(x.LastUsedAt, s.Outdated)}, true, nil
}

// Withdrawn notes that the access grain knows a withdrawal.
func (s *State) Withdrawn(t entrepot.Turn, c Withdrawn) ([]events.Event, error) {
	if t.Caller.Role != entrepot.System {
		return nil, entrepot.ErrNotFound
	}
	if !slices.ContainsFunc(s.Stale, func(w stale) bool { return w.Number == c.Number }) {
		return nil, nil
	}
	return []events.Event{staleKnown{Number: c.Number}}, nil
}

func (s *State) applySession(e events.Event) {
	switch f := e.(type) {
	case sessionOpened:
		s.Sessions = append(s.Sessions, f.Session)
	case sessionRotated:
		if x := s.session(f.ID); x != nil {
			x.Hash, x.LastUsedAt, x.TokenUntil = f.Hash, f.At, max(f.TokenUntil, x.TokenUntil)
			x.Generation++
		}
	case sessionEnded:
		s.Sessions = slices.DeleteFunc(s.Sessions, func(x Session) bool { return x.ID == f.ID })
	case tokensStale:
		s.Outdated = max(s.Outdated, f.Before)
		s.StaleSeq++
		f.Number = s.StaleSeq
		s.Stale = append(s.Stale, f.stale)
	case staleKnown:
		s.Stale = slices.DeleteFunc(s.Stale, func(w stale) bool { return w.Number == f.Number })
	}
}

// ListSessions answers the user's live sessions, the newest first.
func (s *State) ListSessions(t entrepot.Turn, _ ListSessions) (*Sessions, error) {
	if s.gone() || !t.Caller.Is(s.ID) {
		return nil, entrepot.ErrNotFound
	}
	out := &Sessions{}
	for _, x := range slices.Backward(s.Sessions) {
		if !x.over(t.Now.UnixMilli()) {
			out.Sessions = append(out.Sessions, SessionView{
				ID: x.ID, CreatedAt: x.CreatedAt, LastUsedAt: x.LastUsedAt, IP: x.IP, UserAgent: x.UserAgent, Generation: x.Generation,
			})
		}
	}
	return out, nil
}
