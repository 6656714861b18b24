package edge

import (
	"sync"
	"sync/atomic"
	"time"
)

// rereadEvery is how soon a member knows a key that another process added or removed.
const rereadEvery = 5 * time.Second

// rereads says when a folder of keys is read again. The zero value says now.
type rereads struct {
	next   atomic.Int64 // Unix ns
	asking sync.Mutex   // for a key that is not known
	asked  time.Time    // the last time; under asking
}

// done notes that the folder was read.
func (r *rereads) done(now time.Time) { r.next.Store(now.Add(rereadEvery).UnixNano()) }

// due tells one caller that it is time.
func (r *rereads) due(now time.Time) bool {
	next := r.next.Load()
	return now.UnixNano() >= next && r.next.CompareAndSwap(next, now.Add(rereadEvery).UnixNano())
}

// mayAsk reports, once a second at most, that the folder may be read for a key
// that is not known. Its caller holds asking.
func (r *rereads) mayAsk(now time.Time) bool {
	if now.Sub(r.asked) < time.Second {
		return false
	}
	r.asked = now
	return true
}
