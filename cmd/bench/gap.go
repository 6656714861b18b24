package main

import (
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// The targets of every load.
const (
	longestGap = 500 * time.Millisecond // without an answer
	largestLog = 128 << 20              // bytes of one write-ahead log
)

// gap measures the longest time in which no request of any connection finished.
type gap struct {
	last, longest atomic.Int64 // Unix ns, ns
}

// begin starts the measurement: time before it does not count.
func (g *gap) begin() {
	g.last.Store(time.Now().UnixNano())
	g.longest.Store(0)
}

// finished notes the end of a request.
func (g *gap) finished() { g.finishedAt(time.Now().UnixNano()) }

func (g *gap) finishedAt(now int64) {
	since := now - g.last.Swap(now)
	for longest := g.longest.Load(); since > longest && !g.longest.CompareAndSwap(longest, since); longest = g.longest.Load() {
	}
}

func (g *gap) get() time.Duration { return time.Duration(g.longest.Load()) }

// peaks samples the server's memory and its write-ahead logs, for their largest sizes.
type peaks struct {
	rss, wal int64 // bytes
	file     string
	quit     chan struct{}
	done     sync.WaitGroup
}

// sampleEvery is the pace of the samples: a log that outgrows its bound takes seconds to shrink.
const sampleEvery = 50 * time.Millisecond

// watch starts sampling until stop is called.
func (s *server) watch() *peaks {
	p := &peaks{quit: make(chan struct{})}
	p.done.Go(func() {
		t := time.NewTicker(sampleEvery)
		defer t.Stop()
		for {
			p.sample(s)
			select {
			case <-p.quit:
				return
			case <-t.C:
			}
		}
	})
	return p
}

func (p *peaks) stop() {
	close(p.quit)
	p.done.Wait()
}

func (p *peaks) sample(s *server) {
	p.rss = max(p.rss, s.rss())
	logs, _ := filepath.Glob(filepath.Join(s.dir, "*.sqlite-wal")) // the pattern is valid
	for _, name := range logs {
		if f, err := os.Stat(name); err == nil && f.Size() > p.wal {
			p.wal, p.file = f.Size(), filepath.Base(name)
		}
	}
}
