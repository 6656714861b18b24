package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"entrepot"
	"entrepot/grains/inventory/stock"
	"entrepot/http/api/apitest"
	"entrepot/http/edge"
)

// bad is a request that must be refused: with a 4xx problem that names the field.
type bad struct {
	as, method, path string
	body             string
	status           int
	field            string
}

// writes lists every route that takes a body: who may use it, a body that is
// right, and the fields by what they take.
func writes(w *apitest.World) []struct {
	as, method, path, body string
	texts, counts, amounts []string
} {
	id := entrepot.NewID()
	return []struct {
		as, method, path, body string
		texts, counts, amounts []string
	}{
		{"", "POST", "/api/auth/login", `{"email":"a@b.cd","password":"x"}`, []string{"email", "password"}, nil, nil},
		{"", "POST", "/api/auth/register", `{"email":"a@b.cd","password":"a long sentence","name":"A"}`, []string{"email", "password", "name"}, nil, nil},
		{"super_admin", "POST", "/api/companies", `{"name":"A","slug":"a","settings":{"currency":"EUR"}}`, []string{"name", "slug", "ownerId"}, nil, nil},
		{"company_admin", "POST", "/api/shops", `{"name":"A"}`, []string{"name", "managerId", "companyId"}, nil, nil},
		{"company_admin", "PUT", "/api/shops/" + w.ShopA, `{"name":"A","isActive":true}`, []string{"name", "timezone"}, nil, nil},
		{"company_admin", "PUT", "/api/shops/" + w.ShopA + "/shipping", `{"currency":"EUR","zones":[{"name":"A","methods":[{"id":"a","name":"A","price":1}]}]}`, []string{"currency"}, nil, nil},
		{"company_admin", "POST", "/api/shops/" + w.ShopA + "/staff", `{"userIds":["` + id + `"]}`, []string{"managerId"}, nil, nil},
		{"company_admin", "POST", "/api/products", `{"shopIds":["` + w.ShopA + `"],"sku":"A","name":"A","price":1,"currency":"EUR"}`, []string{"sku", "name", "currency", "companyId"}, nil, []string{"price"}},
		{"company_admin", "PATCH", "/api/products/" + w.Mug, `{"name":"A"}`, []string{"name", "status", "brand"}, nil, []string{"price"}},
		{"customer", "POST", "/api/cart/items", `{"productId":"` + w.Mug + `","quantity":1}`, []string{"productId", "shopId", "variantId"}, []string{"quantity"}, nil},
		{"customer", "POST", "/api/products/" + w.Mug + "/views", `{"duration":1000}`, nil, []string{"duration"}, nil},
		{"customer", "POST", "/api/cart/items", `{"productId":"` + w.Mug + `","quantity":1}`, []string{"productId", "shopId"}, []string{"quantity"}, nil},
		{"customer", "PUT", "/api/cart/items/" + id, `{"quantity":1}`, nil, []string{"quantity"}, nil},
		{"company_admin", "POST", "/api/cart/promotions", `{"code":"TEN","type":"percent","percent":10,"currency":"EUR"}`, []string{"code", "type", "currency", "title", "companyId"}, []string{"percent", "perCustomer", "total"}, []string{"minimumSubtotal"}},
		{"company_admin", "PUT", "/api/cart/promotions/" + id, `{"type":"amount","amount":1,"currency":"EUR"}`, []string{"type", "currency", "title"}, []string{"percent", "total"}, []string{"amount"}},
		{"customer", "POST", "/api/cart/promo", `{"code":"TEN"}`, []string{"code"}, nil, nil},
		{"customer", "POST", "/api/cart/estimate", `{"country":"DE"}`, []string{"country", "postalCode", "shippingMethod"}, nil, nil},
		{"customer", "POST", "/api/cart/merge", `{"token":"` + strings.Repeat("A", 43) + `"}`, []string{"token"}, nil, nil},
		{"customer", "POST", "/api/wishlist/items", `{"productId":"` + w.Mug + `"}`, []string{"productId", "variantId"}, nil, nil},
		{"customer", "POST", "/api/products/" + w.Mug + "/reviews", `{"stars":5}`, []string{"title", "text"}, []string{"stars"}, nil},
		{"customer", "PUT", "/api/products/" + w.Mug + "/reviews/mine", `{"stars":5}`, []string{"title", "text"}, []string{"stars"}, nil},
		{"company_admin", "POST", "/api/products/reviews/" + id + "/reject", `{"reason":"a"}`, []string{"reason"}, nil, nil},
		{"company_admin", "PUT", "/api/products/reviews/" + id + "/reply", `{"text":"a"}`, []string{"text"}, nil, nil},
		{"customer", "POST", "/api/products/" + w.Mug + "/notify", `{}`, []string{"variantId", "shopId"}, nil, nil},
		{"customer", "POST", "/api/orders", `{"shippingAddress":{"line1":"a","city":"b","country":"DE"},"items":[{"productId":"` + w.Mug + `","quantity":1}]}`, []string{"notes"}, nil, []string{"expectedTotal"}},
		{"customer", "POST", "/api/orders/" + id + "/cancel", `{"reason":"a"}`, []string{"reason"}, nil, nil},
		{"customer", "POST", "/api/payments/intent", `{"orderId":"` + id + `"}`, []string{"orderId"}, nil, nil},
		{"customer", "POST", "/api/payments/process", `{"orderId":"` + id + `","gateway":"manual","method":"card"}`, []string{"orderId", "gateway", "method", "token"}, nil, nil},
		{"company_admin", "POST", "/api/payments/" + id + "/refund", `{"reason":"a"}`, []string{"reason"}, nil, []string{"amount"}},
		{"company_admin", "POST", "/api/inventory/items", `{"productId":"` + w.Mug + `","shopId":"` + w.ShopA + `","quantity":1,"reason":"a"}`, []string{"productId", "shopId", "reason", "variantId", "locationId", "currency"}, []string{"quantity"}, []string{"unitCost"}},
		{"company_admin", "POST", "/api/inventory/items/" + id + "/receive", `{"quantity":1,"reason":"a"}`, []string{"reason", "batch", "reference"}, []string{"quantity"}, []string{"unitCost"}},
		{"company_admin", "POST", "/api/inventory/items/" + id + "/adjust", `{"delta":1,"reason":"found"}`, []string{"reason", "note"}, nil, nil},
		{"company_admin", "PATCH", "/api/inventory/items/" + id, `{"reorderPoint":1}`, nil, []string{"reorderPoint", "reorderQuantity", "safetyStock"}, nil},
		{"company_admin", "POST", "/api/inventory/warehouses", `{"name":"A","code":"A"}`, []string{"name", "code"}, []string{"priority"}, nil},
		{"company_admin", "PUT", "/api/inventory/sourcing/" + w.ShopA, `{"strategy":"nearest"}`, []string{"strategy"}, []string{"shopPriority"}, nil},
		{"shop_manager", "POST", "/api/inventory/transfers/" + id + "/receive", `{"final":true}`, []string{"reason"}, nil, nil},
		{"shop_manager", "POST", "/api/inventory/stocktakes", `{"locationId":"` + w.ShopA + `"}`, []string{"locationId", "note"}, nil, nil},
		{"company_admin", "POST", "/api/inventory/suppliers", `{"name":"A","currency":"EUR"}`, []string{"name", "currency", "email", "note"}, []string{"leadTimeDays"}, nil},
		{"shop_manager", "POST", "/api/inventory/reorder-suggestions", `{"supplierId":"` + id + `","locationId":"` + w.ShopA + `"}`, []string{"supplierId", "locationId"}, nil, nil},
		{"shop_manager", "POST", "/api/inventory/purchase-orders/" + id + "/cancel", `{"reason":"a"}`, []string{"reason"}, nil, nil},
		{"shop_manager", "POST", "/api/inventory/transfers/" + id + "/cancel", `{"reason":"a"}`, []string{"reason"}, nil, nil},
	}
}

