package ecommerce

import (
	"context"
	"runtime"
	"strconv"
	"sync"
	"time"

	"entrepot"

	"golang.org/x/sync/singleflight"
)

// ListCache keeps encoded product lists for a short time, in bounds. What may be
// seen depends on the class of the reader alone: everybody, one company's staff,
// or the platform. The wiring calls Invalidate on product events of other
// members; a list is never older than the maximal age in any case.
type ListCache struct {
	maxAge   time.Duration
	maxBytes int
	now      func() time.Time
	flights  singleflight.Group
	// searching bounds how many searches are computed at a time, in the order of
	// their arrival: more than there are processors would only take turns at them,
	// and the slowest would wait for the turns of all.
	searching chan struct{}

	mu         sync.RWMutex
	entries    map[listKey]listEntry
	bytes      int
	generation uint64 // counts invalidations: a list read before one is not kept after it

	encoded listItems
}

type listEntry struct {
	body []byte
	at   time.Time
}

// listKey is a product list: who reads (class) and what was asked for.
type listKey struct {
	class string
	productFilter
	sort, cursor string
	limit        int
	found        string // the rest of what a search was asked for; "" for what the database answers
}

// maxFoundAge is how long an answer of the search is kept: what it rests on is
// half a second old at most, and together they stay under a second.
const maxFoundAge = 400 * time.Millisecond

// flight names the reading of a list: each text after its length, so that two
// lists never have one name.
func (k *listKey) flight(generation uint64) string {
	b := make([]byte, 0, 512)
	for _, n := range []int64{int64(generation), int64(k.limit), k.minPrice, k.maxPrice} { //nolint:gosec // a count
		b = append(strconv.AppendInt(b, n, 10), ' ')
	}
	for _, s := range []string{k.class, k.company, k.shop, k.category, k.brand, k.status, k.currency, k.sort, k.cursor, k.found} {
		b = append(append(strconv.AppendInt(b, int64(len(s)), 10), ':'), s...)
	}
	return string(b)
}

func (k *listKey) maxAge(most time.Duration) time.Duration {
	if k.found != "" {
		return min(most, maxFoundAge)
	}
	return most
}

// The classes that are not one company's.
const (
	classPublic   = "public"
	classPlatform = "platform"
)

// NewListCache makes a cache; zero maxAge means 2 s.
func NewListCache(maxAge time.Duration) *ListCache {
	if maxAge <= 0 {
		maxAge = 2 * time.Second
	}
	return &ListCache{
		maxAge: maxAge, maxBytes: 32 << 20, now: time.Now, entries: map[listKey]listEntry{},
		searching: make(chan struct{}, runtime.GOMAXPROCS(0)), encoded: listItems{most: maxItemBytes},
	}
}

// Invalidate forgets the lists that may show a product of the company.
func (c *ListCache) Invalidate(companyID entrepot.ID) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.generation++
	for k, e := range c.entries {
		if k.class == classPublic || k.class == classPlatform || k.class == companyID {
			delete(c.entries, k)
			c.bytes -= len(e.body)
		}
	}
}

// items are the products that were encoded lately; no cache keeps none.
func (c *ListCache) items() *listItems {
	if c == nil {
		return &listItems{}
	}
	return &c.encoded
}

// answer is the list's JSON: a kept one, or what read makes. Requests for the
// same list at the same time read once.
func (c *ListCache) answer(ctx context.Context, key listKey, read func(context.Context) ([]byte, error)) ([]byte, error) {
	if c == nil {
		return read(ctx)
	}
	now := c.now()
	c.mu.RLock()
	e, ok := c.entries[key]
	generation := c.generation
	c.mu.RUnlock()
	if ok && now.Sub(e.at) < key.maxAge(c.maxAge) {
		return e.body, nil
	}
	v, err, _ := c.flights.Do(key.flight(generation), func() (any, error) {
		// The reading is for everyone who waits, whoever of them goes away.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if key.found != "" {
			select {
			case c.searching <- struct{}{}:
				defer func() { <-c.searching }()
			case <-ctx.Done():
				return []byte(nil), entrepot.Unavailable("too many searches at a time")
			}
		}
		body, err := read(ctx)
		if err == nil {
			c.keep(key, listEntry{body, now}, generation)
		}
		return body, err
	})
	body, _ := v.([]byte)
	return body, err
}

func (c *ListCache) keep(key listKey, e listEntry, generation uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.generation != generation || len(e.body) > c.maxBytes {
		return
	}
	if c.bytes+len(e.body) > c.maxBytes {
		clear(c.entries) // full of what will be too old in two seconds anyway
		c.bytes = 0
	}
	c.bytes += len(e.body) - len(c.entries[key].body)
	c.entries[key] = e
}
