package grains_test

import (
	"context"
	"errors"
	"fmt"
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

// The messages of a tally.
type (
	add     struct{ By int64 }
	setName struct{ Name string }
	ask     struct{} // for a grant; the reply waits for it
	grant   struct{ What string }
	getSum  struct{}
)

// card is the reply to setName.
type card struct {
	Name string
	Sum  int64
	Tags []string
}

func (add) Answers(int64)    {}
func (setName) Answers(card) {}
func (ask) Answers(string)   {}
func (grant) Answers(int64)  {}
func (getSum) Answers(int64) {}

// tally is a small entity with a sum, a unique name, a time to ring and a step.
type tally struct {
	Sum     int64  `json:"sum"`
	Name    string `json:"name"`
	RingMs  int64  `json:"ringMs"`
	Rung    int64  `json:"rung"`
	Asked   bool   `json:"asked"`
	Granted string `json:"granted"`
}

type (
	added struct {
		By int64 `json:"by"`
	}
	named struct {
		events.Private
		name string
	}
	rung    struct{}
	asked   struct{ events.Private }
	granted struct{ What string }
)

func (added) EventType() string   { return "tally.added" }
func (rung) EventType() string    { return "tally.rung" }
func (granted) EventType() string { return "tally.granted" }

func (s *tally) Apply(e events.Event) {
	switch e := e.(type) {
	case added:
		s.Sum += e.By
		if s.Sum == 666 {
			panic("the sum of evil")
		}
	case named:
		s.Name = e.name
	case rung:
		s.Rung++
		s.RingMs = 0
	case asked:
		s.Asked = true
	case granted:
		s.Asked, s.Granted = false, e.What
	}
}

func (s *tally) Ended() bool { return s.Name == "ended" }

func (s *tally) Index() grains.Index { return grains.Index{CompanyID: "c", Fields: []any{s.Name}} }

func (s *tally) WakeAt() time.Time {
	if s.Sum < 100 || s.Rung > 0 {
		return time.Time{}
	}
	return time.UnixMilli(s.Sum * 1000)
}

func (s *tally) Wake(t entrepot.Turn) []events.Event {
	if at := s.WakeAt(); at.IsZero() || t.Now.Before(at) {
		return nil
	}
	return []events.Event{rung{}}
}

func (s *tally) add(_ entrepot.Turn, c add) ([]events.Event, error) {
	switch c.By {
	case 0:
		return nil, nil
	case -1:
		return nil, entrepot.Invalid("value", "minimum", "must not be negative")
	case -2:
		return nil, errors.New("secret cause")
	case -3:
		panic("decide")
	}
	return []events.Event{added(c)}, nil
}

func (s *tally) setName(_ entrepot.Turn, c setName) ([]events.Event, error) {
	return []events.Event{named{name: c.Name}}, nil
}

func (s *tally) sum() int64 { return s.Sum }

func (s *tally) card() card { return card{Name: s.Name, Sum: s.Sum, Tags: []string{"a", s.Name}} }

func (s *tally) ask(entrepot.Turn, ask) ([]events.Event, error) {
	if s.Asked || s.Granted != "" {
		return nil, nil
	}
	return []events.Event{asked{}}, nil
}

func (s *tally) answered(ask) (string, bool, error) {
	return s.Granted, s.Granted != "", nil
}

func (s *tally) grant(_ entrepot.Turn, c grant) ([]events.Event, error) {
	return []events.Event{granted(c)}, nil
}

var tallies = &persistence.Collection{
	Name: "tallies", Fields: []persistence.Field{{Name: "name", Type: persistence.String, Unique: true}},
}

func (s *tally) granted(_ entrepot.Turn, what string) ([]events.Event, error) {
	return []events.Event{granted{What: what}}, nil
}

// stepFunc makes the calls of the tally's step and returns what is granted.
type stepFunc func(context.Context, grains.Asker) (string, error)

// tallyKind returns the kind of tallies. step runs for a tally that was asked for a grant; with nil the
// kind has no process.
func tallyKind(step stepFunc) *grains.Kind {
	k := grains.NewKind[tally]("Tally", tallies)
	grains.Command(k, (*tally).add, (*tally).sum)
	grains.Command(k, (*tally).setName, (*tally).card)
	grains.Later(k, (*tally).ask, (*tally).answered)
	grains.Command(k, (*tally).grant, (*tally).sum)
	grains.Query(k, func(s *tally, _ entrepot.Turn, _ getSum) (int64, error) { return s.sum(), nil })
	if step != nil {
		grains.Process(k, grains.Step("grant",
			grains.When(func(s *tally) bool { return s.Asked }),
			func(ctx context.Context, a grains.Asker, _ *tally, _ string) (string, error) { return step(ctx, a) },
			(*tally).granted))
	}
	return k
}

const id = "aaaaaaaaaaaaaaaaaaaaaaaa"

func ref(id entrepot.ID) grains.Ref { return grains.Ref{Kind: "Tally", ID: id} }

func tryAdd(m *grainstest.Member, n int64, options ...grains.Option) (int64, error) {
	return grains.Ask(m.Platform(), m, ref(id), add{By: n}, options...)
}

func mustAdd(t *testing.T, m *grainstest.Member, n, want int64, options ...grains.Option) {
	t.Helper()
	if got, err := tryAdd(m, n, options...); err != nil || got != want {
		t.Fatalf("add %d: %d, %v; want %d", n, got, err, want)
	}
}

func sum(t *testing.T, m *grainstest.Member) int64 {
	t.Helper()
	s, err := grains.Ask(m.Platform(), m, ref(id), getSum{})
	if err != nil {
		t.Fatalf("sum: %v", err)
	}
	return s
}

func TestCommandRepliesAndSurvivesARestart(t *testing.T) {
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{tallyKind(nil)})
	mustAdd(t, m, 3, 3)
	mustAdd(t, m, 4, 7)
	got := m.Events()
	if len(got) != 2 || got[1].Type != "tally.added" || got[1].Aggregate.Sequence != 2 || got[1].CompanyID != "c" ||
		string(got[1].Data) != `{"by":4}` || got[1].Actor.Role != entrepot.System {
		t.Fatalf("events: %+v", got)
	}
	m.Restart()
	if s := sum(t, m); s != 7 {
		t.Fatalf("sum %d after a restart, want 7", s)
	}
	mustAdd(t, m, 1, 8)
	if seq := m.Events()[2].Aggregate.Sequence; seq != 3 {
		t.Fatalf("the sequence continued with %d, want 3", seq)
	}
}

