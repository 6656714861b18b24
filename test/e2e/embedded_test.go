package e2e

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// TestCheckoutUnderFaultsEmbedded: one process, killed with kill -9 every few
// seconds under 200 customers.
func TestCheckoutUnderFaultsEmbedded(t *testing.T) {
	if testing.Short() {
		t.Skip("takes more than a few seconds")
	}
	p := startEmbedded(t, options{})
	g := stockGoods(t, p, stocks(8, 120), stocks(12, 400), nil)
	r := newRecorder(g)
	l := load{customers: 200, duration: 12 * time.Second, think: 2 * time.Second}
	ctx, cancel := context.WithTimeout(t.Context(), l.duration)
	defer cancel()
	var wg sync.WaitGroup
	wg.Go(func() { p.killing(ctx, t, 3*time.Second, rand.New(rand.NewPCG(1, 2))) })
	l.run(t, p, g, r)
	wg.Wait()
	mustHold(t, p.verdict(t, r, g, 40*time.Second))
}
