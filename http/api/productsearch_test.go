package api_test

import (
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"entrepot"
	"entrepot/grains/product/productpb"
	"entrepot/http/api"
	"entrepot/search"

	"google.golang.org/protobuf/proto"
)

// findable fills the world's shops with things to be found.
func (w *world) findable(t *testing.T) {
	t.Helper()
	for i, p := range []*productpb.Create{
		{Name: "Espresso Cup", Brand: "Terra", Category: "cups", PriceMinor: 1200, Attributes: []*productpb.Attribute{{Name: "colour", Value: "red"}}, Tags: []string{"gift"}},
		{Name: "Stoneware Mug", Brand: "Terra", Category: "mugs", PriceMinor: 1500, Attributes: []*productpb.Attribute{{Name: "colour", Value: "blue"}}},
		{Name: "Espresso Beans", Brand: "Kaai", Category: "coffee", PriceMinor: 2190, Description: "<b>Dark</b> roast"},
	} {
		p.CompanyId, p.ShopIds, p.Sku, p.Currency = w.company, []string{w.shopA}, "FIND-"+string(rune('A'+i)), "EUR"
		w.ask(t, productpb.Kind, entrepot.NewID(), p)
	}
	eventually(t, "they are found", func() bool { return w.found.Len() == 7 })
}

func namesOf(r *reply) string {
	var out []string
	for _, i := range r.list("items") {
		name, _ := i.(map[string]any)["name"].(string)
		out = append(out, name)
	}
	return strings.Join(out, ", ")
}

func TestProductsAreFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.findable(t)
	for query, want := range map[string]string{
		"q=esprezzo+cups":                             "Espresso Cup",
		"q=terra&sort=name":                           "Espresso Cup, Stoneware Mug",
		"q=mug+stonewar":                              "Stoneware Mug",
		"q=espresso&sort=-price":                      "Espresso Beans, Espresso Cup",
		"brand=Terra&brand=Kaai&sort=-price":          "Espresso Beans, Stoneware Mug, Espresso Cup",
		"attr=colour:red&attr=colour:blue&sort=price": "Espresso Cup, Stoneware Mug",
		"tag=gift":                                    "Espresso Cup",
		"category=cups":                               "Espresso Cup",
		"minRating=1":                                 "",
		"available=true":                              "",
		"q=espresso&available=false&sort=price&maxPrice=20&currency=EUR": "Espresso Cup",
		"q=" + url.QueryEscape(`"*:(~`):                                  "",
	} {
		r := w.want(t, 200, "", "GET", "/api/products?"+query, nil)
		if got := namesOf(r); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
		if got := r.header.Get("Content-Length"); got != strconv.Itoa(len(r.raw)) {
			t.Errorf("%s: Content-Length %q of %d bytes", query, got, len(r.raw))
		}
	}
	r := w.want(t, 200, "", "GET", "/api/products?q=dark+espresso&highlight=true&facets=brand,price,availability", nil)
	if r.text("items.0.highlights.description") != "&lt;b&gt;<em>Dark</em>&lt;/b&gt; roast" || r.at("total") != 1.0 || r.at("items.0.inStock") != false {
		t.Errorf("%s", r.raw)
	}
	if r.text("facets.brand.0.value") != "Kaai" || r.at("facets.price.0.count") != 1.0 || r.text("facets.price.0.currency") != "EUR" {
		t.Errorf("facets %s", r.raw)
	}
	s := w.want(t, 200, "", "GET", "/api/products/suggest?q=terr", nil)
	if s.text("brands.0.value") != "Terra" || s.at("brands.0.count") != 2.0 || len(s.list("products")) != 2 {
		t.Errorf("%s", s.raw)
	}
}

