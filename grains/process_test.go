package grains_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/persistence"
	"entrepot/persistence/storetest"
)

// errand is an entity with a process, which fetches each wanted thing by a step of its own.
type errand struct {
	Wanted  []string `json:"wanted"`
	Fetched []string `json:"fetched"`
}

type (
	want    struct{ What string }
	dropAll struct{}
	fetched struct{} // the reply waits until nothing is wanted
)

func (want) Answers(int)         {}
func (dropAll) Answers(int)      {}
func (fetched) Answers([]string) {}

type (
	wanted struct {
		events.Private
		what string
	}
	dropped struct{ events.Private }
	got     struct {
		events.Private
		what string
	}
)

func (s *errand) Apply(e events.Event) {
	switch e := e.(type) {
	case wanted:
		s.Wanted = append(s.Wanted, e.what)
	case dropped:
		s.Wanted = nil
	case got:
		s.Wanted = slices.DeleteFunc(s.Wanted, func(w string) bool { return w == e.what })
		s.Fetched = append(s.Fetched, e.what)
	}
}

func (s *errand) Index() grains.Index { return grains.Index{CompanyID: "c"} }

func (s *errand) want(_ entrepot.Turn, c want) ([]events.Event, error) {
	return []events.Event{wanted{what: c.What}}, nil
}

func (s *errand) dropAll(entrepot.Turn, dropAll) ([]events.Event, error) {
	return []events.Event{dropped{}}, nil
}

func (s *errand) nothing(entrepot.Turn, fetched) ([]events.Event, error) { return nil, nil }

func (s *errand) reply(fetched) ([]string, bool, error) {
	return slices.Clone(s.Fetched), len(s.Wanted) == 0, nil
}

func (s *errand) fetch(_ entrepot.Turn, what string) ([]events.Event, error) {
	return []events.Event{got{what: what}}, nil
}

var errands = &persistence.Collection{Name: "errands"}

type (
	doFunc   func(ctx context.Context, a grains.Asker, s *errand, of string) (string, error)
	thenFunc func(s *errand, t entrepot.Turn, what string) ([]events.Event, error)
)

func errandKind(do doFunc, then thenFunc) *grains.Kind {
	k := grains.NewKind[errand]("Errand", errands)
	count := func(s *errand) int { return len(s.Wanted) }
	grains.Command(k, (*errand).want, count)
	grains.Command(k, (*errand).dropAll, count)
	grains.Later(k, (*errand).nothing, (*errand).reply)
	grains.Process(k, grains.Step("fetch", func(s *errand) []string { return s.Wanted }, do, then))
	return k
}

var errandRef = grains.Ref{Kind: "Errand", ID: id}

func mustWant(t *testing.T, m *grainstest.Member, what string) {
	t.Helper()
	if _, err := grains.Ask(m.Platform(), m, errandRef, want{What: what}); err != nil {
		t.Fatalf("want %s: %v", what, err)
	}
}

func mustFetch(t *testing.T, m *grainstest.Member, want ...string) {
	t.Helper()
	got, err := grains.Ask(m.Platform(), m, errandRef, fetched{})
	if slices.Sort(got); err != nil || !slices.Equal(got, want) {
		t.Fatalf("fetched %v, %v; want %v", got, err, want)
	}
}

// fetchAtOnce returns each element as its own result.
func fetchAtOnce(_ context.Context, _ grains.Asker, _ *errand, of string) (string, error) {
	return of, nil
}

// blocked is a do whose calls wait until the test releases them.
type blocked struct {
	started chan string
	release chan struct{}
}

func newBlocked() *blocked {
	return &blocked{started: make(chan string, 16), release: make(chan struct{})}
}

