package order_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/ecommerce/cart"
	"entrepot/grains/ecommerce/promotion"
	"entrepot/grains/grainstest"
	"entrepot/grains/inventory/stock"
	"entrepot/grains/payment/payment"
	"entrepot/grains/sales/order"
	"entrepot/grains/sales/series"
	"entrepot/persistence/storetest"
)

var ten = promotion.ID(company, "TEN")

// openWithCode opens a shopfloor with a code of ten percent and these limits.
func openWithCode(t *testing.T, total, perCustomer int64) shopfloor {
	t.Helper()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{
		order.Kind(), stock.Kind(), series.Kind(), payment.Kind(), cart.Kind(), promotion.Kind(), promotion.UseKind(),
	})
	f := shopfloor{m, t}
	f.receive(beans, harbour, 500)
	f.receive(beans, station, 500)
	terms := promotion.Terms{Kind: promotion.Percent, Percent: 10, Total: total, PerCustomer: perCustomer}
	if _, err := grains.Ask(
		f.Platform(), f, promotion.Of(ten), promotion.Create{CompanyID: company, Code: "TEN", Terms: terms},
	); err != nil {
		t.Fatal(err)
	}
	return f
}

// cheaper returns a group of one line at 10.00 with ten percent off.
func cheaper(id, shop string, n, perCustomer int64) order.Group {
	l := line(beans, n, 1000)
	l.Discount = 100 * n
	g := group(id, shop, l)
	g.Promotions = []order.Promotion{{ID: ten, Code: "TEN", Discount: l.Discount, Version: 1, PerCustomer: perCustomer}}
	return g
}

func (f shopfloor) placeAs(user string, groups ...order.Group) ([]*order.Order, error) {
	return f.placeOf(groups[0].OrderID, user, groups...)
}

func (f shopfloor) uses() (used, claimed int64) {
	f.t.Helper()
	p, err := grains.Ask(f.Platform(), f, promotion.Of(ten), promotion.Get{})
	if err != nil {
		f.t.Fatal(err)
	}
	return p.Used, p.Claimed
}

func (f shopfloor) untilUses(used, claimed int64) {
	f.t.Helper()
	f.until(fmt.Sprintf("%d used and %d claimed", used, claimed), func() bool {
		u, c := f.uses()
		return u == used && c == claimed
	})
}

func rule(t *testing.T, err error, want string) {
	t.Helper()
	if e := entrepot.AsError(err); entrepot.CodeOf(err) != entrepot.CodeConflict || len(e.Fields) != 1 ||
		e.Fields[0].Rule != want || e.Fields[0].Field != "promoCodes.TEN" {
		t.Fatalf("%+v, want one error of rule %s", err, want)
	}
}

// The discount comes off before the tax, and the use is final with the payment.
func TestAnOrderWithACode(t *testing.T) {
	t.Parallel()
	f := openWithCode(t, 2, 0)
	id := entrepot.NewID()
	placed, err := f.placeAs(customer, cheaper(id, harbour, 3, 0))
	if err != nil {
		t.Fatal(err)
	}
	o := placed[0]
	if o.Subtotal != 3000 || o.Discount != 300 || o.Tax != 162 || o.Total != 2862 || o.Lines[0].Discount != 300 ||
		o.Promotions[0].Code != "TEN" {
		t.Fatalf("%+v", o)
	}
	f.untilUses(0, 1)
	f.pay(o)
	f.untilUses(1, 0)
	// A cancelled unpaid order gives its claim back, once.
	second := entrepot.NewID()
	if _, err := f.placeAs(customer, cheaper(second, harbour, 1, 0)); err != nil {
		t.Fatal(err)
	}
	_, err = f.placeAs(customer, cheaper(entrepot.NewID(), harbour, 1, 0))
	rule(t, err, "limit")
	if _, err := grains.Ask(f.buyer(), f, order.Of(second), order.Cancel{}); err != nil {
		t.Fatal(err)
	}
	f.untilUses(1, 0)
	f.Restart()
	if _, err := f.placeAs(customer, cheaper(entrepot.NewID(), harbour, 1, 0)); err != nil {
		t.Fatal(err)
	}
	f.untilUses(1, 1)
}

