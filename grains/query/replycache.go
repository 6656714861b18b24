package query

import (
	"sync"
	"time"

	"entrepot"
)

// replyCacheCap is the maximum number of entries of a [ReplyCache].
const replyCacheCap = 10_000

// ReplyCache caches replies of entities for a while, so that a popular entity is not
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

// Init sets the clock, and the time for which a reply is fresh.
func (c *ReplyCache[V]) Init(now func() time.Time, age time.Duration) {
	c.Now, c.age, c.byID = now, age, map[entrepot.ID]kept[V]{}
}

// Get returns the cached reply, whether there is one, and whether it is fresh.
func (c *ReplyCache[V]) Get(id entrepot.ID) (value V, known, fresh bool) {
	c.mu.RLock()
	k, known := c.byID[id]
	c.mu.RUnlock()
	return k.value, known, known && c.Now().Before(k.until)
}

// Put caches a reply. Its age counts from the moment of the query.
func (c *ReplyCache[V]) Put(id entrepot.ID, value V, asked time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.byID) >= replyCacheCap {
		clear(c.byID)
	}
	c.byID[id] = kept[V]{value, asked.Add(c.age)}
}
