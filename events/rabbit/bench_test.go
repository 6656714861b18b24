package rabbit_test

import (
	"context"
	"sync/atomic"
	"testing"

	"entrepot/events"
	"entrepot/events/rabbit"
)

// BenchmarkPublish publishes events one by one, pipelined. One operation is one confirmation.
func BenchmarkPublish(b *testing.B) {
	publishMany(b, prepare(b))
}

// BenchmarkConsume delivers and acknowledges events. One operation is one event.
func BenchmarkConsume(b *testing.B) {
	br := prepare(b)
	b.StopTimer()
	publishMany(b, br)
	b.StartTimer()
	var n atomic.Int64
	done := make(chan struct{})
	s, err := br.Consume("q", events.ConsumeOptions{}, func(_ context.Context, batch []*events.Delivery) []error {
		if n.Add(int64(len(batch))) == int64(b.N) {
			close(done)
		}
		return make([]error, len(batch))
	})
	if err != nil {
		b.Fatal(err)
	}
	<-done
	s.Stop()
}

func prepare(b *testing.B) *rabbit.Broker {
	needServer(b)
	prefix := newPrefix()
	removeAfter(b, prefix)
	br := open(b, server, rabbit.Options{Prefix: prefix})
	declare(b, br)
	b.ResetTimer()
	return br
}

func publishMany(b *testing.B, br *rabbit.Broker) {
	slots, done := make(chan struct{}, 2000), make(chan error, b.N)
	for n := range b.N {
		slots <- struct{}{}
		br.Publish([]events.Envelope{event(int64(n))}, func(err error) { <-slots; done <- err })
	}
	for range b.N {
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
}
