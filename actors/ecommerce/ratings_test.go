package ecommerce

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"entrepot"
	"entrepot/actors/actorstest"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/ecommerce/product"
	"entrepot/grains/ecommerce/review"
	"entrepot/grains/grainstest"
	"entrepot/persistence"
	"entrepot/persistence/storetest"
)

// ratedProducts stands for the product grains: it keeps the last rating of each. before, if set,
// is called once, before the first rating is kept.
type ratedProducts struct {
	grains.Asker
	mu     sync.Mutex
	rating map[entrepot.ID][]int64
	sets   int
	before func()
	err    error
}

func (s *ratedProducts) Ask(
	ctx context.Context, to grains.Ref, message any, _ ...grains.Option,
) (grains.Answer, error) {
	set, ok := message.(product.SetRating)
	if !ok || to.Kind != product.Name || entrepot.CallerFrom(ctx).Role != entrepot.System {
		return grains.Answer{}, fmt.Errorf("%s received %T from %s", to.Kind, message, entrepot.CallerFrom(ctx).Role)
	}
	s.mu.Lock()
	before := s.before
	s.before = nil
	s.mu.Unlock()
	if before != nil {
		before()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sets++
	if s.rating == nil {
		s.rating = map[entrepot.ID][]int64{}
	}
	s.rating[to.ID] = slices.Clone(set.Counts)
	return grains.Answer{Value: &product.Product{}}, s.err
}

// memberWithReviews returns a member with nine reviews of two products, seven of them approved.
func memberWithReviews(t *testing.T) *grainstest.Member {
	t.Helper()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{review.Kind()})
	for n := range 9 {
		product := actorstest.ID("product", n%2)
		writeReview(t, m, product, n, int64(n%5+1))
		if n < 7 {
			moderate(t, m, product, n, review.Approve{})
		}
	}
	return m
}

func writeReview(t *testing.T, m *grainstest.Member, product entrepot.ID, user int, stars int64) {
	t.Helper()
	c := review.Write{
		ProductID: product, CompanyID: actorstest.ID("company", 0), ShopID: actorstest.ID("shop", 0), Author: "Ada L.",
		Stars: stars,
	}
	if _, err := grains.Ask(m.As(actorstest.Customer(user)), m, review.Of(review.ID(product, actorstest.ID("user", user))), c); err != nil {
		t.Fatal(err)
	}
}

func moderate(t *testing.T, m *grainstest.Member, product entrepot.ID, user int, cmd any) {
	t.Helper()
	if _, err := m.Ask(m.Platform(), review.Of(review.ID(product, actorstest.ID("user", user))), cmd); err != nil {
		t.Fatal(err)
	}
}

func TestRatingsIgnoreRepeatedEvents(t *testing.T) {
	t.Parallel()
	m, s := memberWithReviews(t), &ratedProducts{}
	all := actorstest.Happened(m, "review.created", "review.approved")
	actorstest.NoErrors(t, Ratings(m.Store, s)(t.Context(), all))
	want := map[entrepot.ID][]int64{
		actorstest.ID("product", 0): {1, 1, 1, 0, 1}, actorstest.ID("product", 1): {1, 1, 0, 1, 0},
	}
	check := func() {
		t.Helper()
		for p, counts := range want {
			if !slices.Equal(s.rating[p], counts) {
				t.Errorf("rating %v, want %v", s.rating[p], counts)
			}
		}
	}
	check()
	if s.sets != 2 {
		t.Errorf("%d commands for two products, want 2", s.sets)
	}
	slices.Reverse(all)
	actorstest.NoErrors(t, Ratings(m.Store, s)(t.Context(), slices.Concat(all, all)))
	check()
	moderate(t, m, actorstest.ID("product", 0), 0, review.Reject{Reason: "spam"})
	moderate(t, m, actorstest.ID("product", 1), 1, review.Delete{})
	want = map[entrepot.ID][]int64{
		actorstest.ID("product", 0): {0, 1, 1, 0, 1}, actorstest.ID("product", 1): {1, 0, 0, 1, 0},
	}
	actorstest.NoErrors(t, Ratings(m.Store, s)(t.Context(), actorstest.Happened(m, "review.rejected", "review.deleted")))
	check()
}

// A member that counts before an approval and sets after another member has counted the approval
// counts once more, and sets again.
func TestLastOfTwoCountsIsRight(t *testing.T) {
	t.Parallel()
	m := memberWithReviews(t)
	product := actorstest.ID("product", 1)
	s := &ratedProducts{}
	s.before = func() {
		moderate(t, m, product, 7, review.Approve{})
		actorstest.NoErrors(t, Ratings(m.Store, s)(t.Context(), actorstest.Happened(m, "review.approved")))
		if !slices.Equal(s.rating[product], []int64{1, 1, 1, 1, 0}) {
			t.Errorf("the other member set %v", s.rating[product])
		}
	}
	actorstest.NoErrors(t, Ratings(m.Store, s)(t.Context(), actorstest.Happened(m, "review.approved")[:2]))
	if !slices.Equal(s.rating[product], []int64{1, 1, 1, 1, 0}) {
		t.Errorf("final rating %v", s.rating[product])
	}
}