func TestRefusalsChangeNothingAndHideCauses(t *testing.T) {
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{tallyKind(nil)})
	for _, c := range []struct {
		value int64
		code  entrepot.Code
	}{{-1, entrepot.CodeInvalid}, {-2, entrepot.CodeInternal}, {-3, entrepot.CodeInternal}, {666, entrepot.CodeInternal}} {
		_, err := tryAdd(m, c.value)
		if entrepot.CodeOf(err) != c.code {
			t.Errorf("add %d: %v, want %s", c.value, err, c.code)
		}
		if err != nil && (entrepot.AsError(err).Message == "secret cause") {
			t.Errorf("the refusal of add %d reveals its cause", c.value)
		}
	}
	if s := sum(t, m); s != 0 || len(m.Events()) != 0 {
		t.Fatalf("sum %d, events %v", s, m.EventTypes())
	}
	mustAdd(t, m, 5, 5) // the entity survived the panic
}

func TestRepeatedCommandRunsOnce(t *testing.T) {
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{tallyKind(nil)})
	once := grains.As("one")
	mustAdd(t, m, 2, 2, once)
	mustAdd(t, m, 10, 12)
	r, err := grains.Call(m.Platform(), m, ref(id), add{By: 2}, once)
	if err != nil || r.Reply != 12 || !r.Replayed { // read from the entity as it now is
		t.Errorf("repeated: %+v, %v; want 12, replayed", r, err)
	}
	if _, err := tryAdd(m, 3, once); entrepot.CodeOf(err) != entrepot.CodeKeyReused {
		t.Errorf("same id, other content: %v", err)
	}
	m.Restart()
	mustAdd(t, m, 2, 12, once)

	keyed := grains.Keyed("two", 0)
	mustAdd(t, m, 1, 13, keyed)
	for range 40 { // beyond the ring
		if _, err := tryAdd(m, 1); err != nil {
			t.Fatal(err)
		}
	}
	m.Restart()
	mustAdd(t, m, 1, 13, keyed) // the same key, the same reply
	if s := sum(t, m); s != 53 {
		t.Fatalf("sum %d", s)
	}
}

func TestManyCommandsAreOneWrite(t *testing.T) {
	store := storetest.Faulty(storetest.NewMemory())
	m := grainstest.New(t, store, []*grains.Kind{tallyKind(nil)})
	mustAdd(t, m, 1, 1)
	before := store.Counts().Commits
	release := store.Hold()
	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() {
			if _, err := tryAdd(m, 1); err != nil {
				t.Error(err)
			}
		})
	}
	for { // until all commands are decided: one write is held, the others wait for it
		list, _ := m.Host.Activations(1)
		if len(list) == 1 && list[0].Pending >= 199 {
			break
		}
		time.Sleep(time.Millisecond) // polls the host's count
	}
	release()
	wg.Wait()
	if n := store.Counts().Commits - before; n > 3 {
		t.Errorf("%d writes for 200 commands", n)
	}
	if s := sum(t, m); s != 201 {
		t.Errorf("sum %d", s)
	}
}

