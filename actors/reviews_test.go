package actors

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/cart"
	"entrepot/grains/cart/cartpb"
	"entrepot/grains/grainstest"
	"entrepot/grains/product/productpb"
	"entrepot/grains/promotion"
	"entrepot/grains/promotion/promotionpb"
	"entrepot/grains/review"
	"entrepot/grains/review/reviewpb"
	"entrepot/grains/stockwatch"
	"entrepot/grains/stockwatch/stockwatchpb"
	"entrepot/grains/wishlist"
	"entrepot/grains/wishlist/wishlistpb"
	"entrepot/persistence"
	"entrepot/persistence/storetest"

	"google.golang.org/protobuf/proto"
)

func named(kind string, n int) entrepot.ID { return entrepot.DeriveID(kind, fmt.Sprint(n)) }

func shopper(n int) entrepot.Caller {
	return entrepot.Caller{Role: entrepot.Customer, UserID: named("user", n)}
}

// happened are the events of a member's log of some types, as deliveries.
func happened(m *grainstest.Member, types ...string) (out []*events.Delivery) {
	for _, e := range m.Events() {
		if slices.Contains(types, e.Type) {
			out = append(out, &events.Delivery{Envelope: e, Attempt: 1})
		}
	}
	return out
}

func fine(t *testing.T, results []error) {
	t.Helper()
	for _, err := range results {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// shelf stands for the product grains: it keeps the last rating of each. before,
// if set, is called once with the first rating, before it is kept.
type shelf struct {
	grains.Asker
	mu     sync.Mutex
	rating map[entrepot.ID][]int64
	sets   int
	before func()
	err    error
}

func (s *shelf) Ask(ctx context.Context, kind string, id entrepot.ID, cmd proto.Message) (proto.Message, error) {
	set, ok := cmd.(*productpb.SetRating)
	if !ok || kind != productpb.Kind || entrepot.CallerFrom(ctx).Role != entrepot.System {
		return nil, fmt.Errorf("asked %s for %T as %s", kind, cmd, entrepot.CallerFrom(ctx).Role)
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
	s.rating[id] = slices.Clone(set.Counts)
	return &productpb.Product{}, s.err
}

// opinions is a member with reviews of two products, some of them approved.
func opinions(t *testing.T) *grainstest.Member {
	t.Helper()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{review.Kind()})
	for n := range 9 {
		product := named("product", n%2)
		say(t, m, product, n, int64(n%5+1))
		if n < 7 {
			judge(t, m, product, n, &reviewpb.Approve{})
		}
	}
	return m
}

func say(t *testing.T, m *grainstest.Member, product entrepot.ID, user int, stars int64) {
	t.Helper()
	c := &reviewpb.Write{ProductId: product, CompanyId: named("company", 0), ShopId: named("shop", 0), Author: "Ada L.", Stars: stars}
	if _, err := m.Ask(m.As(shopper(user)), reviewpb.Kind, reviewpb.ID(product, named("user", user)), c); err != nil {
		t.Fatal(err)
	}
}

func judge(t *testing.T, m *grainstest.Member, product entrepot.ID, user int, cmd proto.Message) {
	t.Helper()
	if _, err := m.Ask(m.Platform(), reviewpb.Kind, reviewpb.ID(product, named("user", user)), cmd); err != nil {
		t.Fatal(err)
	}
}

func TestRatingsCountOnceHoweverOftenAnEventComes(t *testing.T) {
	t.Parallel()
	m, s := opinions(t), &shelf{}
	all := happened(m, "review.created", "review.approved")
	fine(t, Ratings(m.Store, s)(t.Context(), all))
	want := map[entrepot.ID][]int64{named("product", 0): {1, 1, 1, 0, 1}, named("product", 1): {1, 1, 0, 1, 0}}
	check := func() {
		t.Helper()
		for p, counts := range want {
			if !slices.Equal(s.rating[p], counts) {
				t.Errorf("%v, want %v", s.rating[p], counts)
			}
		}
	}
	check()
	if s.sets != 2 {
		t.Errorf("%d settings for two products", s.sets)
	}
	slices.Reverse(all)
	fine(t, Ratings(m.Store, s)(t.Context(), slices.Concat(all, all)))
	check()
	judge(t, m, named("product", 0), 0, &reviewpb.Reject{Reason: "spam"})
	judge(t, m, named("product", 1), 1, &reviewpb.Delete{})
	want = map[entrepot.ID][]int64{named("product", 0): {0, 1, 1, 0, 1}, named("product", 1): {1, 0, 0, 1, 0}}
	fine(t, Ratings(m.Store, s)(t.Context(), happened(m, "review.rejected", "review.deleted")))
	check()
}

// A member that counted before an approval and sets after another member that
// counted with it, has the last look and sets again.
func TestTheLastOfTwoCountsIsRight(t *testing.T) {
	t.Parallel()
	m := opinions(t)
	product := named("product", 1)
	s := &shelf{}
	s.before = func() {
		judge(t, m, product, 7, &reviewpb.Approve{})
		fine(t, Ratings(m.Store, s)(t.Context(), happened(m, "review.approved")))
		if !slices.Equal(s.rating[product], []int64{1, 1, 1, 1, 0}) {
			t.Errorf("the other member set %v", s.rating[product])
		}
	}
	fine(t, Ratings(m.Store, s)(t.Context(), happened(m, "review.approved")[:2]))
	if !slices.Equal(s.rating[product], []int64{1, 1, 1, 1, 0}) {
		t.Errorf("in the end %v", s.rating[product])
	}
}

func TestRatingsOfWhatIsGoneAndWhatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	m := opinions(t)
	batch := append(happened(m, "review.approved"), delivery("bad", "review.approved", `7`), delivery("none", "review.approved", `{}`))
	for code, again := range map[entrepot.Code]bool{entrepot.CodeNotFound: false, entrepot.CodeUnavailable: true} {
		results := Ratings(m.Store, &shelf{err: entrepot.Errorf(code, "no")})(t.Context(), batch)
		for i, err := range results[:len(results)-2] {
			if (err != nil) != again || events.IsPermanent(err) {
				t.Errorf("%s: %d: %v", code, i, err)
			}
		}
		if !events.IsPermanent(results[len(results)-2]) || !events.IsPermanent(results[len(results)-1]) {
			t.Errorf("nonsense: %v", results[len(results)-2:])
		}
	}
}

func TestAnErasedCustomerIsForgotten(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{review.Kind(), review.VoteKind(), stockwatch.Kind(), wishlist.Kind(), cart.Kind(), promotion.UseKind()})
	variant := named("variant", 1)
	add := &cartpb.AddItem{ProductId: named("product", 1), ShopId: named("shop", 1), CompanyId: named("company", 1), Quantity: 1, PriceMinor: 5, Currency: "EUR", Name: "Mug"}
	use := func(n int) entrepot.ID { return promotionpb.UseID(named("promotion", 1), named("user", n)) }
	for n := range 2 {
		if _, err := m.Ask(m.As(shopper(n)), cartpb.Kind, named("user", n), add); err != nil {
			t.Fatal(err)
		}
		claim := &promotionpb.Claim{ClaimId: "c", Orders: []string{"c"}, PromotionId: named("promotion", 1), CustomerId: named("user", n), Limit: 1, ExpiresMs: m.Now().UnixMilli() + 60_000}
		if _, err := m.Ask(m.Platform(), promotionpb.UseKind, use(n), claim); err != nil {
			t.Fatal(err)
		}
		for p := range 3 {
			say(t, m, named("product", p), n, 5)
		}
		u := named("user", n)
		if _, err := m.Ask(m.As(shopper(n)), stockwatchpb.Kind, stockwatchpb.ID(u, variant, ""), &stockwatchpb.Watch{ProductId: named("product", 1), VariantId: variant}); err != nil {
			t.Fatal(err)
		}
		if _, err := m.Ask(m.As(shopper(n)), wishlistpb.Kind, u, &wishlistpb.AddItem{ProductId: named("product", 1), Currency: "EUR"}); err != nil {
			t.Fatal(err)
		}
	}
	before := len(m.Events())
	for range 2 {
		fine(t, Shoppers(m.Store, m)(t.Context(), []*events.Delivery{
			delivery("e", "user.deleted", `{"userId":"`+named("user", 0)+`"}`), delivery("f", "user.updated", `{}`),
		}))
	}
	if n := len(m.Events()); n != before {
		t.Errorf("%d events", n-before)
	}
	for _, c := range []*persistence.Collection{review.Collection, stockwatch.Collection, wishlist.Collection, cart.Collection, promotion.Uses} {
		for n, want := range []int{0, 1} {
			if c == cart.Collection && n == 0 { // its id is the user's
				continue
			}
			count, err := m.Store.Count(t.Context(), c, entrepot.OwnedBy(named("user", n)), nil, 10)
			if err != nil || (count > 0) != (want > 0) {
				t.Errorf("%s of user %d: %d, %v", c.Name, n, count, err)
			}
		}
	}
	var basket cart.State
	if d, err := m.Store.Load(t.Context(), cart.Collection, named("user", 0)); err != nil || m.Store.Unmarshal(d.State, &basket) != nil || len(basket.Lines) != 0 {
		t.Errorf("%+v %v", basket, err)
	}
	if _, err := m.Ask(m.As(shopper(0)), cartpb.Kind, named("user", 0), add); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Errorf("a cart of nobody is filled: %v", err)
	}
	if _, err := m.Ask(m.As(shopper(1)), cartpb.Kind, named("user", 1), add); err != nil {
		t.Errorf("another's: %v", err)
	}
	for range 2 { // the order that claimed is paid all the same
		if _, err := m.Ask(m.Platform(), promotionpb.UseKind, use(0), &promotionpb.Settle{ClaimId: "c", OrderId: "c"}); err != nil {
			t.Error(err)
		}
	}
	if docs, _, err := m.Store.Find(t.Context(), review.Collection, entrepot.AllTenants(), persistence.Query{Limit: 10}); err != nil || len(docs) != 6 {
		t.Errorf("%d reviews are left: %v", len(docs), err)
	}
	fine(t, BackInStock(m.Store, m)(t.Context(), []*events.Delivery{moved(1, events.Received, variant, "s", 1, 1)}))
	if n := len(happened(m, "product.back_in_stock")); n != 1 {
		t.Errorf("%d were told", n)
	}
	if results := Shoppers(m.Store, m)(t.Context(), []*events.Delivery{delivery("g", "user.deleted", `7`)}); !events.IsPermanent(results[0]) {
		t.Errorf("nonsense: %v", results)
	}
}
