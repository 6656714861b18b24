package ecommerce

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"entrepot"
	"entrepot/actors/actorstest"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/ecommerce/wishlist"
	"entrepot/grains/grainstest"
	"entrepot/persistence"
	"entrepot/persistence/storetest"
)

// flaky is an Asker of which every n-th call fails.
type flaky struct {
	*grainstest.Member
	calls atomic.Int64
	every int64
}

func (w *flaky) Ask(
	ctx context.Context, to grains.Ref, message any, options ...grains.Option,
) (grains.Answer, error) {
	if w.calls.Add(1)%w.every == 0 {
		return grains.Answer{}, errors.New("busy")
	}
	return w.Member.Ask(ctx, to, message, options...)
}

// Both variants of a deleted product leave more wishlists than a page has rows, although some calls
// fail at first. Another product stays, and a deleted customer has no rows.
func TestDeletedProductLeavesWishlists(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{wishlist.Kind()})
	if err := m.Store.Ensure(t.Context(), []*persistence.Collection{wishlist.Wishes}); err != nil {
		t.Fatal(err)
	}
	gone, stays := actorstest.ID("product", 1), actorstest.ID("product", 2)
	const many = 130
	wish := func(n int, cmd any) {
		t.Helper()
		if _, err := m.Ask(m.As(actorstest.Customer(n)), wishlist.Of(actorstest.ID("user", n)), cmd); err != nil {
			t.Fatal(err)
		}
	}
	for n := range many {
		for v := range 2 {
			wish(n, wishlist.AddItem{Item: wishlist.Item{
				ProductID: gone, VariantID: actorstest.ID("variant", v), Currency: "EUR",
			}})
		}
		wish(n, wishlist.AddItem{Item: wishlist.Item{ProductID: stays, Currency: "EUR"}})
	}
	wish(0, wishlist.RemoveItem{ID: gone}) // removed by the customer before
	added := actorstest.Happened(m, "wishlist.item_added")
	for some := range slices.Chunk(added, 50) {
		actorstest.NoErrors(t, Wishes(m.Store, m)(t.Context(), slices.Concat(some, some)))
	}
	actorstest.NoErrors(
		t,
		Wishes(m.Store, m)(t.Context(), []*events.Delivery{
			actorstest.Delivery("u", "user.deleted", `{"userId":"`+actorstest.ID("user", 1)+`"}`),
		}),
	)
	a := &flaky{Member: m, every: 115}
	redeliver(t, Wishes(m.Store, a), []*events.Delivery{
		actorstest.Delivery("p", "product.deleted", `{"productId":"`+gone+`"}`),
	})
	m.Restart()
	for n := range many {
		w, err := grains.Ask(
			m.As(actorstest.Customer(n)), m, wishlist.Of(actorstest.ID("user", n)), wishlist.Get{},
		)
		want := 1
		if n == 1 {
			want = 3 // the deleted customer's wishlist is emptied by CustomerDeleted
		}
		if err != nil || len(w.Items) != want || w.Items[0].ProductID != stays {
			t.Fatalf("%d: %v %v", n, w, err)
		}
	}
	if removed := actorstest.Happened(m, "wishlist.item_removed"); len(removed) != 2*(many-1) {
		t.Errorf("%d wishlist.item_removed events", len(removed))
	}
	if n, err := m.Store.Purge(t.Context(), wishlist.Wishes, time.UnixMilli(1_900_000_000_000), 1000); err != nil ||
		n != many+1 {
		t.Errorf("%d rows purged, want those of the product and of the user: %v", n, err)
	}
	if n, err := m.Store.Count(t.Context(), wishlist.Wishes, entrepot.AllTenants(), nil, 1000); err != nil || n != many-1 {
		t.Errorf("%d rows left: %v", n, err)
	}
	for _, typ := range []string{"product.deleted", "wishlist.item_added", "user.deleted"} {
		if r := Wishes(m.Store, m)(t.Context(), []*events.Delivery{
			actorstest.Delivery("n", typ, `{}`),
		}); !events.IsPermanent(r[0]) {
			t.Errorf("malformed %s: %v, want a permanent error", typ, r)
		}
	}
}
