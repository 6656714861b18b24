package e2e

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"entrepot"
)

// TestGoodsAndCartsMoveUnderFaultsStack: goods are transferred from a warehouse
// to the shop, and guests' carts are merged at login, while members are killed
// with kill -9. No piece and no line is lost or doubled.
func TestGoodsAndCartsMoveUnderFaultsStack(t *testing.T) {
	p := startStack(t, options{})
	const stock, perTransfer, transfers = 3000, 5, 240
	g := stockGoods(t, p, nil, stocks(4, 1), nil)
	w := p.warehouse(t, g, stock)

	ctx, cancel := context.WithCancel(t.Context())
	var killer, movers sync.WaitGroup
	killer.Go(func() { p.killing(ctx, t, 5*time.Second, rand.New(rand.NewPCG(3, 4))) })
	h := transport()
	for n := range 6 {
		c := p.client(t, h, uint64(n)+50, entrepot.CompanyAdmin, g.company)
		movers.Go(func() {
			for i := range transfers / 6 {
				w.transfer(t, c, g, perTransfer, (n+i)%3)
			}
		})
	}
	for n := range 24 {
		movers.Go(func() { p.guest(t, h, g, uint64(n)+500) })
	}
	movers.Wait()
	cancel()
	killer.Wait()

	p.waitReady(t)
	found, _ := p.settle(t, nil, 60*time.Second)
	mustHold(t, found)
	w.count(t, g, stock)
}

// warehouse is a second location, and what has to be there in the end.
type warehouse struct {
	id entrepot.ID

	mu      sync.Mutex
	arrived map[entrepot.ID]int64 // by product
	gone    map[entrepot.ID]int64 // shipped, less what came back
}

func (p *platform) warehouse(t *testing.T, g *goods, stock int64) *warehouse {
	t.Helper()
	var made struct{ ID entrepot.ID }
	g.admin.must(t, http.MethodPost, "/inventory/warehouses", map[string]any{
		"name": "Quay", "code": "Q-" + entrepot.NewID(), "servesShopIds": []string{g.shop},
	}, &made)
	w := &warehouse{id: made.ID, arrived: map[entrepot.ID]int64{}, gone: map[entrepot.ID]int64{}}
	for _, pr := range g.mixed {
		g.admin.must(t, http.MethodPost, "/inventory/items", map[string]any{
			"productId": pr.id, "locationId": w.id, "quantity": stock, "reason": "purchase",
		}, nil)
	}
	return w
}

// transferView is what the test reads of a transfer.
type transferView struct {
	ID     entrepot.ID `json:"id"`
	Status string      `json:"status"`
	Lines  []struct {
		VariantID entrepot.ID `json:"variantId"`
		Shipped   int64       `json:"shipped"`
		Arrived   int64       `json:"arrived"`
		Returned  int64       `json:"returned"`
		Lost      int64       `json:"lost"`
		InTransit int64       `json:"inTransit"`
	} `json:"lines"`
}

// The ways a transfer ends.
const (
	wholly   = iota // everything arrives, in two deliveries
	short           // one piece of the first line is lost on the way
	recalled        // cancelled in transit: everything goes back
)

// transfer moves some pieces of two products to the shop, every request with a
// key of its own so that it may be sent again.
func (w *warehouse) transfer(t *testing.T, c *client, g *goods, quantity int64, ending int) {
	a, b := g.mixed[c.rng.IntN(2)], g.mixed[2+c.rng.IntN(2)]
	post := func(path string, body any) (v transferView) {
		got := c.ask(t.Context(), http.MethodPost, path, entrepot.NewID(), body)
		if got.status >= 300 || got.status == 0 {
			t.Errorf("POST %s: %s %s", path, got.outcome, got.detail)
			return v
		}
		got.decode(t, &v)
		return v
	}
	lines := func(of ...any) (out []map[string]any) {
		for i := 0; i < len(of); i += 2 {
			out = append(out, map[string]any{"productId": of[i], "quantity": of[i+1]})
		}
		return out
	}
	parts := func(of ...any) (out []map[string]any) {
		for i := 0; i < len(of); i += 2 {
			out = append(out, map[string]any{"variantId": of[i], "quantity": of[i+1]})
		}
		return out
	}
	v := post("/inventory/transfers", map[string]any{
		"fromLocationId": w.id, "toLocationId": g.shop, "lines": lines(a.id, quantity, b.id, quantity),
	})
	path := "/inventory/transfers/" + v.ID
	if post(path+"/ship", nil).Status != "in_transit" {
		t.Errorf("%s was not shipped", path)
		return
	}
	switch ending {
	case wholly:
		post(path+"/receive", map[string]any{"lines": parts(a.id, quantity)})
		post(path+"/receive", map[string]any{"lines": parts(b.id, quantity), "final": true})
		w.note(a.id, quantity, quantity)
		w.note(b.id, quantity, quantity)
	case short:
		post(path+"/receive", map[string]any{"lines": parts(a.id, quantity-1, b.id, quantity), "final": true, "reason": "broken"})
		w.note(a.id, quantity, quantity-1)
		w.note(b.id, quantity, quantity)
	case recalled:
		post(path+"/cancel", map[string]any{"reason": "recalled"})
	}
	want := map[int]string{wholly: "received", short: "received", recalled: "cancelled"}[ending]
	if err := poll(t.Context(), 30*time.Second, path+" ends", func() bool {
		a := c.ask(t.Context(), http.MethodGet, path, "", nil)
		v = transferView{}
		a.decode(t, &v)
		return v.Status == want
	}); err != nil {
		t.Errorf("%v: it is %+v", err, v)
	}
	for _, l := range v.Lines {
		if l.Shipped != quantity || l.Shipped != l.Arrived+l.Returned+l.Lost+l.InTransit || l.InTransit != 0 {
			t.Errorf("%s: %+v", path, l)
		}
	}
}

