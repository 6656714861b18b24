package ecommerce_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"entrepot"
	"entrepot/actors/ecommerce"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/ecommerce/product"
	"entrepot/grains/ecommerce/recommend"
	"entrepot/http/api/apitest"
)

func TestBoughtTogether(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	tea, pot := w.Stocked(t, "TEA", 300, w.ShopA, w.ShopB), w.Stocked(t, "POT", 2500, w.ShopA)
	if r := w.Recommended(t, "", "?kind=bought_together&productId="+w.Mug); len(r.List("items")) != 0 {
		t.Fatalf("before any order: %s", r.Raw)
	}
	w.Buy(t, "customer", w.ShopA, w.Mug, tea)
	w.Buy(t, "other_customer", w.ShopA, w.Mug, tea, pot)
	w.Learn(t)
	want := []string{tea, pot}
	for again := range 3 {
		r := w.Recommended(t, "", "?kind=bought_together&productId="+w.Mug)
		if got := apitest.ProductsOf(r); !slices.Equal(got, want) {
			t.Fatalf("time %d: %s", again, r.Raw)
		}
		if r.Text("items.0.kind") != "bought_together" || r.Text("items.0.reason") != "Often bought together with Product MUG" ||
			r.Text("items.0.because.productId") != w.Mug || r.At("items.0.score").(float64) <= r.At("items.1.score").(float64) {
			t.Fatalf("%s", r.Raw)
		}
		w.Learn(t) // delivered again
		w.Restart()
	}
	p, err := grains.Ask(w.Platform(), w.Member, recommend.AffinityOf(w.Mug), recommend.GetPopularity{})
	if err != nil || p.Weight < 1.99 || p.Weight > 2 {
		t.Fatalf("two orders, delivered repeatedly: popularity %+v, error %v, want 1.99 to 2", p, err)
	}
	if got := apitest.ProductsOf(w.Recommended(t, "", "?kind=bought_together&productId="+w.Mug+"&shopId="+w.ShopB)); !slices.Equal(got, []string{tea}) {
		t.Errorf("in a shop that sells one of them: %v", got)
	}
	if got := apitest.ProductsOf(w.Recommended(t, "", "?kind=bought_together&productId="+w.Mug+"&companyId="+w.OtherCompany)); len(got) != 0 {
		t.Errorf("of another company: %v", got)
	}
	w.Want(t, 200, "company_admin", "PATCH", "/api/products/"+tea, map[string]any{"status": "draft"})
	for _, as := range []string{"", "customer", "company_admin", "super_admin"} {
		if got := apitest.ProductsOf(w.Recommended(t, as, "?kind=bought_together&productId="+w.Mug)); !slices.Equal(got, []string{pot}) {
			t.Errorf("a draft, as %q: %v", as, got)
		}
	}
	w.Want(t, 204, "company_admin", "DELETE", "/api/products/"+pot, nil)
	if got := apitest.ProductsOf(w.Recommended(t, "", "?kind=bought_together&productId="+w.Mug)); len(got) != 0 {
		t.Errorf("what is deleted: %v", got)
	}
}

func TestSimilarProducts(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	r := w.Recommended(t, "", "?kind=similar&productId="+w.Mug)
	if got := apitest.ProductsOf(r); !slices.Equal(got, []string{w.Cup}) { // the draft and the other company's mug are not there
		t.Fatalf("%s", r.Raw)
	}
	if r.Text("items.0.reason") != "Similar to Product MUG: also in kitchen" || r.Text("items.0.because.name") != "Product MUG" {
		t.Errorf("%s", r.Raw)
	}
	w.Want(t, 404, "", "GET", "/api/products/recommendations?kind=similar&productId="+w.Draft, nil)
	w.Want(t, 404, "other_admin", "GET", "/api/products/recommendations?kind=similar&productId="+w.Draft, nil)
	if r := w.Recommended(t, "company_admin", "?kind=similar&productId="+w.Draft); len(r.List("items")) != 2 {
		t.Errorf("of a draft of their own: %s", r.Raw)
	}
}

