package local

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"

	"entrepot/events"
)

// ownLog is the log of events passed to [Broker.Publish].
type ownLog struct {
	b       *Broker
	pending atomic.Int64 // events waiting to be written

	mu   sync.Mutex
	subs map[chan struct{}]struct{}
}

// Publish appends events to the broker's own log, for stores without a log. It calls done on the
// writer's goroutine when the events are on disk, so done must not block. Above MaxPending and
// after Close it calls done with an error at once.
func (b *Broker) Publish(batch []events.Envelope, done func(error)) {
	n := int64(len(batch))
	bodies := make([][]byte, n)
	for i := range batch {
		body, err := json.Marshal(&batch[i])
		if err != nil {
			done(fmt.Errorf("local broker: event %s: %w", batch[i].ID, err))
			return
		}
		bodies[i] = body
	}
	if b.own.pending.Add(n) > int64(b.o.MaxPending) {
		b.own.pending.Add(-n)
		done(errFull)
		return
	}
	b.stats.published.Add(n)
	b.writer.submit(op{
		run: func(s *statements) error {
			for i, body := range bodies {
				if _, err := s.appendLog.Exec(batch[i].Type, body); err != nil {
					return err
				}
			}
			return nil
		},
		done: func(err error) {
			b.own.pending.Add(-n)
			if err == nil {
				b.stats.confirmed.Add(n)
				b.own.notify()
			}
			done(err)
		},
	})
}

func (l *ownLog) Name() string { return "broker" }

func (l *ownLog) Read(ctx context.Context, after int64, limit int) (entries []events.LogEntry, err error) {
	err = each(ctx, l.b.db.reads, func(scan func(...any) error) error {
		var e events.LogEntry
		err := scan(&e.Seq, &e.Type, &e.Body)
		entries = append(entries, e)
		return err
	}, `SELECT seq, type, body FROM log WHERE seq > ? ORDER BY seq LIMIT ?`, after, limit)
	return entries, err
}

func (l *ownLog) Appended() (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.subs == nil {
		l.subs = map[chan struct{}]struct{}{}
	}
	l.subs[c] = struct{}{}
	return c, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.subs, c)
	}
}

func (l *ownLog) notify() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.subs {
		signal(c)
	}
}

// Trim deletes in portions, so that a large trim does not delay publishers.
func (l *ownLog) Trim(ctx context.Context, upTo int64) error {
	for {
		var gone int64
		err := l.b.writer.do(ctx, op{run: func(s *statements) error {
			r, err := s.trimLog.Exec(upTo)
			if err == nil {
				gone, err = r.RowsAffected()
			}
			return err
		}})
		if err != nil || gone == 0 {
			return err
		}
	}
}

func (l *ownLog) Last(ctx context.Context) (seq int64, err error) {
	err = l.b.db.reads.QueryRowContext(ctx,
		`SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'log'), 0)`).Scan(&seq)
	return seq, err
}