func TestTwinActivationsLoseNothing(t *testing.T) {
	store := storetest.NewMemory()
	a := grainstest.New(t, store, []*grains.Kind{tallyKind(nil)})
	b := grainstest.New(t, store, []*grains.Kind{tallyKind(nil)})
	var acknowledged atomic.Int64
	var wg sync.WaitGroup
	for _, m := range []*grainstest.Member{a, b} {
		for range 8 {
			wg.Go(func() {
				for range 25 {
					switch _, err := tryAdd(m, 1); entrepot.CodeOf(err) {
					case "":
						acknowledged.Add(1)
					case entrepot.CodeUnavailable: // lost too often: certainly not executed
					default:
						t.Error(err)
					}
				}
			})
		}
	}
	wg.Wait()
	a.Restart()
	if s := sum(t, a); s != acknowledged.Load() || s == 0 {
		t.Errorf("sum %d, acknowledged %d", s, acknowledged.Load())
	}
	for i, e := range a.Events() {
		if e.Aggregate.Sequence != int64(i)+1 {
			t.Fatalf("event %d has sequence %d", i, e.Aggregate.Sequence)
		}
	}
}

func TestUnknownOutcomesAreResolved(t *testing.T) {
	faults := map[string]storetest.Fault{"landed": storetest.LandThenUnknown, "lost": storetest.DropThenUnknown}
	for name, outcome := range faults {
		t.Run(name, func(t *testing.T) {
			store := storetest.Faulty(storetest.NewMemory())
			m := grainstest.New(t, store, []*grains.Kind{tallyKind(nil)})
			mustAdd(t, m, 1, 1)
			store.NextWrites(outcome)
			mustAdd(t, m, 2, 3)
			mustAdd(t, m, 4, 7)
			m.Restart()
			if s := sum(t, m); s != 7 || len(m.Events()) != 3 {
				t.Errorf("sum %d, events %v", s, m.EventTypes())
			}
		})
	}
}

func TestRefusingStoreAcknowledgesNothing(t *testing.T) {
	store := storetest.Faulty(storetest.NewMemory())
	m := grainstest.New(t, store, []*grains.Kind{tallyKind(nil)})
	mustAdd(t, m, 1, 1)
	store.NextWrites(storetest.FailBefore)
	if _, err := tryAdd(m, 2); entrepot.CodeOf(err) != entrepot.CodeUnavailable {
		t.Errorf("not executed: %v", err)
	}
	mustAdd(t, m, 4, 5) // the refused 2 is not in the state

	// The write has no result and the document cannot be read: the outcome stays unknown.
	store.OnLoad(func(*persistence.Collection, entrepot.ID) error { return errors.New("connection refused") })
	store.NextWrites(storetest.LandThenUnknown)
	if _, err := tryAdd(m, 8); entrepot.CodeOf(err) != entrepot.CodeUnknownOutcome {
		t.Errorf("unknown: %v", err)
	}
	if _, err := tryAdd(m, 16); entrepot.CodeOf(err) != entrepot.CodeUnavailable {
		t.Errorf("unreadable: %v", err)
	}
	store.OnLoad(nil)
	mustAdd(t, m, 32, 45) // 8 had landed, 16 had not been executed
}

func TestTakenUniqueValueIsRefused(t *testing.T) {
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{tallyKind(nil)})
	name := func(id, name string) error {
		_, err := grains.Ask(m.Platform(), m, ref(id), setName{Name: name})
		return err
	}
	if err := name("first", "taken"); err != nil {
		t.Fatal(err)
	}
	err := name("second", "taken")
	if entrepot.CodeOf(err) != entrepot.CodeConflict || entrepot.AsError(err).Fields[0].Field != "name" {
		t.Fatalf("alone: %v, want a conflict of the field name", err)
	}
	var wg sync.WaitGroup
	for i := range 20 { // in one write with names that are free
		wg.Go(func() {
			want := fmt.Sprint("free", i)
			if i%4 == 0 {
				want = "taken"
			}
			err := name("second", want)
			switch {
			case err == nil: // also "taken", when a later name replaced it in the same write
			case want == "taken" && entrepot.CodeOf(err) == entrepot.CodeConflict:
			default:
				t.Errorf("%s: %v", want, err)
			}
		})
	}
	wg.Wait()
	m.Restart()
	if err := name("third", "taken"); entrepot.CodeOf(err) != entrepot.CodeConflict {
		t.Errorf("the first tally lost its name: %v", err)
	}
	if doc, err := m.Store.Load(t.Context(), tallies, "second"); err != nil || doc.Fields[0] == "taken" {
		t.Errorf("two tallies have the name: %v, %v", doc, err)
	}
}