// badBodies makes the wrong bodies of every write.
func badBodies(w *apitest.World) (out []bad) {
	for _, r := range writes(w) {
		add := func(field, body string) {
			out = append(out, bad{r.as, r.method, r.path, body, 400, field})
		}
		with := func(field, value string) string {
			var m map[string]json.RawMessage
			if err := json.Unmarshal([]byte(r.body), &m); err != nil {
				panic(err)
			}
			m[field] = json.RawMessage(value)
			b, _ := json.Marshal(m)
			return string(b)
		}
		for _, f := range append(append(r.texts, r.counts...), r.amounts...) {
			for _, v := range []string{`{"$gt":""}`, `[1]`, `true`} {
				add(f, with(f, v))
			}
		}
		for _, f := range r.texts {
			add(f, with(f, `7`))
			add(f, with(f, `"`+strings.Repeat("x", 6000)+`"`))
		}
		for _, f := range r.counts {
			for _, v := range []string{`-1`, `1.5`, `"1"`, `1e30`, `9223372036854775808`, `1e999`, `1e3`} {
				add(f, with(f, v))
			}
		}
		for _, f := range r.amounts {
			for _, v := range []string{`-1`, `"1"`, `1e999`} {
				add(f, with(f, v))
			}
		}
		for _, f := range []string{"role", "status2", "version", "$where", "a.b", "Quantity"} {
			add(f, with(f, `"x"`))
		}
		add("body", `{"a":`)
		add("body", `[]`)
		add("body", `7`)
		add("body", strings.Repeat("[", 100)+strings.Repeat("]", 100))
		out = append(out, bad{r.as, r.method, r.path, `{"x":"` + strings.Repeat("x", edge.MaxBody) + `"}`, 413, "body"})
	}
	return out
}

