package order_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/ecommerce/cart"
	"entrepot/grains/grainstest"
	"entrepot/grains/inventory/stock"
	"entrepot/grains/payment/payment"
	"entrepot/grains/sales/order"
	"entrepot/grains/sales/series"
	"entrepot/persistence/storetest"
)

const (
	customer = "cccccccccccccccccccccccc"
	company  = "dddddddddddddddddddddddd"
	harbour  = "eeeeeeeeeeeeeeeeeeeeeee1"
	station  = "eeeeeeeeeeeeeeeeeeeeeee2"
	beans    = "fffffffffffffffffffffff1"
	kettle   = "fffffffffffffffffffffff2"
)

// shopfloor is a member with every kind of grain that a checkout uses.
type shopfloor struct {
	*grainstest.Member
	t *testing.T
}

func open(t *testing.T) shopfloor {
	t.Helper()
	m := grainstest.New(
		t, storetest.NewMemory(), []*grains.Kind{order.Kind(), stock.Kind(), series.Kind(), payment.Kind(), cart.Kind()},
	)
	f := shopfloor{m, t}
	for _, shop := range []string{harbour, station} {
		for _, product := range []string{beans, kettle} {
			f.receive(product, shop, 5)
		}
	}
	return f
}

func (f shopfloor) receive(product, shop string, n int64) {
	f.t.Helper()
	_, err := grains.Ask(f.Platform(), f, stock.Of(stock.ID(product, shop)),
		stock.Receive{ProductID: product, CompanyID: company, LocationID: shop, Quantity: n})
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f shopfloor) stock(product, shop string) *stock.Item {
	f.t.Helper()
	r, err := grains.Ask(f.Platform(), f, stock.Of(stock.ID(product, shop)), stock.Get{})
	if err != nil {
		f.t.Fatal(err)
	}
	return r
}

func (f shopfloor) buyer() context.Context { return f.As(caller(customer)) }

func caller(user string) entrepot.Caller {
	return entrepot.Caller{UserID: user, Role: entrepot.Customer}
}

// send places a checkout as the edge does, for a customer.
func (f shopfloor) send(c order.Place) (*order.Placed, error) {
	return grains.Ask(f.As(caller(c.CustomerID).Delegated()), f, order.Of(c.Groups[0].OrderID), c)
}

func group(id, shop string, lines ...order.Line) order.Group {
	return order.Group{OrderID: id, CompanyID: company, ShopID: shop, Currency: "EUR", TaxBasisPoints: 600, Lines: lines}
}

func line(product string, n, price int64) order.Line {
	return order.Line{ProductID: product, VariantID: product, Name: product, Quantity: n, Price: price}
}

func (f shopfloor) place(groups ...order.Group) ([]*order.Order, error) {
	return f.placeOf("c", customer, groups...)
}

func (f shopfloor) placeOf(checkout, user string, groups ...order.Group) ([]*order.Order, error) {
	r, err := f.send(order.Place{CheckoutID: checkout, CustomerID: user, Groups: groups})
	if err != nil {
		return nil, err
	}
	return r.Orders, nil
}

func (f shopfloor) get(id string) *order.Order {
	f.t.Helper()
	r, err := grains.Ask(f.buyer(), f, order.Of(id), order.Get{})
	if err != nil {
		f.t.Fatal(err)
	}
	return r
}

// until waits for a condition that a step brings about.
func (f shopfloor) until(what string, ok func() bool) {
	f.t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !ok(); {
		if time.Now().After(deadline) {
			f.t.Fatalf("timed out waiting until %s", what)
		}
		time.Sleep(time.Millisecond) // polls for another grain's step
	}
}

func (f shopfloor) pay(o *order.Order) {
	f.t.Helper()
	p, err := grains.Ask(f.buyer(), f, payment.Of(payment.ID(o.ID)), payment.Process{
		Gateway: "manual", Method: "card", Open: &payment.Open{
			OrderID: o.ID, CustomerID: customer, CompanyID: company, ShopID: o.ShopID, Amount: o.Total, Currency: "EUR",
		},
	})
	if err != nil || p.Status != "completed" {
		f.t.Fatalf("pay: %v, %v", p, err)
	}
	f.tell(o, order.PaymentReceived{PaymentID: p.ID, Amount: p.Captured, Currency: "EUR"})
}

func (f shopfloor) tell(o *order.Order, paid order.PaymentReceived) {
	f.t.Helper()
	if _, err := grains.Ask(f.Platform(), f, order.Of(o.ID), paid); err != nil {
		f.t.Fatal(err)
	}
}