func TestLaterReplyWaitsForTheCommitOfTheStep(t *testing.T) {
	var tries atomic.Int64
	step := func(context.Context, grains.Asker) (string, error) {
		if tries.Add(1) < 3 {
			return "", errors.New("not yet")
		}
		return "1.5", nil
	}
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{tallyKind(step)})
	askOnce := func() string {
		granted, err := grains.Ask(grains.WithTrace(m.Platform(), "the trace"), m, ref(id), ask{})
		if err != nil {
			t.Fatal(err)
		}
		return granted
	}
	if got := askOnce(); got != "1.5" || tries.Load() != 3 {
		t.Fatalf("%q after %d tries", got, tries.Load())
	}
	if types := m.EventTypes(); !slices.Equal(types, []string{"tally.granted"}) {
		t.Fatalf("events %v", types)
	}
	if trace := m.Events()[0].TraceParent; trace != "the trace" {
		t.Errorf("the event of the step's result has trace %q", trace)
	}
	m.Restart()
	if got := askOnce(); got != "1.5" || tries.Load() != 3 {
		t.Fatalf("asked again: %q after %d tries", got, tries.Load())
	}
}

func TestStepOfADeadMemberRunsOnAnother(t *testing.T) {
	store := storetest.NewMemory()
	started := make(chan struct{}, 8)
	stuck := func(ctx context.Context, _ grains.Asker) (string, error) {
		started <- struct{}{}
		<-ctx.Done()
		return "", ctx.Err()
	}
	dead := grainstest.New(t, store, []*grains.Kind{tallyKind(stuck)})
	ctx, cancel := context.WithCancel(dead.Platform())
	go func() { _, _ = grains.Ask(ctx, dead, ref(id), ask{}) }()
	<-started
	cancel()

	at := time.Now().Add(time.Minute)
	due, err := store.Due(t.Context(), tallies, at, 10)
	if err != nil || len(due) != 1 || due[0].ID != id {
		t.Fatalf("due: %v, %v", due, err)
	}
	alive := grainstest.New(t, store, []*grains.Kind{tallyKind(func(context.Context, grains.Asker) (string, error) {
		return "2", nil
	})})
	alive.Wake("Tally", id)
	got, err := grains.Ask(alive.Platform(), alive, ref(id), ask{})
	if err != nil || got != "2" {
		t.Fatalf("%v, %v", got, err)
	}
	if due, _ = store.Due(t.Context(), tallies, at, 10); len(due) != 0 {
		t.Errorf("still due: %v", due)
	}
}

// The reply to a key stays the same even if the member that executed the command died before it
// replied.
func TestReplyAfterADeathIsKept(t *testing.T) {
	store := storetest.NewMemory()
	started := make(chan struct{}, 8)
	dead := grainstest.New(t, store, []*grains.Kind{tallyKind(func(ctx context.Context, _ grains.Asker) (string, error) {
		started <- struct{}{}
		<-ctx.Done()
		return "", ctx.Err()
	})})
	key := grains.Keyed("once", 0)
	ctx, cancel := context.WithCancel(dead.Platform())
	go func() { _, _ = grains.Ask(ctx, dead, ref(id), ask{}, key) }()
	<-started
	cancel()

	alive := grainstest.New(t, store, []*grains.Kind{tallyKind(nil)})
	for _, what := range []string{"2", "3"} { // the state goes on after the first answer
		if _, err := grains.Ask(alive.Platform(), alive, ref(id), grant{What: what}); err != nil {
			t.Fatal(err)
		}
		got, err := grains.Ask(alive.Platform(), alive, ref(id), ask{}, key)
		if err != nil || got != "2" {
			t.Fatalf("after grant %v the reply to the key is %v, %v; want 2", what, got, err)
		}
		alive.Restart()
	}
}

