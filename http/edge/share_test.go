package edge

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"entrepot"
)

// board is what gateways tell each other, as the usage grain keeps it.
type board struct {
	mu      sync.Mutex
	entries []struct {
		gateway string
		Spent
	}
	down bool
}

func (b *board) report(_ context.Context, gateway string, number int64, spent []Spent) (others []Spent, next int64, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.down {
		return nil, 0, errors.New("away")
	}
	for _, e := range b.entries[min(int(number), len(b.entries)):] {
		if e.gateway != gateway && number > 0 {
			others = append(others, e.Spent)
		}
	}
	for _, x := range spent {
		b.entries = append(b.entries, struct {
			gateway string
			Spent
		}{gateway, x})
	}
	return others, int64(len(b.entries)), nil
}

// TestLimitsHoldForAllGateways: who spends at one has as much less at the others.
func TestLimitsHoldForAllGateways(t *testing.T) {
	t.Parallel()
	c, b := &clock{at: time.Unix(1_800_000_000, 0)}, &board{}
	b.entries = append(b.entries, struct { // of the past
		gateway string
		Spent
	}{"old", Spent{"callers", "k", 50}})
	limiters := make([]*Limiter, 3)
	shares := make([]*Share, 3)
	for i := range limiters {
		limiters[i] = NewLimiter(100, time.Second, c.now)
		shares[i] = NewShare(ShareConfig{Limiters: map[string]*Limiter{"callers": limiters[i]}, Report: b.report})
	}
	sync := func() {
		for range 2 { // who told last is heard by the others the next time
			for _, s := range shares {
				if err := s.Now(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	sync()
	take := func(at int, key string, n int) (taken int) {
		for range n {
			if limiters[at].Take(key).OK {
				taken++
			}
		}
		return taken
	}
	if got := take(0, "k", 60) + take(1, "k", 30); got != 90 {
		t.Fatalf("%d", got)
	}
	take(0, "small", 2) // not worth telling
	sync()
	if got := take(2, "k", 100); got != 10 {
		t.Fatalf("the third gateway let %d through of 10 that were left", got)
	}
	if a := limiters[2].Take("k"); a.OK || a.Remaining != 0 {
		t.Fatalf("%+v", a)
	}
	if got := take(2, "small", 100); got != 100 {
		t.Fatalf("%d", got)
	}
	c.add(50 * time.Second)
	if got := take(0, "k", 100); got < 40 || got > 60 { // what the third did is told, and half is gained again
		t.Fatalf("after 50 s %d", got)
	}
	take(0, "login", 20)
	sync()
	for range 20 { // they succeeded
		limiters[0].Give("login")
	}
	sync()
	if got := take(1, "login", 100); got != 100 {
		t.Fatalf("what was given back is nobody's: %d", got)
	}
	b.down = true
	if err := shares[0].Now(t.Context()); err == nil {
		t.Fatal("nobody answered")
	}
	if !limiters[0].Take("new").OK {
		t.Fatal("a gateway alone lets nobody in")
	}
}

// TestTenantsAreLimitedTogether: all people and keys of a company, and nobody else.
func TestTenantsAreLimitedTogether(t *testing.T) {
	t.Parallel()
	c := &clock{at: time.Unix(1_800_000_000, 0)}
	l := Limits{Callers: NewLimiter(5, time.Minute, c.now), Tenants: NewLimiter(6, time.Minute, c.now)}
	a, b := entrepot.Caller{UserID: "a", CompanyID: "x"}, entrepot.Caller{UserID: "b", CompanyID: "x"}
	for i := range 4 {
		if got := l.take(a, false); !got.OK || got.Remaining != 4-i {
			t.Fatalf("%d: %+v", i, got)
		}
	}
	if got := l.take(b, false); !got.OK || got.Limit != 6 || got.Remaining != 1 {
		t.Fatalf("the tenant is nearer to its limit: %+v", got)
	}
	l.take(b, false)
	if got := l.take(b, false); got.OK || got.Limit != 6 {
		t.Fatalf("%+v", got)
	}
	if got := l.Callers.Take("user:b"); got.Remaining != 2 { // what the tenant refused cost nothing
		t.Fatalf("%+v", got)
	}
	for _, other := range []entrepot.Caller{{UserID: "c", CompanyID: "y"}, {UserID: "d"}, {IP: "192.0.2.1"}} {
		if got := l.take(other, false); !got.OK {
			t.Errorf("%+v: %+v", other, got)
		}
	}
	if rec := serve(t, get(t), ok, RateLimit(Limits{})); rec.Code != http.StatusOK || rec.Header().Get("RateLimit-Limit") != "" {
		t.Errorf("without limits: %d", rec.Code)
	}
}
