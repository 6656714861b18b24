package local_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"entrepot/events"
	"entrepot/events/eventstest"
	"entrepot/events/local"
)

func open(t testing.TB, path string, o local.Options) *local.Broker {
	t.Helper()
	b, err := local.Open(context.Background(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func openNew(t testing.TB, o local.Options) *local.Broker {
	t.Helper()
	return open(t, filepath.Join(t.TempDir(), "broker.sqlite"), o)
}

// counting is a handler that closes done after n deliveries.
type counting struct {
	n    atomic.Int64
	want int64
	done chan struct{}
}

func newCounting(want int64) *counting { return &counting{want: want, done: make(chan struct{})} }

func (c *counting) handle(_ context.Context, batch []*events.Delivery) []error {
	if n := c.n.Add(int64(len(batch))); n >= c.want && n-int64(len(batch)) < c.want {
		close(c.done)
	}
	return make([]error, len(batch))
}

func (c *counting) wait(t testing.TB) {
	t.Helper()
	select {
	case <-c.done:
	case <-time.After(time.Minute):
		t.Fatalf("deliveries within a minute: want %d, got %d", c.want, c.n.Load())
	}
}

func consume(t testing.TB, b *local.Broker, queue string, h events.Handler) events.Subscription {
	t.Helper()
	s, err := b.Consume(queue, events.ConsumeOptions{RetryDelay: 20 * time.Millisecond}, h)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func declare(t testing.TB, b *local.Broker, queues ...events.Queue) {
	t.Helper()
	if err := b.Declare(context.Background(), queues); err != nil {
		t.Fatal(err)
	}
}

func bind(name string, patterns ...string) events.Queue {
	return events.Queue{Name: name, Bindings: patterns}
}

func fill(l *eventstest.Log, typ string, n int) {
	for i := range n {
		l.Add(eventstest.NewEvent(typ, fmt.Sprint("aggregate", i%7), int64(i/7+1)))
	}
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(20 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("condition not met within 20 s: %s", what)
		}
	}
}

// TestOneReadForAllQueues checks that three queues that keep up share one read of each entry,
// including the entries written before the start.
func TestOneReadForAllQueues(t *testing.T) {
	b, l := openNew(t, local.Options{}), eventstest.NewLog("store", 3)
	fill(l, "order.created", 3000)
	declare(t, b, bind("q1", "order.*"), bind("q2", "#"), bind("q3", "order.created"), bind("q4", "user.*"))
	b.Attach(l)
	var seen []*counting
	for _, q := range []string{"q1", "q2", "q3", "q4"} {
		c := newCounting(6000)
		seen = append(seen, c)
		consume(t, b, q, c.handle)
	}
	fill(l, "order.created", 3000)
	for _, c := range seen[:3] {
		c.wait(t)
	}
	if reads := l.Reads(); reads > 6600 {
		t.Errorf("entries read for 6,000 events: want at most 6,600, got %d", reads)
	}
	if seen[3].n.Load() != 0 {
		t.Error("q4 received events that it is not bound to")
	}
}

// TestSlowQueueDelaysNoOther checks that a queue whose handler hangs does not delay others, even when
// it is far behind the cache.
func TestSlowQueueDelaysNoOther(t *testing.T) {
	b, l := openNew(t, local.Options{CacheBytes: 20_000}), eventstest.NewLog("store", 1)
	declare(t, b, bind("slow", "#"), bind("quick", "#"))
	b.Attach(l)
	release := make(chan struct{})
	slow, quick := newCounting(5000), newCounting(5000)
	consume(t, b, "slow", func(ctx context.Context, batch []*events.Delivery) []error {
		<-release
		return slow.handle(ctx, batch)
	})
	consume(t, b, "quick", quick.handle)
	fill(l, "a.b", 5000)
	quick.wait(t)
	close(release)
	slow.wait(t)
}

func TestAttachWhileConsuming(t *testing.T) {
	b := openNew(t, local.Options{})
	declare(t, b, bind("q", "#"))
	c := newCounting(20)
	consume(t, b, "q", c.handle)
	for i := range 2 {
		l := eventstest.NewLog(fmt.Sprint("store", i), 1)
		fill(l, "a.b", 10)
		b.Attach(l)
	}
	c.wait(t)
}

// TestNewQueueStartsAtTheBeginning checks that a queue declared in a later run receives the entries
// that still exist.
func TestNewQueueStartsAtTheBeginning(t *testing.T) {
	path, l := filepath.Join(t.TempDir(), "broker.sqlite"), eventstest.NewLog("store", 1)
	b := open(t, path, local.Options{})
	b.Attach(l)
	declare(t, b, bind("q", "#"))
	fill(l, "a.b", 100)
	c := newCounting(100)
	consume(t, b, "q", c.handle)
	c.wait(t)
	_ = b.Close()

	b = open(t, path, local.Options{})
	b.Attach(l)
	declare(t, b, bind("q", "#"), bind("new", "#"))
	again, fresh := newCounting(1), newCounting(101)
	consume(t, b, "q", again.handle)
	consume(t, b, "new", fresh.handle)
	fill(l, "a.b", 1)
	again.wait(t)
	fresh.wait(t)
	if again.n.Load() != 1 {
		t.Errorf("repeated acknowledged deliveries: want 0, got %d", again.n.Load()-1)
	}
}

// TestLogFailure checks that nothing is lost while a log cannot be read.
func TestLogFailure(t *testing.T) {
	b, l := openNew(t, local.Options{}), eventstest.NewLog("store", 1)
	declare(t, b, bind("q", "#"))
	l.Fail(errors.New("disk on fire"))
	b.Attach(l)
	c := newCounting(10)
	consume(t, b, "q", c.handle)
	fill(l, "a.b", 10)
	l.Fail(nil)
	c.wait(t)
}

// TestTrim checks that trimming removes only entries that every queue ever declared has passed, and
// keeps the newest.
func TestTrim(t *testing.T) {
	path, l := filepath.Join(t.TempDir(), "broker.sqlite"), eventstest.NewLog("store", 1)
	b := open(t, path, local.Options{})
	declare(t, b, bind("q", "#"), bind("idle", "#"))
	_ = b.Close()

	b = open(t, path, local.Options{TrimEvery: time.Millisecond, Keep: 10, CursorEvery: time.Millisecond})
	declare(t, b, bind("q", "#"))
	b.Attach(l)
	fill(l, "a.b", 100)
	c := newCounting(100)
	consume(t, b, "q", c.handle)
	c.wait(t)
	for i := range int64(20) {
		b.Publish([]events.Envelope{eventstest.NewEvent("a.b", "a", i+1)}, func(error) {})
	}
	if l.Len() != 100 {
		t.Fatal("entries needed by a queue of an earlier run were trimmed")
	}
	declare(t, b, bind("idle", "#"))
	other := newCounting(120)
	consume(t, b, "idle", other.handle)
	other.wait(t)
	eventually(t, "all but ten are trimmed", func() bool { return l.Len() == 10 })
}

// TestPublishBound checks that Publish fails at once above MaxPending.
func TestPublishBound(t *testing.T) {
	b := openNew(t, local.Options{MaxPending: 5})
	batch := make([]events.Envelope, 6)
	for i := range batch {
		batch[i] = eventstest.NewEvent("a.b", "a", int64(i+1))
	}
	var err error
	b.Publish(batch, func(e error) { err = e })
	if err == nil {
		t.Error("Publish of 6 events with MaxPending 5: want an error, got nil")
	}
}

func TestStats(t *testing.T) {
	b := openNew(t, local.Options{})
	declare(t, b, bind("q", "a.*"))
	done := make(chan error, 1)
	batch := []events.Envelope{eventstest.NewEvent("a.b", "a", 1), eventstest.NewEvent("x.y", "a", 2)}
	b.Publish(batch, func(err error) { done <- err })
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	first := true
	consume(t, b, "q", func(_ context.Context, batch []*events.Delivery) []error {
		results := make([]error, len(batch))
		if first {
			results[0] = errors.New("once")
		}
		first = false
		return results
	})
	want := local.Stats{Published: 2, Confirmed: 2, Read: 2, Delivered: 2, Acked: 1, Retried: 1, Unrouted: 1}
	eventually(t, "the counts", func() bool { return b.Stats() == want })
}
