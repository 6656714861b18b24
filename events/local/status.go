package local

import (
	"context"
	"sync/atomic"
	"time"

	"entrepot/events"
)

// scanLimit is the number of entries behind a cursor that Status examines. It counts all entries
// beyond them as belonging to the queue.
const scanLimit = 20_000

// Stats holds counters since the broker was opened.
type Stats struct {
	Published int64 // events accepted by Publish
	Confirmed int64 // of these, durable
	Read      int64 // entries read from logs
	Delivered int64 // deliveries handed to handlers, retries included
	Acked     int64 // successful deliveries
	Retried   int64 // deliveries postponed for a retry
	Dead      int64 // deliveries that were dead-lettered
	Unrouted  int64 // events that matched no queue
}

type counters struct {
	published, confirmed, read, delivered, acked, retried, dead, unrouted atomic.Int64
}

// Stats returns the current counters.
func (b *Broker) Stats() Stats {
	c := &b.stats
	return Stats{
		Published: c.published.Load(), Confirmed: c.confirmed.Load(), Read: c.read.Load(),
		Delivered: c.delivered.Load(), Acked: c.acked.Load(), Retried: c.retried.Load(),
		Dead: c.dead.Load(), Unrouted: c.unrouted.Load(),
	}
}

// Status counts the waiting events of each queue. For a queue that is more than 20,000 entries
// behind, the count is an upper bound.
func (b *Broker) Status(ctx context.Context) ([]events.QueueStatus, error) {
	rows, err := b.db.counts(ctx)
	if err != nil {
		return nil, err
	}
	var all []events.QueueStatus
	for _, q := range b.topo.Load().queues {
		s := events.QueueStatus{Name: q.name}
		held := int64(q.retries.holding())
		s.Ready = max(0, rows.retry[q.name]-held)
		s.Unacked = held
		for _, f := range b.allFeeds() {
			ready, unacked, err := f.backlog(ctx, q)
			if err != nil {
				return nil, err
			}
			s.Ready += ready
			s.Unacked += unacked
		}
		all = append(all, s, events.QueueStatus{Name: events.DeadLetterQueue(q.name), Ready: rows.dead[q.name]})
	}
	return append(all, events.QueueStatus{Name: events.UnroutedQueue, Ready: rows.unrouted}), nil
}

// backlog counts a queue's entries in this log: not yet handed out, and handed out but unsettled.
func (f *feed) backlog(ctx context.Context, q *queue) (ready, unacked int64, err error) {
	at, held, _ := f.progressOf(q).status()
	last, err := f.log.Last(ctx)
	if err != nil {
		return 0, 0, err
	}
	routes := f.b.topo.Load()
	for seen := 0; at < last; {
		if seen >= scanLimit {
			ready += last - at
			break
		}
		entries, err := f.log.Read(ctx, at, readChunk)
		if err != nil {
			return 0, 0, err
		}
		if len(entries) == 0 {
			break
		}
		for _, e := range entries {
			if routes.route(e.Type)[q.index] {
				ready++
			}
		}
		seen += len(entries)
		at = entries[len(entries)-1].Seq
	}
	return ready, int64(held), nil
}

// DeadLetters returns the oldest dead letters of a queue, or the unrouted events for the queue
// "unrouted".
func (b *Broker) DeadLetters(ctx context.Context, queue string, limit int) ([]events.DeadLetter, error) {
	if queue == events.UnroutedQueue {
		return b.db.letters(ctx,
			`SELECT body, 'no queue is bound to ' || type FROM unrouted ORDER BY id LIMIT ?`, limit)
	}
	return b.db.letters(ctx,
		`SELECT body, reason FROM dead WHERE queue = ? ORDER BY id LIMIT ?`, queue, limit)
}

func (d *database) letters(ctx context.Context, query string, args ...any) (letters []events.DeadLetter, err error) {
	err = each(ctx, d.reads, func(scan func(...any) error) error {
		var l events.DeadLetter
		if err := scan(&l.Raw, &l.Reason); err != nil {
			return err
		}
		l.Envelope, _ = events.ParseEnvelope(l.Raw) // empty if the body was undecodable
		letters = append(letters, l)
		return nil
	}, query, args...)
	return letters, err
}

type rowCounts struct {
	retry, dead map[string]int64
	unrouted    int64
}

func (d *database) counts(ctx context.Context) (rowCounts, error) {
	c := rowCounts{retry: map[string]int64{}, dead: map[string]int64{}}
	err := each(ctx, d.reads, func(scan func(...any) error) error {
		var kind int
		var queue string
		var n int64
		err := scan(&kind, &queue, &n)
		switch kind {
		case 0:
			c.retry[queue] = n
		case 1:
			c.dead[queue] = n
		default:
			c.unrouted = n
		}
		return err
	}, `SELECT 0, queue, count(*) FROM retry GROUP BY queue
		UNION ALL SELECT 1, queue, count(*) FROM dead GROUP BY queue
		UNION ALL SELECT 2, '', count(*) FROM unrouted`)
	return c, err
}

type retryRow struct {
	retryKey
	body    []byte
	attempt int
	due     time.Time
}

// dueRetries returns a queue's retries, the next due first.
func (d *database) dueRetries(ctx context.Context, queue string, limit int) (rows []retryRow, err error) {
	err = each(ctx, d.reads, func(scan func(...any) error) error {
		var r retryRow
		var due int64
		err := scan(&r.log, &r.seq, &r.body, &r.attempt, &due)
		r.due = time.UnixMilli(due)
		rows = append(rows, r)
		return err
	}, `SELECT log, seq, body, attempt, due FROM retry WHERE queue = ? ORDER BY due, rowid LIMIT ?`, queue, limit)
	return rows, err
}
