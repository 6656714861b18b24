package e2e

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"entrepot"
	"entrepot/test/check"
)

// recorder keeps what the clients asked and were told.
type recorder struct {
	mu    sync.Mutex
	h     check.History
	keyed []keyed
}

// keyed is a request that can be sent again, with its first answer.
type keyed struct {
	c         *client
	path, key string
	body      any
	first     answer
}

func newRecorder(g *goods) *recorder {
	return &recorder{h: check.History{Began: time.Now(), Items: g.items()}}
}

func (r *recorder) now() int64 { return time.Since(r.h.Began).Nanoseconds() }

func (r *recorder) add(op check.Op, k *keyed) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.h.Ops = append(r.h.Ops, op)
	if k != nil && op.Outcome != check.Unknown {
		r.keyed = append(r.keyed, *k)
	}
}

// shopper is one customer and where it writes down what happens.
type shopper struct {
	*client
	t  *testing.T
	n  int
	g  *goods
	r  *recorder
	no int // of its keys
}

// orderView is what a customer reads of an order.
type orderView struct {
	ID            entrepot.ID  `json:"id"`
	OrderNumber   string       `json:"orderNumber"`
	Status        string       `json:"status"`
	PaymentStatus string       `json:"paymentStatus"`
	Items         []check.Line `json:"items"`
}

// key is a fresh Idempotency-Key.
func (s *shopper) key() string {
	s.no++
	return fmt.Sprintf("%s-%d", s.user, s.no)
}

var address = map[string]any{"line1": "Am Kai 1", "city": "Hamburg", "country": "DE"}

// do asks, and records what was asked and answered.
func (s *shopper) do(ctx context.Context, op check.Op, method, path string, body any) (check.Op, *orderView) {
	op.Client, op.Customer, op.Call = s.n, s.user, s.r.now()
	a := s.ask(ctx, method, path, op.Key, body)
	op.Return, op.Outcome, op.Code, op.Attempts = s.r.now(), a.outcome, a.code, a.attempts
	if op.Code == string(entrepot.CodeInternal) || (a.outcome == check.Refused && a.status >= 500) {
		s.t.Errorf("%s %s was answered %d: %s", method, path, a.status, a.detail)
	}
	var v *orderView
	if a.outcome == check.OK && op.Kind != check.Pay {
		v = &orderView{}
		a.decode(s.t, v)
		op.OrderID, op.Number, op.Status, op.Payment, op.Lines = v.ID, v.OrderNumber, v.Status, v.PaymentStatus, v.Items
	}
	var k *keyed
	if op.Key != "" {
		k = &keyed{s.client, path, op.Key, body, a}
	}
	s.r.add(op, k)
	return op, v
}

// buyLinear orders some pieces of one product, given in the request.
func (s *shopper) buyLinear(ctx context.Context, pr *product, quantity int64) (check.Op, *orderView) {
	return s.do(ctx, check.Op{Kind: check.Place, Key: s.key(), Item: pr.item, Quantity: quantity}, http.MethodPost, "/orders", map[string]any{
		"items":           []map[string]any{{"productId": pr.id, "shopId": s.g.shop, "quantity": quantity}},
		"shippingAddress": address,
	})
}

// buyMixed fills a cart with one to three products and orders it. Adding is not
// idempotent, so the cart is emptied first, and what it holds is what is ordered.
func (s *shopper) buyMixed(ctx context.Context) (check.Op, *orderView) {
	if s.ask(ctx, http.MethodDelete, "/cart", "", nil).outcome != check.OK {
		return check.Op{}, nil
	}
	for range 1 + s.rng.IntN(3) {
		pr := s.g.mixed[s.rng.IntN(len(s.g.mixed))]
		a := s.ask(ctx, http.MethodPost, "/cart/items", "", map[string]any{"productId": pr.id, "shopId": s.g.shop, "quantity": 1 + s.rng.IntN(2)})
		if a.outcome != check.OK {
			s.t.Logf("add to the cart: %s %s", a.outcome, a.detail)
			return check.Op{}, nil
		}
	}
	return s.do(ctx, check.Op{Kind: check.Place, Key: s.key()}, http.MethodPost, "/orders", map[string]any{"shippingAddress": address})
}

// checkout is one visit: order, most often pay, sometimes cancel, look.
func (s *shopper) checkout(ctx context.Context, linear *product) {
	var op check.Op
	var o *orderView
	if linear != nil {
		op, o = s.buyLinear(ctx, linear, 1+s.rng.Int64N(3))
	} else {
		op, o = s.buyMixed(ctx)
	}
	if o == nil {
		return
	}
	if s.rng.IntN(10) < 7 {
		if s.rng.IntN(20) == 0 {
			s.pay(ctx, op, "fail")
		}
		s.pay(ctx, op, "ok")
	}
	if s.rng.IntN(10) == 0 {
		s.do(ctx, check.Op{Kind: check.Cancel, OrderID: o.ID, Item: op.Item, Quantity: op.Quantity}, http.MethodPost, "/orders/"+o.ID+"/cancel", nil)
	}
	s.do(ctx, check.Op{Kind: check.ReadOrder, OrderID: o.ID}, http.MethodGet, "/orders/"+o.ID, nil)
}