func (w *warehouse) note(product entrepot.ID, gone, arrived int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gone[product] += gone
	w.arrived[product] += arrived
}

// count looks at what lies where in the end.
func (w *warehouse) count(t *testing.T, g *goods, stock int64) {
	t.Helper()
	var page struct {
		Items []struct {
			ProductID  entrepot.ID `json:"productId"`
			LocationID entrepot.ID `json:"locationId"`
			OnHand     int64       `json:"onHand"`
		} `json:"items"`
	}
	for _, pr := range g.mixed {
		g.admin.must(t, http.MethodGet, "/inventory/items?productId="+pr.id, nil, &page)
		for _, i := range page.Items {
			want := pr.stock + w.arrived[pr.id]
			if i.LocationID == w.id {
				want = stock - w.gone[pr.id]
			}
			if i.OnHand != want {
				t.Errorf("%s at %s: %d on hand, %d were left by the transfers", pr.id, i.LocationID, i.OnHand, want)
			}
		}
		if len(page.Items) != 2 {
			t.Errorf("%s lies at %d places", pr.id, len(page.Items))
		}
	}
}

// cartView is what the test reads of a cart.
type cartView struct {
	Items []struct {
		ProductID entrepot.ID `json:"productId"`
		Quantity  int64       `json:"quantity"`
	} `json:"items"`
}

// guest fills a cart without a login, logs in as somebody who has one already,
// and finds the lines of both in one.
func (p *platform) guest(t *testing.T, h *http.Client, g *goods, seed uint64) {
	customer := p.client(t, h, seed, entrepot.Customer, "")
	pauseFor(t.Context(), time.Duration(customer.rng.Int64N(int64(20*time.Second)))) // so that some meet a kill
	guest := *customer
	guest.token = ""
	var opened struct{ Token string }
	got := guest.ask(t.Context(), http.MethodPost, "/cart/guest", "", nil)
	got.decode(t, &opened)
	guest.cartToken = opened.Token
	want := map[entrepot.ID]int64{}
	add := func(c *client, pr *product, quantity int64) {
		a := c.ask(t.Context(), http.MethodPost, "/cart/items", entrepot.NewID(), map[string]any{"productId": pr.id, "shopId": g.shop, "quantity": quantity})
		if a.status >= 300 || a.status == 0 {
			t.Errorf("add to the cart: %s %s", a.outcome, a.detail)
		}
		want[pr.id] += quantity
	}
	add(customer, g.mixed[0], 1)
	for i, pr := range g.mixed[:3] {
		add(&guest, pr, int64(i)+1)
	}
	if a := customer.ask(t.Context(), http.MethodPost, "/cart/merge", entrepot.NewID(), map[string]any{"token": opened.Token}); a.status >= 300 || a.status == 0 {
		t.Errorf("merge: %s %s", a.outcome, a.detail)
	}
	var merged, left cartView
	a := customer.ask(t.Context(), http.MethodGet, "/cart", "", nil)
	a.decode(t, &merged)
	for _, i := range merged.Items {
		if want[i.ProductID] != i.Quantity {
			t.Errorf("%d of %s in the merged cart, not %d", i.Quantity, i.ProductID, want[i.ProductID])
		}
	}
	if len(merged.Items) != len(want) {
		t.Errorf("%d lines in the merged cart, not %d", len(merged.Items), len(want))
	}
	a = guest.ask(t.Context(), http.MethodGet, "/cart", "", nil)
	if a.status == http.StatusOK {
		a.decode(t, &left)
		if len(left.Items) != 0 {
			t.Errorf("%d lines are left in the guest's cart", len(left.Items))
		}
	}
}
