package main

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// op is one operation of a scenario: one request, or the few of a checkout.
type op func(w *worker) error

// worker is one connection and what its operations remember.
type worker struct {
	*conn
	n    int    // which worker
	i    uint64 // which of its operations
	body []byte
}

// scenario is one kind of work.
type scenario struct {
	name   string
	do     op
	writes bool         // it leaves something to the consumers
	before func() error // what must be so when it begins; may be nil
}

// result is one run of a scenario, or the median of several.
type result struct {
	ops        int64
	rate       float64 // operations a second
	p50, p99   time.Duration
	cpu        time.Duration // of the server, an operation
	writes     float64       // of grains, an operation
	batch      float64       // writes in a batch
	drain      time.Duration // until every consumer had caught up
	perSecond  float64       // grains' writes and consumers' rows a second, while it ran
	database   float64       // cores that the database's processes used then; with -stack
	byDatabase string        // the writes of each
	gap        time.Duration // the longest in which no request finished
	wal        int64         // bytes of the largest write-ahead log
}

// measure runs the scenario on every connection: first to warm up, then for d.
// The server's CPU is that of the measured time; what the consumers do later
// is in the drain.
func (b *bench) measure(s scenario, warm, d time.Duration) (result, error) {
	if s.before != nil {
		if err := s.before(); err != nil {
			return result{}, err
		}
	}
	before, err := b.server.stats("")
	if err != nil {
		return result{}, err
	}
	var (
		wg      sync.WaitGroup
		failed  atomic.Pointer[error]
		all     = make([][]time.Duration, len(b.workers))
		total   atomic.Int64 // with the warm-up's: what the writes are for
		begin   = time.Now().Add(warm)
		end     = begin.Add(d)
		cpu     time.Duration
		cpuTime time.Duration
	)
	for n, w := range b.workers {
		wg.Go(func() {
			took := make([]time.Duration, 0, 1<<14)
			for start := time.Now(); start.Before(end) && failed.Load() == nil; {
				w.i++
				if err := s.do(w); err != nil {
					failed.CompareAndSwap(nil, &err)
					break
				}
				total.Add(1)
				now := time.Now()
				if start.After(begin) && now.Before(end) {
					took = append(took, now.Sub(start))
				}
				start = now
			}
			all[n] = took
		})
	}
	time.Sleep(time.Until(begin))
	b.gap.begin()
	peaks := b.server.watch()
	atBegin, beginErr := b.server.stats("?brief")
	cpu, cpuTime = b.server.cpu(), time.Duration(time.Now().UnixNano())
	database := databaseCPU()
	time.Sleep(time.Until(end))
	cpu, cpuTime = b.server.cpu()-cpu, time.Duration(time.Now().UnixNano())-cpuTime
	database = databaseCPU() - database
	longest := b.gap.get()
	peaks.stop()
	atEnd, endErr := b.server.stats("?brief")
	wg.Wait()
	if err := errors.Join(beginErr, endErr); err != nil {
		return result{}, err
	}
	if p := failed.Load(); p != nil {
		return result{}, *p
	}
	r := summarize(slices.Concat(all...), d)
	if r.ops == 0 {
		return r, errors.New("nothing was done")
	}
	r.gap, r.wal = longest, peaks.wal
	r.cpu = time.Duration(float64(cpu) / float64(cpuTime) * float64(d) / float64(r.ops))
	if s.writes {
		if r.drain, err = b.server.drain(); err != nil {
			return r, err
		}
	}
	after, err := b.server.stats("")
	if err != nil {
		return r, err
	}
	r.byDatabase = after.byDatabase(before, total.Load())
	b0, w0 := before.writes()
	b1, w1 := after.writes()
	r.writes = float64(w1-w0) / float64(total.Load())
	r.perSecond = float64(atEnd.all()-atBegin.all()) / cpuTime.Seconds()
	r.database = database.Seconds() / cpuTime.Seconds()
	if b1 > b0 {
		r.batch = float64(w1-w0) / float64(b1-b0)
	}
	return r, nil
}

func summarize(took []time.Duration, d time.Duration) result {
	r := result{ops: int64(len(took)), rate: float64(len(took)) / d.Seconds()}
	if len(took) == 0 {
		return r
	}
	slices.Sort(took)
	r.p50, r.p99 = took[len(took)/2], took[len(took)*99/100]
	return r
}

// median is each number's own median; the drain and the gap are the longest, the log is the largest.
func median(runs []result) result {
	var m result
	pick := func(value func(result) float64) float64 {
		v := make([]float64, len(runs))
		for i, r := range runs {
			v[i] = value(r)
		}
		slices.Sort(v)
		return v[len(v)/2]
	}
	duration := func(value func(result) time.Duration) time.Duration {
		return time.Duration(pick(func(r result) float64 { return float64(value(r)) }))
	}
	m.byDatabase = runs[len(runs)/2].byDatabase
	m.rate = pick(func(r result) float64 { return r.rate })
	m.p50 = duration(func(r result) time.Duration { return r.p50 })
	m.p99 = duration(func(r result) time.Duration { return r.p99 })
	m.cpu = duration(func(r result) time.Duration { return r.cpu })
	m.writes = pick(func(r result) float64 { return r.writes })
	m.batch = pick(func(r result) float64 { return r.batch })
	m.perSecond = pick(func(r result) float64 { return r.perSecond })
	m.database = pick(func(r result) float64 { return r.database })
	for _, r := range runs {
		m.ops += r.ops
		m.drain = max(m.drain, r.drain)
		m.gap, m.wal = max(m.gap, r.gap), max(m.wal, r.wal)
	}
	return m
}