// badOthers are wrong ids, queries, items and headers.
func badOthers(w *apitest.World) []bad {
	id := entrepot.NewID()
	order := func(items string) string {
		return `{"shippingAddress":{"line1":"a","city":"b","country":"DE"},"items":` + items + `}`
	}
	many := "[" + strings.Repeat(`{"productId":"`+w.Mug+`","quantity":1},`, 200) + `{"productId":"` + w.Mug + `","quantity":1}]`
	return []bad{
		{"customer", "POST", "/api/orders", order(`[]`), 400, "items"},
		{"customer", "POST", "/api/orders", order(many), 400, "items"},
		{"customer", "POST", "/api/orders", order(`[{"productId":"x","quantity":1}]`), 400, "items[0].productId"},
		{"customer", "POST", "/api/orders", order(`[{"productId":"` + w.Mug + `","quantity":1},{"productId":"` + w.Mug + `","quantity":-1}]`), 400, "items[1].quantity"},
		{"customer", "POST", "/api/orders", order(`[{"productId":"` + w.Mug + `","quantity":1,"price":1}]`), 400, "items[0].price"},
		{"customer", "POST", "/api/orders", order(`[{"productId":"` + w.Mug + `","quantity":9999},{"productId":"` + w.Mug + `","quantity":2}]`), 400, "items[1].quantity"},
		{"customer", "POST", "/api/orders", order(`[{"productId":"` + id + `","quantity":1}]`), 404, "items[0].productId"},
		{"customer", "POST", "/api/orders", order(`[{"productId":"` + w.Draft + `","quantity":1}]`), 404, "items[0].productId"},
		{"customer", "POST", "/api/orders", order(`[{"productId":"` + w.Mug + `","shopId":"` + w.OtherShop + `","quantity":1}]`), 400, "items[0].shopId"},
		{"customer", "POST", "/api/orders", `{"items":[{"productId":"` + w.Mug + `","quantity":1}]}`, 400, "shippingAddress"},
		{"customer", "POST", "/api/orders", `{"shippingAddress":{"city":"b","country":"DE"}}`, 400, "shippingAddress.line1"},
		{"customer", "POST", "/api/orders", `{"shippingAddress":{"line1":"a","city":"b","country":"DE"},"expectedTotal":1.001}`, 409, ""}, // the cart is empty
		{"customer", "POST", "/api/cart/items", `{"productId":"` + id + `","quantity":1}`, 404, "productId"},
		{"customer", "POST", "/api/cart/items", `{"productId":"` + strings.ToUpper(w.Mug) + `","quantity":1}`, 400, "productId"},
		{"customer", "POST", "/api/cart/items", `{"quantity":1}`, 400, "productId"},
		{"customer", "POST", "/api/cart/items", `{"productId":"` + w.Mug + `","variantId":"` + id + `","quantity":1}`, 404, "variantId"},
		{"customer", "POST", "/api/orders", order(`[{"productId":"` + w.Mug + `","variantId":"` + id + `","quantity":1}]`), 404, "items[0].variantId"},
		{"customer", "POST", "/api/cart/items", ``, 400, "body"},
		{"customer", "PUT", "/api/cart/items/x", `{"quantity":1}`, 404, ""},
		{"customer", "POST", "/api/payments/process", `{"orderId":"` + id + `","gateway":"manual","method":"card"}`, 404, "orderId"},
		{"company_admin", "POST", "/api/products", `{"shopIds":["x"],"sku":"A","name":"A","price":1,"currency":"EUR"}`, 400, "shopIds[0]"},
		{"company_admin", "POST", "/api/products", `{"shopIds":["` + w.ShopA + `"],"sku":"A","name":"A","price":1.999,"currency":"EUR"}`, 400, "price"},
		{"company_admin", "POST", "/api/products", `{"shopIds":["` + w.ShopA + `"],"sku":"A","name":"A","price":1,"currency":"eur"}`, 400, "currency"},
		{"company_admin", "PATCH", "/api/products/" + w.Mug, `{"price":1.999}`, 400, "price"},
		{"super_admin", "POST", "/api/companies", `{"name":"A","slug":"a","settings":{"currency":"EUR","taxRate":101}}`, 400, "settings.taxRate"},
		{"customer", "POST", "/api/products/" + w.Mug + "/reviews", `{"stars":0}`, 400, "stars"},
		{"customer", "POST", "/api/products/" + w.Mug + "/reviews", `{"stars":6}`, 400, "stars"},
		{"customer", "POST", "/api/products/" + w.Mug + "/reviews", `{}`, 400, "stars"},
		{"customer", "POST", "/api/products/" + w.Mug + "/reviews", `{"stars":5}`, 403, ""},
		{"customer", "POST", "/api/products/" + w.Draft + "/reviews", `{"stars":5}`, 404, ""},
		{"customer", "GET", "/api/products/" + w.Mug + "/reviews/mine", "", 404, ""},
		{"", "GET", "/api/products/" + w.Draft + "/reviews", "", 404, ""},
		{"", "GET", "/api/products/" + w.Mug + "/reviews?sort=best", "", 400, "sort"},
		{"", "GET", "/api/products/" + w.Mug + "/reviews?stars=6", "", 400, "stars"},
		{"", "GET", "/api/products/" + w.Mug + "/reviews?cursor=x", "", 400, "cursor"},
		{"company_admin", "GET", "/api/products/reviews?status=deleted", "", 400, "status"},
		{"company_admin", "GET", "/api/products/reviews?productId=x", "", 400, "productId"},
		{"company_admin", "POST", "/api/products/reviews/x/approve", ``, 404, ""},
		{"customer", "PUT", "/api/products/reviews/x/helpful", "", 404, ""},
		{"customer", "DELETE", "/api/products/reviews/" + id + "/helpful", "", 404, ""},
		{"customer", "GET", "/api/products/" + w.Draft + "/reviews/votes", "", 404, ""},
		{"customer", "GET", "/api/products/" + w.Mug + "/reviews/votes?cursor=x", "", 400, "cursor"},
		{"company_admin", "PUT", "/api/products/reviews/" + id + "/helpful", "", 403, ""},
		{"customer", "POST", "/api/wishlist/items", `{"productId":"` + id + `"}`, 404, "productId"},
		{"customer", "POST", "/api/wishlist/items", `{"productId":"` + w.Draft + `"}`, 404, "productId"},
		{"customer", "POST", "/api/wishlist/items", `{"productId":"` + w.Mug + `","variantId":"` + id + `"}`, 404, "variantId"},
		{"customer", "DELETE", "/api/wishlist/items/x", ``, 404, ""},
		{"customer", "POST", "/api/products/" + id + "/notify", `{}`, 404, ""},
		{"customer", "POST", "/api/products/" + w.Mug + "/notify", `{"variantId":"` + id + `"}`, 404, "variantId"},
		{"customer", "POST", "/api/products/" + w.Mug + "/notify", `{"shopId":"` + w.OtherShop + `"}`, 400, "shopId"},
		{"customer", "DELETE", "/api/products/notifications/x", ``, 404, ""},
		{"", "GET", "/api/products/x", "", 404, ""},
		{"", "GET", "/api/products/" + id, "", 404, ""},
		{"", "GET", "/api/products/%00", "", 404, ""},
		{"", "GET", "/api/products?limit=0", "", 400, "limit"},
		{"", "GET", "/api/products?limit=101", "", 400, "limit"},
		{"", "GET", "/api/products?limit=x", "", 400, "limit"},
		{"", "GET", "/api/products?cursor=x", "", 400, "cursor"},
		{"", "GET", "/api/products?sort=password", "", 400, "sort"},
		{"", "GET", "/api/products?status=draft", "", 400, "status"},
		{"", "GET", "/api/products?shopId[$ne]=x", "", 400, "shopId[$ne]"},
		{"", "GET", "/api/products?companyId=x", "", 400, "companyId"},
		{"", "GET", "/api/products?minPrice=1", "", 400, "currency"},
		{"", "GET", "/api/products?minPrice=-1&currency=EUR", "", 400, "minPrice"},
		{"", "GET", "/api/products?maxPrice=1e9&currency=EUR", "", 400, "maxPrice"},
		{"", "GET", "/api/products/recommendations?kind=best", "", 400, "kind"},
		{"", "GET", "/api/products/recommendations?kind=similar", "", 400, "productId"},
		{"", "GET", "/api/products/recommendations?kind=bought_together", "", 400, "productId"},
		{"", "GET", "/api/products/recommendations?productId=x", "", 400, "productId"},
		{"", "GET", "/api/products/recommendations?productId=" + id, "", 404, "productId"},
		{"", "GET", "/api/products/recommendations?limit=51", "", 400, "limit"},
		{"", "GET", "/api/products/recommendations?shopId[$ne]=x", "", 400, "shopId[$ne]"},
		{"", "POST", "/api/products/x/views", `{}`, 404, ""},
		{"", "POST", "/api/products/" + id + "/views", `{}`, 404, ""},
		{"", "POST", "/api/products/" + w.Mug + "/views", `{"duration":14400001}`, 400, "duration"},
		{"customer", "GET", "/api/products/views?cursor=x", "", 400, "cursor"},
		{"", "GET", "/api/shops?companyId=$ne", "", 400, "companyId"},
		{"", "GET", "/api/nothing", "", 404, ""},
		{"customer", "GET", "/api/orders?status=x", "", 400, "status"},
		{"customer", "GET", "/api/orders?cursor=%F0%28", "", 400, "cursor"},
		{"company_admin", "GET", "/api/audit/logs?from=yesterday", "", 400, "from"},
		{"company_admin", "GET", "/api/audit/logs/x", "", 404, ""},
		{"company_admin", "GET", "/api/audit/user/x", "", 404, ""},
		{"company_admin", "GET", "/api/audit/resource/Order/x", "", 404, ""},
		{"company_admin", "GET", "/api/inventory/items/" + id + "/movements", "", 404, ""},
		{"company_admin", "GET", "/api/inventory/items?productId=1", "", 400, "productId"},
		{"company_admin", "GET", "/api/inventory/reorder-suggestions?locationId=1", "", 400, "locationId"},
		{"company_admin", "GET", "/api/inventory/reorder-suggestions?cursor=w.1", "", 400, "cursor"},
		{"company_admin", "GET", "/api/inventory/locations?type=attic", "", 400, "type"},
		{"company_admin", "GET", "/api/inventory/locations?cursor=x", "", 400, "cursor"},
		{"company_admin", "GET", "/api/inventory/locations?cursor=s.x", "", 400, "cursor"},
	}
}

