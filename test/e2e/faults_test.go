package e2e

import (
	"context"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"

	"entrepot"
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

// pause is longer than the eviction (CLUSTER_TTL and CLUSTER_GRACE, 1 s each) and
// shorter than a write may take (5 s): the paused member wakes up with an answer
// to the write that was under way, and goes on with the next, as stale as it is.
const pause = 4500 * time.Millisecond

// pausing stops a member in the middle of its writes, so that others take over what it had, lets it go on, and waits until it serves as a new
// one. It tells how many compare-and-sets were lost by that.
func (p *platform) pausing(ctx context.Context, t *testing.T, g *goods, r *recorder, which int) int {
	m := p.members[which]
	if _, err := m.waitReady(ctx, 60*time.Second); err != nil { // it was killed a moment ago
		t.Error(err)
		return 0
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	m.paused.Store(true)
	defer m.paused.Store(false)
	wg.Go(func() { p.fight(ctx, t, g, r) })
	pauseFor(ctx, time.Second) // the fight has begun
	before, lost := m.restarts(), p.count(lostLine)
	m.signal(syscall.SIGSTOP)
	pauseFor(t.Context(), pause) // the fault itself lasts so long
	m.signal(syscall.SIGCONT)
	start := time.Now()
	if err := poll(t.Context(), 30*time.Second, m.name+" is fenced", func() bool { return m.restarts() > before }); err != nil {
		t.Errorf("%v\n%s", err, tail(m.log))
		return 0
	}
	fenced := time.Since(start)
	cancel()
	if _, err := m.waitReady(t.Context(), 60*time.Second); err != nil {
		t.Error(err)
		return 0
	}
	lost = p.count(lostLine) - lost
	t.Logf("paused %s for %v: fenced %v after it went on, ready again after %v; %d compare-and-sets lost", m.name, pause,
		fenced.Round(10*time.Millisecond), time.Since(start).Round(10*time.Millisecond), lost)
	return lost
}

// abreast is how many commands a fought item has at a time, so that one is being
// written while the next wait for it: what a paused member wakes up with.
const abreast = 5

// fight receives goods, a few commands abreast for every fought item on whichever
// member, and the next only when all have their answer (an item remembers the last
// 32 commands). Whoever is paused meanwhile wakes up with writes for items that
// others have gone on with.
func (p *platform) fight(ctx context.Context, t *testing.T, g *goods, r *recorder) {
	h := transport()
	var wg sync.WaitGroup
	for i, pr := range g.fought {
		wg.Go(func() {
			for ctx.Err() == nil {
				var round sync.WaitGroup
				for k := range abreast {
					c := p.client(t, h, uint64(i*abreast+k), entrepot.CompanyAdmin, g.company)
					c.anywhere = true
					round.Go(func() { receive(t.Context(), c, r, pr, 2_000_000+i*abreast+k) })
				}
				round.Wait()
			}
		})
	}
	wg.Wait()
}

func receive(ctx context.Context, c *client, r *recorder, pr *product, n int) {
	op := check.Op{Client: n, Kind: check.Receive, Item: pr.item, Quantity: 1, Key: entrepot.NewID(), Call: r.now()}
	a := c.ask(ctx, http.MethodPost, "/inventory/items/"+pr.item+"/receive", op.Key, map[string]any{"quantity": 1, "reason": "fight"})
	op.Return, op.Outcome, op.Code, op.Attempts = r.now(), a.outcome, a.code, a.attempts
	r.add(op, nil)
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

// tellFound logs what a negative control has found: one violation of each rule.
func tellFound(t *testing.T, found []check.Violation) {
	t.Helper()
	count, first := map[string]int{}, map[string]check.Violation{}
	for _, v := range found {
		if count[v.Rule]++; count[v.Rule] == 1 {
			first[v.Rule] = v
		}
	}
	for rule, v := range first {
		t.Logf("found, as it must be: %d of %s, such as: %v", count[rule], rule, v)
	}
}

func stocks(n int, stock int64) (out []int64) {
	for range n {
		out = append(out, stock)
	}
	return out
}
