package ecommerce

import (
	"fmt"
	"testing"
	"time"

	"entrepot"
	"entrepot/actors/actorstest"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/ecommerce/categories"
	"entrepot/grains/ecommerce/product"
	"entrepot/grains/ecommerce/review"
	"entrepot/grains/grainstest"
	"entrepot/persistence"
	"entrepot/persistence/search"
	"entrepot/persistence/storetest"
)

// follower is a member with products and a feed that the test drives.
type follower struct {
	*grainstest.Member
	t     *testing.T
	found *search.Index
	feed  *SearchFeed
	shop  entrepot.ID
}

func newFollower(t *testing.T) *follower {
	t.Helper()
	f := &follower{t: t, shop: entrepot.NewID()}
	f.Member = grainstest.New(t, storetest.NewMemory(), []*grains.Kind{product.Kind(), categories.Kind()})
	if err := f.Store.Ensure(t.Context(), []*persistence.Collection{Availability, review.Purchases}); err != nil {
		t.Fatal(err)
	}
	f.found, f.feed = f.another()
	return f
}

// another returns the index and feed of a second member on the same database.
func (f *follower) another() (*search.Index, *SearchFeed) {
	f.t.Helper()
	ix, err := search.New(search.Options{})
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(ix.Close)
	return ix, NewSearchFeed(SearchFeedConfig{Store: f.Store, Index: ix})
}

func (f *follower) make(name string) entrepot.ID {
	f.t.Helper()
	id := entrepot.NewID()
	f.ask(id, product.Create{Product: product.Product{
		CompanyID: entrepot.DeriveID("acme"), ShopIDs: []string{f.shop}, SKU: id, Name: name, Price: 100,
		Currency: "EUR",
	}})
	return id
}

func (f *follower) ask(id entrepot.ID, cmd any) {
	f.t.Helper()
	if _, err := f.Ask(f.Platform(), product.Of(id), cmd); err != nil {
		f.t.Fatal(err)
	}
}