// TestBadInput: whatever is wrong is a 4xx problem that names it, and no defect of ours.
func TestBadInput(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	w.Deps.Logins = nil
	w.Mount()
	before := len(w.Events())
	cases := badBodies(w)
	cases = append(cases, badOthers(w)...)
	cases = append(cases, badProducts(w)...)
	cases = append(cases, badLogistics(w)...)
	for _, c := range cases {
		var body any
		if c.body != "" || c.method != "GET" {
			body = c.body
		}
		r := w.Call(t, c.as, c.method, c.path, body)
		name := fmt.Sprintf("%s %s %.120s", c.method, c.path, c.body)
		if r.Status != c.status {
			t.Errorf("%s: %d, want %d: %s", name, r.Status, c.status, r.Raw)
			continue
		}
		if ct := r.Header.Get("Content-Type"); ct != "application/problem+json" || r.Text("code") == "" || r.Text("requestId") == "" {
			t.Errorf("%s: is no problem: %s %s", name, ct, r.Raw)
		}
		if c.field != "" && !apitest.Names(r, c.field) {
			t.Errorf("%s: does not name %s: %s", name, c.field, r.Raw)
		}
	}
	if n := len(w.Events()); n != before {
		t.Errorf("%d events happened", n-before)
	}
	if lines := w.Errors.Taken(); len(lines) > 0 {
		t.Errorf("logged as errors: %q", lines)
	}
	t.Logf("%d bad requests", len(cases))
}

