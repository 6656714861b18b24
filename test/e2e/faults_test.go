package e2e

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"

	"entrepot/test/check"
)

// killing is how often a random member is killed with kill -9. The supervisor
// starts it again at once.
func (p *platform) killing(ctx context.Context, t *testing.T, every time.Duration, rng *rand.Rand) {
	for {
		pauseFor(ctx, every/2+time.Duration(rng.Int64N(int64(every))))
		if ctx.Err() != nil {
			return
		}
		m := p.members[rng.IntN(len(p.members))]
		if m.paused.Load() {
			continue
		}
		m.kill()
		took, err := m.waitReady(t.Context(), 60*time.Second)
		if err != nil {
			t.Errorf("after kill -9: %v\n%s", err, tail(m.log))
			return
		}
		t.Logf("kill -9 of %s: ready again after %v", m.name, took.Round(10*time.Millisecond))
	}
}

// pausing stops a random member in the middle of its writes for so long, so that
// others take over what it had, lets it go on, and waits until it serves as a new one.
func (p *platform) pausing(ctx context.Context, t *testing.T, after, pause time.Duration, rng *rand.Rand) {
	if pauseFor(ctx, after); ctx.Err() != nil {
		return
	}
	m := p.members[rng.IntN(len(p.members))]
	if !m.ready(ctx) { // it was killed a moment ago
		if _, err := m.waitReady(ctx, 60*time.Second); err != nil {
			t.Error(err)
			return
		}
	}
	m.paused.Store(true)
	defer m.paused.Store(false)
	before := m.restarts()
	m.signal(syscall.SIGSTOP)
	pauseFor(t.Context(), pause) // the fault itself lasts so long
	m.signal(syscall.SIGCONT)
	start := time.Now()
	if err := poll(t.Context(), 30*time.Second, m.name+" is fenced", func() bool { return m.restarts() > before }); err != nil {
		t.Errorf("%v\n%s", err, tail(m.log))
		return
	}
	fenced := time.Since(start)
	if _, err := m.waitReady(t.Context(), 60*time.Second); err != nil {
		t.Error(err)
		return
	}
	t.Logf("paused %s for %v: fenced %v after it went on, ready again after %v", m.name, pause,
		fenced.Round(10*time.Millisecond), time.Since(start).Round(10*time.Millisecond))
}

var fencedLine = regexp.MustCompile(`(?m)msg=fenced`)

// verdict waits for quiet, sends some keyed requests again, and checks everything.
func (p *platform) verdict(t *testing.T, r *recorder, g *goods, limit time.Duration) []check.Violation {
	t.Helper()
	p.waitReady(t)
	p.settle(t, nil, limit)
	c := *g.admin
	for _, pr := range g.linear {
		look(t.Context(), t, &c, r, pr) // the last word on every item
	}
	r.repeat(t.Context(), t, 100)
	if err := r.h.Save(filepath.Join(p.logs, "history.json")); err != nil {
		t.Error(err)
	}
	found, _ := p.settle(t, &r.h, limit)
	r.report(t)
	t.Logf("%d compare-and-sets lost to another activation, %d members fenced", p.count(lostLine), p.count(fencedLine))
	return found
}

func mustHold(t *testing.T, found []check.Violation) {
	t.Helper()
	for _, v := range found {
		t.Error(v)
	}
}

func stocks(n int, stock int64) (out []int64) {
	for range n {
		out = append(out, stock)
	}
	return out
}