func (b *blocked) do(ctx context.Context, _ grains.Asker, _ *errand, of string) (string, error) {
	b.started <- of
	select {
	case <-b.release:
		return of, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// warnings collects the texts of logged warnings.
type warnings struct {
	slog.Handler
	texts chan string
}

func (w *warnings) Enabled(context.Context, slog.Level) bool { return true }

func (w *warnings) Handle(_ context.Context, r slog.Record) error {
	if r.Level == slog.LevelWarn {
		w.texts <- r.Message
	}
	return nil
}

func TestEachElementIsAStepOfItsOwn(t *testing.T) {
	b := newBlocked()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{errandKind(b.do, (*errand).fetch)})
	mustWant(t, m, "milk")
	mustWant(t, m, "bread")
	started := []string{<-b.started, <-b.started}
	if slices.Sort(started); !slices.Equal(started, []string{"bread", "milk"}) {
		t.Fatalf("started %v", started)
	}
	mustWant(t, m, "salt") // the two that run are not started again
	if third := <-b.started; third != "salt" {
		t.Fatalf("started %s, want salt", third)
	}
	close(b.release)
	mustFetch(t, m, "bread", "milk", "salt")
	if n := len(b.started); n != 0 {
		t.Errorf("%d steps were started again", n)
	}
}

func TestResultThatIsNoLongerDueIsDropped(t *testing.T) {
	b := newBlocked()
	var decided atomic.Int64
	count := func(s *errand, turn entrepot.Turn, what string) ([]events.Event, error) {
		decided.Add(1)
		return s.fetch(turn, what)
	}
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{errandKind(b.do, count)})
	mustWant(t, m, "milk")
	<-b.started
	if _, err := grains.Ask(m.Platform(), m, errandRef, dropAll{}); err != nil {
		t.Fatal(err)
	}
	mustWant(t, m, "bread")
	<-b.started
	close(b.release)
	mustFetch(t, m, "bread")
	m.Restart()
	mustFetch(t, m, "bread")
	if n := decided.Load(); n != 1 {
		t.Errorf("decided on %d results, want 1", n)
	}
}

func TestStepOfAnEndedActivationRunsAgain(t *testing.T) {
	b := newBlocked()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{errandKind(b.do, (*errand).fetch)})
	mustWant(t, m, "milk")
	<-b.started
	m.Restart()
	m.Wake("Errand", id)
	<-b.started // by the next activation, while the first run still waits
	close(b.release)
	mustFetch(t, m, "milk") // once, though both runs have a result
	m.Restart()
	mustFetch(t, m, "milk")
}

// The next activation takes up a step without a message or its wakeAt, which is 15 s away.
func TestStepOfAnEndedActivationWakesTheNext(t *testing.T) {
	t.Parallel()
	b := newBlocked()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{errandKind(b.do, (*errand).fetch)})
	mustWant(t, m, "milk")
	<-b.started
	m.Restart()
	b.release <- struct{}{} // the result of the first activation is dropped
	<-b.started
	close(b.release)
	mustFetch(t, m, "milk")
}

// A step whose result cannot be written is tried a few times with pauses and then waits for the next
// wake, so that a store that refuses writes does not keep members busy.
func TestStepWaitsForAStoreThatRefusesWrites(t *testing.T) {
	t.Parallel()
	var runs atomic.Int64
	count := func(_ context.Context, _ grains.Asker, _ *errand, of string) (string, error) {
		runs.Add(1)
		return of, nil
	}
	log := &warnings{texts: make(chan string, 16)}
	store := storetest.Faulty(storetest.NewMemory())
	m := grainstest.New(t, store, []*grains.Kind{errandKind(count, (*errand).fetch)},
		func(c *grains.Config) { c.Logger = slog.New(log) })
	store.OnWrite(func(w persistence.Write) storetest.Fault {
		if w.Doc.Version > 1 {
			return storetest.FailBefore
		}
		return storetest.Healthy
	})
	mustWant(t, m, "milk")
	<-log.texts
	if n := runs.Load(); n != 4 {
		t.Errorf("the step ran %d times before it gave up, want 4", n)
	}
	store.OnWrite(nil)
	m.Wake("Errand", id)
	mustFetch(t, m, "milk")
}

func TestFailedDecisionIsTriedAgain(t *testing.T) {
	t.Parallel()
	var tries atomic.Int64
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{errandKind(fetchAtOnce,
		func(s *errand, turn entrepot.Turn, what string) ([]events.Event, error) {
			switch tries.Add(1) {
			case 1:
				panic("no decision")
			case 2:
				return nil, errors.New("not yet")
			}
			return s.fetch(turn, what)
		})})
	mustWant(t, m, "milk")
	mustFetch(t, m, "milk")
	if n := tries.Load(); n != 3 {
		t.Errorf("decided %d times, want 3", n)
	}
}