// TestChunkedBody: a body of no announced length is cut off while it is read.
func TestChunkedBody(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/auth/login", strings.NewReader(`{"email":"`+strings.Repeat("x", 2*edge.MaxBody)+`"}`))
	req.ContentLength = -1
	if r := w.Send(t, req); r.Status != http.StatusRequestEntityTooLarge || r.Text("code") != "too_large" {
		t.Errorf("answered %d %s", r.Status, r.Raw)
	}
	req = httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/auth/login", strings.NewReader(`<a/>`))
	req.Header.Set("Content-Type", "application/xml")
	if r := w.Send(t, req); r.Status != http.StatusUnsupportedMediaType {
		t.Errorf("XML answered %d %s", r.Status, r.Raw)
	}
}

func TestBadKeys(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	body := `{"shippingAddress":{"line1":"a","city":"b","country":"DE"},"items":[{"productId":"` + w.Mug + `","quantity":1}]}`
	for _, key := range []string{"with space", "ümlaut", strings.Repeat("k", 256)} {
		r := w.Want(t, 400, "customer", "POST", "/api/orders", body, "Idempotency-Key", key)
		if !apitest.Names(r, "Idempotency-Key") {
			t.Errorf("%q answered %s", key, r.Raw)
		}
	}
	w.Want(t, 201, "customer", "POST", "/api/orders", body, "Idempotency-Key", strings.Repeat("k", 255))
}