func TestCheckoutReservesNumbersAndConfirms(t *testing.T) {
	f := open(t)
	_, err := grains.Ask(f.buyer(), f, cart.Of(customer), cart.AddItem{
		ProductID: beans, ShopID: harbour, CompanyID: company, Quantity: 3, Price: 2190, Currency: "EUR", Name: "Beans",
	})
	if err != nil {
		t.Fatal(err)
	}
	id := entrepot.NewID()
	r, err := f.send(order.Place{
		CheckoutID: id, CustomerID: customer, FromCart: true,
		Groups: []order.Group{group(id, harbour, line(beans, 2, 2190), line(kettle, 1, 6450))},
	})
	if err != nil {
		t.Fatal(err)
	}
	o := r.Orders[0]
	if o.Status != order.Pending || o.Number != fmt.Sprintf("%d-000001", time.Now().UTC().Year()) ||
		o.Subtotal != 10830 || o.Tax != 650 || o.Total != 11480 {
		t.Fatalf("placed: %v", o)
	}
	if s := f.stock(beans, harbour); s.Reserved != 2 || s.OnHand != 5 || s.Available != 3 {
		t.Fatalf("stock: %v", s)
	}
	c, err := grains.Ask(f.buyer(), f, cart.Of(customer), cart.Get{})
	if err != nil || len(c.Items) != 1 || c.Items[0].Quantity != 1 {
		t.Fatalf("the cart keeps what was not ordered: %v, %v", c, err)
	}

	f.pay(o)
	f.until("the sale is in the stock", func() bool { return f.stock(beans, harbour).Sold == 2 })
	if s := f.stock(beans, harbour); s.OnHand != 3 || s.Reserved != 0 {
		t.Fatalf("stock after the sale: %v", s)
	}
	f.Restart()
	o = f.get(id)
	if o.Status != order.Confirmed || o.PaymentStatus != order.Paid || len(o.History) != 2 {
		t.Fatalf("after a restart: %v", o)
	}
	for _, typ := range []string{"order.created", "order.confirmed"} {
		if n := len(slices.DeleteFunc(f.EventTypes(), func(e string) bool { return e != typ })); n != 1 {
			t.Errorf("%d events of type %s, want 1", n, typ)
		}
	}
}

func TestLackingLineRefusesTheWholeCheckout(t *testing.T) {
	f := open(t)
	first := entrepot.NewID()
	second := order.SiblingID(first, station)
	_, err := f.place(
		group(first, harbour, line(beans, 2, 100)), group(second, station, line(beans, 1, 100), line(kettle, 6, 100)),
	)
	if !errors.Is(err, &entrepot.Error{Code: entrepot.CodeOutOfStock}) ||
		entrepot.AsError(err).Fields[0].Field != kettle+"@"+station {
		t.Fatalf("%v", err)
	}
	for _, shop := range []string{harbour, station} {
		if s := f.stock(beans, shop); s.Reserved != 0 {
			t.Errorf("%s still holds %d", shop, s.Reserved)
		}
	}
	for _, id := range []string{first, second} {
		if _, err := grains.Ask(f.buyer(), f, order.Of(id), order.Get{}); !errors.Is(err, entrepot.ErrNotFound) {
			t.Errorf("a refused order can be seen: %v", err)
		}
	}
	// Repeated, the command has the same reply.
	if _, err = f.place(
		group(first, harbour, line(beans, 2, 100)), group(second, station, line(beans, 1, 100), line(kettle, 6, 100)),
	); entrepot.CodeOf(err) != entrepot.CodeOutOfStock {
		t.Errorf("again: %v", err)
	}
	if slices.Contains(f.EventTypes(), "order.created") {
		t.Error("a refused checkout was published")
	}
}

func TestCheckoutOfTwoShopsIsTwoOrders(t *testing.T) {
	f := open(t)
	first := entrepot.NewID()
	second := order.SiblingID(first, station)
	placed, err := f.place(group(first, harbour, line(beans, 2, 100)), group(second, station, line(kettle, 5, 1000)))
	if err != nil || len(placed) != 2 {
		t.Fatalf("%v, %v", placed, err)
	}
	f.Restart()
	a, b := f.get(first), f.get(second)
	if a.Number == b.Number || b.Number != placed[1].Number || b.Total != 5300 || a.CheckoutID != b.CheckoutID {
		t.Fatalf("%v\n%v", a, b)
	}
	f.pay(b)
	f.until("the second shop's sale", func() bool { return f.stock(kettle, station).Sold == 5 })
	if f.get(first).Status != order.Pending {
		t.Error("paying one order confirmed the other")
	}
}

