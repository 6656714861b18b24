package ecommerce

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"entrepot"
	"entrepot/actors/actorstest"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/ecommerce/stockwatch"
	"entrepot/grains/grainstest"
	"entrepot/persistence"
	"entrepot/persistence/storetest"
)

// moved returns a movement of a variant in a shop that leaves the available quantity.
func moved(n int, kind string, variant, shop entrepot.ID, quantity, available int64) *events.Delivery {
	return actorstest.Delivery(fmt.Sprint("m", n), "inventory.updated", fmt.Sprintf(
		`{"itemId":"%s%s","productId":"p","variantId":"%s","locationId":"%s","kind":"%s","quantity":%d,"available":%d,"movement":%d}`,
		variant, shop, variant, shop, kind, quantity, available, n))
}

func TestWatchIsNotifiedOnce(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{stockwatch.Kind()})
	variant, here, there := actorstest.ID("variant", 1), actorstest.ID("shop", 1), actorstest.ID("shop", 2)
	watch := func(user int, shop entrepot.ID) {
		t.Helper()
		c := stockwatch.Watch{
			ProductID: actorstest.ID("product", 1), VariantID: variant, ShopID: shop, CompanyID: actorstest.ID("company", 1),
			Name: "Mug",
		}
		if _, err := grains.Ask(m.As(actorstest.Customer(user)), m, stockwatch.Of(stockwatch.ID(actorstest.ID("user", user), variant, shop)), c); err != nil {
			t.Fatal(err)
		}
	}
	const many = 130 // more than a page
	for n := range many {
		watch(n, "")
	}
	watch(many, here)
	watch(many+1, there)
	h := BackInStock(m.Store, m)
	deliver := func(batch ...*events.Delivery) { t.Helper(); actorstest.NoErrors(t, h(t.Context(), batch)) }
	notified := func() map[entrepot.ID]int {
		t.Helper()
		users := map[entrepot.ID]int{}
		for _, d := range actorstest.Happened(m, "product.back_in_stock") {
			var e events.ProductBackInStock
			if err := d.Decode(&e); err != nil || e.VariantID != variant {
				t.Fatalf("%+v, %v", e, err)
			}
			users[e.UserID]++
		}
		return users
	}
	deliver(
		moved(1, events.Received, actorstest.ID("variant", 2), here, 5, 5), // of another variant
		moved(2, events.Received, variant, there, 5, 0),                    // goes to backorders
		moved(3, events.Reserved, variant, there, 5, 3),
		moved(4, events.Sold, variant, there, 5, 3),
		moved(5, events.Received, variant, there, 2, 7), // five were available before
	)
	if n := len(notified()); n != 0 {
		t.Fatalf("%d notices without an arrival", n)
	}
	arrives := moved(6, events.Received, variant, here, 5, 5)
	for range 3 {
		deliver(arrives, moved(7, events.Restocked, variant, here, 1, 1))
	}
	users := notified()
	if len(users) != many+1 || users[actorstest.ID("user", many+1)] != 0 {
		t.Fatalf("%d users notified, %d of them watching the other shop", len(users), users[actorstest.ID("user", many+1)])
	}
	for u, n := range users {
		if n != 1 {
			t.Fatalf("user %s was notified %d times", u, n)
		}
	}
	watch(0, "")
	deliver(arrives)
	if n := notified()[actorstest.ID("user", 0)]; n != 1 {
		t.Fatalf("%d notices of the same arrival, want 1", n)
	}
	deliver(moved(8, events.Expired, variant, here, 2, 2), moved(9, events.Restocked, variant, there, 1, 1))
	if users = notified(); users[actorstest.ID("user", 0)] != 2 || users[actorstest.ID("user", many+1)] != 1 ||
		users[actorstest.ID("user", 1)] != 1 {
		t.Fatalf("finally %d and %d notices, want 2 and 1",
			users[actorstest.ID("user", 0)], users[actorstest.ID("user", many+1)])
	}
	if results := h(t.Context(), []*events.Delivery{
		actorstest.Delivery("bad", "inventory.updated", `7`),
	}); !events.IsPermanent(results[0]) {
		t.Errorf("malformed event: %v, want a permanent error", results)
	}
}

