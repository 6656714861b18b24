package api

import (
	"sync"
	"time"

	"entrepot"
)

// brieflyCap bounds what one [briefly] keeps.
const brieflyCap = 10_000

// briefly keeps what entities said for a while, so that a popular one is not
// asked with every request. It is safe for concurrent use once init was called.
type briefly[V any] struct {
	now  func() time.Time
	age  time.Duration
	mu   sync.RWMutex
	byID map[entrepot.ID]kept[V]
}

type kept[V any] struct {
	value V
	until time.Time
}

func (b *briefly[V]) init(now func() time.Time, age time.Duration) {
	b.now, b.age, b.byID = now, age, map[entrepot.ID]kept[V]{}
}

// get answers what is kept; fresh tells whether it is still to be believed.
func (b *briefly[V]) get(id entrepot.ID) (value V, known, fresh bool) {
	b.mu.RLock()
	k, known := b.byID[id]
	b.mu.RUnlock()
	return k.value, known, known && b.now().Before(k.until)
}

// put keeps what was asked for at a moment, from then on.
func (b *briefly[V]) put(id entrepot.ID, value V, asked time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.byID) >= brieflyCap {
		clear(b.byID)
	}
	b.byID[id] = kept[V]{value, asked.Add(b.age)}
}