func badProducts(w *apitest.World) (out []bad) {
	path := "/api/products/" + w.Mug
	for body, field := range map[string]string{
		`{"options":[{"name":"size","values":["S"]}]}`: "variants",
		`{"options":[{"name":"size","values":[]}]}`:    "options[0].values",
		`{"options":[{"name":"size","values":["S"]}],"variants":[{"sku":"A","options":{"size":"S"}},{"sku":"B","options":{"size":"XXL"}}]}`: "variants[1].options",
		`{"options":[{"name":"size","values":["S"]}],"variants":[{"sku":"A","options":{"size":"S"}},{"sku":"B","options":{"size":"S"}}]}`:   "variants[1].options",
		`{"options":[{"name":"size","values":["S"]}],"variants":[{"sku":"A","options":{"size":"S"},"price":1.999}]}`:                        "variants[0].price",
		`{"options":[{"name":"size","values":["S"]}],"variants":[{"sku":"A","options":{"size":7}}]}`:                                        "variants[0].options.size",
		`{"options":[{"name":"size","values":["S"]}],"variants":[{"sku":"A","options":{"size":"S"},"id":"` + w.Cup + `"}]}`:                 "variants[0].id",
		`{"variants":[{"sku":"A","options":{}}]}`:                     "options",
		`{"tags":["a","a"]}`:                                          "tags[1]",
		`{"tags":[""]}`:                                               "tags[0]",
		`{"attributes":[{"name":"a"}]}`:                               "attributes[0].value",
		`{"sale":{}}`:                                                 "sale.price",
		`{"sale":{"price":5,"percent":5}}`:                            "sale.price",
		`{"sale":{"price":500}}`:                                      "sale.price",
		`{"sale":{"percent":100}}`:                                    "sale.percent",
		`{"sale":{"percent":5,"endsAt":"2001-01-01T00:00:00Z"}}`:      "sale.endsAt",
		`{"sale":{"percent":5,"endsAt":"tomorrow"}}`:                  "sale.endsAt",
		`{"publishAt":"2099-01-01T00:00:00Z"}`:                        "publishAt",
		`{"unpublishAt":"2001-01-01T00:00:00Z"}`:                      "unpublishAt",
		`{"unpublishAt":7}`:                                           "unpublishAt",
		`{"shopPrices":[{"shopId":"` + w.OtherShop + `","price":1}]}`: "shopPrices[0].shopId",
		`{"shopPrices":[{"shopId":"` + w.ShopA + `","price":1},{"shopId":"` + w.ShopA + `","price":2}]}`: "shopPrices[1]",
		`{"images":[{"id":"` + w.Mug + `"}]}`: "images[0].id",
		`{"shopIds":[]}`:                      "shopIds",
		`{"rating":5}`:                        "rating",
	} {
		out = append(out, bad{"company_admin", "PATCH", path, body, 400, field})
	}
	return append(out, bad{"", "GET", path + "?shopId=x", "", 400, "shopId"}, bad{"", "GET", path + "?shopId=" + w.OtherShop, "", 400, "shopId"})
}

