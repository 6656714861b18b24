package main

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// linesOfIdle is how many lines each idle cart has.
const linesOfIdle = 3

// memory measures what idle carts cost in memory, and how long the server takes
// to answer when it starts again with all that data.
func (b *bench) memory() error {
	if b.carts == 0 || b.stack {
		return nil
	}
	if err := b.begin(); err != nil {
		return err
	}
	users := make([]string, b.carts)
	for i := range users {
		var err error
		if users[i], err = b.world.customer(); err != nil {
			return err
		}
	}
	// Before: every path and the databases' own caches are warm, the customers' tokens verified.
	if _, err := b.measure(b.addMany(), time.Second, 3*time.Second); err != nil {
		return err
	}
	if err := b.each(b.carts, func(c *conn, i int) error {
		return c.send("GET /api/noop", users[i], nil, http.StatusOK)
	}); err != nil {
		return err
	}
	before, rss, err := b.settled()
	if err != nil {
		return err
	}
	if err := b.each(b.carts, func(c *conn, i int) error {
		for k := range linesOfIdle {
			body := fmt.Sprintf(`{"productId":%q,"quantity":1}`, b.world.products[(i+k)%manyProducts])
			if err := c.send("POST /api/cart/items", users[i], []byte(body), http.StatusCreated); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	if _, err := b.server.drain(); err != nil {
		return err
	}
	after, full, err := b.settled()
	if err != nil {
		return err
	}
	if b.profile != "" {
		if err := b.fetchProfile("memory", "heap"); err != nil {
			return err
		}
	}
	held := 0
	for kind, n := range after.Grains {
		if strings.EqualFold(kind, "cart") {
			held = n - before.Grains[kind]
		}
	}
	if held < b.carts {
		return fmt.Errorf("%d of %d carts are in memory", held, b.carts)
	}
	each := float64(full-rss) / float64(b.carts)
	b.table.aim(fmt.Sprintf("memory of %d idle carts", b.carts),
		fmt.Sprintf("%.1f KB a cart (heap %.1f)", each/1024, float64(after.HeapBytes-before.HeapBytes)/float64(b.carts)/1024),
		"≤ 6 KB", each <= 6*1024)
	return b.restart()
}

// settled is the server's counters and resident memory after collections.
func (b *bench) settled() (*stats, int64, error) {
	s, err := b.server.stats("?gc")
	return s, b.server.rss(), err
}

func (b *bench) restart() error {
	b.disconnect()
	if err := b.server.stop(); err != nil {
		return err
	}
	took, err := b.server.start()
	b.table.start(fmt.Sprintf("start with %d carts", b.carts), took)
	return err
}
