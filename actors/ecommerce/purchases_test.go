package ecommerce

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"entrepot"
	"entrepot/actors/actorstest"
	"entrepot/events"
	"entrepot/grains/ecommerce/review"
	"entrepot/persistence"
	"entrepot/persistence/storetest"
)

func TestPurchasesInAnyOrderOfEvents(t *testing.T) {
	t.Parallel()
	store := storetest.NewMemory()
	if err := store.Ensure(t.Context(), []*persistence.Collection{review.Purchases}); err != nil {
		t.Fatal(err)
	}
	paid := func(order int) *events.Delivery {
		e := events.OrderConfirmed{
			OrderFacts: events.OrderFacts{
				OrderID: actorstest.ID("order", order), CustomerID: actorstest.ID("user", order), CompanyID: "c", ShopID: "s",
				Total: "1.00",
			},
		}
		for _, p := range []int{1, 2, 1} { // two lines of the same product
			e.Items = append(e.Items, events.OrderItem{
				ProductID: actorstest.ID("product", p), Quantity: 2, Price: "1.00", Subtotal: "1.00",
			})
		}
		data, err := json.Marshal(&e)
		if err != nil {
			t.Fatal(err)
		}
		return actorstest.Delivery(fmt.Sprint("paid", order), "order.confirmed", string(data))
	}
	cancelled := func(order int, payment string) *events.Delivery {
		return actorstest.Delivery(
			fmt.Sprint("cancelled", order, payment), "order.cancelled",
			fmt.Sprintf(`{"orderId":%q,"total":1.00,"paymentId":%q}`, actorstest.ID("order", order), payment),
		)
	}
	bought := func(order int) (units, gone int64) {
		t.Helper()
		docs, _, err := store.Find(
			t.Context(), review.Purchases, entrepot.OwnedBy(actorstest.ID("user", order)), persistence.Query{Limit: 10},
		)
		if err != nil {
			t.Fatal(err)
		}
		for i := range docs {
			switch p := review.PurchaseOf(&docs[i]); {
			case p.Cancelled:
				gone += p.Units
			default:
				units += p.Units
			}
		}
		return units, gone
	}
	check := func(order int, wantUnits, wantGone int64) {
		t.Helper()
		if units, gone := bought(order); units != wantUnits || gone != wantGone {
			t.Errorf("order %d: %d units and %d cancelled, want %d and %d", order, units, gone, wantUnits, wantGone)
		}
	}
	h := Purchases(store, time.Now)
	results := h(t.Context(), []*events.Delivery{
		paid(1), paid(2), cancelled(3, "p"), cancelled(4, ""), cancelled(5, "p"), paid(5),
		actorstest.Delivery("s", "order.shipped", `{}`),
		actorstest.Delivery("x", "order.confirmed", `7`), actorstest.Delivery("y", "order.cancelled", `{"total":1.00}`),
	})
	if !errors.Is(results[2], errNoPurchase) || events.IsPermanent(results[2]) || !events.IsPermanent(results[7]) ||
		!events.IsPermanent(results[8]) {
		t.Fatalf("results: %v", results)
	}
	actorstest.NoErrors(t, slices.Concat(results[:2], results[3:7]))
	for range 2 {
		check(1, 6, 0)
		check(2, 6, 0)
		check(3, 0, 0)
		check(4, 0, 0)
		check(5, 0, 6)
		actorstest.NoErrors(t, h(t.Context(), []*events.Delivery{paid(1), paid(5), cancelled(5, "p")}))
	}
	// The payment arrived after the order had expired, and revived it.
	actorstest.NoErrors(t, h(t.Context(), []*events.Delivery{paid(4), paid(3), cancelled(3, "p"), cancelled(1, "p")}))
	check(1, 0, 6)
	check(3, 0, 6)
	check(4, 6, 0)
}

func TestUnwrittenPurchasesAreDeliveredAgain(t *testing.T) {
	t.Parallel()
	store := storetest.Faulty(storetest.NewMemory())
	if err := store.Ensure(t.Context(), []*persistence.Collection{review.Purchases}); err != nil {
		t.Fatal(err)
	}
	for _, d := range []*events.Delivery{
		actorstest.Delivery("e", "order.confirmed",
			`{"orderId":"o","customerId":"u","items":[{"productId":"p","quantity":1,"price":1,"subtotal":1}],"total":1}`),
		actorstest.Delivery("f", "order.cancelled", `{"orderId":"o","total":1,"paymentId":"p"}`),
	} {
		store.NextWrites(storetest.FailBefore)
		if err := Purchases(store, time.Now)(t.Context(), []*events.Delivery{d})[0]; err == nil || events.IsPermanent(err) {
			t.Fatal(err)
		}
		actorstest.NoErrors(t, Purchases(store, time.Now)(t.Context(), []*events.Delivery{d}))
	}
}
