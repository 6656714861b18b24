package actors

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/grains/product"
	"entrepot/grains/product/productpb"
	"entrepot/grains/review"
	"entrepot/grains/review/reviewpb"
	"entrepot/persistence/storetest"

	"google.golang.org/protobuf/proto"
)

// TestRatingsAreRightInTheEnd: buyers write and change, the company approves and
// refuses, all at once, while two consumers get every event twice and in any
// order. When all is quiet the product says what its reviews say.
func TestRatingsAreRightInTheEnd(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{review.Kind(), product.Kind()})
	id, company, shop := named("product", 0), named("company", 0), named("shop", 0)
	if _, err := m.Ask(m.Platform(), productpb.Kind, id, &productpb.Create{CompanyId: company, ShopIds: []entrepot.ID{shop}, Sku: "S", Name: "mug", PriceMinor: 1, Currency: "EUR"}); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	quiet := make(chan struct{})
	for n := range 40 {
		wg.Go(func() { live(t, m, id, n) })
	}
	var consumers sync.WaitGroup
	for c := range 2 {
		r := rand.New(rand.NewPCG(1, uint64(c)))
		consumers.Go(func() {
			for {
				batch := happened(m, "review.created", "review.updated", "review.approved", "review.rejected", "review.deleted")
				r.Shuffle(len(batch), func(i, j int) { batch[i], batch[j] = batch[j], batch[i] })
				consume(t, Ratings(m.Store, m), slices.Concat(batch[:r.IntN(len(batch)+1)], batch[:r.IntN(len(batch)+1)]))
				select {
				case <-quiet:
					if c == 0 { // the last event comes to one, while the other may still be at an older one
						last := happened(m, "review.updated", "review.approved", "review.rejected", "review.deleted")
						consume(t, Ratings(m.Store, m), last[len(last)-1:])
					}
					return
				default:
				}
			}
		})
	}
	wg.Wait()
	close(quiet)
	consumers.Wait()
	want := make([]int64, 5)
	for n := range 40 {
		v, err := grains.Ask[*reviewpb.Review](m.As(shopper(n)), m, reviewpb.Kind, reviewpb.ID(id, named("user", n)), &reviewpb.Get{})
		if err == nil && v.Status == review.Approved {
			want[v.Stars-1]++
		}
	}
	p, err := grains.Ask[*productpb.Product](m.Platform(), m, productpb.Kind, id, &productpb.Get{})
	if err != nil || !slices.Equal(p.RatingCounts, want) || slices.Max(want) == 0 {
		t.Fatalf("the product says %v, its reviews %v: %v", p.GetRatingCounts(), want, err)
	}
}

// consume delivers again what shall come again.
func consume(t *testing.T, h events.Handler, batch []*events.Delivery) {
	for range 20 {
		var again []*events.Delivery
		for i, err := range h(t.Context(), batch) {
			if events.IsPermanent(err) {
				t.Error(err)
			}
			if err != nil {
				again = append(again, batch[i])
			}
		}
		if batch = again; len(batch) == 0 {
			return
		}
	}
	t.Error("still not counted after 20 deliveries")
}

// live is the life of one review: written, approved and, by its number, changed,
// approved again, rejected or deleted.
func live(t *testing.T, m *grainstest.Member, product entrepot.ID, n int) {
	at := reviewpb.ID(product, named("user", n))
	steps := []struct {
		as  entrepot.Caller
		cmd proto.Message
	}{
		{shopper(n), &reviewpb.Write{ProductId: product, CompanyId: named("company", 0), ShopId: named("shop", 0), Author: fmt.Sprint("Ada ", n), Stars: int64(n%5 + 1)}},
		{entrepot.SystemCaller("test"), &reviewpb.Approve{}},
		{shopper(n), &reviewpb.Edit{Stars: int64(n%4 + 1), Text: "after a week"}},
		{entrepot.SystemCaller("test"), &reviewpb.Approve{}},
		{entrepot.SystemCaller("test"), &reviewpb.Reject{Reason: "spam"}},
		{shopper(n), &reviewpb.Delete{}},
	}
	for _, s := range steps[:2+n%5] {
		if _, err := m.Ask(m.As(s.as), reviewpb.Kind, at, s.cmd); err != nil {
			t.Errorf("%T: %v", s.cmd, err)
		}
	}
}
