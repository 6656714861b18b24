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
	"entrepot/grains/cart"
	"entrepot/grains/cart/cartpb"
	"entrepot/grains/grainstest"
	"entrepot/grains/order"
	"entrepot/grains/order/orderpb"
	"entrepot/grains/payment"
	"entrepot/grains/payment/paymentpb"
	"entrepot/grains/series"
	"entrepot/grains/stock"
	"entrepot/grains/stock/stockpb"
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

// shopfloor is a member with everything that a checkout touches.
type shopfloor struct {
	*grainstest.Member
	t *testing.T
}

func open(t *testing.T) shopfloor {
	t.Helper()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{order.Kind(), stock.Kind(), series.Kind(), payment.Kind(), cart.Kind()})
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
	_, err := f.Ask(f.Platform(), stockpb.Kind, stockpb.ID(product, shop),
		&stockpb.Receive{ProductId: product, CompanyId: company, LocationId: shop, Quantity: n})
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f shopfloor) stock(product, shop string) *stockpb.Item {
	f.t.Helper()
	r, err := grains.Ask[*stockpb.Item](f.Platform(), f, stockpb.Kind, stockpb.ID(product, shop), &stockpb.Get{})
	if err != nil {
		f.t.Fatal(err)
	}
	return r
}

func (f shopfloor) buyer() context.Context {
	return f.As(entrepot.Caller{UserID: customer, Role: entrepot.Customer})
}

func group(id, shop string, lines ...*orderpb.Line) *orderpb.Group {
	return &orderpb.Group{OrderId: id, CompanyId: company, ShopId: shop, Currency: "EUR", TaxBasisPoints: 600, Lines: lines}
}

func line(product string, n, price int64) *orderpb.Line {
	return &orderpb.Line{ProductId: product, Name: product, Quantity: n, PriceMinor: price}
}

func (f shopfloor) place(groups ...*orderpb.Group) ([]*orderpb.Order, error) {
	r, err := grains.Ask[*orderpb.Placed](f.buyer(), f, orderpb.Kind, groups[0].GetOrderId(),
		&orderpb.Place{CheckoutId: "c", CustomerId: customer, Groups: groups})
	return r.GetOrders(), err
}

func (f shopfloor) get(id string) *orderpb.Order {
	f.t.Helper()
	r, err := grains.Ask[*orderpb.Order](f.buyer(), f, orderpb.Kind, id, &orderpb.Get{})
	if err != nil {
		f.t.Fatal(err)
	}
	return r
}

// until waits for what a step does after its answer.
func (f shopfloor) until(what string, ok func() bool) {
	f.t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !ok(); {
		if time.Now().After(deadline) {
			f.t.Fatalf("never: %s", what)
		}
		time.Sleep(time.Millisecond) // polls for another grain's step
	}
}

func (f shopfloor) pay(o *orderpb.Order) {
	f.t.Helper()
	p, err := grains.Ask[*paymentpb.Payment](f.buyer(), f, paymentpb.Kind, paymentpb.ID(o.GetId()), &paymentpb.Process{
		Gateway: "manual", Method: "card", Open: &paymentpb.Open{
			OrderId: o.GetId(), CustomerId: customer, CompanyId: company, ShopId: o.GetShopId(), AmountMinor: o.GetTotalMinor(), Currency: "EUR",
		},
	})
	if err != nil || p.GetStatus() != "completed" {
		f.t.Fatalf("pay: %v, %v", p, err)
	}
	f.tell(o, &orderpb.Paid{PaymentId: p.GetId(), AmountMinor: p.GetCapturedMinor(), Currency: "EUR"})
}

func (f shopfloor) tell(o *orderpb.Order, paid *orderpb.Paid) {
	f.t.Helper()
	if _, err := f.Ask(f.Platform(), orderpb.Kind, o.GetId(), paid); err != nil {
		f.t.Fatal(err)
	}
}

