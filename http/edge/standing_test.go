package edge

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"entrepot"
)

// platform implements Since like the access grain.
type platform struct {
	mu   sync.Mutex
	next Changes
	err  error
	from []int64
}

func (p *platform) since(_ context.Context, number int64) (Changes, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.from = append(p.from, number)
	return p.next, p.err
}

func newTrusted(t testing.TB, c *clock, p *platform) Trusted {
	t.Helper()
	return Trusted{Keys: newKeys(t, c), Standing: NewStanding(StandingConfig{Since: p.since, Now: c.now})}
}

func (p *platform) say(t testing.TB, s *Standing, c Changes) {
	t.Helper()
	p.next = c
	if err := s.Now(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// A withdrawn token is refused although it is cached as verified.
func TestWithdrawnTokens(t *testing.T) {
	t.Parallel()
	c, p := &clock{at: time.Unix(1_800_000_000, 0)}, &platform{}
	tr := newTrusted(t, c, p)
	sign := func(session string, issued time.Time) string {
		claims := ada
		claims.Session, claims.Issued = session, issued
		token, _, err := tr.Sign(claims)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	one, two, later := sign("one", c.now()), sign("two", c.now()), sign("two", c.now().Add(2*time.Millisecond))
	check := func(when string, want ...entrepot.Code) {
		t.Helper()
		for i, token := range []string{one, two, later} {
			if _, err := tr.Verify(token); entrepot.CodeOf(err) != want[i] {
				t.Errorf("%s: token %d: %v, want %q", when, i, err, want[i])
			}
		}
	}
	const ok, gone, unknown = "", entrepot.CodeUnauthenticated, entrepot.CodeUnavailable
	check("before the first answer", unknown, unknown, unknown)
	p.say(t, tr.Standing, Changes{Complete: true})
	check("nothing withdrawn", ok, ok, ok)
	until := c.now().Add(15 * time.Minute)
	p.say(t, tr.Standing, Changes{Number: 1, Withdrawn: []Withdrawal{{UserID: ada.UserID, Session: "one", Until: until}}})
	check("a session withdrawn", gone, ok, ok)
	p.say(t, tr.Standing, Changes{
		Number: 2, Withdrawn: []Withdrawal{{UserID: ada.UserID, Before: c.now().Add(time.Millisecond), Until: until}},
	})
	check("what was issued before", gone, gone, ok)
	p.say(t, tr.Standing, Changes{Number: 2})
	check("no news", gone, gone, ok)
	p.say(t, tr.Standing, Changes{Number: 1, Complete: true})
	check("an answer that knows less", gone, gone, ok)
	p.say(t, tr.Standing, Changes{Number: 2})
	if got := p.from; got[0] != 0 || got[len(got)-2] != 2 {
		t.Errorf("queried since %v", got)
	}

	c.add(5 * time.Second)
	check("of five seconds ago", gone, gone, ok)
	c.add(time.Millisecond)
	check("older", unknown, unknown, unknown)
	p.err = errors.New("away")
	if tr.Now(t.Context()) == nil {
		t.Error("no error, want unavailable")
	}
	check("still away", unknown, unknown, unknown)
	p.err = nil
	p.say(t, tr.Standing, Changes{Number: 2})
	check("back", gone, gone, ok)
}

func TestStandingOfCompanies(t *testing.T) {
	t.Parallel()
	c, p := &clock{at: time.Unix(1_800_000_000, 0)}, &platform{}
	s := NewStanding(StandingConfig{Since: p.since, Now: c.now})
	for _, step := range []struct {
		changes Changes
		want    string
	}{
		{Changes{Complete: true}, "full"},
		{Changes{Companies: map[entrepot.ID]string{"acme": "read_only"}}, "read_only"},
		{Changes{}, "read_only"},
		{Changes{Companies: map[entrepot.ID]string{"acme": "full"}}, "full"},
		{Changes{Companies: map[entrepot.ID]string{"acme": "closed"}}, "closed"},
		{Changes{Complete: true}, "full"},
	} {
		p.say(t, s, step.changes)
		if got := s.Company("acme"); got != step.want {
			t.Errorf("after %+v: %s, want %s", step.changes, got, step.want)
		}
	}
}

func TestStandingStops(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 100)
	s := NewStanding(StandingConfig{Every: time.Millisecond, Since: func(context.Context, int64) (Changes, error) {
		select {
		case asked <- struct{}{}:
		default:
		}
		return Changes{Complete: true}, nil
	}})
	s.Stop() // before Start
	s.Start()
	<-asked
	<-asked // the next query
	s.Stop()
	s.Stop()
}

// BenchmarkTrusted measures the check of a token including withdrawals.
func BenchmarkTrusted(b *testing.B) {
	c, p := &clock{at: time.Unix(1_800_000_000, 0)}, &platform{}
	tr := newTrusted(b, c, p)
	changes := Changes{Complete: true}
	for range 10_000 {
		changes.Withdrawn = append(changes.Withdrawn, Withdrawal{Session: entrepot.NewID(), Until: c.now().Add(time.Hour)})
	}
	p.say(b, tr.Standing, changes)
	token, _, err := tr.Sign(ada)
	if err != nil {
		b.Fatal(err)
	}
	for name, before := range map[string]func(){"cached": func() {}, "uncached": func() { tr.cache.tokens.Purge() }} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				before()
				if _, err := tr.Verify(token); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "checks/s")
		})
	}
}
