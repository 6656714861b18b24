package edge

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// KeyInfo describes a signing key for operators.
type KeyInfo struct {
	ID        string
	File      string
	State     string    // next (published, signs later), signing, verifying (has valid tokens) or old (has none)
	SignsFrom time.Time // zero: from the beginning
	Until     time.Time // expiry of its last token; zero until another key signs
}

// pruneSlack allows for clock skew between members.
const pruneSlack = time.Minute

// List returns the keys in the order in which they sign.
func (k *Keys) List() []KeyInfo {
	set, now := k.set.Load(), k.o.Now()
	signer := set.signer(now)
	out := make([]KeyInfo, len(set.keys))
	for i, key := range set.keys {
		out[i] = KeyInfo{ID: key.id, File: key.file, State: "next", SignsFrom: key.from}
		switch {
		case i == signer:
			out[i].State = "signing"
		case i < signer:
			out[i].State, out[i].Until = "verifying", set.keys[i+1].from.Add(k.o.TTL+pruneSlack)
			if !now.Before(out[i].Until) {
				out[i].State = "old"
			}
		}
	}
	return out
}

// Prune removes the keys whose last token has expired, and returns them.
func (k *Keys) Prune() (removed []KeyInfo, err error) {
	if err := k.Reload(); err != nil {
		return nil, err
	}
	for _, key := range k.List() {
		if key.State != "old" {
			continue
		}
		if err := os.Remove(filepath.Join(k.dir, key.File)); err != nil {
			return removed, fmt.Errorf("edge: keys: %w", err)
		}
		removed = append(removed, key)
	}
	return removed, k.Reload()
}

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
