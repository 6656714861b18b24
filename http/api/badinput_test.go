package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"entrepot"
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
func (w *world) writes() []struct {
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
		{"company_admin", "PUT", "/api/shops/" + w.shopA, `{"name":"A","isActive":true}`, []string{"name", "timezone"}, nil, nil},
		{"company_admin", "PUT", "/api/shops/" + w.shopA + "/shipping", `{"currency":"EUR","zones":[{"name":"A","methods":[{"id":"a","name":"A","price":1}]}]}`, []string{"currency"}, nil, nil},
		{"company_admin", "POST", "/api/shops/" + w.shopA + "/staff", `{"userIds":["` + id + `"]}`, []string{"managerId"}, nil, nil},
		{"company_admin", "POST", "/api/products", `{"shopIds":["` + w.shopA + `"],"sku":"A","name":"A","price":1,"currency":"EUR"}`, []string{"sku", "name", "currency", "companyId"}, nil, []string{"price"}},
		{"company_admin", "PATCH", "/api/products/" + w.mug, `{"name":"A"}`, []string{"name", "status", "brand"}, nil, []string{"price"}},
		{"customer", "POST", "/api/cart/items", `{"productId":"` + w.mug + `","quantity":1}`, []string{"productId", "shopId", "variantId"}, []string{"quantity"}, nil},
		{"customer", "POST", "/api/products/" + w.mug + "/views", `{"duration":1000}`, nil, []string{"duration"}, nil},
		{"customer", "POST", "/api/cart/items", `{"productId":"` + w.mug + `","quantity":1}`, []string{"productId", "shopId"}, []string{"quantity"}, nil},
		{"customer", "PUT", "/api/cart/items/" + id, `{"quantity":1}`, nil, []string{"quantity"}, nil},
		{"company_admin", "POST", "/api/cart/promotions", `{"code":"TEN","type":"percent","percent":10,"currency":"EUR"}`, []string{"code", "type", "currency", "title", "companyId"}, []string{"percent", "perCustomer", "total"}, []string{"minimumSubtotal"}},
		{"company_admin", "PUT", "/api/cart/promotions/" + id, `{"type":"amount","amount":1,"currency":"EUR"}`, []string{"type", "currency", "title"}, []string{"percent", "total"}, []string{"amount"}},
		{"customer", "POST", "/api/cart/promo", `{"code":"TEN"}`, []string{"code"}, nil, nil},
		{"customer", "POST", "/api/cart/estimate", `{"country":"DE"}`, []string{"country", "postalCode", "shippingMethod"}, nil, nil},
		{"customer", "POST", "/api/cart/merge", `{"token":"` + strings.Repeat("A", 43) + `"}`, []string{"token"}, nil, nil},
		{"customer", "POST", "/api/wishlist/items", `{"productId":"` + w.mug + `"}`, []string{"productId", "variantId"}, nil, nil},
		{"customer", "POST", "/api/products/" + w.mug + "/reviews", `{"stars":5}`, []string{"title", "text"}, []string{"stars"}, nil},
		{"customer", "PUT", "/api/products/" + w.mug + "/reviews/mine", `{"stars":5}`, []string{"title", "text"}, []string{"stars"}, nil},
		{"company_admin", "POST", "/api/products/reviews/" + id + "/reject", `{"reason":"a"}`, []string{"reason"}, nil, nil},
		{"company_admin", "PUT", "/api/products/reviews/" + id + "/reply", `{"text":"a"}`, []string{"text"}, nil, nil},
		{"customer", "POST", "/api/products/" + w.mug + "/notify", `{}`, []string{"variantId", "shopId"}, nil, nil},
		{"customer", "POST", "/api/orders", `{"shippingAddress":{"line1":"a","city":"b","country":"DE"},"items":[{"productId":"` + w.mug + `","quantity":1}]}`, []string{"notes"}, nil, []string{"expectedTotal"}},
		{"customer", "POST", "/api/orders/" + id + "/cancel", `{"reason":"a"}`, []string{"reason"}, nil, nil},
		{"customer", "POST", "/api/payments/intent", `{"orderId":"` + id + `"}`, []string{"orderId"}, nil, nil},
		{"customer", "POST", "/api/payments/process", `{"orderId":"` + id + `","gateway":"manual","method":"card"}`, []string{"orderId", "gateway", "method", "token"}, nil, nil},
		{"company_admin", "POST", "/api/payments/" + id + "/refund", `{"reason":"a"}`, []string{"reason"}, nil, []string{"amount"}},
		{"company_admin", "POST", "/api/inventory/items", `{"productId":"` + w.mug + `","shopId":"` + w.shopA + `","quantity":1,"reason":"a"}`, []string{"productId", "shopId", "reason", "variantId", "locationId", "currency"}, []string{"quantity"}, []string{"unitCost"}},
		{"company_admin", "POST", "/api/inventory/items/" + id + "/receive", `{"quantity":1,"reason":"a"}`, []string{"reason", "batch", "reference"}, []string{"quantity"}, []string{"unitCost"}},
		{"company_admin", "POST", "/api/inventory/items/" + id + "/adjust", `{"delta":1,"reason":"found"}`, []string{"reason", "note"}, nil, nil},
		{"company_admin", "PATCH", "/api/inventory/items/" + id, `{"reorderPoint":1}`, nil, []string{"reorderPoint", "reorderQuantity", "safetyStock"}, nil},
		{"company_admin", "POST", "/api/inventory/warehouses", `{"name":"A","code":"A"}`, []string{"name", "code"}, []string{"priority"}, nil},
		{"company_admin", "PUT", "/api/inventory/sourcing/" + w.shopA, `{"strategy":"nearest"}`, []string{"strategy"}, []string{"shopPriority"}, nil},
		{"shop_manager", "POST", "/api/inventory/transfers/" + id + "/receive", `{"final":true}`, []string{"reason"}, nil, nil},
		{"shop_manager", "POST", "/api/inventory/stocktakes", `{"locationId":"` + w.shopA + `"}`, []string{"locationId", "note"}, nil, nil},
		{"company_admin", "POST", "/api/inventory/suppliers", `{"name":"A","currency":"EUR"}`, []string{"name", "currency", "email", "note"}, []string{"leadTimeDays"}, nil},
		{"shop_manager", "POST", "/api/inventory/reorder-suggestions", `{"supplierId":"` + id + `","locationId":"` + w.shopA + `"}`, []string{"supplierId", "locationId"}, nil, nil},
		{"shop_manager", "POST", "/api/inventory/purchase-orders/" + id + "/cancel", `{"reason":"a"}`, []string{"reason"}, nil, nil},
		{"shop_manager", "POST", "/api/inventory/transfers/" + id + "/cancel", `{"reason":"a"}`, []string{"reason"}, nil, nil},
	}
}

