package ecommerce

import (
	"sync"
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

// ballot is a member with an approved review that customers vote on.
type ballot struct {
	*grainstest.Member
	t       *testing.T
	product entrepot.ID
	review  entrepot.ID
}

func newBallot(t *testing.T) *ballot {
	t.Helper()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{
		review.Kind(), review.VoteKind(), stockwatch.Kind(), wishlist.Kind(), cart.Kind(), promotion.UseKind(),
	})
	b := &ballot{m, t, actorstest.ID("product", 0), review.ID(actorstest.ID("product", 0), actorstest.ID("user", 0))}
	b.write()
	return b
}

func (b *ballot) must(_ any, err error) {
	b.t.Helper()
	if err != nil {
		b.t.Error(err)
	}
}

func (b *ballot) write() {
	b.t.Helper()
	b.must(
		grains.Ask(b.As(actorstest.Customer(0)), b, review.Of(b.review), review.Write{
			ProductID: b.product, CompanyID: actorstest.ID("company", 0), ShopID: actorstest.ID("shop", 0), Stars: 5,
		}),
	)
	admin := entrepot.Caller{Role: entrepot.CompanyAdmin, UserID: "a", CompanyID: actorstest.ID("company", 0)}
	b.must(grains.Ask(b.As(admin), b, review.Of(b.review), review.Approve{}))
}

func (b *ballot) shown() *review.Review {
	b.t.Helper()
	r, err := grains.Ask(b.As(actorstest.Customer(1)), b, review.Of(b.review), review.Show{})
	b.must(r, err)
	return r
}

func (b *ballot) vote(n int, helpful bool) {
	b.t.Helper()
	var cmd any = review.Unmark{}
	if helpful {
		cmd = review.Mark{ReviewID: b.review, ProductID: b.product, WrittenAt: b.shown().CreatedAt}
	}
	b.must(
		b.Ask(b.As(actorstest.Customer(n)), review.VoteOf(review.VoteID(b.review, actorstest.ID("user", n))), cmd),
	)
}

// Customers vote and withdraw their votes while two consumers receive every event twice and in any
// order. In the end the review's count matches its votes.
func TestVotesConverge(t *testing.T) {
	t.Parallel()
	b := newBallot(t)
	var writers sync.WaitGroup
	want := int64(0)
	for n := 1; n <= 40; n++ {
		if n%3 != 0 {
			want++
		}
		writers.Go(func() {
			b.vote(n, true)
			b.vote(n, true)
			if n%3 != 1 {
				b.vote(n, false)
			}
			if n%3 == 2 {
				b.vote(n, true)
			}
		})
	}
	consumeTwice(
		t, b.Member, Votes, &writers, []string{"review.voted", "review.approved"}, []string{"review.voted"},
	)
	if got := b.shown().Helpful; got != want {
		t.Fatalf("%d helpful votes, want %d", got, want)
	}
}

// A review that is deleted and written again starts without votes, and late events of old votes do
// not count for it. Votes of deleted customers go on counting, without their user id.
func TestVotesEndWithReview(t *testing.T) {
	t.Parallel()
	b := newBallot(t)
	for n := 1; n <= 3; n++ {
		b.vote(n, true)
	}
	redeliver(t, Votes(b.Store, b), actorstest.Happened(b.Member, "review.voted"))
	redeliver(t, CustomerDeleted(b.Store, b), []*events.Delivery{
		actorstest.Delivery("gone", "user.deleted", `{"userId":"`+actorstest.ID("user", 3)+`"}`),
	})
	if n := b.shown().Helpful; n != 3 {
		t.Fatalf("%d", n)
	}
	docs, _, err := b.Store.Find(
		t.Context(), review.Votes, entrepot.OwnedBy(actorstest.ID("user", 3)), persistence.Query{Limit: 10},
	)
	if err != nil || len(docs) != 0 {
		t.Fatalf("votes of a deleted customer: %v, %v", docs, err)
	}
	b.SetNow(b.Now().Add(1))
	b.must(grains.Ask(b.As(actorstest.Customer(0)), b, review.Of(b.review), review.Delete{}))
	b.SetNow(b.Now().Add(5_000_000))
	b.write()
	b.vote(2, true)
	all := actorstest.Happened(b.Member, "review.voted", "review.deleted")
	for range 2 {
		redeliver(t, Votes(b.Store, b), all)
	}
	if n := b.shown().Helpful; n != 1 {
		t.Fatalf("%d", n)
	}
	n, err := b.Store.Count(
		t.Context(), review.Votes, entrepot.AllTenants(), []persistence.Cond{{Field: "productId", Value: b.product}}, 10,
	)
	if err != nil || n != 1 {
		t.Fatalf("%d votes, want 1: %v", n, err)
	}
}
