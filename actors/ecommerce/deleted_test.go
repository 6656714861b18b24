package ecommerce

import (
	"testing"

	"entrepot"
	"entrepot/actors/actorstest"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/ecommerce/cart"
	"entrepot/grains/ecommerce/promotion"
	"entrepot/grains/ecommerce/review"
	"entrepot/grains/ecommerce/stockwatch"
	"entrepot/grains/ecommerce/wishlist"
	"entrepot/grains/grainstest"
	"entrepot/persistence"
	"entrepot/persistence/storetest"
)

func TestDeletedCustomerIsForgotten(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{
		review.Kind(), review.VoteKind(), stockwatch.Kind(), wishlist.Kind(), cart.Kind(), promotion.UseKind(),
	})
	variant := actorstest.ID("variant", 1)
	add := cart.AddItem{
		ProductID: actorstest.ID("product", 1), ShopID: actorstest.ID("shop", 1), CompanyID: actorstest.ID("company", 1),
		Quantity: 1, Price: 5, Currency: "EUR", Name: "Mug",
	}
	use := func(n int) entrepot.ID {
		return promotion.UseID(actorstest.ID("promotion", 1), actorstest.ID("user", n))
	}
	for n := range 2 {
		if _, err := grains.Ask(m.As(actorstest.Customer(n)), m, cart.Of(actorstest.ID("user", n)), add); err != nil {
			t.Fatal(err)
		}
		claim := promotion.Claim{
			ClaimID: "c", Orders: []string{"c"}, PromotionID: actorstest.ID("promotion", 1),
			CustomerID: actorstest.ID("user", n), Limit: 1, ExpiresAt: m.Now().UnixMilli() + 60_000,
		}
		if _, err := grains.Ask(m.Platform(), m, promotion.UseOf(use(n)), claim); err != nil {
			t.Fatal(err)
		}
		for p := range 3 {
			writeReview(t, m, actorstest.ID("product", p), n, 5)
		}
		u := actorstest.ID("user", n)
		if _, err := grains.Ask(m.As(actorstest.Customer(n)), m, stockwatch.Of(stockwatch.ID(u, variant, "")),
			stockwatch.Watch{ProductID: actorstest.ID("product", 1), VariantID: variant},
		); err != nil {
			t.Fatal(err)
		}
		if _, err := grains.Ask(m.As(actorstest.Customer(n)), m, wishlist.Of(u), wishlist.AddItem{Item: wishlist.Item{
			ProductID: actorstest.ID("product", 1), Currency: "EUR",
		}}); err != nil {
			t.Fatal(err)
		}
	}
	before := len(m.Events())
	for range 2 {
		actorstest.NoErrors(t, CustomerDeleted(m.Store, m)(t.Context(), []*events.Delivery{
			actorstest.Delivery("e", "user.deleted", `{"userId":"`+actorstest.ID("user", 0)+`"}`),
			actorstest.Delivery("f", "user.updated", `{}`),
		}))
	}
	if n := len(m.Events()); n != before {
		t.Errorf("the deletion led to %d events, want none", n-before)
	}
	for _, c := range []*persistence.Collection{
		review.Collection, stockwatch.Collection, wishlist.Collection, cart.Collection, promotion.Uses,
	} {
		for n, want := range []int{0, 1} {
			if c == cart.Collection && n == 0 { // the cart's id is the user's, and its document stays
				continue
			}
			count, err := m.Store.Count(t.Context(), c, entrepot.OwnedBy(actorstest.ID("user", n)), nil, 10)
			if err != nil || (count > 0) != (want > 0) {
				t.Errorf("%s of user %d: %d, %v", c.Name, n, count, err)
			}
		}
	}
	var erased cart.State
	if d, err := m.Store.Load(t.Context(), cart.Collection, actorstest.ID("user", 0)); err != nil ||
		m.Store.Unmarshal(d.State, &erased) != nil || len(erased.Lines) != 0 {
		t.Errorf("erased cart: %+v, %v", erased, err)
	}
	if _, err := grains.Ask(m.As(actorstest.Customer(0)), m, cart.Of(actorstest.ID("user", 0)), add); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Errorf("add to an erased cart: %v, want not found", err)
	}
	if _, err := grains.Ask(m.As(actorstest.Customer(1)), m, cart.Of(actorstest.ID("user", 1)), add); err != nil {
		t.Errorf("add to the cart of another customer: %v", err)
	}
	for range 2 { // the order with the claim is still paid
		if _, err := grains.Ask(m.Platform(), m, promotion.UseOf(use(0)), promotion.Settle{
			ClaimID: "c", OrderID: "c",
		}); err != nil {
			t.Error(err)
		}
	}
	if docs, _, err := m.Store.Find(t.Context(), review.Collection, entrepot.AllTenants(), persistence.Query{
		Limit: 10,
	}); err != nil || len(docs) != 6 {
		t.Errorf("%d reviews left, want 6: %v", len(docs), err)
	}
	actorstest.NoErrors(
		t, BackInStock(m.Store, m)(t.Context(), []*events.Delivery{moved(1, events.Received, variant, "s", 1, 1)}),
	)
	if n := len(actorstest.Happened(m, "product.back_in_stock")); n != 1 {
		t.Errorf("%d notices, want 1 to the other customer", n)
	}
	if results := CustomerDeleted(m.Store, m)(t.Context(), []*events.Delivery{
		actorstest.Delivery("g", "user.deleted", `7`),
	}); !events.IsPermanent(results[0]) {
		t.Errorf("malformed event: %v, want a permanent error", results)
	}
}