func TestARefusedCheckoutClaimsNothing(t *testing.T) {
	t.Parallel()
	f := openWithCode(t, 1, 1)
	_, err := f.placeAs(customer, cheaper(entrepot.NewID(), harbour, 501, 1))
	if entrepot.CodeOf(err) != entrepot.CodeOutOfStock {
		t.Fatal(err)
	}
	f.untilUses(0, 0)
	stale := cheaper(entrepot.NewID(), harbour, 1, 1)
	stale.Promotions[0].Version = 9
	_, err = f.placeAs(customer, stale)
	rule(t, err, "current")
	unknown := cheaper(entrepot.NewID(), harbour, 1, 0)
	unknown.Promotions[0].ID = entrepot.NewID()
	_, err = f.placeAs(customer, unknown)
	rule(t, err, "exists")
	greedy := cheaper(entrepot.NewID(), harbour, 1, 0)
	greedy.Lines[0].Discount = 1001
	if _, err = f.placeAs(customer, greedy); entrepot.CodeOf(err) != entrepot.CodeInvalid {
		t.Fatalf("more off than it costs: %v", err)
	}
	if f.stock(beans, harbour).Available != 500 {
		t.Fatal("stock is held")
	}
	if _, err := f.placeAs(customer, cheaper(entrepot.NewID(), harbour, 1, 1)); err != nil {
		t.Fatalf("the refused ones used it up: %v", err)
	}
}

// Two orders of one checkout use a code once, and give it back when both are cancelled.
func TestACodeOfTwoShops(t *testing.T) {
	t.Parallel()
	f := openWithCode(t, 1, 1)
	first := entrepot.NewID()
	sibling := order.SiblingID(first, station)
	placed, err := f.placeAs(customer, cheaper(first, harbour, 1, 1), cheaper(sibling, station, 1, 1))
	if err != nil || len(placed) != 2 || placed[1].Discount != 100 {
		t.Fatalf("%+v, %v", placed, err)
	}
	f.untilUses(0, 1)
	if _, err := grains.Ask(f.buyer(), f, order.Of(first), order.Cancel{}); err != nil {
		t.Fatal(err)
	}
	f.until("released", func() bool { return f.stock(beans, harbour).Available == 500 })
	_, err = f.placeAs(customer, cheaper(entrepot.NewID(), harbour, 1, 1))
	rule(t, err, "limit")
	if _, err := grains.Ask(f.buyer(), f, order.Of(sibling), order.Cancel{}); err != nil {
		t.Fatal(err)
	}
	f.untilUses(0, 0)
}

// An expired order gives the code back; a late payment claims it anew.
func TestACodeOfAnExpiredOrder(t *testing.T) {
	t.Parallel()
	f := openWithCode(t, 1, 1)
	start := time.Now()
	f.SetNow(start)
	id := entrepot.NewID()
	placed, err := f.placeAs(customer, cheaper(id, harbour, 1, 1))
	if err != nil {
		t.Fatal(err)
	}
	f.SetNow(start.Add(order.DefaultHold + time.Second))
	f.Wake(order.Name, id)
	f.untilUses(0, 0)
	f.pay(placed[0])
	f.untilUses(1, 0)
	if o := f.get(id); o.Status != order.Confirmed {
		t.Fatalf("%+v", o)
	}
}

