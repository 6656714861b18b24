package ecommerce_test

import (
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"entrepot/grains/ecommerce/product"
	"entrepot/http/api/apitest"
	"entrepot/http/api/ecommerce"
	"entrepot/persistence/search"
)

func TestProductsAreFound(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	w.Findable(t)
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
		r := w.Want(t, 200, "", "GET", "/api/products?"+query, nil)
		if got := apitest.NamesOf(r); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
		if got := r.Header.Get("Content-Length"); got != strconv.Itoa(len(r.Raw)) {
			t.Errorf("%s: Content-Length %q of %d bytes", query, got, len(r.Raw))
		}
	}
	r := w.Want(t, 200, "", "GET", "/api/products?q=dark+espresso&highlight=true&facets=brand,price,availability", nil)
	if r.Text("items.0.highlights.description") != "&lt;b&gt;<em>Dark</em>&lt;/b&gt; roast" || r.At("total") != 1.0 || r.At("items.0.inStock") != false {
		t.Errorf("%s", r.Raw)
	}
	if r.Text("facets.brand.0.value") != "Kaai" || r.At("facets.price.0.count") != 1.0 || r.Text("facets.price.0.currency") != "EUR" {
		t.Errorf("facets %s", r.Raw)
	}
	s := w.Want(t, 200, "", "GET", "/api/products/suggest?q=terr", nil)
	if s.Text("brands.0.value") != "Terra" || s.At("brands.0.count") != 2.0 || len(s.List("products")) != 2 {
		t.Errorf("%s", s.Raw)
	}
}

// Drafts and other companies' products are neither found, nor counted, nor suggested.
func TestWhatMayNotBeSeenIsNotFound(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	w.Tell(t, product.Name, w.Draft, product.Update{Brand: new("Secretive"), Name: new("Hidden thing")})
	apitest.Eventually(t, "it is in the index", func() bool {
		return w.Call(t, "company_admin", "GET", "/api/products?q=hidden&facets=brand&highlight=true", nil).Text("facets.brand.0.value") == "Secretive"
	})
	for _, as := range []string{"", "customer", "other_admin"} {
		for _, query := range []string{"?q=hidden", "?q=hiden+thing&facets=brand", "?facets=brand&limit=100", "/suggest?q=secr", "/suggest?q=hidd"} {
			if r := w.Want(t, 200, as, "GET", "/api/products"+query, nil); strings.Contains(string(r.Raw), "ecretive") || strings.Contains(string(r.Raw), "idden") {
				t.Errorf("%q sees with %s: %s", as, query, r.Raw)
			}
		}
	}
	if got := apitest.NamesOf(w.Want(t, 200, "shop_staff", "GET", "/api/products?q=hidden", nil)); got != "Hidden thing" {
		t.Errorf("staff find %q", got)
	}
	mine := w.Want(t, 200, "company_admin", "GET", "/api/products?facets=shop", nil)
	if strings.Contains(string(mine.Raw), w.OtherShop) {
		t.Errorf("a foreign shop is counted: %s", mine.Raw)
	}
}

func TestPagesOfASearch(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	w.Findable(t)
	var paged []string
	path := "/api/products?q=terra+kaai+product&sort=name&limit=1"
	for next := ""; ; {
		r := w.Want(t, 200, "", "GET", path+next, nil)
		paged = append(paged, apitest.NamesOf(r))
		if r.Text("nextCursor") == "" {
			break
		}
		next = "&cursor=" + url.QueryEscape(r.Text("nextCursor"))
	}
	if all := apitest.NamesOf(w.Want(t, 200, "", "GET", "/api/products?q=terra+kaai+product&sort=name", nil)); all == "" || strings.Join(paged, ", ") != all {
		t.Errorf("in pages %v, at once %q", paged, all)
	}
	// A cursor belongs to its search.
	cursor := w.Want(t, 200, "", "GET", "/api/products?sort=price&limit=1", nil).Text("nextCursor")
	plain := w.Want(t, 200, "", "GET", "/api/products?limit=1", nil).Text("nextCursor")
	for _, query := range []string{"sort=-price&cursor=" + cursor, "q=mug&cursor=" + cursor, "q=mug&cursor=" + plain, "facets=brand&cursor=x", "cursor=s.", "sort=price&cursor=s.AAAAAAAAAAAAAAAAAA"} {
		if r := w.Want(t, 400, "", "GET", "/api/products?limit=1&"+query, nil); !apitest.Names(r, "cursor") {
			t.Errorf("%s: %s", query, r.Raw)
		}
	}
	w.Want(t, 200, "", "GET", "/api/products?limit=1&cursor="+plain, nil)
	w.Want(t, 200, "", "GET", "/api/products?limit=1&sort=price&cursor="+cursor, nil)
}

func TestBadSearches(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	for query, field := range map[string]string{
		"?q=" + strings.Repeat("x", 201): "q", "?facets=secret": "facets[0]", "?attr=red": "attr[0]", "?attr=:red": "attr[0]",
		"?minRating=6": "minRating", "?minRating=x": "minRating", "?available=maybe": "available", "?sort=-name": "sort",
		"?brand=" + strings.Repeat("x", 201): "brand[0]", "?tag=" + strings.Repeat("x", 201): "tag[0]", "?highlight=perhaps": "highlight",
		"/suggest": "q", "/suggest?q=": "q", "/suggest?q=" + strings.Repeat("x", 101): "q", "/suggest?q=x&limit=21": "limit", "/suggest?q=x&sort=name": "sort",
	} {
		if r := w.Want(t, 400, "", "GET", "/api/products"+query, nil); !apitest.Names(r, field) {
			t.Errorf("%.60s does not name %s: %s", query, field, r.Raw)
		}
	}
}

// Until the index is complete lists come from the database, and only what needs
// the index has to wait.
func TestListsDoNotWaitForTheIndex(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	empty, err := search.New(search.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(empty.Close)
	for _, index := range []*search.Index{empty, nil} {
		w.Deps.Search, w.Deps.Lists = index, ecommerce.NewListCache(time.Nanosecond)
		w.Mount()
		for _, query := range []string{"", "?sort=price", "?category=kitchen", "?minPrice=1&currency=EUR", "?shopId=" + w.ShopB} {
			if r := w.Want(t, 200, "", "GET", "/api/products"+query, nil); len(r.List("items")) == 0 || r.At("items.0.inStock") != nil {
				t.Errorf("%s: %s", query, r.Raw)
			}
		}
		for _, query := range []string{"?q=mug", "?facets=brand", "?sort=-popularity", "/suggest?q=mug"} {
			if r := w.Want(t, 503, "", "GET", "/api/products"+query, nil); r.Header.Get("Retry-After") == "" {
				t.Errorf("%s: %v", query, r.Header)
			}
		}
	}
}
