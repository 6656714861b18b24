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

// Changes are the withdrawals of tokens and the changes of companies after a number.
type Changes struct {
	Number    int64
	Complete  bool // all that counts, not only what is new
	Withdrawn []Withdrawal
	Companies map[entrepot.ID]string // standing by company, such as entrepot.StandingFull
}

// Withdrawal invalidates the tokens of a session, or all tokens of a user issued before a time.
type Withdrawal struct {
	UserID  entrepot.ID
	Session string
	Before  time.Time
	Until   time.Time // when all of these tokens have expired
}

// StandingConfig configures a [Standing]. Zero values mean the defaults.
type StandingConfig struct {
	Since   func(ctx context.Context, number int64) (Changes, error) // queries the changes; required
	Every   time.Duration                                            // default 250 ms
	MaxAge  time.Duration                                            // of the view, default 5 s
	MaxWait time.Duration                                            // for one query, default 2 s
	Now     func() time.Time                                         // default time.Now
	Log     *slog.Logger                                             // default slog.Default
}

// Standing is a member's view of withdrawn tokens and of the standing of companies. It queries the changes every
// 250 ms; a check reads a snapshot without a lock. Until the first query succeeds, and when the view is older than
// MaxAge, no token is trusted (docs/decisions/0007).
type Standing struct {
	c      StandingConfig
	view   atomic.Pointer[standingView]
	asking sync.Mutex
	loop   repeated
}

type standingView struct {
	number    int64
	at        time.Time
	sessions  map[string]time.Time       // withdrawn sessions, with the time until which they are kept
	users     map[entrepot.ID]Withdrawal // the withdrawal with the latest Before of each user
	companies map[entrepot.ID]string     // standings other than full
}

// NewStanding returns a view without content, which trusts no token yet.
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

// Start queries the changes until Stop.
func (s *Standing) Start() {
	s.loop.start(s.c.Every, s.c.Log, "cannot query withdrawn tokens", s.Now)
}

// Stop ends the loop and waits for it. It may be called before Start, and twice.
func (s *Standing) Stop() { s.loop.stop() }

// Now queries the changes once. It is also called after a withdrawal on this member, so that it takes effect here at
// once.
func (s *Standing) Now(ctx context.Context) error {
	s.asking.Lock()
	defer s.asking.Unlock()
	ctx, cancel := context.WithTimeout(entrepot.WithCaller(ctx, entrepot.SystemCaller("standing")), s.c.MaxWait)
	defer cancel()
	old := s.view.Load()
	if old == nil {
		old = &standingView{}
	}
	asked := s.c.Now() // the time of the query: the reply lacks later changes
	changes, err := s.c.Since(ctx, old.number)
	if err != nil {
		return err
	}
	s.view.Store(old.with(changes, asked))
	return nil
}

// with returns a new view with the changes. A published view is never modified.
func (v *standingView) with(c Changes, at time.Time) *standingView {
	next := &standingView{number: c.Number, at: at, sessions: v.sessions, users: v.users, companies: v.companies}
	if !c.Complete && len(c.Withdrawn)+len(c.Companies) == 0 {
		return next
	}
	next.sessions, next.users = map[string]time.Time{}, map[entrepot.ID]Withdrawal{}
	next.companies = map[entrepot.ID]string{}
	// Withdrawals are final, so a complete reply does not replace them: it may come from an activation with an older
	// state.
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

// Ready returns an error while tokens cannot be checked.
func (s *Standing) Ready() error {
	v := s.view.Load()
	if v == nil || s.c.Now().Sub(v.at) > s.c.MaxAge {
		return entrepot.Unavailable("withdrawn tokens cannot be checked right now")
	}
	return nil
}

// Check returns an error for withdrawn tokens, and for all tokens while Ready returns one.
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

// Company returns the standing of a company.
func (s *Standing) Company(id entrepot.ID) string {
	if v := s.view.Load(); v != nil && v.companies[id] != "" {
		return v.companies[id]
	}
	return entrepot.StandingFull
}

// Trusted verifies tokens: signed by Keys and not withdrawn. Withdrawals are checked after the cache of Keys, so the
// cache cannot hide them.
type Trusted struct {
	*Keys
	*Standing
	// APIKeys verifies tokens with the prefix of API keys; nil: API keys are refused.
	APIKeys *APIKeys
}

// Verify returns the claims of a token or API key that is valid and not withdrawn.
func (t Trusted) Verify(token string) (*Claims, error) {
	if t.APIKeys != nil && strings.HasPrefix(token, KeyPrefix) {
		if err := t.Ready(); err != nil { // for the standing of the key's company
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