func (f *follower) pass() {
	f.t.Helper()
	if err := f.feed.RunOnce(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
}

func (f *follower) wants(n int, q search.Query) {
	f.t.Helper()
	q.Limit = 10
	r, err := f.found.Search(f.t.Context(), q)
	if err != nil || r.Total != n {
		f.t.Fatalf("%+v: %+v, %v; want %d", q, r, err, n)
	}
}

// Products written before the start, and by any member afterwards, are found.
func TestFeedFollowsDatabase(t *testing.T) {
	t.Parallel()
	f := newFollower(t)
	for i := range 130 { // more than a page
		f.make(fmt.Sprint("Mug number ", i))
	}
	if f.found.Ready() {
		t.Fatal("index ready before Load")
	}
	if err := f.feed.Load(t.Context()); err != nil || !f.found.Ready() {
		t.Fatal(err)
	}
	f.wants(130, search.Query{Text: "mugs"})
	id := f.make("Teapot")
	f.pass()
	f.wants(1, search.Query{Text: "teapot"})
	f.ask(id, product.Update{Name: new("Kettle")})
	f.pass()
	f.wants(0, search.Query{Text: "teapot"})
	f.wants(1, search.Query{Text: "kettle"})
	f.ask(id, product.Update{Status: new("draft")})
	f.pass()
	f.wants(0, search.Query{Text: "kettle"})
	f.wants(1, search.Query{Text: "kettle", Sight: search.Sight{All: true}})
	f.ask(id, product.SetRating{Counts: []int64{0, 0, 0, 0, 3}}) // changes only the document's updatedAt
	f.pass()
	f.wants(1, search.Query{MinRating: 4, Sight: search.Sight{All: true}})
	f.ask(id, product.Delete{})
	f.pass()
	f.wants(0, search.Query{Text: "kettle", Sight: search.Sight{All: true}})
	if f.found.Len() != 130 {
		t.Errorf("%d products", f.found.Len())
	}
}

// A member indexes its own commits without a pass over the database.
func TestFeedIndexesOwnCommits(t *testing.T) {
	t.Parallel()
	f := newFollower(t)
	if err := f.feed.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	id := f.make("Teapot")
	f.feed.Committed([]events.Envelope{
		{Aggregate: events.Aggregate{Kind: product.Name, ID: id}}, {Aggregate: events.Aggregate{Kind: "Order", ID: "o"}},
	})
	select {
	case <-f.feed.signal:
	default:
		t.Fatal("no signal")
	}
	if _, err := f.feed.takeDirty(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.wants(1, search.Query{Text: "teapot"})
}

func TestFeedStartsAndStops(t *testing.T) {
	t.Parallel()
	f := newFollower(t)
	f.make("Teapot")
	f.feed.Start()
	for end := time.Now().Add(5 * time.Second); !f.found.Ready(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("index not ready after 5 s")
		}
	}
	f.feed.Stop()
	f.feed.Stop()
	f.wants(1, search.Query{Text: "teapot"})
}

// stockEvent returns a movement that changed the stock and left the available quantity.
func stockEvent(id string, item, product, location entrepot.ID, change, available, movement int64) *events.Delivery {
	return actorstest.Delivery(id, "inventory.updated", fmt.Sprintf(`{"itemId":%q,"productId":%q,"companyId":"c","locationId":%q,"kind":"adjusted","delta":%d,"available":%d,"movement":%d}`,
		item, product, location, change, available, movement))
}

// Movements that come twice, late or to another member leave the newest level.
func TestAvailabilityIsNewestMovement(t *testing.T) {
	t.Parallel()
	f := newFollower(t)
	id := f.make("Teapot")
	clock := func() time.Time { return time.Now().UTC() }
	one, two := StockLevels(f.Store, clock), StockLevels(f.Store, clock)
	if err := f.feed.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	give := func(h events.Handler, batch ...*events.Delivery) {
		t.Helper()
		for _, err := range h(t.Context(), batch) {
			if err != nil {
				t.Fatal(err)
			}
		}
		f.pass()
	}
	yes, no := true, false
	give(one, stockEvent("1", "i", id, f.shop, 5, 5, 1), actorstest.Delivery("x", "order.created", `{}`))
	f.wants(1, search.Query{Available: &yes})
	give(two, stockEvent("3", "i", id, f.shop, -4, 0, 3), stockEvent("2", "i", id, f.shop, -1, 4, 2))
	f.wants(1, search.Query{Available: &no})
	give(one, stockEvent("2", "i", id, f.shop, -1, 4, 2)) // its cache is old: the row has movement 3
	f.wants(1, search.Query{Available: &no})
	give(one, stockEvent("4", "i", id, f.shop, 7, 7, 4))
	give(two, stockEvent("4", "i", id, f.shop, 7, 7, 4))
	f.wants(1, search.Query{Available: &yes, ShopID: f.shop})
	if d, err := f.Store.Load(t.Context(), Availability, "i"); err != nil ||
		levelOf(d) != (search.Stock{ItemID: "i", ProductID: id, LocationID: f.shop, Available: 7, Movement: 4}) {
		t.Errorf("%+v, %v", d, err)
	}
	fresh, feed := f.another()
	if err := feed.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if in, known := fresh.InStock(id); !in || !known {
		t.Error("the index of a member that starts later lacks the level")
	}
	if r := one(t.Context(), []*events.Delivery{
		actorstest.Delivery("y", "inventory.updated", `7`),
	}); !events.IsPermanent(r[0]) {
		t.Errorf("malformed event: %v, want a permanent error", r)
	}
}

// Rows are written when lists change, and when they are older than maxLevelAge.
func TestLevelIsWrittenWhenListsChange(t *testing.T) {
	t.Parallel()
	store := storetest.NewMemory()
	if err := store.Ensure(t.Context(), []*persistence.Collection{Availability}); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	h := StockLevels(store, func() time.Time { return now })
	movement, available := int64(0), int64(0)
	for _, step := range []struct {
		changes []int64 // of one batch
		later   time.Duration
		want    int64 // the row's movement afterwards
	}{
		{changes: []int64{5}, want: 1},
		{changes: []int64{-1, -1}, want: 1},
		{changes: []int64{-1}, later: maxLevelAge, want: 4},
		{changes: []int64{-1}, want: 4},
		{changes: []int64{-1, 3}, want: 7}, // sold out and back
		{changes: []int64{-1}, want: 7},
		{changes: []int64{-2}, want: 9},
		{changes: []int64{0}, want: 9},
		{changes: []int64{1}, want: 11},
	} {
		now = now.Add(step.later)
		var batch []*events.Delivery
		for _, c := range step.changes {
			movement++
			available += c
			batch = append(batch, stockEvent(fmt.Sprint(movement), "i", "p", "l", c, available, movement))
		}
		actorstest.NoErrors(t, h(t.Context(), batch))
		if d, err := store.Load(t.Context(), Availability, "i"); err != nil || levelOf(d).Movement != step.want {
			t.Fatalf("after movement %d: %+v, %v; want the row of movement %d", movement, d, err, step.want)
		}
	}
}

func TestFailedLevelIsDeliveredAgain(t *testing.T) {
	t.Parallel()
	store := storetest.Faulty(storetest.NewMemory())
	if err := store.Ensure(t.Context(), []*persistence.Collection{Availability}); err != nil {
		t.Fatal(err)
	}
	h := StockLevels(store, time.Now)
	store.NextWrites(storetest.FailBefore)
	batch := []*events.Delivery{stockEvent("1", "i", "p", "l", 5, 5, 1)}
	if r := h(t.Context(), batch); r[0] == nil || events.IsPermanent(r[0]) {
		t.Fatal(r)
	}
	if r := h(t.Context(), batch); r[0] != nil {
		t.Fatal(r)
	}
}

// Sold units count once, however often their event and row are read.
func TestPopularityCountsOnce(t *testing.T) {
	t.Parallel()
	f := newFollower(t)
	a, b := f.make("Mug A"), f.make("Mug B")
	if err := f.feed.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	sold := func(order string, id entrepot.ID, units int) {
		t.Helper()
		d := actorstest.Delivery(
			"paid "+order, "order.confirmed",
			fmt.Sprintf(`{"orderId":%q,"total":1.00,"items":[{"productId":%q,"quantity":%d,"price":1.00,"subtotal":1.00}]}`,
				order, id, units),
		)
		if r := Purchases(f.Store, time.Now)(t.Context(), []*events.Delivery{d}); r[0] != nil {
			t.Fatal(r)
		}
	}
	sold("1", a, 3)
	sold("2", b, 5)
	for range 3 {
		sold("1", a, 3)
		f.pass()
	}
	r, err := f.found.Search(t.Context(), search.Query{Sort: search.MostPopular, Limit: 2})
	if err != nil || r.Items[0].ID != b {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestPricesOfVariantsShopsAndSales(t *testing.T) {
	t.Parallel()
	low := int64(500)
	d := DocumentOf(&product.Product{
		ID: "p", Price: 1000, Status: "active",
		Variants: []product.Variant{
			{ID: "a"}, {ID: "b", Price: &low}, {ID: "c", Price: new(int64(1)), Inactive: true},
		},
		ShopPrices: []product.ShopPrice{{ShopID: "s", Price: 800}},
		Sale:       &product.Sale{Percent: 10, StartsAt: 50, EndsAt: 100},
	})
	for at, want := range map[int64]int64{10: 500, 50: 450, 99: 450, 100: 500} {
		if got := d.Price.At(at); got != want {
			t.Errorf("at %d: %d, want %d", at, got, want)
		}
	}
	if got := d.ShopPrices["s"]; got.At(10) != 800 || got.At(60) != 720 {
		t.Errorf("in the shop: %+v", got)
	}
}

// A category moves below another one, and its products are found there.
func TestFeedFollowsCategories(t *testing.T) {
	t.Parallel()
	f := newFollower(t)
	company := entrepot.DeriveID("acme")
	id := f.make("Cup")
	f.ask(id, product.Update{Category: new("cups")})
	if err := f.feed.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.wants(1, search.Query{Categories: []string{"cups"}})
	f.wants(0, search.Query{Categories: []string{"tableware"}})
	for _, c := range []categories.Create{
		{CompanyID: company, Slug: "tableware", Title: "For the table"},
		{CompanyID: company, Slug: "cups", Title: "Drinkware", Parent: "tableware"},
	} {
		if _, err := grains.Ask(f.Platform(), f, categories.Of(categories.ID(company)), c); err != nil {
			t.Fatal(err)
		}
	}
	f.pass()
	f.wants(1, search.Query{Categories: []string{"tableware"}})
	f.wants(1, search.Query{Text: "drinkware"})
	fresh, feed := f.another()
	if err := feed.Load(t.Context()); err != nil || len(fresh.Of(company)) != 1 || len(fresh.Of(company)[0].Path) != 2 {
		t.Errorf("%v, %+v", err, fresh.Of(company))
	}
}
