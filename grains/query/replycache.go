package query

import (
	"time"

	"entrepot"

	lru "github.com/hashicorp/golang-lru/v2"
)

// replyCacheSize bounds the entries of a [ReplyCache]; the least recently used one goes first.
const replyCacheSize = 10_000

// ReplyCache is a short-lived cache of entity replies, so that a popular entity is not asked with every
// request. It is safe for concurrent use after Init.
type ReplyCache[V any] struct {
	Now  func() time.Time
	age  time.Duration
	byID *lru.Cache[entrepot.ID, kept[V]]
}

type kept[V any] struct {
	value V
	until time.Time
}

// Init sets the clock and the time for which a reply is fresh.
func (b *ReplyCache[V]) Init(now func() time.Time, age time.Duration) {
	byID, err := lru.New[entrepot.ID, kept[V]](replyCacheSize)
	if err != nil {
		panic(err) // cannot happen: the size is positive
	}
	b.Now, b.age, b.byID = now, age, byID
}

// Get returns the cached reply of an entity, whether there is one, and whether it is fresh.
func (b *ReplyCache[V]) Get(id entrepot.ID) (value V, known, fresh bool) {
	k, known := b.byID.Get(id)
	return k.value, known, known && b.Now().Before(k.until)
}

// Put caches a reply that was asked for at a time. Its age counts from then.
func (b *ReplyCache[V]) Put(id entrepot.ID, value V, asked time.Time) {
	b.byID.Add(id, kept[V]{value, asked.Add(b.age)})
}