func (s *shopper) pay(ctx context.Context, op check.Op, token string) {
	s.do(ctx, check.Op{Kind: check.Pay, Key: s.key(), OrderID: op.OrderID}, http.MethodPost, "/payments/process", map[string]any{
		"orderId": op.OrderID, "gateway": "manual", "method": "card", "token": token,
	})
}

// most is how many operations one item's history may have, for porcupine.
const most = 130

// pick is the next linear product whose history still has room at this point of
// the run, so that its operations spread over all of it; nil when none has.
func (g *goods) pick(s *shopper, elapsed, total time.Duration) *product {
	room := int64(10 + most*float64(elapsed)/float64(total))
	for _, i := range s.rng.Perm(len(g.linear)) {
		pr := g.linear[i]
		if pr.sales.Load() < min(room, most) {
			pr.sales.Add(1)
			return pr
		}
	}
	return nil
}

// load is many customers for a time.
type load struct {
	customers int
	duration  time.Duration
	think     time.Duration // the most between two visits
}

// run shops with all customers until the time is over, and looks at the linear
// items' levels beside it. Every operation that began ends: with an answer or none.
func (l load) run(t *testing.T, p *platform, g *goods, r *recorder) {
	ctx, cancel := context.WithTimeout(t.Context(), l.duration)
	defer cancel()
	h, start := transport(), time.Now()
	var wg sync.WaitGroup
	for n := range l.customers {
		s := &shopper{client: p.client(t, h, uint64(n)+100, entrepot.Customer, ""), t: t, n: n, g: g, r: r}
		wg.Go(func() {
			for ctx.Err() == nil {
				pauseFor(ctx, time.Duration(s.rng.Int64N(int64(l.think))))
				var pr *product
				if s.rng.IntN(3) > 0 {
					pr = g.pick(s, time.Since(start), l.duration)
				}
				if ctx.Err() == nil {
					s.checkout(t.Context(), pr)
				}
			}
		})
	}
	wg.Go(func() { watchLevels(ctx, t, p, g, r, l.duration/20) })
	wg.Wait()
}

// watchLevels reads the linear items' available pieces now and then.
func watchLevels(ctx context.Context, t *testing.T, p *platform, g *goods, r *recorder, every time.Duration) {
	c := *g.admin
	for ctx.Err() == nil {
		for _, pr := range g.linear {
			look(t.Context(), t, &c, r, pr)
		}
		pauseFor(ctx, every)
	}
}

func look(ctx context.Context, t *testing.T, c *client, r *recorder, pr *product) int64 {
	op := check.Op{Client: 1_000_000, Kind: check.Level, Item: pr.item, Call: r.now()}
	a := c.ask(ctx, http.MethodGet, "/inventory/items/"+pr.item, "", nil)
	op.Return, op.Outcome, op.Attempts = r.now(), a.outcome, a.attempts
	if a.outcome == check.OK {
		var v struct{ Available int64 }
		a.decode(t, &v)
		op.Available = v.Available
	}
	r.add(op, nil)
	return op.Available
}

// repeat sends up to n keyed requests again, which must be answered as before.
func (r *recorder) repeat(ctx context.Context, t *testing.T, n int) {
	step := max(1, len(r.keyed)/n)
	for i := 0; i < len(r.keyed); i += step {
		k := r.keyed[i]
		again := k.c.ask(ctx, http.MethodPost, k.path, k.key, k.body)
		if again.outcome == check.Unknown {
			t.Errorf("%s has no answer after the run: %s", k.path, again.detail)
			continue
		}
		r.h.Replies = append(r.h.Replies, check.Reply{
			What: k.path + " " + k.key, First: told(k.first), Again: told(again),
		})
	}
}

// told is an answer without what belongs to the one request: its id.
func told(a answer) string {
	if a.outcome == check.OK {
		return fmt.Sprintf("%d %s", a.status, a.body)
	}
	return fmt.Sprintf("%d %s", a.status, a.code)
}

// report tells how the run went for the clients.
func (r *recorder) report(t *testing.T) {
	kinds := map[string]int{}
	var waits []time.Duration
	for i := range r.h.Ops {
		op := &r.h.Ops[i]
		name := op.Kind + " " + op.Outcome
		if op.Code != "" {
			name += " " + op.Code
		}
		kinds[name]++
		waits = append(waits, time.Duration(op.Return-op.Call))
	}
	slices.Sort(waits)
	if len(waits) == 0 {
		t.Fatal("no operation was recorded")
	}
	t.Logf("%d operations, %d attempts without an answer: %v", len(waits), retried.Load(), kinds)
	t.Logf("a client waited p50 %v, p99 %v, at most %v, retries and all", waits[len(waits)/2].Round(time.Millisecond),
		waits[len(waits)*99/100].Round(time.Millisecond), waits[len(waits)-1].Round(time.Millisecond))
}
