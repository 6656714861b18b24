package actors

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/grains/stockwatch"
	"entrepot/grains/stockwatch/stockwatchpb"
	"entrepot/persistence"
	"entrepot/persistence/storetest"

	"google.golang.org/protobuf/proto"
)

// moved is a movement of a variant in a shop, with what is available after it.
func moved(n int, kind string, variant, shop entrepot.ID, quantity, available int64) *events.Delivery {
	return delivery(fmt.Sprint("m", n), "inventory.updated", fmt.Sprintf(
		`{"itemId":"%s%s","productId":"p","variantId":"%s","locationId":"%s","kind":"%s","quantity":%d,"available":%d,"movement":%d}`,
		variant, shop, variant, shop, kind, quantity, available, n))
}

func TestWhoWaitsIsToldOnce(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{stockwatch.Kind()})
	variant, here, there := named("variant", 1), named("shop", 1), named("shop", 2)
	wait := func(user int, shop entrepot.ID) {
		t.Helper()
		c := &stockwatchpb.Watch{ProductId: named("product", 1), VariantId: variant, ShopId: shop, CompanyId: named("company", 1), Name: "Mug"}
		if _, err := m.Ask(m.As(shopper(user)), stockwatchpb.Kind, stockwatchpb.ID(named("user", user), variant, shop), c); err != nil {
			t.Fatal(err)
		}
	}
	const many = 130 // more than a page
	for n := range many {
		wait(n, "")
	}
	wait(many, here)
	wait(many+1, there)
	h := BackInStock(m.Store, m)
	deliver := func(batch ...*events.Delivery) { t.Helper(); fine(t, h(t.Context(), batch)) }
	told := func() map[entrepot.ID]int {
		t.Helper()
		users := map[entrepot.ID]int{}
		for _, d := range happened(m, "product.back_in_stock") {
			var e events.ProductBackInStock
			if err := d.Decode(&e); err != nil || e.VariantID != variant {
				t.Fatalf("%+v, %v", e, err)
			}
			users[e.UserID]++
		}
		return users
	}
	deliver(
		moved(1, events.Received, named("variant", 2), here, 5, 5), // of another variant
		moved(2, events.Received, variant, there, 5, 0),            // to those who ordered it before
		moved(3, events.Reserved, variant, there, 5, 3),
		moved(4, events.Sold, variant, there, 5, 3),
		moved(5, events.Received, variant, there, 2, 7), // there were five
	)
	if n := len(told()); n != 0 {
		t.Fatalf("%d were told of nothing", n)
	}
	arrives := moved(6, events.Received, variant, here, 5, 5)
	for range 3 {
		deliver(arrives, moved(7, events.Restocked, variant, here, 1, 1))
	}
	users := told()
	if len(users) != many+1 || users[named("user", many+1)] != 0 {
		t.Fatalf("%d were told, of there: %d", len(users), users[named("user", many+1)])
	}
	for u, n := range users {
		if n != 1 {
			t.Fatalf("%s was told %d times", u, n)
		}
	}
	wait(0, "")
	deliver(arrives)
	if n := told()[named("user", 0)]; n != 1 {
		t.Fatalf("told again of the same: %d", n)
	}
	deliver(moved(8, events.Expired, variant, here, 2, 2), moved(9, events.Restocked, variant, there, 1, 1))
	if users = told(); users[named("user", 0)] != 2 || users[named("user", many+1)] != 1 || users[named("user", 1)] != 1 {
		t.Fatalf("in the end %d, %d", users[named("user", 0)], users[named("user", many+1)])
	}
	if results := h(t.Context(), []*events.Delivery{delivery("bad", "inventory.updated", `7`)}); !events.IsPermanent(results[0]) {
		t.Errorf("nonsense: %v", results)
	}
}

// unread is a store that cannot be asked.
type unread struct{ persistence.Store }

func (unread) Find(context.Context, *persistence.Collection, entrepot.Scope, persistence.Query) ([]persistence.Document, string, error) {
	return nil, "", errors.New("asked")
}

func TestWhoCannotBeToldIsToldLater(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{stockwatch.Kind()})
	variant := named("variant", 1)
	c := &stockwatchpb.Watch{ProductId: named("product", 1), VariantId: variant, CompanyId: named("company", 1), Name: "Mug"}
	if _, err := m.Ask(m.As(shopper(1)), stockwatchpb.Kind, stockwatchpb.ID(named("user", 1), variant, ""), c); err != nil {
		t.Fatal(err)
	}
	a := &asked{answer: func(proto.Message) error { return entrepot.Unavailable("not now") }}
	batch := []*events.Delivery{moved(1, events.Received, named("variant", 2), "s", 1, 1), moved(2, events.Received, variant, "s", 1, 1)}
	results := BackInStock(m.Store, a)(t.Context(), batch)
	if results[0] != nil || results[1] == nil || events.IsPermanent(results[1]) {
		t.Fatalf("%v", results)
	}
	// What nobody waits for is not asked about at all.
	fine(t, BackInStock(unread{m.Store}, a)(t.Context(), []*events.Delivery{moved(3, events.Reserved, variant, "s", 1, 9), moved(4, events.Received, variant, "s", 1, 9)}))
	if err := BackInStock(unread{m.Store}, a)(t.Context(), batch[:1])[0]; err == nil || events.IsPermanent(err) {
		t.Errorf("what cannot be asked about: %v", err)
	}
}

// TestADeletedProductIsNotWaitedFor: neither its variants nor itself, by anybody;
// another's product is.
func TestADeletedProductIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{stockwatch.Kind()})
	for n := range 3 { // of two variants that go, and one that stays
		c := &stockwatchpb.Watch{ProductId: named("product", n/2), VariantId: named("variant", n), CompanyId: named("company", 1), Name: "Mug"}
		for u := range 2 {
			if _, err := m.Ask(m.As(shopper(u)), stockwatchpb.Kind, stockwatchpb.ID(named("user", u), c.VariantId, ""), c); err != nil {
				t.Fatal(err)
			}
		}
	}
	gone := delivery("e", "product.deleted", `{"productId":"`+named("product", 0)+`","variants":[{"variantId":"`+named("variant", 0)+`"},{"variantId":"`+named("variant", 1)+`"}]}`)
	for range 2 {
		fine(t, NoMoreWaiting(m.Store, m)(t.Context(), []*events.Delivery{gone, delivery("f", "product.updated", `{}`)}))
	}
	var batch []*events.Delivery
	for n := range 3 {
		batch = append(batch, moved(n+1, events.Received, named("variant", n), "s", 1, 1))
	}
	fine(t, BackInStock(m.Store, m)(t.Context(), batch))
	if n := len(happened(m, "product.back_in_stock")); n != 2 {
		t.Errorf("%d were told, want the two who wait for what is still sold", n)
	}
	if r := NoMoreWaiting(m.Store, m)(t.Context(), []*events.Delivery{delivery("g", "product.deleted", `{}`)}); !events.IsPermanent(r[0]) {
		t.Errorf("nonsense: %v", r)
	}
}