// Drafts and other companies' products are neither found, nor counted, nor suggested.
func TestWhatMayNotBeSeenIsNotFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ask(t, productpb.Kind, w.draft, &productpb.Update{Brand: proto.String("Secretive"), Name: proto.String("Hidden thing")})
	eventually(t, "it is in the index", func() bool {
		return w.call(t, "company_admin", "GET", "/api/products?q=hidden&facets=brand&highlight=true", nil).text("facets.brand.0.value") == "Secretive"
	})
	for _, as := range []string{"", "customer", "other_admin"} {
		for _, query := range []string{"?q=hidden", "?q=hiden+thing&facets=brand", "?facets=brand&limit=100", "/suggest?q=secr", "/suggest?q=hidd"} {
			if r := w.want(t, 200, as, "GET", "/api/products"+query, nil); strings.Contains(string(r.raw), "ecretive") || strings.Contains(string(r.raw), "idden") {
				t.Errorf("%q sees with %s: %s", as, query, r.raw)
			}
		}
	}
	if got := namesOf(w.want(t, 200, "shop_staff", "GET", "/api/products?q=hidden", nil)); got != "Hidden thing" {
		t.Errorf("staff find %q", got)
	}
	mine := w.want(t, 200, "company_admin", "GET", "/api/products?facets=shop", nil)
	if strings.Contains(string(mine.raw), w.otherShop) {
		t.Errorf("a foreign shop is counted: %s", mine.raw)
	}
}

func TestPagesOfASearch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.findable(t)
	var paged []string
	path := "/api/products?q=terra+kaai+product&sort=name&limit=1"
	for next := ""; ; {
		r := w.want(t, 200, "", "GET", path+next, nil)
		paged = append(paged, namesOf(r))
		if r.text("nextCursor") == "" {
			break
		}
		next = "&cursor=" + url.QueryEscape(r.text("nextCursor"))
	}
	if all := namesOf(w.want(t, 200, "", "GET", "/api/products?q=terra+kaai+product&sort=name", nil)); all == "" || strings.Join(paged, ", ") != all {
		t.Errorf("in pages %v, at once %q", paged, all)
	}
	// A cursor belongs to its search.
	cursor := w.want(t, 200, "", "GET", "/api/products?sort=price&limit=1", nil).text("nextCursor")
	plain := w.want(t, 200, "", "GET", "/api/products?limit=1", nil).text("nextCursor")
	for _, query := range []string{"sort=-price&cursor=" + cursor, "q=mug&cursor=" + cursor, "q=mug&cursor=" + plain, "facets=brand&cursor=x", "cursor=s.", "sort=price&cursor=s.AAAAAAAAAAAAAAAAAA"} {
		if r := w.want(t, 400, "", "GET", "/api/products?limit=1&"+query, nil); !names(r, "cursor") {
			t.Errorf("%s: %s", query, r.raw)
		}
	}
	w.want(t, 200, "", "GET", "/api/products?limit=1&cursor="+plain, nil)
	w.want(t, 200, "", "GET", "/api/products?limit=1&sort=price&cursor="+cursor, nil)
}

func TestBadSearches(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for query, field := range map[string]string{
		"?q=" + strings.Repeat("x", 201): "q", "?facets=secret": "facets[0]", "?attr=red": "attr[0]", "?attr=:red": "attr[0]",
		"?minRating=6": "minRating", "?minRating=x": "minRating", "?available=maybe": "available", "?sort=-name": "sort",
		"?brand=" + strings.Repeat("x", 201): "brand[0]", "?tag=" + strings.Repeat("x", 201): "tag[0]", "?highlight=perhaps": "highlight",
		"/suggest": "q", "/suggest?q=": "q", "/suggest?q=" + strings.Repeat("x", 101): "q", "/suggest?q=x&limit=21": "limit", "/suggest?q=x&sort=name": "sort",
	} {
		if r := w.want(t, 400, "", "GET", "/api/products"+query, nil); !names(r, field) {
			t.Errorf("%.60s does not name %s: %s", query, field, r.raw)
		}
	}
}

// Until the index is complete lists come from the database, and only what needs
// the index has to wait.
func TestListsDoNotWaitForTheIndex(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	empty, err := search.New(search.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(empty.Close)
	for _, index := range []*search.Index{empty, nil} {
		w.deps.Search, w.deps.Lists = index, api.NewListCache(time.Nanosecond)
		w.mount()
		for _, query := range []string{"", "?sort=price", "?category=kitchen", "?minPrice=1&currency=EUR", "?shopId=" + w.shopB} {
			if r := w.want(t, 200, "", "GET", "/api/products"+query, nil); len(r.list("items")) == 0 || r.at("items.0.inStock") != nil {
				t.Errorf("%s: %s", query, r.raw)
			}
		}
		for _, query := range []string{"?q=mug", "?facets=brand", "?sort=-popularity", "/suggest?q=mug"} {
			if r := w.want(t, 503, "", "GET", "/api/products"+query, nil); r.header.Get("Retry-After") == "" {
				t.Errorf("%s: %v", query, r.header)
			}
		}
	}
}
