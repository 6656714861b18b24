package actors

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

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

func TestPurchasesGoForwardWhateverTheOrderOfEvents(t *testing.T) {
	t.Parallel()
	store := storetest.NewMemory()
	if err := store.Ensure(t.Context(), []*persistence.Collection{review.Purchases}); err != nil {
		t.Fatal(err)
	}
	paid := func(order int) *events.Delivery {
		e := events.OrderConfirmed{OrderFacts: events.OrderFacts{OrderID: named("order", order), CustomerID: named("user", order), CompanyID: "c", ShopID: "s", Total: "1.00"}}
		for _, p := range []int{1, 2, 1} { // two lines of the same product
			e.Items = append(e.Items, events.OrderItem{ProductID: named("product", p), Quantity: 2, Price: "1.00", Subtotal: "1.00"})
		}
		data, err := json.Marshal(&e)
		if err != nil {
			t.Fatal(err)
		}
		return delivery(fmt.Sprint("paid", order), "order.confirmed", string(data))
	}
	cancelled := func(order int, payment string) *events.Delivery {
		return delivery(fmt.Sprint("cancelled", order, payment), "order.cancelled", fmt.Sprintf(`{"orderId":%q,"total":1.00,"paymentId":%q}`, named("order", order), payment))
	}
	bought := func(order int) (units, gone int64) {
		t.Helper()
		docs, _, err := store.Find(t.Context(), review.Purchases, entrepot.OwnedBy(named("user", order)), persistence.Query{Limit: 10})
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
			t.Errorf("order %d: %d units and %d taken back, want %d and %d", order, units, gone, wantUnits, wantGone)
		}
	}
	h := Purchases(store, time.Now)
	results := h(t.Context(), []*events.Delivery{
		paid(1), paid(2), cancelled(3, "p"), cancelled(4, ""), cancelled(5, "p"), paid(5), delivery("s", "order.shipped", `{}`),
		delivery("x", "order.confirmed", `7`), delivery("y", "order.cancelled", `{"total":1.00}`),
	})
	if !errors.Is(results[2], errNoPurchase) || events.IsPermanent(results[2]) || !events.IsPermanent(results[7]) || !events.IsPermanent(results[8]) {
		t.Fatalf("%v", results)
	}
	fine(t, slices.Concat(results[:2], results[3:7]))
	for range 2 {
		check(1, 6, 0)
		check(2, 6, 0)
		check(3, 0, 0)
		check(4, 0, 0)
		check(5, 0, 6)
		fine(t, h(t.Context(), []*events.Delivery{paid(1), paid(5), cancelled(5, "p")}))
	}
	// The payment arrived when the order had expired, and revived it.
	fine(t, h(t.Context(), []*events.Delivery{paid(4), paid(3), cancelled(3, "p"), cancelled(1, "p")}))
	check(1, 0, 6)
	check(3, 0, 6)
	check(4, 6, 0)
}

func TestPurchasesThatCannotBeWrittenComeAgain(t *testing.T) {
	t.Parallel()
	store := storetest.Faulty(storetest.NewMemory())
	if err := store.Ensure(t.Context(), []*persistence.Collection{review.Purchases}); err != nil {
		t.Fatal(err)
	}
	for _, d := range []*events.Delivery{
		delivery("e", "order.confirmed", `{"orderId":"o","customerId":"u","items":[{"productId":"p","quantity":1,"price":1,"subtotal":1}],"total":1}`),
		delivery("f", "order.cancelled", `{"orderId":"o","total":1,"paymentId":"p"}`),
	} {
		store.NextWrites(storetest.FailBefore)
		if err := Purchases(store, time.Now)(t.Context(), []*events.Delivery{d})[0]; err == nil || events.IsPermanent(err) {
			t.Fatal(err)
		}
		fine(t, Purchases(store, time.Now)(t.Context(), []*events.Delivery{d}))
	}
}

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
