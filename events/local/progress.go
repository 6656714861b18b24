package local

import (
	"sort"
	"sync"

	"entrepot/events"
)

// progress is one queue's position in one log. Entries are handed out in order and settled in any
// order; the cursor is the position up to which all entries are settled.
type progress struct {
	queue *queue // nil for the router, whose cursor is that of the queue "unrouted"
	feed  *feed

	mu    sync.Mutex
	read  int64  // entries up to here are handed out or passed over
	low   int64  // the cursor: all entries up to here are settled
	saved int64  // the cursor on disk
	open  []mark // handed-out entries above low, in order
	held  int    // number of unsettled entries in open
}

func (p *progress) name() string {
	if p.queue == nil {
		return events.UnroutedQueue
	}
	return p.queue.name
}

type mark struct {
	seq     int64
	settled bool
}

func newProgress(q *queue, f *feed, at int64) *progress {
	return &progress{queue: q, feed: f, read: at, low: at, saved: at}
}

// begin hands out an entry. It returns false if the entry is already settled.
func (p *progress) begin(seq int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.read = max(p.read, seq)
	if seq <= p.low {
		return false
	}
	if i, found := p.find(seq); found {
		return !p.open[i].settled
	}
	p.open = append(p.open, mark{seq: seq})
	p.held++
	return true
}

// pass moves the position over entries that are not for this queue.
func (p *progress) pass(seq int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.read = max(p.read, seq)
	p.raise()
}

// skip moves a queue that waits at from over a section without entries for it.
func (p *progress) skip(from, to int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.read == from {
		p.read = to
		p.raise()
	}
}

// settle marks entries as handled and reports whether the cursor moved.
func (p *progress) settle(seqs ...int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, seq := range seqs {
		if i, found := p.find(seq); found && !p.open[i].settled {
			p.open[i].settled = true
			p.held--
		}
	}
	n := 0
	for n < len(p.open) && p.open[n].settled {
		p.read = max(p.read, p.open[n].seq)
		n++
	}
	p.open = p.open[:copy(p.open, p.open[n:])]
	p.raise()
	return n > 0
}

// raise sets the cursor to the position before the first open entry.
func (p *progress) raise() {
	if len(p.open) == 0 {
		p.low = p.read
	} else {
		p.low = p.open[0].seq - 1
	}
}

func (p *progress) find(seq int64) (int, bool) {
	i := sort.Search(len(p.open), func(i int) bool { return p.open[i].seq >= seq })
	return i, i < len(p.open) && p.open[i].seq == seq
}

// rewind makes unsettled entries available again.
func (p *progress) rewind() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.read = p.low
}

func (p *progress) position() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.read
}

func (p *progress) status() (read int64, held, open int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.read, p.held, len(p.open)
}

// unsaved returns the cursor, and whether it differs from the one on disk.
func (p *progress) unsaved() (int64, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.low, p.low != p.saved
}

func (p *progress) noteSaved(seq int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.saved = seq
}

func (p *progress) savedAt() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.saved
}