func TestLastPieceGoesToOneOfMany(t *testing.T) {
	f := open(t)
	var sold atomic.Int64
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() {
			_, err := f.place(group(entrepot.NewID(), harbour, line(beans, 1, 100)))
			switch entrepot.CodeOf(err) {
			case "":
				sold.Add(1)
			case entrepot.CodeOutOfStock:
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if sold.Load() != 5 || f.stock(beans, harbour).Available != 0 {
		t.Errorf("%d orders placed for 5 pieces, want 5", sold.Load())
	}
}

func TestCancelGivesBackStockAndMoney(t *testing.T) {
	f := open(t)
	cancel := func(o *order.Order) {
		if _, err := grains.Ask(f.buyer(), f, order.Of(o.ID), order.Cancel{Reason: "changed my mind"}); err != nil {
			t.Fatal(err)
		}
	}
	unpaid, err := f.place(group(entrepot.NewID(), harbour, line(beans, 2, 100)))
	if err != nil {
		t.Fatal(err)
	}
	cancel(unpaid[0])
	f.until("released", func() bool { return f.stock(beans, harbour).Reserved == 0 })

	paid, err := f.place(group(entrepot.NewID(), harbour, line(beans, 2, 100)))
	if err != nil {
		t.Fatal(err)
	}
	f.pay(paid[0])
	f.until("sold", func() bool { return f.stock(beans, harbour).Sold == 2 })
	cancel(paid[0])
	cancel(paid[0]) // twice is once
	f.until("restocked", func() bool { return f.stock(beans, harbour).OnHand == 5 })
	f.until("refunded", func() bool { return f.get(paid[0].ID).PaymentStatus == order.Refunded })
	p, err := grains.Ask(f.buyer(), f, payment.Of(payment.ID(paid[0].ID)), payment.Get{})
	if err != nil || p.Refunded != p.Captured || p.Refunded == 0 {
		t.Errorf("payment: %v, %v", p, err)
	}
}

func TestUnpaidOrderExpiresToTheSecond(t *testing.T) {
	f := open(t)
	start := time.Now().Truncate(time.Second)
	f.SetNow(start)
	placed, err := f.place(group(entrepot.NewID(), harbour, line(beans, 5, 100)))
	if err != nil {
		t.Fatal(err)
	}
	o := placed[0]
	f.SetNow(start.Add(order.DefaultHold - time.Millisecond))
	f.Wake(order.Name, o.ID)
	if got := f.get(o.ID).Status; got != order.Pending {
		t.Fatalf("a moment early: %s", got)
	}
	f.SetNow(start.Add(order.DefaultHold))
	f.Wake(order.Name, o.ID)
	if got := f.get(o.ID).Status; got != order.Cancelled {
		t.Fatalf("in time: %s", got)
	}
	f.until("released", func() bool { return f.stock(beans, harbour).Available == 5 })

	// A payment after expiry reserves anew while there is stock.
	f.tell(o, order.PaymentReceived{PaymentID: "p", Amount: o.Total, Currency: "EUR"})
	f.until("revived and sold", func() bool { return f.stock(beans, harbour).Sold == 5 })
	if got := f.get(o.ID); got.Status != order.Confirmed || got.PaymentStatus != order.Paid {
		t.Errorf("revived: %v", got)
	}
}

func TestMoneyAfterExpiryGoesBackWhenSoldOut(t *testing.T) {
	f := open(t)
	start := time.Now().Truncate(time.Second)
	f.SetNow(start)
	placed, err := f.place(group(entrepot.NewID(), harbour, line(beans, 5, 100)))
	if err != nil {
		t.Fatal(err)
	}
	o := placed[0]
	f.SetNow(start.Add(order.DefaultHold))
	f.Wake(order.Name, o.ID)
	f.until("released", func() bool { return f.stock(beans, harbour).Available == 5 })
	if _, err := f.place(group(entrepot.NewID(), harbour, line(beans, 1, 100))); err != nil {
		t.Fatal(err)
	}
	f.pay(o)
	f.until("refunded", func() bool { return f.get(o.ID).PaymentStatus == order.Refunded })
	if s := f.stock(beans, harbour); s.Reserved != 1 || s.Sold != 0 {
		t.Errorf("stock: %v", s)
	}
	if f.get(o.ID).Status != order.Cancelled {
		t.Error("the order is not cancelled although its goods are sold")
	}
}

func TestFailedPaymentMayBeTriedAgain(t *testing.T) {
	f := open(t)
	placed, err := f.place(group(entrepot.NewID(), harbour, line(beans, 1, 100)))
	if err != nil {
		t.Fatal(err)
	}
	o := placed[0]
	if _, err := grains.Ask(
		f.Platform(), f, order.Of(o.ID), order.PaymentFailed{PaymentID: "p", Reason: "declined"},
	); err != nil {
		t.Fatal(err)
	}
	if got := f.get(o.ID); got.Status != order.Pending || len(got.History) != 2 {
		t.Fatalf("after a failure: %v", got)
	}
	f.pay(o)
	if got := f.get(o.ID).Status; got != order.Confirmed {
		t.Errorf("after the second try: %s", got)
	}
}

func TestOrderIsHiddenFromStrangers(t *testing.T) {
	f := open(t)
	placed, err := f.place(group(entrepot.NewID(), harbour, line(beans, 1, 100)))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		who  entrepot.Caller
		sees bool
	}{
		{entrepot.Caller{Role: entrepot.Customer, UserID: "someone else"}, false},
		{entrepot.Caller{}, false},
		{entrepot.Caller{Role: entrepot.CompanyAdmin, CompanyID: "other"}, false},
		{entrepot.Caller{Role: entrepot.ShopManager, CompanyID: company, ShopIDs: []string{station}}, false},
		{entrepot.Caller{Role: entrepot.ShopStaff, CompanyID: company, ShopIDs: []string{harbour}}, true},
		{entrepot.Caller{Role: entrepot.CompanyAdmin, CompanyID: company}, true},
		{entrepot.Caller{Role: entrepot.SuperAdmin}, true},
	} {
		_, err := grains.Ask(f.As(c.who), f, order.Of(placed[0].ID), order.Get{})
		if (err == nil) != c.sees {
			t.Errorf("read by %+v: %v, want allowed: %v", c.who, err, c.sees)
		}
		if !c.sees {
			if _, err := grains.Ask(
				f.As(c.who), f, order.Of(placed[0].ID), order.Cancel{},
			); !errors.Is(err, entrepot.ErrNotFound) {
				t.Errorf("cancelled by %+v: %v, want not found", c.who, err)
			}
		}
	}
}

// A checkout carries computed prices, so the customer's own caller may not send it.
func TestOnlyThePlatformPlaces(t *testing.T) {
	f := open(t)
	id := entrepot.NewID()
	cmd := order.Place{
		CheckoutID: id, CustomerID: customer, Groups: []order.Group{group(id, harbour, line(beans, 1, 100))},
	}
	for name, c := range map[string]entrepot.Caller{
		"the customer":  caller(customer),
		"a super admin": {Role: entrepot.SuperAdmin, UserID: customer},
		"nobody":        {},
	} {
		if _, err := grains.Ask(f.As(c), f, order.Of(id), cmd); !errors.Is(err, entrepot.ErrNotFound) {
			t.Errorf("%s places an order: %v, want not found", name, err)
		}
	}
	if _, err := f.send(cmd); err != nil {
		t.Fatalf("the platform for the customer: %v", err)
	}
	again, err := f.send(order.Place{CheckoutID: id, CustomerID: customer, Groups: cmd.Groups})
	if err != nil || again.Orders[0].ID != id {
		t.Fatalf("placed again: %+v, %v; want the same order", again, err)
	}
	foreign := cmd
	foreign.CustomerID = entrepot.NewID()
	if _, err := f.send(foreign); !errors.Is(err, entrepot.ErrNotFound) {
		t.Errorf("another customer places the order again: %v, want not found", err)
	}
}

// What the platform does on a customer's behalf has the customer as its actor.
func TestEventsKeepTheDelegatingCaller(t *testing.T) {
	f := open(t)
	placed, err := f.place(group(entrepot.NewID(), harbour, line(beans, 1, 100)))
	if err != nil {
		t.Fatal(err)
	}
	paid := order.PaymentReceived{PaymentID: "p", Amount: placed[0].Total, Currency: "EUR"}
	if _, err := grains.Ask(f.As(caller(customer).Delegated()), f, order.Of(placed[0].ID), paid); err != nil {
		t.Fatal(err)
	}
	for _, e := range f.Events() {
		if e.Type == "order.confirmed" && (e.Actor.Role != entrepot.Customer || e.Actor.UserID != customer) {
			t.Errorf("order.confirmed by %+v, want customer %s", e.Actor, customer)
		}
	}
}