func TestCheckoutReservesNumbersAndConfirms(t *testing.T) {
	f := open(t)
	_, err := f.Ask(f.buyer(), cartpb.Kind, customer, &cartpb.AddItem{
		ProductId: beans, ShopId: harbour, CompanyId: company, Quantity: 3, PriceMinor: 2190, Currency: "EUR", Name: "Beans",
	})
	if err != nil {
		t.Fatal(err)
	}
	id := entrepot.NewID()
	r, err := grains.Ask[*orderpb.Placed](f.buyer(), f, orderpb.Kind, id, &orderpb.Place{
		CheckoutId: id, CustomerId: customer, FromCart: true,
		Groups: []*orderpb.Group{group(id, harbour, line(beans, 2, 2190), line(kettle, 1, 6450))},
	})
	if err != nil {
		t.Fatal(err)
	}
	o := r.GetOrders()[0]
	if o.GetStatus() != order.Pending || o.GetOrderNumber() != fmt.Sprintf("%d-000001", time.Now().UTC().Year()) ||
		o.GetSubtotalMinor() != 10830 || o.GetTaxMinor() != 650 || o.GetTotalMinor() != 11480 {
		t.Fatalf("placed: %v", o)
	}
	if s := f.stock(beans, harbour); s.GetReserved() != 2 || s.GetOnHand() != 5 || s.GetAvailable() != 3 {
		t.Fatalf("stock: %v", s)
	}
	c, err := grains.Ask[*cartpb.Cart](f.buyer(), f, cartpb.Kind, customer, &cartpb.Get{})
	if err != nil || len(c.GetItems()) != 1 || c.GetItems()[0].GetQuantity() != 1 {
		t.Fatalf("the cart keeps what was not ordered: %v, %v", c, err)
	}

	f.pay(o)
	f.until("the sale is in the stock", func() bool { return f.stock(beans, harbour).GetSold() == 2 })
	if s := f.stock(beans, harbour); s.GetOnHand() != 3 || s.GetReserved() != 0 {
		t.Fatalf("stock after the sale: %v", s)
	}
	f.Restart()
	o = f.get(id)
	if o.GetStatus() != order.Confirmed || o.GetPaymentStatus() != order.Paid || len(o.GetHistory()) != 2 {
		t.Fatalf("after a restart: %v", o)
	}
	for _, typ := range []string{"order.created", "order.confirmed"} {
		if n := len(slices.DeleteFunc(f.EventTypes(), func(e string) bool { return e != typ })); n != 1 {
			t.Errorf("%d %s", n, typ)
		}
	}
}

func TestLackingLineRefusesTheWholeCheckout(t *testing.T) {
	f := open(t)
	first := entrepot.NewID()
	second := orderpb.SiblingID(first, station)
	_, err := f.place(group(first, harbour, line(beans, 2, 100)), group(second, station, line(beans, 1, 100), line(kettle, 6, 100)))
	if !errors.Is(err, &entrepot.Error{Code: entrepot.CodeOutOfStock}) || entrepot.AsError(err).Fields[0].Field != kettle+"@"+station {
		t.Fatalf("%v", err)
	}
	for _, shop := range []string{harbour, station} {
		if s := f.stock(beans, shop); s.GetReserved() != 0 {
			t.Errorf("%s still holds %d", shop, s.GetReserved())
		}
	}
	for _, id := range []string{first, second} {
		if _, err := f.Ask(f.buyer(), orderpb.Kind, id, &orderpb.Get{}); !errors.Is(err, entrepot.ErrNotFound) {
			t.Errorf("a refused order can be seen: %v", err)
		}
	}
	// Asked again, the answer is the same.
	if _, err = f.place(group(first, harbour, line(beans, 2, 100)), group(second, station, line(beans, 1, 100), line(kettle, 6, 100))); entrepot.CodeOf(err) != entrepot.CodeOutOfStock {
		t.Errorf("again: %v", err)
	}
	if slices.Contains(f.EventTypes(), "order.created") {
		t.Error("a refused checkout was published")
	}
}