func badLogistics(w *apitest.World) []bad {
	id := entrepot.NewID()
	transfer := func(from, to, product string) string {
		return `{"fromLocationId":"` + from + `","toLocationId":"` + to + `","lines":[{"productId":"` + product + `","quantity":1}]}`
	}
	return []bad{
		{"company_admin", "POST", "/api/inventory/warehouses", `{"name":"A","code":"A","servesShopIds":["x"]}`, 400, "servesShopIds[0]"},
		{"company_admin", "POST", "/api/inventory/warehouses", `{"name":"A","code":"A","servesShopIds":["` + id + `"]}`, 404, "servesShopIds[0]"},
		{"company_admin", "POST", "/api/inventory/warehouses", `{"name":"A","code":"A","servesShopIds":["` + w.OtherShop + `"]}`, 404, "servesShopIds[0]"},
		{"company_admin", "POST", "/api/inventory/warehouses", `{"name":"A","code":"A","servesShopIds":["` + w.ShopA + `","` + w.ShopA + `"]}`, 400, "servesShopIds"},
		{"company_admin", "POST", "/api/inventory/warehouses", `{"name":"A","code":"a b"}`, 400, "code"},
		{"company_admin", "POST", "/api/inventory/warehouses", `{"name":"A","code":"A","location":{"coordinates":{"lat":91,"lng":0}}}`, 400, "location.coordinates.lat"},
		{"company_admin", "POST", "/api/inventory/warehouses", `{"name":" ","code":"A"}`, 400, "name"},
		{"company_admin", "GET", "/api/inventory/warehouses?isActive=x", "", 400, "isActive"},
		{"company_admin", "PUT", "/api/inventory/sourcing/x", `{"strategy":"nearest"}`, 404, ""},
		{"company_admin", "PUT", "/api/inventory/sourcing/" + w.ShopA, `{"strategy":"x"}`, 400, "strategy"},
		{"shop_manager", "POST", "/api/inventory/transfers", transfer(w.ShopA, w.ShopA, w.Mug), 400, "toLocationId"},
		{"shop_manager", "POST", "/api/inventory/transfers", transfer(w.ShopA, id, w.Mug), 404, "toLocationId"},
		{"shop_manager", "POST", "/api/inventory/transfers", transfer(w.OtherShop, w.ShopA, w.Mug), 404, "fromLocationId"},
		{"company_admin", "POST", "/api/inventory/transfers", transfer(w.ShopA, w.ShopB, id), 404, "lines[0].productId"},
		{"company_admin", "POST", "/api/inventory/transfers", transfer(w.ShopA, w.ShopB, w.OtherMug), 404, "lines[0].productId"},
		{"company_admin", "POST", "/api/inventory/transfers", transfer(w.ShopA, w.ShopB, w.Mug+`","variantId":"`+id), 404, "lines[0].variantId"},
		{"company_admin", "POST", "/api/inventory/transfers", transfer(w.ShopA, w.ShopB, w.Mug+`","quantity":1},{"productId":"`+w.Mug), 400, "lines[1].variantId"},
		{"company_admin", "POST", "/api/inventory/transfers", `{"fromLocationId":"` + w.ShopA + `","toLocationId":"` + w.ShopB + `","lines":[]}`, 400, "lines"},
		{"company_admin", "POST", "/api/inventory/transfers/" + id + "/ship", `{}`, 404, ""},
		{"company_admin", "GET", "/api/inventory/transfers?status=lost", "", 400, "status"},
		{"shop_manager", "POST", "/api/inventory/stocktakes", `{"locationId":"` + w.ShopB + `"}`, 404, "locationId"},
		{"shop_manager", "POST", "/api/inventory/stocktakes", `{"locationId":"` + w.ShopA + `","itemIds":["x"]}`, 400, "itemIds[0]"},
		{"company_admin", "POST", "/api/inventory/stocktakes", `{"locationId":"` + w.ShopA + `","itemIds":["` + stock.ID(w.Mug, w.ShopB) + `"]}`, 404, "itemIds[0]"},
		{"company_admin", "PUT", "/api/inventory/stocktakes/" + id + "/counts", `{"counts":[]}`, 400, "counts"},
		{"company_admin", "POST", "/api/inventory/suppliers", `{"name":"A","currency":"eur"}`, 400, "currency"},
		{"company_admin", "POST", "/api/inventory/suppliers", `{"name":"A","currency":"EUR","offers":[{"productId":"` + w.Mug + `","cost":1.999}]}`, 400, "offers[0].cost"},
		{"company_admin", "POST", "/api/inventory/suppliers", `{"name":"A","currency":"EUR","offers":[{"productId":"` + w.OtherMug + `","cost":1}]}`, 404, "offers[0].productId"},
		{"shop_manager", "POST", "/api/inventory/purchase-orders", `{"supplierId":"` + id + `","locationId":"` + w.ShopA + `","lines":[{"productId":"` + w.Mug + `","quantity":1}]}`, 404, "supplierId"},
		{"shop_manager", "POST", "/api/inventory/purchase-orders", `{"supplierId":"` + id + `","locationId":"` + w.ShopB + `","lines":[{"productId":"` + w.Mug + `","quantity":1}]}`, 404, "locationId"},
		{"shop_manager", "POST", "/api/inventory/purchase-orders", `{"supplierId":"` + id + `","locationId":"` + w.ShopA + `","lines":[],"expectedAt":"soon"}`, 400, "expectedAt"},
		{"shop_manager", "POST", "/api/inventory/purchase-orders/" + id + "/receive", `{"final":true}`, 404, ""},
		{"company_admin", "PUT", "/api/inventory/stocktakes/" + id + "/counts", `{"counts":[{"variantId":"` + id + `","counted":-1}]}`, 400, "counts[0].counted"},
	}
}
