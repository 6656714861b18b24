package e2e

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"entrepot"
	"entrepot/test/check"
)

// TestHotItem: many want the same few pieces at the same moment.
func TestHotItemEmbedded(t *testing.T) { hotItems(t, startEmbedded(t, options{})) }

// TestHotItemStack is the same with three members.
func TestHotItemStack(t *testing.T) { hotItems(t, startStack(t, options{})) }

func hotItems(t *testing.T, p *platform) {
	for _, sale := range []struct {
		name              string
		stock             int64
		attempts, clients int
	}{
		{"200 of 400 attempts by 32 clients", 200, 400, 32},
		{"one unit, 200 clients", 1, 200, 200},
		{"fifty units, 200 clients", 50, 200, 200},
	} {
		t.Run(sale.name, func(t *testing.T) {
			g := stockGoods(t, p, []int64{sale.stock}, nil, nil)
			r := newRecorder(g)
			start := time.Now()
			p.rush(t, g, r, sale.attempts, sale.clients)
			took := time.Since(start)
			found := p.verdict(t, r, g, 30*time.Second)
			mustHold(t, found)
			var sold, refused int64
			for i := range r.h.Ops {
				switch op := &r.h.Ops[i]; {
				case op.Kind == check.Place && op.Outcome == check.OK:
					sold++
				case op.Kind == check.Place && op.Code == string(entrepot.CodeOutOfStock):
					refused++
				}
			}
			t.Logf("%d sold and %d refused in %v", sold, refused, took.Round(time.Millisecond))
			if want := min(sale.stock, int64(sale.attempts)); sold != want || refused != int64(sale.attempts)-want {
				t.Errorf("%d of %d sold, %d refused, in %d attempts", sold, sale.stock, refused, sale.attempts)
			}
		})
	}
}

// rush lets clients order one piece each, over and over, until all attempts are made.
func (p *platform) rush(t *testing.T, g *goods, r *recorder, attempts, clients int) {
	h := transport()
	var next atomic.Int64
	var wg sync.WaitGroup
	for n := range clients {
		s := &shopper{client: p.client(t, h, uint64(n), entrepot.Customer, ""), t: t, n: n, g: g, r: r}
		wg.Go(func() {
			for next.Add(1) <= int64(attempts) {
				s.buyLinear(t.Context(), g.linear[0], 1)
			}
		})
	}
	wg.Wait()
}
