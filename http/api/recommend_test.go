package api_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"entrepot"
	"entrepot/actors"
	"entrepot/actors/ecommerce"
	"entrepot/events"
	"entrepot/grains/order/orderpb"
	"entrepot/grains/product/productpb"
	"entrepot/grains/recommend/recommendpb"
	"entrepot/http/api"

	"google.golang.org/protobuf/proto"
)

// learn hands every event so far to the consumers that recommendations rest on,
// once more.
func (w *world) learn(t testing.TB) {
	t.Helper()
	w.deliver(t, actors.Each(ecommerce.Recommendations(w.Store, w.Member), ecommerce.Purchases(w.Store, time.Now)))
}

// buy places and pays an order of a shop.
func (w *world) buy(t testing.TB, as string, shop entrepot.ID, products ...entrepot.ID) {
	t.Helper()
	var items []map[string]any
	for _, p := range products {
		items = append(items, map[string]any{"productId": p, "shopId": shop, "quantity": 1})
	}
	w.pay(t, as, w.want(t, 201, as, "POST", "/api/orders", map[string]any{"items": items, "shippingAddress": address}).text("id"))
}

// pay tells an order that it is paid.
func (w *world) pay(t testing.TB, as, order string) {
	t.Helper()
	r := w.want(t, 200, as, "GET", "/api/orders/"+order, nil)
	m, err := entrepot.ParseMoney("total", fmt.Sprint(r.at("pricing.total")), "EUR")
	if err != nil {
		t.Fatal(err)
	}
	w.ask(t, orderpb.Kind, order, &orderpb.Paid{PaymentId: entrepot.NewID(), AmountMinor: m.Minor, Currency: "EUR"})
	eventually(t, "the order is confirmed", func() bool {
		return w.call(t, as, "GET", "/api/orders/"+order, nil).text("status") == "confirmed"
	})
}

func (w *world) recommended(t testing.TB, as, query string) *reply {
	t.Helper()
	return w.want(t, 200, as, "GET", "/api/products/recommendations"+query, nil)
}

// productsOf are the ids of what is recommended, in order.
func productsOf(r *reply) (ids []string) {
	for i := range r.list("items") {
		ids = append(ids, r.text(fmt.Sprintf("items.%d.product.id", i)))
	}
	return ids
}

// stocked is one more product with 100 pieces in the shops that sell it.
func (w *world) stocked(t testing.TB, sku string, price int64, shops ...entrepot.ID) entrepot.ID {
	t.Helper()
	id := w.product(t, w.company, sku, price, shops...)
	for _, s := range shops {
		w.want(t, 201, "company_admin", "POST", "/api/inventory/items", map[string]any{"productId": id, "shopId": s, "quantity": 100, "reason": "purchase"})
	}
	return id
}

func TestBoughtTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tea, pot := w.stocked(t, "TEA", 300, w.shopA, w.shopB), w.stocked(t, "POT", 2500, w.shopA)
	if r := w.recommended(t, "", "?kind=bought_together&productId="+w.mug); len(r.list("items")) != 0 {
		t.Fatalf("before any order: %s", r.raw)
	}
	w.buy(t, "customer", w.shopA, w.mug, tea)
	w.buy(t, "other_customer", w.shopA, w.mug, tea, pot)
	w.learn(t)
	want := []string{tea, pot}
	for again := range 3 {
		r := w.recommended(t, "", "?kind=bought_together&productId="+w.mug)
		if got := productsOf(r); !slices.Equal(got, want) {
			t.Fatalf("time %d: %s", again, r.raw)
		}
		if r.text("items.0.kind") != "bought_together" || r.text("items.0.reason") != "Often bought together with Product MUG" ||
			r.text("items.0.because.productId") != w.mug || r.at("items.0.score").(float64) <= r.at("items.1.score").(float64) {
			t.Fatalf("%s", r.raw)
		}
		w.learn(t) // delivered again
		w.Restart()
	}
	p, err := w.Member.Ask(w.Platform(), recommendpb.Affinity, w.mug, &recommendpb.GetPopularity{})
	if n := p.(*recommendpb.Popularity).GetWeight(); err != nil || n < 1.99 || n > 2 {
		t.Fatalf("two orders, delivered again and again, count %v: %v", n, err)
	}
	if got := productsOf(w.recommended(t, "", "?kind=bought_together&productId="+w.mug+"&shopId="+w.shopB)); !slices.Equal(got, []string{tea}) {
		t.Errorf("in a shop that sells one of them: %v", got)
	}
	if got := productsOf(w.recommended(t, "", "?kind=bought_together&productId="+w.mug+"&companyId="+w.otherCompany)); len(got) != 0 {
		t.Errorf("of another company: %v", got)
	}
	w.want(t, 200, "company_admin", "PATCH", "/api/products/"+tea, map[string]any{"status": "draft"})
	for _, as := range []string{"", "customer", "company_admin", "super_admin"} {
		if got := productsOf(w.recommended(t, as, "?kind=bought_together&productId="+w.mug)); !slices.Equal(got, []string{pot}) {
			t.Errorf("a draft, as %q: %v", as, got)
		}
	}
	w.want(t, 204, "company_admin", "DELETE", "/api/products/"+pot, nil)
	if got := productsOf(w.recommended(t, "", "?kind=bought_together&productId="+w.mug)); len(got) != 0 {
		t.Errorf("what is deleted: %v", got)
	}
}

func TestSimilarProducts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.recommended(t, "", "?kind=similar&productId="+w.mug)
	if got := productsOf(r); !slices.Equal(got, []string{w.cup}) { // the draft and the other company's mug are not there
		t.Fatalf("%s", r.raw)
	}
	if r.text("items.0.reason") != "Similar to Product MUG: also in kitchen" || r.text("items.0.because.name") != "Product MUG" {
		t.Errorf("%s", r.raw)
	}
	w.want(t, 404, "", "GET", "/api/products/recommendations?kind=similar&productId="+w.draft, nil)
	w.want(t, 404, "other_admin", "GET", "/api/products/recommendations?kind=similar&productId="+w.draft, nil)
	if r := w.recommended(t, "company_admin", "?kind=similar&productId="+w.draft); len(r.list("items")) != 2 {
		t.Errorf("of a draft of their own: %s", r.raw)
	}
}

func TestTrending(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.buy(t, "customer", w.shopB, w.cup)
	for range 3 { // in one half hour they are one view
		w.want(t, 204, "", "POST", "/api/products/"+w.mug+"/views", nil)
	}
	w.want(t, 204, "other_customer", "POST", "/api/products/"+w.otherMug+"/views", map[string]any{"duration": 1200})
	w.learn(t)
	w.learn(t)
	for query, want := range map[string][]string{
		"":                               {w.cup, w.mug, w.otherMug},
		"&companyId=" + w.company:        {w.cup, w.mug},
		"&companyId=" + w.otherCompany:   {w.otherMug},
		"&shopId=" + w.shopA:             {w.mug},
		"&shopId=" + w.otherShop:         {w.otherMug},
		"&shopId=" + entrepot.NewID():    nil,
		"&companyId=" + entrepot.NewID(): nil,
		"&limit=1":                       {w.cup},
	} {
		r := w.recommended(t, "", "?kind=trending"+query)
		got := productsOf(r)
		if query == "" && len(got) == 3 {
			slices.Sort(got[1:])
			slices.Sort(want[1:])
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %s", query, r.raw)
		}
	}
	r := w.recommended(t, "", "?kind=trending&companyId="+w.company)
	if r.at("items.0.score") != 1.0 || r.at("items.1.score") != 0.2 || r.text("items.0.reason") != "Popular right now" || r.at("items.0.because") != nil {
		t.Errorf("a sale is five views: %s", r.raw)
	}
	if got := productsOf(w.recommended(t, "customer", "?kind=trending&companyId="+w.company)); !slices.Equal(got, []string{w.mug}) {
		t.Errorf("who bought it needs no other: %v", got)
	}
}

