package query

import (
	"sync"
	"time"

	"entrepot"
)

// replyCacheCap bounds what one [ReplyCache] keeps.
const replyCacheCap = 10_000

// ReplyCache keeps what entities said for a while, so that a popular one is not
// asked with every request. It is safe for concurrent use once init was called.
type ReplyCache[V any] struct {
	Now  func() time.Time
	age  time.Duration
	mu   sync.RWMutex
	byID map[entrepot.ID]kept[V]
}

type kept[V any] struct {
	value V
	until time.Time
}

// Init sets the clock and how long a reply is fresh.
func (b *ReplyCache[V]) Init(now func() time.Time, age time.Duration) {
	b.Now, b.age, b.byID = now, age, map[entrepot.ID]kept[V]{}
}

// Get answers what is kept; fresh tells whether it is still to be believed.
func (b *ReplyCache[V]) Get(id entrepot.ID) (value V, known, fresh bool) {
	b.mu.RLock()
	k, known := b.byID[id]
	b.mu.RUnlock()
	return k.value, known, known && b.Now().Before(k.until)
}

// Put keeps what was asked for at a moment, from then on.
func (b *ReplyCache[V]) Put(id entrepot.ID, value V, asked time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.byID) >= replyCacheCap {
		clear(b.byID)
	}
	b.byID[id] = kept[V]{value, asked.Add(b.age)}
}