// Two hundred customers and one customer two hundred times: each limit holds exactly.
func TestTwoHundredCheckoutsWithACode(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		total, perCustomer int64
		user               func(i int) string
		want               int64
	}{
		"by the code":     {20, 0, func(i int) string { return entrepot.DeriveID("user", fmt.Sprint(i)) }, 20},
		"by the customer": {0, 3, func(int) string { return customer }, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := openWithCode(t, c.total, c.perCustomer)
			var placed, refused atomic.Int64
			var wg sync.WaitGroup
			for i := range 200 {
				wg.Go(func() {
					_, err := f.placeAs(c.user(i), cheaper(entrepot.DeriveID("order", name, fmt.Sprint(i)), harbour, 1, c.perCustomer))
					switch entrepot.CodeOf(err) {
					case "":
						placed.Add(1)
					case entrepot.CodeConflict:
						refused.Add(1)
					default:
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if placed.Load() != c.want || placed.Load()+refused.Load() != 200 {
				t.Fatalf("%d placed, %d refused", placed.Load(), refused.Load())
			}
			f.untilUses(0, c.want)
			if got := f.stock(beans, harbour).Available; got != 500-c.want {
				t.Fatalf("%d available", got)
			}
		})
	}
}

// early returns a group as cheaper does, with a code for first orders.
func early(id, shop string, n int64) order.Group {
	g := cheaper(id, shop, n, 0)
	g.Promotions[0].FirstOrder = true
	return g
}

// One order of a customer is the first with the company. It is given back when the
// order is cancelled unpaid, and final when it is paid.
func TestTheFirstOrder(t *testing.T) {
	t.Parallel()
	f := openWithCode(t, 0, 0)
	first := entrepot.NewID()
	sibling := order.SiblingID(first, station)
	if _, err := f.placeAs(customer, early(first, harbour, 1), early(sibling, station, 1)); err != nil {
		t.Fatal(err)
	}
	_, err := f.placeAs(customer, early(entrepot.NewID(), harbour, 1))
	rule(t, err, "first_order")
	f.untilUses(0, 1) // the refused one has given its use of the code back
	cancel := func(id string) {
		if _, err := grains.Ask(f.buyer(), f, order.Of(id), order.Cancel{}); err != nil {
			t.Fatal(err)
		}
	}
	cancel(first)
	f.until("released", func() bool { return f.stock(beans, harbour).Available == 500 })
	_, err = f.placeAs(customer, early(entrepot.NewID(), harbour, 1))
	rule(t, err, "first_order") // its sibling stands
	cancel(sibling)
	f.untilUses(0, 0)
	var placed []*order.Order
	f.until("the first order is free", func() bool {
		placed, err = f.placeAs(customer, early(entrepot.NewID(), harbour, 1))
		return err == nil
	})
	f.pay(placed[0])
	f.untilUses(1, 0)
	f.Restart()
	_, err = f.placeAs(customer, early(entrepot.NewID(), harbour, 1))
	rule(t, err, "first_order")
	if _, err := f.placeAs(customer, cheaper(entrepot.NewID(), harbour, 1, 0)); err != nil {
		t.Fatalf("a code for any order: %v", err)
	}
	if _, err := f.placeAs(entrepot.NewID(), early(entrepot.NewID(), harbour, 1)); err != nil {
		t.Fatalf("another customer: %v", err)
	}
}

// The money of an order that expired claims the first order anew, and goes back
// when another order has become it.
func TestTheFirstOrderExpires(t *testing.T) {
	t.Parallel()
	for _, taken := range []bool{false, true} {
		f := openWithCode(t, 0, 0)
		start := time.Now()
		f.SetNow(start)
		id := entrepot.NewID()
		placed, err := f.placeAs(customer, early(id, harbour, 1))
		if err != nil {
			t.Fatal(err)
		}
		f.SetNow(start.Add(order.DefaultHold + time.Second))
		f.Wake(order.Name, id)
		f.untilUses(0, 0)
		want := order.Confirmed
		if taken {
			want = order.Cancelled
			f.until("another order is the first", func() bool {
				_, err := f.placeAs(customer, early(entrepot.NewID(), harbour, 1))
				return err == nil
			})
		}
		f.pay(placed[0])
		f.until(
			"decided",
			func() bool { o := f.get(id); return o.Status == want && (!taken || o.PaymentStatus == order.Refunded) },
		)
	}
}

// Shipping comes on top, taxed where the rules say so, frozen with its method.
func TestShippingOfAnOrder(t *testing.T) {
	t.Parallel()
	f := open(t)
	for taxed, want := range map[bool]int64{false: 120, true: 149} {
		g := group(entrepot.NewID(), harbour, line(beans, 2, 1000))
		g.Shipping, g.Method, g.ShippingTaxed = 490, order.Method{ID: "standard", Name: "Standard"}, taxed
		placed, err := f.place(g)
		if err != nil {
			t.Fatal(err)
		}
		o := placed[0]
		if o.Totals.Shipping != 490 || o.Tax != want || o.Total != 2490+want || o.Method != g.Method {
			t.Fatalf("%+v", o)
		}
		f.Restart()
		if now := f.get(o.ID); now.Total != o.Total || now.Method != g.Method {
			t.Fatalf("%+v", now)
		}
	}
	for _, n := range []int64{-1, entrepot.MaxMinor} {
		g := group(entrepot.NewID(), harbour, line(beans, 1, 1000))
		g.Shipping = n
		if _, err := f.place(g); entrepot.CodeOf(err) != entrepot.CodeInvalid {
			t.Errorf("%d: %v", n, err)
		}
	}
}