func TestPersonalRecommendations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tea, pot := w.stocked(t, "TEA", 300, w.shopA), w.stocked(t, "POT", 2500, w.shopA)
	w.buy(t, "other_customer", w.shopA, tea, pot)
	w.learn(t)
	for _, as := range []string{"customer", ""} {
		r := w.recommended(t, as, "?kind=personal")
		if r.text("items.0.kind") != "trending" || r.text("items.0.reason") != "Popular right now, as we do not know your taste yet" {
			t.Fatalf("%q is not known yet: %s", as, r.raw)
		}
	}
	w.want(t, 204, "customer", "POST", "/api/products/"+tea+"/views", nil)
	r := w.recommended(t, "customer", "?kind=personal")
	if r.text("items.0.product.id") != pot || r.text("items.0.reason") != "Because you looked at Product TEA" || r.text("items.0.kind") != "personal" || r.text("items.0.because.productId") != tea {
		t.Fatalf("%s", r.raw)
	}
	w.buy(t, "customer", w.shopA, pot)
	w.learn(t)
	r = w.recommended(t, "customer", "?kind=personal")
	if got := productsOf(r); slices.Contains(got, pot) || !slices.Contains(got, w.mug) || !slices.Contains(got, tea) {
		t.Fatalf("after the pot was bought: %s", r.raw)
	}
	if r.text("items.0.product.id") != tea || r.text("items.0.reason") != "Because you bought Product POT" {
		t.Errorf("%s", r.raw)
	}
	mixed := w.recommended(t, "customer", "?productId="+tea)
	seen := map[string]bool{}
	for i := range mixed.list("items") {
		seen[mixed.text(fmt.Sprintf("items.%d.kind", i))] = true
	}
	ids := productsOf(mixed)
	distinct := slices.Compact(slices.Sorted(slices.Values(ids)))
	if !seen["bought_together"] || !seen["similar"] || len(distinct) != len(ids) || slices.Contains(ids, tea) {
		t.Errorf("mixed: %s", mixed.raw)
	}
	for as := range w.tokens { // nobody's taste is another's
		if r := w.recommended(t, as, "?kind=personal"); as != "customer" && as != "other_customer" && r.text("items.0.kind") == "personal" {
			t.Errorf("as %s: %s", as, r.raw)
		}
	}
}

func TestProductViews(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	view := func(as, product string, body any, headers ...string) {
		t.Helper()
		w.want(t, 204, as, "POST", "/api/products/"+product+"/views", body, headers...)
	}
	view("customer", w.mug, map[string]any{"duration": 8500}, "Idempotency-Key", "one")
	view("customer", w.mug, map[string]any{"duration": 8500}, "Idempotency-Key", "one")
	view("customer", w.cup, nil)
	view("customer", w.mug, nil)
	view("other_customer", w.cup, nil)
	view("", w.cup, nil)
	for _, staff := range []string{"super_admin", "company_admin", "shop_manager", "shop_staff"} {
		view(staff, w.mug, nil)
	}
	var repeated []bool
	for _, e := range w.Events() {
		var v events.ProductViewed
		if e.Type != v.EventType() {
			continue
		}
		if err := e.Decode(&v); err != nil || v.ProductID == "" || v.CompanyID != w.company || e.CompanyID != "" {
			t.Fatalf("%+v: %v", e, err)
		}
		repeated = append(repeated, v.Repeated)
	}
	if !slices.Equal(repeated, []bool{false, false, true, false, false}) {
		t.Fatalf("views again: %v", repeated)
	}
	for range 2 {
		w.learn(t)
		w.Restart()
	}
	first := w.want(t, 200, "customer", "GET", "/api/products/views?limit=2", nil)
	rest := w.want(t, 200, "customer", "GET", "/api/products/views?limit=2&cursor="+first.text("nextCursor"), nil)
	if first.text("items.0.userId") != w.users["customer"].Id || len(first.list("items")) != 2 || len(rest.list("items")) != 1 || rest.text("nextCursor") != "" {
		t.Fatalf("%s, %s", first.raw, rest.raw)
	}
	var durations []float64
	for _, r := range []*reply{first, rest} {
		for i := range r.list("items") {
			if d, ok := r.at(fmt.Sprintf("items.%d.duration", i)).(float64); ok {
				durations = append(durations, d)
			}
		}
	}
	if !slices.Equal(durations, []float64{8500}) {
		t.Errorf("durations: %v", durations)
	}
	w.want(t, 401, "", "GET", "/api/products/views", nil)
	w.want(t, 403, "company_admin", "GET", "/api/products/views", nil)
	w.want(t, 404, "customer", "POST", "/api/products/"+w.draft+"/views", nil)
}

