package ecommerce

import (
	"context"
	"runtime"
	"strconv"
	"sync"
	"time"

	"entrepot"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"
)

// Bounds of a [ListCache]: at most 64 MiB.
const (
	maxLists = 512
	maxBody  = 128 << 10
)

// ListCache is a short-lived, bounded cache of encoded product lists. A list depends on the class of its
// reader: the public, one company's staff, or the platform. The wiring calls Invalidate on product
// events of other members; lists expire after the maximal age in any case.
type ListCache struct {
	maxAge  time.Duration
	maxBody int // larger lists are not cached
	now     func() time.Time
	flights singleflight.Group
	// searching bounds the searches that run at the same time, in order of arrival. More searches than
	// processors would only slow each other down.
	searching chan struct{}

	mu         sync.Mutex
	entries    *lru.Cache[listKey, listEntry]
	generation uint64 // counts invalidations: a list that was read before one is not cached after it
}

type listEntry struct {
	body []byte
	at   time.Time
}

// listKey identifies a product list: the class of the reader and the request.
type listKey struct {
	class string
	productFilter
	sort, cursor string
	limit        int
	found        string // the rest of a search request; "" for lists from the database
}

// maxFoundAge is the maximal age of a search result. Its index is half a second old at most, so that a
// result is less than a second old.
const maxFoundAge = 400 * time.Millisecond

// flight returns the name of reading a list. Each text follows its length, so that different lists
// have different names.
func (k *listKey) flight(generation uint64) string {
	b := make([]byte, 0, 512)
	for _, n := range []int64{int64(generation), int64(k.limit), k.minPrice, k.maxPrice} { //nolint:gosec // a count
		b = append(strconv.AppendInt(b, n, 10), ' ')
	}
	for _, s := range []string{
		k.class, k.company, k.shop, k.category, k.brand, k.status, k.currency, k.sort, k.cursor, k.found,
	} {
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

// The classes of readers besides the staff of companies, whose class is the company's id.
const (
	classPublic   = "public"
	classPlatform = "platform"
)

// NewListCache returns an empty cache; zero maxAge means 2 s.
func NewListCache(maxAge time.Duration) *ListCache {
	if maxAge <= 0 {
		maxAge = 2 * time.Second
	}
	entries, err := lru.New[listKey, listEntry](maxLists)
	if err != nil {
		panic(err) // cannot happen: the size is positive
	}
	return &ListCache{
		maxAge: maxAge, maxBody: maxBody, now: time.Now, entries: entries,
		searching: make(chan struct{}, runtime.GOMAXPROCS(0)),
	}
}

// Invalidate removes the lists that may show a product of the company. A nil cache has none.
func (c *ListCache) Invalidate(companyID entrepot.ID) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.generation++
	for _, k := range c.entries.Keys() {
		if k.class == classPublic || k.class == classPlatform || k.class == companyID {
			c.entries.Remove(k)
		}
	}
}

// answer returns the JSON of a list from the cache or from read. Concurrent requests for the same list
// share one read. A nil cache always reads.
func (c *ListCache) answer(
	ctx context.Context, key listKey, read func(context.Context) ([]byte, error),
) ([]byte, error) {
	if c == nil {
		return read(ctx)
	}
	now := c.now()
	c.mu.Lock()
	e, ok := c.entries.Get(key)
	generation := c.generation
	c.mu.Unlock()
	if ok && now.Sub(e.at) < key.maxAge(c.maxAge) {
		return e.body, nil
	}
	v, err, _ := c.flights.Do(key.flight(generation), func() (any, error) {
		// The read serves all waiting requests, so it outlives the one that started it.
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

// keep adds a list unless it was read before the last invalidation.
func (c *ListCache) keep(key listKey, e listEntry, generation uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.generation == generation && len(e.body) <= c.maxBody {
		c.entries.Add(key, e)
	}
}