func TestCheckoutOfTwoShopsIsTwoOrders(t *testing.T) {
	f := open(t)
	first := entrepot.NewID()
	second := orderpb.SiblingID(first, station)
	placed, err := f.place(group(first, harbour, line(beans, 2, 100)), group(second, station, line(kettle, 5, 1000)))
	if err != nil || len(placed) != 2 {
		t.Fatalf("%v, %v", placed, err)
	}
	f.Restart()
	a, b := f.get(first), f.get(second)
	if a.GetOrderNumber() == b.GetOrderNumber() || b.GetOrderNumber() != placed[1].GetOrderNumber() || b.GetTotalMinor() != 5300 || a.GetCheckoutId() != b.GetCheckoutId() {
		t.Fatalf("%v\n%v", a, b)
	}
	f.pay(b)
	f.until("the second shop's sale", func() bool { return f.stock(kettle, station).GetSold() == 5 })
	if f.get(first).GetStatus() != order.Pending {
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
	if sold.Load() != 5 || f.stock(beans, harbour).GetAvailable() != 0 {
		t.Errorf("%d orders for 5 pieces", sold.Load())
	}
}

func TestCancelGivesBackStockAndMoney(t *testing.T) {
	f := open(t)
	cancel := func(o *orderpb.Order) {
		if _, err := f.Ask(f.buyer(), orderpb.Kind, o.GetId(), &orderpb.Cancel{Reason: "changed my mind"}); err != nil {
			t.Fatal(err)
		}
	}
	unpaid, err := f.place(group(entrepot.NewID(), harbour, line(beans, 2, 100)))
	if err != nil {
		t.Fatal(err)
	}
	cancel(unpaid[0])
	f.until("released", func() bool { return f.stock(beans, harbour).GetReserved() == 0 })

	paid, err := f.place(group(entrepot.NewID(), harbour, line(beans, 2, 100)))
	if err != nil {
		t.Fatal(err)
	}
	f.pay(paid[0])
	f.until("sold", func() bool { return f.stock(beans, harbour).GetSold() == 2 })
	cancel(paid[0])
	cancel(paid[0]) // twice is once
	f.until("restocked", func() bool { return f.stock(beans, harbour).GetOnHand() == 5 })
	f.until("refunded", func() bool { return f.get(paid[0].GetId()).GetPaymentStatus() == order.Refunded })
	p, err := grains.Ask[*paymentpb.Payment](f.buyer(), f, paymentpb.Kind, paymentpb.ID(paid[0].GetId()), &paymentpb.Get{})
	if err != nil || p.GetRefundedMinor() != p.GetCapturedMinor() || p.GetRefundedMinor() == 0 {
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
	f.Wake(orderpb.Kind, o.GetId())
	if got := f.get(o.GetId()).GetStatus(); got != order.Pending {
		t.Fatalf("a moment early: %s", got)
	}
	f.SetNow(start.Add(order.DefaultHold))
	f.Wake(orderpb.Kind, o.GetId())
	if got := f.get(o.GetId()).GetStatus(); got != order.Cancelled {
		t.Fatalf("in time: %s", got)
	}
	f.until("released", func() bool { return f.stock(beans, harbour).GetAvailable() == 5 })

	// The money comes all the same. There is stock: it is reserved anew.
	f.tell(o, &orderpb.Paid{PaymentId: "p", AmountMinor: o.GetTotalMinor(), Currency: "EUR"})
	f.until("revived and sold", func() bool { return f.stock(beans, harbour).GetSold() == 5 })
	if got := f.get(o.GetId()); got.GetStatus() != order.Confirmed || got.GetPaymentStatus() != order.Paid {
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
	f.Wake(orderpb.Kind, o.GetId())
	f.until("released", func() bool { return f.stock(beans, harbour).GetAvailable() == 5 })
	if _, err := f.place(group(entrepot.NewID(), harbour, line(beans, 1, 100))); err != nil {
		t.Fatal(err)
	}
	f.pay(o)
	f.until("refunded", func() bool { return f.get(o.GetId()).GetPaymentStatus() == order.Refunded })
	if s := f.stock(beans, harbour); s.GetReserved() != 1 || s.GetSold() != 0 {
		t.Errorf("stock: %v", s)
	}
	if f.get(o.GetId()).GetStatus() != order.Cancelled {
		t.Error("the order stands though its goods are gone")
	}
}

func TestFailedPaymentMayBeTriedAgain(t *testing.T) {
	f := open(t)
	placed, err := f.place(group(entrepot.NewID(), harbour, line(beans, 1, 100)))
	if err != nil {
		t.Fatal(err)
	}
	o := placed[0]
	if _, err := f.Ask(f.Platform(), orderpb.Kind, o.GetId(), &orderpb.PaymentFailed{PaymentId: "p", Reason: "declined"}); err != nil {
		t.Fatal(err)
	}
	if got := f.get(o.GetId()); got.GetStatus() != order.Pending || len(got.GetHistory()) != 2 {
		t.Fatalf("after a failure: %v", got)
	}
	f.pay(o)
	if got := f.get(o.GetId()).GetStatus(); got != order.Confirmed {
		t.Errorf("after the second try: %s", got)
	}
}

func TestOrderIsNobodyElses(t *testing.T) {
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
		_, err := f.Ask(f.As(c.who), orderpb.Kind, placed[0].GetId(), &orderpb.Get{})
		if (err == nil) != c.sees {
			t.Errorf("%+v: %v", c.who, err)
		}
		if !c.sees {
			if _, err := f.Ask(f.As(c.who), orderpb.Kind, placed[0].GetId(), &orderpb.Cancel{}); !errors.Is(err, entrepot.ErrNotFound) {
				t.Errorf("%+v may cancel: %v", c.who, err)
			}
		}
	}
}
