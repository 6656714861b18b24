package local_test

import (
	"context"
	"testing"
	"time"

	"entrepot/events"
	"entrepot/events/eventstest"
	"entrepot/events/local"
)

// BenchmarkTwoQueues delivers a log's entries to two queues. One operation is one event.
func BenchmarkTwoQueues(b *testing.B) {
	l := eventstest.NewLog("store", 1)
	fill(l, "order.created", b.N)
	br := openNew(b, local.Options{})
	declare(b, br, bind("q1", "#"), bind("q2", "order.*"))
	b.ResetTimer()
	br.Attach(l)
	one, two := newCounting(int64(b.N)), newCounting(int64(b.N))
	consume(b, br, "q1", one.handle)
	consume(b, br, "q2", two.handle)
	one.wait(b)
	two.wait(b)
	b.ReportMetric(float64(l.Reads())/float64(b.N), "reads/op")
}

// BenchmarkPublish appends events one by one, pipelined. One operation is one confirmed event.
func BenchmarkPublish(b *testing.B) {
	br := openNew(b, local.Options{})
	declare(b, br, bind("q", "#"))
	e := eventstest.NewEvent("order.created", "a", 1)
	slots, done := make(chan struct{}, 1000), make(chan struct{}, b.N)
	b.ResetTimer()
	for range b.N {
		slots <- struct{}{}
		br.Publish([]events.Envelope{e}, func(error) { <-slots; done <- struct{}{} })
	}
	for range b.N {
		<-done
	}
}

// BenchmarkLatency measures the time from a log's signal to the handler.
func BenchmarkLatency(b *testing.B) {
	l := eventstest.NewLog("store", 1)
	br := openNew(b, local.Options{})
	declare(b, br, bind("q", "#"))
	br.Attach(l)
	got := make(chan time.Time, 1)
	consume(b, br, "q", func(_ context.Context, batch []*events.Delivery) []error {
		got <- time.Now()
		return make([]error, len(batch))
	})
	e := eventstest.NewEvent("order.created", "a", 1)
	b.ResetTimer()
	for range b.N {
		l.Add(e)
		<-got
	}
}