// unreadable is a store whose queries fail.
type unreadable struct{ persistence.Store }

func (unreadable) Find(
	context.Context, *persistence.Collection, entrepot.Scope, persistence.Query,
) ([]persistence.Document, string, error) {
	return nil, "", errors.New("store was queried")
}

func TestFailedNoticeIsSentAgain(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{stockwatch.Kind()})
	variant := actorstest.ID("variant", 1)
	c := stockwatch.Watch{
		ProductID: actorstest.ID("product", 1), VariantID: variant, CompanyID: actorstest.ID("company", 1), Name: "Mug",
	}
	if _, err := grains.Ask(m.As(actorstest.Customer(1)), m, stockwatch.Of(stockwatch.ID(actorstest.ID("user", 1), variant, "")), c); err != nil {
		t.Fatal(err)
	}
	a := &actorstest.Recorder{Answer: func(any) error { return entrepot.Unavailable("not now") }}
	batch := []*events.Delivery{
		moved(1, events.Received, actorstest.ID("variant", 2), "s", 1, 1), moved(2, events.Received, variant, "s", 1, 1),
	}
	results := BackInStock(m.Store, a)(t.Context(), batch)
	if results[0] != nil || results[1] == nil || events.IsPermanent(results[1]) {
		t.Fatalf("results: %v", results)
	}
	// Movements that restock nothing do not query the store.
	actorstest.NoErrors(
		t,
		BackInStock(unreadable{m.Store}, a)(t.Context(), []*events.Delivery{
			moved(3, events.Reserved, variant, "s", 1, 9), moved(4, events.Received, variant, "s", 1, 9),
		}),
	)
	if err := BackInStock(unreadable{m.Store}, a)(t.Context(), batch[:1])[0]; err == nil || events.IsPermanent(err) {
		t.Errorf("failed query: %v, want a temporary error", err)
	}
}

// The watches of a deleted product and its variants end, those of another product stay.
func TestDeletedProductEndsWatches(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{stockwatch.Kind()})
	for n := range 3 { // two variants of the deleted product, one of another
		c := stockwatch.Watch{
			ProductID: actorstest.ID("product", n/2), VariantID: actorstest.ID("variant", n),
			CompanyID: actorstest.ID("company", 1), Name: "Mug",
		}
		for u := range 2 {
			if _, err := grains.Ask(m.As(actorstest.Customer(u)), m, stockwatch.Of(stockwatch.ID(actorstest.ID("user", u), c.VariantID, "")), c); err != nil {
				t.Fatal(err)
			}
		}
	}
	gone := actorstest.Delivery("e", "product.deleted", fmt.Sprintf(
		`{"productId":%q,"variants":[{"variantId":%q},{"variantId":%q}]}`,
		actorstest.ID("product", 0), actorstest.ID("variant", 0), actorstest.ID("variant", 1)))
	for range 2 {
		actorstest.NoErrors(
			t,
			DeletedProductWatches(m.Store, m)(t.Context(), []*events.Delivery{
				gone, actorstest.Delivery("f", "product.updated", `{}`),
			}),
		)
	}
	var batch []*events.Delivery
	for n := range 3 {
		batch = append(batch, moved(n+1, events.Received, actorstest.ID("variant", n), "s", 1, 1))
	}
	actorstest.NoErrors(t, BackInStock(m.Store, m)(t.Context(), batch))
	if n := len(actorstest.Happened(m, "product.back_in_stock")); n != 2 {
		t.Errorf("%d notices, want 2 for the product that is still sold", n)
	}
	if r := DeletedProductWatches(m.Store, m)(t.Context(), []*events.Delivery{
		actorstest.Delivery("g", "product.deleted", `{}`),
	}); !events.IsPermanent(r[0]) {
		t.Errorf("malformed event: %v, want a permanent error", r)
	}
}