func TestRatingsOfDeletedAndUnavailableProducts(t *testing.T) {
	t.Parallel()
	m := memberWithReviews(t)
	batch := append(
		actorstest.Happened(m, "review.approved"), actorstest.Delivery("bad", "review.approved", `7`),
		actorstest.Delivery("none", "review.approved", `{}`),
	)
	for code, again := range map[entrepot.Code]bool{entrepot.CodeNotFound: false, entrepot.CodeUnavailable: true} {
		results := Ratings(m.Store, &ratedProducts{err: entrepot.Errorf(code, "no")})(t.Context(), batch)
		for i, err := range results[:len(results)-2] {
			if (err != nil) != again || events.IsPermanent(err) {
				t.Errorf("%s: %d: %v", code, i, err)
			}
		}
		if !events.IsPermanent(results[len(results)-2]) || !events.IsPermanent(results[len(results)-1]) {
			t.Errorf("malformed events: %v, want permanent errors", results[len(results)-2:])
		}
	}
}

// Customers write and change reviews while the company moderates them, and two consumers receive
// every event twice and in any order. In the end the product's rating matches its reviews.
func TestRatingsConverge(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{review.Kind(), product.Kind()})
	id, company, shop := actorstest.ID("product", 0), actorstest.ID("company", 0), actorstest.ID("shop", 0)
	if _, err := grains.Ask(m.Platform(), m, product.Of(id), product.Create{Product: product.Product{
		CompanyID: company, ShopIDs: []entrepot.ID{shop}, SKU: "S", Name: "mug", Price: 1, Currency: "EUR",
	}}); err != nil {
		t.Fatal(err)
	}
	var writers sync.WaitGroup
	for n := range 40 {
		writers.Go(func() { reviewLifecycle(t, m, id, n) })
	}
	changes := []string{"review.updated", "review.approved", "review.rejected", "review.deleted"}
	consumeTwice(t, m, Ratings, &writers, append([]string{"review.created"}, changes...), changes)
	want := make([]int64, 5)
	for n := range 40 {
		v, err := grains.Ask(
			m.As(actorstest.Customer(n)), m, review.Of(review.ID(id, actorstest.ID("user", n))), review.Get{},
		)
		if err == nil && v.Status == review.Approved {
			want[v.Stars-1]++
		}
	}
	p, err := grains.Ask(m.Platform(), m, product.Of(id), product.Get{})
	if err != nil || !slices.Equal(p.Rating, want) || slices.Max(want) == 0 {
		t.Fatalf("rating %v, want %v: %v", p.Rating, want, err)
	}
}

// consumeTwice runs two consumers that receive the events of these types twice and in any order, until
// the writers have ended. One consumer then receives the last event of the types in last, because the
// other may still handle an older one.
func consumeTwice(
	t *testing.T, m *grainstest.Member, consume func(persistence.Store, grains.Asker) events.Handler,
	writers *sync.WaitGroup, types, last []string,
) {
	t.Helper()
	quiet := make(chan struct{})
	var consumers sync.WaitGroup
	for c := range 2 {
		r := rand.New(rand.NewPCG(1, uint64(c)))
		consumers.Go(func() {
			for {
				batch := actorstest.Happened(m, types...)
				r.Shuffle(len(batch), func(i, j int) { batch[i], batch[j] = batch[j], batch[i] })
				redeliver(t, consume(m.Store, m), slices.Concat(batch[:r.IntN(len(batch)+1)], batch[:r.IntN(len(batch)+1)]))
				select {
				case <-quiet:
					if c == 0 {
						late := actorstest.Happened(m, last...)
						redeliver(t, consume(m.Store, m), late[len(late)-1:])
					}
					return
				default:
				}
			}
		})
	}
	writers.Wait()
	close(quiet)
	consumers.Wait()
}

// redeliver delivers a batch until no delivery fails, at most 20 times.
func redeliver(t *testing.T, h events.Handler, batch []*events.Delivery) {
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
	t.Error("deliveries still fail after 20 attempts")
}

// reviewLifecycle writes and approves a review and, depending on n, changes it, approves it again,
// rejects or deletes it.
func reviewLifecycle(t *testing.T, m *grainstest.Member, product entrepot.ID, n int) {
	at := review.ID(product, actorstest.ID("user", n))
	steps := []struct {
		as  entrepot.Caller
		cmd any
	}{
		{
			actorstest.Customer(n),
			review.Write{
				ProductID: product, CompanyID: actorstest.ID("company", 0), ShopID: actorstest.ID("shop", 0),
				Author: fmt.Sprint("Ada ", n), Stars: int64(n%5 + 1),
			},
		},
		{entrepot.SystemCaller("test"), review.Approve{}},
		{actorstest.Customer(n), review.Edit{Stars: int64(n%4 + 1), Text: "after a week"}},
		{entrepot.SystemCaller("test"), review.Approve{}},
		{entrepot.SystemCaller("test"), review.Reject{Reason: "spam"}},
		{actorstest.Customer(n), review.Delete{}},
	}
	for _, s := range steps[:2+n%5] {
		if _, err := m.Ask(m.As(s.as), review.Of(at), s.cmd); err != nil {
			t.Errorf("%T: %v", s.cmd, err)
		}
	}
}
