package series

import (
	"encoding/json"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/persistence/storetest"

	"pgregory.net/rapid"
)

var (
	company = entrepot.DeriveID("company")
	start   = time.UnixMilli(1_750_000_000_123).UTC()
)

func turn(c entrepot.Caller) entrepot.Turn { return entrepot.Turn{ID: "s", Now: start, Caller: c} }

func next(id string) Next { return Next{ForID: id, CompanyID: company} }

func TestNextRules(t *testing.T) {
	t.Parallel()
	used := &State{CompanyID: company}
	for name, c := range map[string]struct {
		caller entrepot.Caller
		cmd    Next
		want   entrepot.Code
	}{
		"the platform": {entrepot.SystemCaller("test"), next("o"), ""},
		"an admin": {
			entrepot.Caller{Role: entrepot.CompanyAdmin, CompanyID: company}, next("o"), entrepot.CodeNotFound,
		},
		"a super admin":   {entrepot.Caller{Role: entrepot.SuperAdmin}, next("o"), entrepot.CodeNotFound},
		"nobody":          {entrepot.Caller{}, next("o"), entrepot.CodeNotFound},
		"for no id":       {entrepot.SystemCaller("test"), next(""), entrepot.CodeInvalid},
		"another company": {entrepot.SystemCaller("test"), Next{ForID: "o", CompanyID: "x"}, entrepot.CodeNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := used.Next(turn(c.caller), c.cmd); entrepot.CodeOf(err) != c.want {
				t.Fatalf("%v, want code %q", err, c.want)
			}
		})
	}
	_, err := (&State{}).Next(turn(entrepot.SystemCaller("test")), Next{ForID: "o"})
	if entrepot.CodeOf(err) != entrepot.CodeInvalid {
		t.Fatalf("no company: %v, want code %q", err, entrepot.CodeInvalid)
	}
}

// Numbers have no gaps, an id among the last 256 keeps its number, and the facts
// alone rebuild the state.
func TestSeriesKeepsItsInvariants(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, replayed := &State{}, &State{}
		given, at := map[string]int64{}, int64(0)
		newest := rapid.IntRange(1, 600).Draw(t, "ids")
		for i := range newest {
			ids := []string{fmt.Sprint("plain", i)}
			if i%2 == 0 {
				ids[0] = entrepot.DeriveID(ids[0])
			}
			if i > 0 && rapid.IntRange(0, 9).Draw(t, "repeat") == 0 {
				back := rapid.IntRange(max(0, i-Memory), i-1).Draw(t, "which")
				again := fmt.Sprint("plain", back)
				if back%2 == 0 {
					again = entrepot.DeriveID(again)
				}
				ids = []string{again, ids[0]}
			}
			for _, id := range ids {
				facts, err := s.Next(turn(entrepot.SystemCaller("test")), next(id))
				if err != nil {
					t.Fatal(err)
				}
				for _, f := range facts {
					s.Apply(f)
					replayed.Apply(f)
				}
				n, done, err := s.Drawn(next(id))
				if given[id] == 0 {
					at++
					given[id] = at
				}
				if err != nil || !done || n.Number != given[id] {
					t.Fatalf("id %s: %d, want %d (%v)", id, n.Number, given[id], err)
				}
			}
		}
		if s.Last != at || len(s.Keys) != keySize*int(min(at, Memory)) {
			t.Fatalf("last %d of %d, %d bytes of keys", s.Last, at, len(s.Keys))
		}
		b, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var back State
		if err := json.Unmarshal(b, &back); err != nil || !reflect.DeepEqual(&back, s) || !reflect.DeepEqual(s, replayed) {
			t.Fatalf("round trip or replay: %v", err)
		}
	})
}

// A fact of the series is private: it publishes nothing.
func TestDrawnIsPrivate(t *testing.T) {
	t.Parallel()
	if typ := events.Event(drawn{}).EventType(); typ != "" {
		t.Fatalf("event type %q, want none", typ)
	}
}

func TestSeriesOnTheHost(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{Kind()})
	id := ID(company, "order", "2026")
	draw := func(id2 string) int64 {
		n, err := grains.Ask(m.Platform(), m, Of(id), next(id2))
		if err != nil {
			t.Error(err)
			return 0
		}
		return n.Number
	}
	first := draw("o0")
	m.Restart()
	if again := draw("o0"); first != 1 || again != 1 {
		t.Fatalf("number %d, then %d after a restart, want 1 both times", first, again)
	}
	var mu sync.Mutex
	seen := map[int64]bool{}
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			n := draw(fmt.Sprint("p", i))
			mu.Lock()
			defer mu.Unlock()
			seen[n] = true
		})
	}
	wg.Wait()
	if len(seen) != 50 || !seen[2] || !seen[51] {
		t.Fatalf("%d numbers, want 2 to 51: %v", len(seen), seen)
	}
	if len(m.Events()) != 0 {
		t.Fatalf("events %v, want none", m.EventTypes())
	}
}
