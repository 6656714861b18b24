package edge

import (
	"context"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"entrepot"
)

// Changes is what the platform says of tokens and companies after a number.
type Changes struct {
	Number    int64
	Complete  bool // the whole of what counts, not only what is new
	Withdrawn []Withdrawal
	Companies map[entrepot.ID]string // entrepot.StandingFull and so on
}

// Withdrawal ends one session's tokens, or those of a user issued before a time.
type Withdrawal struct {
	UserID  entrepot.ID
	Session string
	Before  time.Time
	Until   time.Time // it may be forgotten then
}

// StandingConfig is where a member asks, and how often. Zero values mean the defaults.
type StandingConfig struct {
	Since   func(ctx context.Context, number int64) (Changes, error) // must be given
	Every   time.Duration                                            // default 250 ms
	MaxAge  time.Duration                                            // of what is known, default 5 s
	MaxWait time.Duration                                            // for one answer, default 2 s
	Now     func() time.Time                                         // default time.Now
	Log     *slog.Logger                                             // default slog.Default
}

// Standing is a member's view of what was withdrawn: it asks every 250 ms, and a
// check reads one snapshot without a lock. A view that is not there yet, or that
// is older than MaxAge, trusts no token (docs/decisions/0007).
type Standing struct {
	c      StandingConfig
	view   atomic.Pointer[standingView]
	asking sync.Mutex
	loop   repeated
}

type standingView struct {
	number    int64
	at        time.Time
	sessions  map[string]time.Time       // until when to be remembered
	users     map[entrepot.ID]Withdrawal // the latest Before of each
	companies map[entrepot.ID]string     // not in full standing
}

// NewStanding makes a view that knows nothing yet.
func NewStanding(c StandingConfig) *Standing {
	if c.Every <= 0 {
		c.Every = 250 * time.Millisecond
	}
	if c.MaxAge <= 0 {
		c.MaxAge = 5 * time.Second
	}
	if c.MaxWait <= 0 {
		c.MaxWait = 2 * time.Second
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return &Standing{c: c}
}

// Start asks until Stop, which may come early and twice, and waits.
func (s *Standing) Start() {
	s.loop.start(s.c.Every, s.c.Log, "withdrawn tokens are not known right now", s.Now)
}

// Stop ends the loop.
func (s *Standing) Stop() { s.loop.stop() }

// Now asks once. Who has just withdrawn something calls it, so that this member
// knows at once.
func (s *Standing) Now(ctx context.Context) error {
	s.asking.Lock()
	defer s.asking.Unlock()
	ctx, cancel := context.WithTimeout(entrepot.WithCaller(ctx, entrepot.SystemCaller("standing")), s.c.MaxWait)
	defer cancel()
	old := s.view.Load()
	if old == nil {
		old = &standingView{}
	}
	asked := s.c.Now() // not when it was answered: what happened on the way is not in it
	changes, err := s.c.Since(ctx, old.number)
	if err != nil {
		return err
	}
	s.view.Store(old.with(changes, asked))
	return nil
}

// with is a new view; one that is read is never changed.
func (v *standingView) with(c Changes, at time.Time) *standingView {
	next := &standingView{number: c.Number, at: at, sessions: v.sessions, users: v.users, companies: v.companies}
	if !c.Complete && len(c.Withdrawn)+len(c.Companies) == 0 {
		return next
	}
	next.sessions, next.users, next.companies = map[string]time.Time{}, map[entrepot.ID]Withdrawal{}, map[entrepot.ID]string{}
	// Withdrawals are never taken back, so a complete answer does not replace them:
	// it may come from an activation that knows less.
	maps.Copy(next.sessions, v.sessions)
	maps.Copy(next.users, v.users)
	maps.DeleteFunc(next.sessions, func(_ string, until time.Time) bool { return !at.Before(until) })
	maps.DeleteFunc(next.users, func(_ entrepot.ID, w Withdrawal) bool { return !at.Before(w.Until) })
	if !c.Complete {
		maps.Copy(next.companies, v.companies)
	}
	for _, w := range c.Withdrawn {
		if w.Session != "" {
			next.sessions[w.Session] = w.Until
		} else if known := next.users[w.UserID]; w.Before.After(known.Before) {
			next.users[w.UserID] = w
		}
	}
	for id, standing := range c.Companies {
		if next.companies[id] = standing; standing == entrepot.StandingFull {
			delete(next.companies, id)
		}
	}
	return next
}

// Ready reports whether tokens can be judged.
func (s *Standing) Ready() error {
	v := s.view.Load()
	if v == nil || s.c.Now().Sub(v.at) > s.c.MaxAge {
		return entrepot.Unavailable("whether tokens were withdrawn is not known right now")
	}
	return nil
}

// Check refuses a token that was withdrawn, and any while Ready does.
func (s *Standing) Check(c *Claims) error {
	if err := s.Ready(); err != nil {
		return err
	}
	v := s.view.Load()
	if _, gone := v.sessions[c.Session]; gone {
		return errToken
	}
	if w, ok := v.users[c.UserID]; ok && c.Issued.Before(w.Before) {
		return errToken
	}
	return nil
}

// Company is the standing of a company.
func (s *Standing) Company(id entrepot.ID) string {
	if v := s.view.Load(); v != nil && v.companies[id] != "" {
		return v.companies[id]
	}
	return entrepot.StandingFull
}

// Trusted are tokens that the keys signed and that nobody withdrew. The check
// comes after the keys' cache, which therefore cannot hide a withdrawal.
type Trusted struct {
	*Keys
	*Standing
	// APIKeys verifies what begins as an API key; nil: there are none.
	APIKeys *APIKeys
}

// Verify is Keys.Verify and Standing.Check.
func (t Trusted) Verify(token string) (*Claims, error) {
	if t.APIKeys != nil && strings.HasPrefix(token, KeyPrefix) {
		if err := t.Ready(); err != nil { // of the key's company
			return nil, err
		}
		return t.APIKeys.Verify(token)
	}
	c, err := t.Keys.Verify(token)
	if err != nil {
		return nil, err
	}
	if err := t.Check(c); err != nil {
		return nil, err
	}
	return c, nil
}