// TestAnErasedUserIsForgotten: the taste and the views go, and what is still on
// its way does not bring them back.
func TestAnErasedUserIsForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.buy(t, "customer", w.shopB, w.cup)
	w.want(t, 204, "customer", "POST", "/api/products/"+w.mug+"/views", nil)
	w.want(t, 204, "other_customer", "POST", "/api/products/"+w.mug+"/views", nil)
	w.learn(t)
	user := w.users["customer"].Id
	gone := &events.Delivery{Attempt: 1, Envelope: events.Envelope{ID: entrepot.NewID(), Type: "user.deleted", OccurredAt: time.Now(), Data: []byte(`{"userId":"` + user + `","role":"customer"}`)}}
	for range 2 {
		if err := ecommerce.Recommendations(w.Store, w.Member)(t.Context(), []*events.Delivery{gone})[0]; err != nil {
			t.Fatal(err)
		}
		w.learn(t)
	}
	if r := w.want(t, 200, "customer", "GET", "/api/products/views", nil); len(r.list("items")) != 0 {
		t.Errorf("views: %s", r.raw)
	}
	if r := w.want(t, 200, "other_customer", "GET", "/api/products/views", nil); len(r.list("items")) != 1 {
		t.Errorf("another's views: %s", r.raw)
	}
	taste, err := w.Member.Ask(w.Platform(), recommendpb.Tastes, user, &recommendpb.GetTaste{})
	if err != nil || len(taste.(*recommendpb.Taste).Items) != 0 {
		t.Errorf("taste: %v, %v", taste, err)
	}
	w.want(t, http.StatusNotFound, "customer", "POST", "/api/products/"+w.mug+"/views", nil)
}

// TestSimilarIsPluggable: another source of what is similar may name anything;
// what may not be shown is not.
func TestSimilarIsPluggable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deps.Similar = func(_ context.Context, id entrepot.ID, _ int) ([]api.SimilarHit, error) {
		return []api.SimilarHit{{w.draft, 1}, {w.otherMug, 0.9}, {entrepot.NewID(), 0.8}, {id, 0.7}, {w.cup, 0.6}}, nil
	}
	w.mount()
	w.ask(t, productpb.Kind, w.cup, &productpb.Update{Category: proto.String("")})
	r := w.recommended(t, "", "?kind=similar&productId="+w.mug)
	if !slices.Equal(productsOf(r), []string{w.cup}) || r.text("items.0.reason") != "Similar to Product MUG" || r.at("items.0.score") != 0.6 {
		t.Fatalf("%s", r.raw)
	}
}

// TestSimilarWithoutItsIndex: while the index is being built, content tells.
func TestSimilarWithoutItsIndex(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deps.Similar = func(context.Context, entrepot.ID, int) ([]api.SimilarHit, error) {
		return nil, entrepot.Unavailable("not yet")
	}
	w.mount()
	if r := w.recommended(t, "", "?productId="+w.mug); r.text("items.0.product.id") != w.cup || r.text("items.0.kind") != "similar" {
		t.Fatalf("%s", r.raw)
	}
}
