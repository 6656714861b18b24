package edge

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"entrepot"

	"pgregory.net/rapid"
)

// TestPlacesGoToWhoHasFewest: a flow with many waiting does not keep one that asks once.
func TestPlacesGoToWhoHasFewest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := NewPlaces(8, time.Second)
		var busy []*flow
		for range 7 { // the eighth is nobody's alone
			busy = append(busy, p.enter(t.Context(), "busy"))
		}
		admitted := make(chan string, 200)
		enter := func(key string) {
			go func() {
				if p.enter(context.Background(), key) != nil {
					admitted <- key
				}
			}()
			synctest.Wait()
		}
		for range 100 {
			enter("busy")
		}
		enter("quiet")
		if got := <-admitted; got != "quiet" || len(admitted) != 0 {
			t.Fatalf("%s came in, and %d more", got, len(admitted))
		}
		enter("quiet")
		enter("third")
		order := []string{}
		for _, f := range busy[:3] {
			p.release(f)
			order = append(order, <-admitted)
		}
		if !slices.Equal(order, []string{"third", "quiet", "busy"}) { // it holds 7, 6, 5 of them
			t.Fatalf("in the order %v", order)
		}
		time.Sleep(2 * time.Second) // synctest's clock: the others have given up
		synctest.Wait()
		if p.queued != 0 || len(p.waiting) != 0 {
			t.Fatalf("%d still wait, %d flows", p.queued, len(p.waiting))
		}
	})
}

// TestPlacesKeepTheirBounds under any mix of flows: never more places than there
// are, never a free one while somebody who may have it waits, and nothing is left.
func TestPlacesKeepTheirBounds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := NewPlaces(rapid.IntRange(1, 10).Draw(t, "places"), 2*time.Millisecond)
		var wg sync.WaitGroup
		check := func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			held := 0
			for _, f := range p.flows {
				held += f.held
				if f.held > p.most {
					t.Errorf("a flow holds %d of %d", f.held, p.most)
				}
			}
			if held != p.held || held > p.n || (held < p.n && len(p.waiting) > 0) {
				t.Errorf("%d places held of %d, %d flows wait", held, p.n, len(p.waiting))
			}
		}
		for range rapid.IntRange(1, 60).Draw(t, "requests") {
			key := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "flow")
			for_ := time.Duration(rapid.IntRange(0, 900).Draw(t, "µs")) * time.Microsecond
			wg.Go(func() {
				f := p.enter(context.Background(), key)
				check()
				if f == nil {
					return
				}
				time.Sleep(for_)
				p.release(f)
				check()
			})
		}
		wg.Wait()
		if p.held != 0 || p.queued != 0 || len(p.flows) != 0 || len(p.waiting) != 0 {
			t.Fatalf("left behind: %d held, %d queued, %d flows, %d waiting", p.held, p.queued, len(p.flows), len(p.waiting))
		}
	})
}

// TestLeavePlace: a request that waits elsewhere lets others in, once.
func TestLeavePlace(t *testing.T) {
	t.Parallel()
	p := NewPlaces(1, time.Millisecond)
	inner := func(_ http.ResponseWriter, r *http.Request) {
		if p.held != 1 {
			t.Errorf("%d places are held", p.held)
		}
		LeavePlace(r.Context())
		if rec := serve(t, get(t), ok, p.Bound()); rec.Code != http.StatusOK {
			t.Errorf("beside one that left: %d", rec.Code)
		}
		LeavePlace(r.Context())
	}
	if rec := serve(t, get(t), inner, p.Bound()); rec.Code != http.StatusOK || p.held != 0 {
		t.Fatalf("%d, %d held", rec.Code, p.held)
	}
}

func TestFlows(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]entrepot.Caller{
		"company:c": {UserID: "u", CompanyID: "c", IP: "i"}, "user:u": {UserID: "u", IP: "i"}, "ip:i": {IP: "i"},
	} {
		if got := flowOf(c); got != want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}