func TestTrending(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	w.Buy(t, "customer", w.ShopB, w.Cup)
	for range 3 { // in one half hour they are one view
		w.Want(t, 204, "", "POST", "/api/products/"+w.Mug+"/views", nil)
	}
	w.Want(t, 204, "other_customer", "POST", "/api/products/"+w.OtherMug+"/views", map[string]any{"duration": 1200})
	w.Learn(t)
	w.Learn(t)
	for query, want := range map[string][]string{
		"":                               {w.Cup, w.Mug, w.OtherMug},
		"&companyId=" + w.Company:        {w.Cup, w.Mug},
		"&companyId=" + w.OtherCompany:   {w.OtherMug},
		"&shopId=" + w.ShopA:             {w.Mug},
		"&shopId=" + w.OtherShop:         {w.OtherMug},
		"&shopId=" + entrepot.NewID():    nil,
		"&companyId=" + entrepot.NewID(): nil,
		"&limit=1":                       {w.Cup},
	} {
		r := w.Recommended(t, "", "?kind=trending"+query)
		got := apitest.ProductsOf(r)
		if query == "" && len(got) == 3 {
			slices.Sort(got[1:])
			slices.Sort(want[1:])
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %s", query, r.Raw)
		}
	}
	r := w.Recommended(t, "", "?kind=trending&companyId="+w.Company)
	if r.At("items.0.score") != 1.0 || r.At("items.1.score") != 0.2 || r.Text("items.0.reason") != "Popular right now" || r.At("items.0.because") != nil {
		t.Errorf("a sale is five views: %s", r.Raw)
	}
	if got := apitest.ProductsOf(w.Recommended(t, "customer", "?kind=trending&companyId="+w.Company)); !slices.Equal(got, []string{w.Mug}) {
		t.Errorf("who bought it needs no other: %v", got)
	}
}

func TestPersonalRecommendations(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	tea, pot := w.Stocked(t, "TEA", 300, w.ShopA), w.Stocked(t, "POT", 2500, w.ShopA)
	w.Buy(t, "other_customer", w.ShopA, tea, pot)
	w.Learn(t)
	for _, as := range []string{"customer", ""} {
		r := w.Recommended(t, as, "?kind=personal")
		if r.Text("items.0.kind") != "trending" || r.Text("items.0.reason") != "Popular right now, as we do not know your taste yet" {
			t.Fatalf("%q is not known yet: %s", as, r.Raw)
		}
	}
	w.Want(t, 204, "customer", "POST", "/api/products/"+tea+"/views", nil)
	r := w.Recommended(t, "customer", "?kind=personal")
	if r.Text("items.0.product.id") != pot || r.Text("items.0.reason") != "Because you looked at Product TEA" || r.Text("items.0.kind") != "personal" || r.Text("items.0.because.productId") != tea {
		t.Fatalf("%s", r.Raw)
	}
	w.Buy(t, "customer", w.ShopA, pot)
	w.Learn(t)
	r = w.Recommended(t, "customer", "?kind=personal")
	if got := apitest.ProductsOf(r); slices.Contains(got, pot) || !slices.Contains(got, w.Mug) || !slices.Contains(got, tea) {
		t.Fatalf("after the pot was bought: %s", r.Raw)
	}
	if r.Text("items.0.product.id") != tea || r.Text("items.0.reason") != "Because you bought Product POT" {
		t.Errorf("%s", r.Raw)
	}
	mixed := w.Recommended(t, "customer", "?productId="+tea)
	seen := map[string]bool{}
	for i := range mixed.List("items") {
		seen[mixed.Text(fmt.Sprintf("items.%d.kind", i))] = true
	}
	ids := apitest.ProductsOf(mixed)
	distinct := slices.Compact(slices.Sorted(slices.Values(ids)))
	if !seen["bought_together"] || !seen["similar"] || len(distinct) != len(ids) || slices.Contains(ids, tea) {
		t.Errorf("mixed: %s", mixed.Raw)
	}
	for as := range w.Tokens { // nobody's taste is another's
		if r := w.Recommended(t, as, "?kind=personal"); as != "customer" && as != "other_customer" && r.Text("items.0.kind") == "personal" {
			t.Errorf("as %s: %s", as, r.Raw)
		}
	}
}

