package edge

import (
	"sync"
	"sync/atomic"
	"time"
)

// rereadEvery is the longest delay until a member uses a key that another process has added or removed.
const rereadEvery = 5 * time.Second

// rereads schedules reading a folder of keys. The zero value is due at once.
type rereads struct {
	next   atomic.Int64 // Unix ns
	asking sync.Mutex   // held while an unknown key is looked for
	asked  time.Time    // time of the last such read; guarded by asking
}

// done records that the folder was read.
func (r *rereads) done(now time.Time) { r.next.Store(now.Add(rereadEvery).UnixNano()) }

// due reports, to one of several callers, whether the folder is to be read.
func (r *rereads) due(now time.Time) bool {
	next := r.next.Load()
	return now.UnixNano() >= next && r.next.CompareAndSwap(next, now.Add(rereadEvery).UnixNano())
}

// mayAsk reports whether the folder may be read for an unknown key, at most once a second. The caller holds asking.
func (r *rereads) mayAsk(now time.Time) bool {
	if now.Sub(r.asked) < time.Second {
		return false
	}
	r.asked = now
	return true
}
