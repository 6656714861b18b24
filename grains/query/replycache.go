package query

import (
	"sync"
	"time"

	"entrepot"
)

// replyCacheCap bounds what one [ReplyCache] keeps.
const replyCacheCap = 10_000

// ReplyCache is a short-lived cache of entity replies, so that a popular entity is not
// queried with every request. It is safe for concurrent use after Init.
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

// Get returns the cached value; fresh is false once it is too old to be relied on.
func (b *ReplyCache[V]) Get(id entrepot.ID) (value V, known, fresh bool) {
	b.mu.RLock()
	k, known := b.byID[id]
	b.mu.RUnlock()
	return k.value, known, known && b.Now().Before(k.until)
}

// Put caches a value from the moment it was asked for.
func (b *ReplyCache[V]) Put(id entrepot.ID, value V, asked time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.byID) >= replyCacheCap {
		clear(b.byID)
	}
	b.byID[id] = kept[V]{value, asked.Add(b.age)}
}