func TestProductViews(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	view := func(as, product string, body any, headers ...string) {
		t.Helper()
		w.Want(t, 204, as, "POST", "/api/products/"+product+"/views", body, headers...)
	}
	view("customer", w.Mug, map[string]any{"duration": 8500}, "Idempotency-Key", "one")
	view("customer", w.Mug, map[string]any{"duration": 8500}, "Idempotency-Key", "one")
	view("customer", w.Cup, nil)
	view("customer", w.Mug, nil)
	view("other_customer", w.Cup, nil)
	view("", w.Cup, nil)
	for _, staff := range []string{"super_admin", "company_admin", "shop_manager", "shop_staff"} {
		view(staff, w.Mug, nil)
	}
	var repeated []bool
	for _, e := range w.Events() {
		var v events.ProductViewed
		if e.Type != v.EventType() {
			continue
		}
		if err := e.Decode(&v); err != nil || v.ProductID == "" || v.CompanyID != w.Company || e.CompanyID != "" {
			t.Fatalf("%+v: %v", e, err)
		}
		repeated = append(repeated, v.Repeated)
	}
	if !slices.Equal(repeated, []bool{false, false, true, false, false}) {
		t.Fatalf("views again: %v", repeated)
	}
	for range 2 {
		w.Learn(t)
		w.Restart()
	}
	first := w.Want(t, 200, "customer", "GET", "/api/products/views?limit=2", nil)
	rest := w.Want(t, 200, "customer", "GET", "/api/products/views?limit=2&cursor="+first.Text("nextCursor"), nil)
	if first.Text("items.0.userId") != w.Users["customer"].ID || len(first.List("items")) != 2 || len(rest.List("items")) != 1 || rest.Text("nextCursor") != "" {
		t.Fatalf("%s, %s", first.Raw, rest.Raw)
	}
	var durations []float64
	for _, r := range []*apitest.Reply{first, rest} {
		for i := range r.List("items") {
			if d, ok := r.At(fmt.Sprintf("items.%d.duration", i)).(float64); ok {
				durations = append(durations, d)
			}
		}
	}
	if !slices.Equal(durations, []float64{8500}) {
		t.Errorf("durations: %v", durations)
	}
	w.Want(t, 401, "", "GET", "/api/products/views", nil)
	w.Want(t, 403, "company_admin", "GET", "/api/products/views", nil)
	w.Want(t, 404, "customer", "POST", "/api/products/"+w.Draft+"/views", nil)
}

// TestAnErasedUserIsForgotten: the taste and the views go, and what is still on
// its way does not bring them back.
func TestAnErasedUserIsForgotten(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	w.Buy(t, "customer", w.ShopB, w.Cup)
	w.Want(t, 204, "customer", "POST", "/api/products/"+w.Mug+"/views", nil)
	w.Want(t, 204, "other_customer", "POST", "/api/products/"+w.Mug+"/views", nil)
	w.Learn(t)
	user := w.Users["customer"].ID
	gone := &events.Delivery{Attempt: 1, Envelope: events.Envelope{ID: entrepot.NewID(), Type: "user.deleted", OccurredAt: time.Now(), Data: []byte(`{"userId":"` + user + `","role":"customer"}`)}}
	for range 2 {
		if err := ecommerce.Recommendations(w.Store, w.Member)(t.Context(), []*events.Delivery{gone})[0]; err != nil {
			t.Fatal(err)
		}
		w.Learn(t)
	}
	if r := w.Want(t, 200, "customer", "GET", "/api/products/views", nil); len(r.List("items")) != 0 {
		t.Errorf("views: %s", r.Raw)
	}
	if r := w.Want(t, 200, "other_customer", "GET", "/api/products/views", nil); len(r.List("items")) != 1 {
		t.Errorf("another's views: %s", r.Raw)
	}
	taste, err := grains.Ask(w.Platform(), w.Member, recommend.TasteOf(user), recommend.GetTaste{})
	if err != nil || len(taste.Items) != 0 {
		t.Errorf("taste: %v, %v", taste, err)
	}
	w.Want(t, http.StatusNotFound, "customer", "POST", "/api/products/"+w.Mug+"/views", nil)
}

// TestSimilarIsPluggable: another source of what is similar may name anything;
// what may not be shown is not.
func TestSimilarIsPluggable(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	w.Deps.Similar = func(_ context.Context, id entrepot.ID, _ int) ([]recommend.Scored, error) {
		return []recommend.Scored{{ID: w.Draft, Score: 1}, {ID: w.OtherMug, Score: 0.9}, {ID: entrepot.NewID(), Score: 0.8}, {ID: id, Score: 0.7}, {ID: w.Cup, Score: 0.6}}, nil
	}
	w.Mount()
	w.Tell(t, product.Name, w.Cup, product.Update{Category: new("")})
	r := w.Recommended(t, "", "?kind=similar&productId="+w.Mug)
	if !slices.Equal(apitest.ProductsOf(r), []string{w.Cup}) || r.Text("items.0.reason") != "Similar to Product MUG" || r.At("items.0.score") != 0.6 {
		t.Fatalf("%s", r.Raw)
	}
}

// TestSimilarWithoutItsIndex: while the index is being built, content tells.
func TestSimilarWithoutItsIndex(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	w.Deps.Similar = func(context.Context, entrepot.ID, int) ([]recommend.Scored, error) {
		return nil, entrepot.Unavailable("not yet")
	}
	w.Mount()
	if r := w.Recommended(t, "", "?productId="+w.Mug); r.Text("items.0.product.id") != w.Cup || r.Text("items.0.kind") != "similar" {
		t.Fatalf("%s", r.Raw)
	}
}