func TestWakeDoesWhatIsDueOnce(t *testing.T) {
	store := storetest.NewMemory()
	m := grainstest.New(t, store, []*grains.Kind{tallyKind(nil)})
	m.SetNow(time.UnixMilli(50_000))
	mustAdd(t, m, 100, 100)
	m.Wake("Tally", id) // early
	if due, _ := store.Due(t.Context(), tallies, time.UnixMilli(99_999), 10); len(due) != 0 {
		t.Fatalf("due early: %v", due)
	}
	m.SetNow(time.UnixMilli(100_000))
	if due, _ := store.Due(t.Context(), tallies, m.Now(), 10); len(due) != 1 {
		t.Fatalf("not due in time: %v", due)
	}
	m.Wake("Tally", id)
	m.Wake("Tally", id)
	if types := m.EventTypes(); !slices.Equal(types, []string{"tally.added", "tally.rung"}) {
		t.Fatalf("events %v", types)
	}
	if due, _ := store.Due(t.Context(), tallies, time.UnixMilli(1<<40), 10); len(due) != 0 {
		t.Fatalf("due for ever: %v", due)
	}
}

// logless is a store without a log, which keeps unconfirmed events in the documents.
type logless struct {
	persistence.Store
	mu     sync.Mutex
	events map[entrepot.ID][]events.Envelope
}

func newLogless() *logless {
	return &logless{Store: storetest.NewMemory(), events: map[entrepot.ID][]events.Envelope{}}
}

func (s *logless) Log() events.Log { return nil }

func (s *logless) Commit(ctx context.Context, batch []persistence.Write) []error {
	s.mu.Lock()
	defer s.mu.Unlock()
	results := s.Store.Commit(ctx, batch)
	for i, w := range batch {
		if results[i] == nil {
			s.events[w.Doc.ID] = slices.Concat(w.Doc.Outbox, w.Events)
		}
	}
	return results
}

func (s *logless) Load(ctx context.Context, c *persistence.Collection, id entrepot.ID) (*persistence.Document, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	doc, err := s.Store.Load(ctx, c, id)
	if err == nil {
		doc.Outbox = slices.Clone(s.events[id])
	}
	return doc, err
}

// offers is an outbox whose confirmations the test sends.
type offers struct {
	mu   sync.Mutex
	got  []events.Envelope
	ack  []func()
	full bool
	note chan struct{}
}

func (o *offers) Offer(batch []events.Envelope, confirmed func()) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.full {
		return false
	}
	o.got, o.ack = append(o.got, batch...), append(o.ack, confirmed)
	o.note <- struct{}{}
	return true
}

func TestEventsStayInTheDocumentUntilConfirmed(t *testing.T) {
	store, box := newLogless(), &offers{note: make(chan struct{}, 16)}
	withBox := func(c *grains.Config) { c.Outbox, c.TrimEvery = box, time.Millisecond }
	m := grainstest.New(t, store, []*grains.Kind{tallyKind(nil)}, withBox)
	mustAdd(t, m, 1, 1)
	<-box.note
	mustAdd(t, m, 2, 3)
	doc, err := store.Load(t.Context(), tallies, id)
	if err != nil || len(doc.Outbox) != 2 || doc.WakeAt.IsZero() {
		t.Fatalf("the document has %d events, wakes at %v: %v", len(doc.Outbox), doc.WakeAt, err)
	}
	box.ack[0]() // confirms the first event, so the second is offered
	<-box.note
	if seq := box.got[1].Aggregate.Sequence; len(box.got) != 2 || seq != 2 {
		t.Fatalf("offered %v", box.got)
	}
	box.ack[1]()
	for doc.WakeAt = time.Now(); !doc.WakeAt.IsZero(); { // until the idle grain has trimmed its document
		if doc, err = store.Load(t.Context(), tallies, id); err != nil {
			t.Fatal(err)
		}
	}
	if len(doc.Outbox) != 0 {
		t.Fatalf("%d events left", len(doc.Outbox))
	}
}

func TestUnpublishedEventsAreOfferedAgainAtWake(t *testing.T) {
	store, box := newLogless(), &offers{full: true, note: make(chan struct{}, 16)}
	withBox := func(c *grains.Config) { c.Outbox = box; c.MaxOutbox = 3 }
	m := grainstest.New(t, store, []*grains.Kind{tallyKind(nil)}, withBox)
	for i := range int64(3) {
		mustAdd(t, m, 1, i+1)
	}
	if _, err := tryAdd(m, 1); entrepot.CodeOf(err) != entrepot.CodeUnavailable {
		t.Fatalf("beyond the bound: %v", err)
	}
	m.Restart()
	box.full = false
	m.Wake("Tally", id)
	<-box.note
	if len(box.got) != 3 || box.got[0].Aggregate.Sequence != 1 {
		t.Fatalf("offered %v", box.got)
	}
}