// badBodies makes the wrong bodies of every write.
func (w *world) badBodies() (out []bad) {
	for _, r := range w.writes() {
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
func (w *world) badOthers() []bad {
	id := entrepot.NewID()
	order := func(items string) string {
		return `{"shippingAddress":{"line1":"a","city":"b","country":"DE"},"items":` + items + `}`
	}
	many := "[" + strings.Repeat(`{"productId":"`+w.mug+`","quantity":1},`, 200) + `{"productId":"` + w.mug + `","quantity":1}]`
	return []bad{
		{"customer", "POST", "/api/orders", order(`[]`), 400, "items"},
		{"customer", "POST", "/api/orders", order(many), 400, "items"},
		{"customer", "POST", "/api/orders", order(`[{"productId":"x","quantity":1}]`), 400, "items[0].productId"},
		{"customer", "POST", "/api/orders", order(`[{"productId":"` + w.mug + `","quantity":1},{"productId":"` + w.mug + `","quantity":-1}]`), 400, "items[1].quantity"},
		{"customer", "POST", "/api/orders", order(`[{"productId":"` + w.mug + `","quantity":1,"price":1}]`), 400, "items[0].price"},
		{"customer", "POST", "/api/orders", order(`[{"productId":"` + w.mug + `","quantity":9999},{"productId":"` + w.mug + `","quantity":2}]`), 400, "items[1].quantity"},
		{"customer", "POST", "/api/orders", order(`[{"productId":"` + id + `","quantity":1}]`), 404, "items[0].productId"},
		{"customer", "POST", "/api/orders", order(`[{"productId":"` + w.draft + `","quantity":1}]`), 404, "items[0].productId"},
		{"customer", "POST", "/api/orders", order(`[{"productId":"` + w.mug + `","shopId":"` + w.otherShop + `","quantity":1}]`), 400, "items[0].shopId"},
		{"customer", "POST", "/api/orders", `{"items":[{"productId":"` + w.mug + `","quantity":1}]}`, 400, "shippingAddress"},
		{"customer", "POST", "/api/orders", `{"shippingAddress":{"city":"b","country":"DE"}}`, 400, "shippingAddress.line1"},
		{"customer", "POST", "/api/orders", `{"shippingAddress":{"line1":"a","city":"b","country":"DE"},"expectedTotal":1.001}`, 409, ""}, // the cart is empty
		{"customer", "POST", "/api/cart/items", `{"productId":"` + id + `","quantity":1}`, 404, "productId"},
		{"customer", "POST", "/api/cart/items", `{"productId":"` + strings.ToUpper(w.mug) + `","quantity":1}`, 400, "productId"},
		{"customer", "POST", "/api/cart/items", `{"quantity":1}`, 400, "productId"},
		{"customer", "POST", "/api/cart/items", `{"productId":"` + w.mug + `","variantId":"` + id + `","quantity":1}`, 404, "variantId"},
		{"customer", "POST", "/api/orders", order(`[{"productId":"` + w.mug + `","variantId":"` + id + `","quantity":1}]`), 404, "items[0].variantId"},
		{"customer", "POST", "/api/cart/items", ``, 400, "body"},
		{"customer", "PUT", "/api/cart/items/x", `{"quantity":1}`, 404, ""},
		{"customer", "POST", "/api/payments/process", `{"orderId":"` + id + `","gateway":"manual","method":"card"}`, 404, "orderId"},
		{"company_admin", "POST", "/api/products", `{"shopIds":["x"],"sku":"A","name":"A","price":1,"currency":"EUR"}`, 400, "shopIds[0]"},
		{"company_admin", "POST", "/api/products", `{"shopIds":["` + w.shopA + `"],"sku":"A","name":"A","price":1.999,"currency":"EUR"}`, 400, "price"},
		{"company_admin", "POST", "/api/products", `{"shopIds":["` + w.shopA + `"],"sku":"A","name":"A","price":1,"currency":"eur"}`, 400, "currency"},
		{"company_admin", "PATCH", "/api/products/" + w.mug, `{"price":1.999}`, 400, "price"},
		{"super_admin", "POST", "/api/companies", `{"name":"A","slug":"a","settings":{"currency":"EUR","taxRate":101}}`, 400, "settings.taxRate"},
		{"customer", "POST", "/api/products/" + w.mug + "/reviews", `{"stars":0}`, 400, "stars"},
		{"customer", "POST", "/api/products/" + w.mug + "/reviews", `{"stars":6}`, 400, "stars"},
		{"customer", "POST", "/api/products/" + w.mug + "/reviews", `{}`, 400, "stars"},
		{"customer", "POST", "/api/products/" + w.mug + "/reviews", `{"stars":5}`, 403, ""},
		{"customer", "POST", "/api/products/" + w.draft + "/reviews", `{"stars":5}`, 404, ""},
		{"customer", "GET", "/api/products/" + w.mug + "/reviews/mine", "", 404, ""},
		{"", "GET", "/api/products/" + w.draft + "/reviews", "", 404, ""},
		{"", "GET", "/api/products/" + w.mug + "/reviews?sort=best", "", 400, "sort"},
		{"", "GET", "/api/products/" + w.mug + "/reviews?stars=6", "", 400, "stars"},
		{"", "GET", "/api/products/" + w.mug + "/reviews?cursor=x", "", 400, "cursor"},
		{"company_admin", "GET", "/api/products/reviews?status=deleted", "", 400, "status"},
		{"company_admin", "GET", "/api/products/reviews?productId=x", "", 400, "productId"},
		{"company_admin", "POST", "/api/products/reviews/x/approve", ``, 404, ""},
		{"customer", "PUT", "/api/products/reviews/x/helpful", "", 404, ""},
		{"customer", "DELETE", "/api/products/reviews/" + id + "/helpful", "", 404, ""},
		{"customer", "GET", "/api/products/" + w.draft + "/reviews/votes", "", 404, ""},
		{"customer", "GET", "/api/products/" + w.mug + "/reviews/votes?cursor=x", "", 400, "cursor"},
		{"company_admin", "PUT", "/api/products/reviews/" + id + "/helpful", "", 403, ""},
		{"customer", "POST", "/api/wishlist/items", `{"productId":"` + id + `"}`, 404, "productId"},
		{"customer", "POST", "/api/wishlist/items", `{"productId":"` + w.draft + `"}`, 404, "productId"},
		{"customer", "POST", "/api/wishlist/items", `{"productId":"` + w.mug + `","variantId":"` + id + `"}`, 404, "variantId"},
		{"customer", "DELETE", "/api/wishlist/items/x", ``, 404, ""},
		{"customer", "POST", "/api/products/" + id + "/notify", `{}`, 404, ""},
		{"customer", "POST", "/api/products/" + w.mug + "/notify", `{"variantId":"` + id + `"}`, 404, "variantId"},
		{"customer", "POST", "/api/products/" + w.mug + "/notify", `{"shopId":"` + w.otherShop + `"}`, 400, "shopId"},
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
		{"", "POST", "/api/products/" + w.mug + "/views", `{"duration":14400001}`, 400, "duration"},
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
	w := newWorld(t)
	w.deps.Logins = nil
	w.mount()
	before := len(w.Events())
	cases := w.badBodies()
	cases = append(cases, w.badOthers()...)
	cases = append(cases, w.badProducts()...)
	cases = append(cases, w.badLogistics()...)
	for _, c := range cases {
		var body any
		if c.body != "" || c.method != "GET" {
			body = c.body
		}
		r := w.call(t, c.as, c.method, c.path, body)
		name := fmt.Sprintf("%s %s %.120s", c.method, c.path, c.body)
		if r.status != c.status {
			t.Errorf("%s: %d, want %d: %s", name, r.status, c.status, r.raw)
			continue
		}
		if ct := r.header.Get("Content-Type"); ct != "application/problem+json" || r.text("code") == "" || r.text("requestId") == "" {
			t.Errorf("%s: is no problem: %s %s", name, ct, r.raw)
		}
		if c.field != "" && !names(r, c.field) {
			t.Errorf("%s: does not name %s: %s", name, c.field, r.raw)
		}
	}
	if n := len(w.Events()); n != before {
		t.Errorf("%d events happened", n-before)
	}
	if lines := w.errors.taken(); len(lines) > 0 {
		t.Errorf("logged as errors: %q", lines)
	}
	t.Logf("%d bad requests", len(cases))
}

func names(r *reply, field string) bool {
	for _, e := range r.list("errors") {
		if m, ok := e.(map[string]any); ok && m["field"] == field && m["rule"] != "" && m["message"] != "" {
			return true
		}
	}
	return false
}

// TestChunkedBody: a body of no announced length is cut off while it is read.
func TestChunkedBody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/auth/login", strings.NewReader(`{"email":"`+strings.Repeat("x", 2*edge.MaxBody)+`"}`))
	req.ContentLength = -1
	if r := w.send(t, req); r.status != http.StatusRequestEntityTooLarge || r.text("code") != "too_large" {
		t.Errorf("answered %d %s", r.status, r.raw)
	}
	req = httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/auth/login", strings.NewReader(`<a/>`))
	req.Header.Set("Content-Type", "application/xml")
	if r := w.send(t, req); r.status != http.StatusUnsupportedMediaType {
		t.Errorf("XML answered %d %s", r.status, r.raw)
	}
}

func TestBadKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := `{"shippingAddress":{"line1":"a","city":"b","country":"DE"},"items":[{"productId":"` + w.mug + `","quantity":1}]}`
	for _, key := range []string{"with space", "ümlaut", strings.Repeat("k", 256)} {
		r := w.want(t, 400, "customer", "POST", "/api/orders", body, "Idempotency-Key", key)
		if !names(r, "Idempotency-Key") {
			t.Errorf("%q answered %s", key, r.raw)
		}
	}
	w.want(t, 201, "customer", "POST", "/api/orders", body, "Idempotency-Key", strings.Repeat("k", 255))
}