func TestStepWorksOnACopyOfTheSavedState(t *testing.T) {
	t.Parallel()
	var seen sync.Map
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{errandKind(
		func(_ context.Context, _ grains.Asker, s *errand, of string) (string, error) {
			_, again := seen.LoadOrStore(of, true)
			if s.Wanted[0] == "nothing" {
				t.Error("a try sees what another one changed")
			}
			for i := range s.Wanted {
				s.Wanted[i] = "nothing"
			}
			if !again {
				return "", errors.New("not yet")
			}
			return of, nil
		}, (*errand).fetch)})
	mustWant(t, m, "milk")
	mustWant(t, m, "bread")
	mustFetch(t, m, "bread", "milk")
}

// A step's commands have the same ids in every try. Distinct separates several commands of one type to
// one grain.
func TestCommandsOfAStepRunOnce(t *testing.T) {
	t.Parallel()
	var tries atomic.Int64
	do := func(ctx context.Context, a grains.Asker, _ *errand, of string) (string, error) {
		for range 2 {
			if _, err := grains.Ask(ctx, a, ref(id), add{By: 1}); err != nil {
				return "", err
			}
			if _, err := grains.Ask(ctx, grains.Distinct(a, "second"), ref(id), add{By: 10}); err != nil {
				return "", err
			}
			third := grains.Distinct(a, "third")
			if _, err := grains.Ask(ctx, third, ref(id), add{By: 100}, grains.Transient); err != nil {
				return "", err
			}
		}
		if tries.Add(1) == 1 {
			return "", errors.New("not yet")
		}
		return of, nil
	}
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{errandKind(do, (*errand).fetch), tallyKind(nil)})
	mustWant(t, m, "milk")
	mustFetch(t, m, "milk")
	if s := sum(t, m); s != 111 {
		t.Errorf("sum %d after %d tries, want 111", s, tries.Load())
	}
}

// Of two activations that both ran a step, one decides on its result.
func TestTwinsDecideOnAResultOnce(t *testing.T) {
	t.Parallel()
	store, b := storetest.NewMemory(), newBlocked()
	kinds := func() []*grains.Kind { return []*grains.Kind{errandKind(b.do, (*errand).fetch)} }
	first, second := grainstest.New(t, store, kinds()), grainstest.New(t, store, kinds())
	mustWant(t, first, "milk")
	<-b.started
	second.Wake("Errand", id)
	<-b.started
	close(b.release)
	mustFetch(t, second, "milk")
	mustWant(t, first, "bread")
	mustFetch(t, first, "bread", "milk")
	second.Restart()
	mustFetch(t, second, "bread", "milk")
}

// The steps of a transient grain end before the grain leaves, also those that another step leads to.
func TestTransientGrainFinishesItsSteps(t *testing.T) {
	t.Parallel()
	b := newBlocked()
	breadAfterMilk := func(s *errand, turn entrepot.Turn, what string) ([]events.Event, error) {
		if what == "milk" {
			return []events.Event{got{what: what}, wanted{what: "bread"}}, nil
		}
		return s.fetch(turn, what)
	}
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{errandKind(b.do, breadAfterMilk)})
	if _, err := grains.Ask(m.Platform(), m, errandRef, want{What: "milk"}, grains.Transient); err != nil {
		t.Fatal(err)
	}
	<-b.started
	b.release <- struct{}{}
	<-b.started
	if _, err := grains.Ask(m.Platform(), m, errandRef, want{What: "salt"}, grains.Transient); err != nil {
		t.Fatal(err) // it follows whatever may have ended the activation
	}
	<-b.started
	if n := len(b.started); n != 0 {
		t.Fatalf("%d steps were started again: the grain left while they were running", n)
	}
	close(b.release)
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) { // polls the host's count
		if _, count := m.Host.Activations(0); count["Errand"] == 0 {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the grain stayed after its steps")
		}
	}
	mustFetch(t, m, "bread", "milk", "salt")
}
