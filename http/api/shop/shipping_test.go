package shop_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/http/api/apitest"
)

// TestShippingRules: the company's hold for shops without their own; set, changed
// with If-Match, told, removed.
func TestShippingRules(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	shop, company := "/api/shops/"+w.ShopA+"/shipping", "/api/companies/"+w.Company+"/shipping"
	if r := w.Want(t, 200, "", "GET", shop, nil); r.Text("source") != "none" || len(r.List("zones")) != 0 || r.Header.Get("ETag") != "" {
		t.Fatalf("%s", r.Raw)
	}
	w.Want(t, 200, "company_admin", "PUT", company, apitest.Belgium(7))
	if r := w.Want(t, 200, "", "GET", shop, nil); r.Text("source") != "company" || r.At("zones.0.methods.0.price") != 7.0 || r.Header.Get("ETag") != "" {
		t.Fatalf("%s", r.Raw)
	}
	r := w.Want(t, 200, "shop_manager", "PUT", shop, apitest.Harbour())
	if r.Text("source") != "shop" || r.At("zones.0.methods.1.freeFrom") != 30.0 || r.At("zones.0.methods.0.pieceSteps.0.from") != 3.0 {
		t.Fatalf("%s", r.Raw)
	}
	first := r.Header.Get("ETag")
	w.Want(t, 200, "shop_manager", "PUT", shop, apitest.Belgium(6), "If-Match", first)
	if r := w.Want(t, 409, "company_admin", "PUT", shop, apitest.Belgium(8), "If-Match", first); r.Text("code") != "stale" {
		t.Fatalf("%s", r.Raw)
	}
	w.Want(t, 409, "company_admin", "DELETE", shop, nil, "If-Match", first)
	w.Want(t, 404, "shop_manager", "PUT", "/api/shops/"+w.ShopB+"/shipping", apitest.Belgium(1))
	w.Want(t, 404, "other_admin", "PUT", shop, apitest.Belgium(1))
	w.Want(t, 403, "shop_manager", "PUT", company, apitest.Belgium(1))
	w.Want(t, 204, "shop_manager", "DELETE", shop, nil)
	if r := w.Want(t, 200, "customer", "GET", shop, nil); r.Text("source") != "company" {
		t.Fatalf("%s", r.Raw)
	}
	w.Want(t, 204, "company_admin", "DELETE", company, nil)
	if r := w.Want(t, 200, "company_admin", "GET", company, nil); r.Text("source") != "none" {
		t.Fatalf("%s", r.Raw)
	}
	var told []string
	for _, e := range w.Events() {
		if strings.HasPrefix(e.Type, "shipping.") {
			told = append(told, e.Type+" "+e.ShopID)
		}
	}
	want := []string{"shipping.updated ", "shipping.updated " + w.ShopA, "shipping.updated " + w.ShopA, "shipping.removed " + w.ShopA, "shipping.removed "}
	if fmt.Sprint(told) != fmt.Sprint(want) {
		t.Fatalf("%v", told)
	}
}

// TestWhatShippingCosts: the estimate lists the methods and the order costs what it
// says, shop by shop, frozen when the rules change.
func TestWhatShippingCosts(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	w.Want(t, 200, "shop_manager", "PUT", "/api/shops/"+w.ShopA+"/shipping", apitest.Harbour())
	w.Want(t, 200, "company_admin", "PUT", "/api/companies/"+w.Company+"/shipping", map[string]any{
		"currency": "EUR", "taxed": true, "zones": []any{apitest.Zone("Home", []string{"DE", "BE"}, apitest.Method("standard", 3))},
	})
	w.Want(t, 201, "customer", "POST", "/api/cart/items", apitest.Item(w.Mug, 1)) // 19.99 in shop A
	w.Want(t, 201, "customer", "POST", "/api/cart/items", apitest.Item(w.Cup, 1)) // 5.00 in shop B
	estimate := func(status int, body map[string]any) *apitest.Reply {
		return w.Want(t, status, "customer", "POST", "/api/cart/estimate", body)
	}
	r := estimate(200, map[string]any{})
	if r.At("orders.0.shippingOpen") != true || r.At("pricing.shipping") != 0.0 || r.At("orders.0.shippingMethods") != nil {
		t.Fatalf("without a country: %s", r.Raw)
	}
	if r = w.Want(t, 200, "customer", "GET", "/api/cart/summary", nil); r.At("orders.1.shippingOpen") != true {
		t.Fatalf("%s", r.Raw)
	}
	r = estimate(200, map[string]any{"country": "DE", "postalCode": "20457"})
	for path, want := range map[string]any{
		"orders.0.shippingMethod": "standard", "orders.0.shippingMethods.1.id": "express", "orders.0.shippingMethods.1.price": 9.9,
		"orders.0.pricing.shipping": 4.9, "orders.0.pricing.tax": 3.8, // 19 % of 19.99 alone
		"orders.1.pricing.shipping": 3.0, "orders.1.pricing.tax": 1.52, // 19 % of 5.00 and 3.00
		"pricing.shipping": 7.9, "pricing.total": 38.21, "orders.0.shippingOpen": nil,
	} {
		if got := r.At(path); got != want {
			t.Errorf("%s is %v, want %v: %s", path, got, want, r.Raw)
		}
	}
	if r = estimate(409, map[string]any{"country": "FR"}); r.Text("errors.0.field") != "country" || r.Text("errors.0.rule") != "zone" {
		t.Fatalf("%s", r.Raw)
	}
	if r = estimate(400, map[string]any{"country": "Germany"}); r.Text("errors.0.field") != "country" || r.Text("errors.0.rule") != "country" {
		t.Fatalf("%s", r.Raw)
	}
	if r = estimate(409, map[string]any{"country": "DE", "shippingMethod": "express"}); r.Text("errors.0.field") != "shippingMethod" || r.Text("errors.0.rule") != "offered" {
		t.Fatalf("%s", r.Raw)
	}
	both := map[string]any{"country": "DE", "shippingMethods": map[string]any{w.ShopA: "express"}}
	if r = estimate(200, both); r.At("orders.0.pricing.shipping") != 9.9 || r.Text("orders.1.shippingMethod") != "standard" {
		t.Fatalf("%s", r.Raw)
	}
	both["shippingMethods"] = map[string]any{w.ShopB: "express"}
	if r = estimate(409, both); r.Text("errors.0.field") != "shippingMethods."+w.ShopB || r.Text("errors.0.rule") != "offered" {
		t.Fatalf("%s", r.Raw)
	}
	both["shippingMethods"] = map[string]any{w.OtherShop: "express"}
	if r = estimate(400, both); r.Text("errors.0.field") != "shippingMethods."+w.OtherShop || r.Text("errors.0.rule") != "shop" {
		t.Fatalf("%s", r.Raw)
	}
	total := estimate(200, map[string]any{"country": "DE"}).At("pricing.total")
	placed := w.Want(t, 201, "customer", "POST", "/api/orders", map[string]any{"shippingAddress": apitest.Address, "expectedTotal": total})
	if placed.At("pricing.shipping") != 4.9 || placed.Text("shippingMethod.id") != "standard" || placed.Text("shippingMethod.name") != "STANDARD" || placed.At("orders.1.pricing.tax") != 1.52 {
		t.Fatalf("%s", placed.Raw)
	}
	w.Want(t, 200, "shop_manager", "PUT", "/api/shops/"+w.ShopA+"/shipping", apitest.Belgium(99))
	for i, at := range []string{"id", "orders.1.id"} {
		now := w.Want(t, 200, "customer", "GET", "/api/orders/"+placed.Text(at), nil)
		if now.At("pricing.total") != placed.At(fmt.Sprintf("orders.%d.pricing.total", i)) || now.Text("shippingMethod.id") != "standard" {
			t.Fatalf("%s", now.Raw)
		}
	}
	for _, e := range w.Events() {
		var o events.OrderCreated
		if e.Type != "order.created" {
			continue
		}
		if err := e.Decode(&o); err != nil || o.ShippingMethod != "standard" || o.Pricing.Shipping == "0.00" {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

// TestOrdersThatAreNotSent: they name the field of the order, and nothing is placed.
func TestOrdersThatAreNotSent(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	order := func(method, country, postal string) *apitest.Reply {
		body := map[string]any{"items": []any{apitest.Item(w.Mug, 3)}, "shippingAddress": map[string]any{"line1": "a", "city": "b", "country": country, "postalCode": postal}}
		if method != "" {
			body["shippingMethod"] = method
		}
		return w.Call(t, "customer", "POST", "/api/orders", body)
	}
	if r := order("", "Atlantis", ""); r.Status != 201 || r.At("pricing.shipping") != 0.0 || r.At("shippingMethod") != nil {
		t.Fatalf("without rules: %s", r.Raw)
	}
	if r := order("standard", "DE", ""); r.Status != 409 || r.Text("errors.0.field") != "shippingMethod" {
		t.Fatalf("without rules: %s", r.Raw)
	}
	near := apitest.Harbour()
	north := apitest.Zone("North", []string{"SE"}, apitest.Method("boat", 40))
	north["postalCodes"] = []string{"98"}
	near["zones"] = []any{near["zones"].([]any)[0], north}
	w.Want(t, 200, "shop_manager", "PUT", "/api/shops/"+w.ShopA+"/shipping", near)
	w.Moved(2 * time.Second)
	for _, c := range []struct {
		method, country, postal, field, rule string
		status                               int
	}{
		{"", "FR", "75001", "shippingAddress.country", "zone", 409},
		{"", "Atlantis", "", "shippingAddress.country", "country", 400},
		{"", "SE", "11122", "shippingAddress.postalCode", "zone", 409},
		{"pigeon", "DE", "", "shippingMethod", "offered", 409},
	} {
		if r := order(c.method, c.country, c.postal); r.Status != c.status || r.Text("errors.0.field") != c.field || r.Text("errors.0.rule") != c.rule {
			t.Errorf("%+v: %d %s", c, r.Status, r.Raw)
		}
	}
	if r := order("", "SE", "981 32"); r.Status != 201 || r.At("pricing.shipping") != 40.0 {
		t.Fatalf("%s", r.Raw)
	}
	if r := order("express", "de", ""); r.Status != 201 || r.At("pricing.shipping") != 14.9 || r.Text("shippingMethod.id") != "express" {
		t.Fatalf("%s", r.Raw)
	}
	if r := order("", "DE", ""); r.Status != 201 || r.At("pricing.shipping") != 0.0 || r.Text("shippingMethod.id") != "standard" {
		t.Fatalf("free from 30.00: %s", r.Raw)
	}
	yen := apitest.Belgium(100)
	yen["currency"] = "JPY"
	w.Want(t, 200, "shop_manager", "PUT", "/api/shops/"+w.ShopA+"/shipping", yen)
	w.Moved(4 * time.Second)
	if r := order("", "BE", ""); r.Status != 409 || r.Text("errors.0.rule") != "currency" {
		t.Fatalf("%s", r.Raw)
	}
}

// TestFreeShipping takes the shipping off and says how much; where there is none to
// take off, no use is spent.
func TestFreeShipping(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	at := w.Code(t, map[string]any{"code": "FREE", "type": "free_shipping"})
	body := map[string]any{"items": []any{apitest.Item(w.Mug, 1)}, "promoCodes": []string{"FREE"}, "shippingAddress": apitest.Address}
	w.Want(t, 201, "customer", "POST", "/api/orders", body)
	if r := w.Want(t, 200, "company_admin", "GET", at, nil); r.At("claimed") != 0.0 {
		t.Fatalf("nothing to take off: %s", r.Raw)
	}
	w.Want(t, 200, "shop_manager", "PUT", "/api/shops/"+w.ShopA+"/shipping", apitest.Harbour())
	w.Moved(2 * time.Second)
	w.Want(t, 201, "customer", "POST", "/api/cart/items", apitest.Item(w.Mug, 1))
	if r := w.Want(t, 200, "customer", "POST", "/api/cart/promo", map[string]any{"code": "FREE"}); r.At("promotions.0.freeShipping") != true {
		t.Fatalf("%s", r.Raw)
	}
	r := w.Want(t, 200, "customer", "POST", "/api/cart/estimate", map[string]any{"country": "DE", "shippingMethod": "express"})
	if r.At("promotions.0.shipping") != 9.9 || r.At("promotions.0.discount") != 0.0 || r.At("pricing.shipping") != 0.0 || r.At("pricing.total") != 23.79 {
		t.Fatalf("%s", r.Raw)
	}
	placed := w.Want(t, 201, "customer", "POST", "/api/orders", body)
	if placed.At("pricing.shipping") != 0.0 || placed.Text("promoCodes.0") != "FREE" || placed.Text("shippingMethod.id") != "standard" {
		t.Fatalf("%s", placed.Raw)
	}
	if r := w.Want(t, 200, "company_admin", "GET", at, nil); r.At("claimed") != 1.0 {
		t.Fatalf("%s", r.Raw)
	}
}

// TestBadShippingRules: a wrong value is refused, naming where it stands.
func TestBadShippingRules(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	for _, c := range []struct{ from, to, field, rule string }{
		{`"EUR"`, `"EU"`, "currency", "format"},
		{`"EUR"`, `"JPY"`, "zones[0].methods[0].price", ""},
		{`"price":4.90`, `"price":4.901`, "zones[0].methods[0].price", ""},
		{`"price":4.90`, `"price":-1`, "zones[0].methods[0].price", ""},
		{`"price":4.90`, `"price":"4,90"`, "zones[0].methods[0].price", ""},
		{`"price":4.90,`, ``, "zones[0].methods[0].price", "required"},
		{`"price":2.90`, `"price":1e400`, "zones[0].methods[0].subtotalSteps[0].price", ""},
		{`"from":20`, `"from":0`, "zones[0].methods[0].subtotalSteps[0].from", "ascending"},
		{`"from":5`, `"from":0`, "zones[0].methods[1].pieceSteps[0].from", ""},
		{`"from":5`, `"from":2.5`, "zones[0].methods[1].pieceSteps[0].from", ""},
		{`"freeFrom":50`, `"freeFrom":-50`, "zones[0].methods[0].freeFrom", ""},
		{`"DE"`, `"UK"`, "zones[0].countries[0]", "country"},
		{`"DE"`, `"de"`, "zones[0].countries[0]", "country"},
		{`["DE"]`, `[]`, "zones[0].postalCodes", "countries"},
		{`["20","21"]`, `["2*"]`, "zones[0].postalCodes[0]", "postalCode"},
		{`["20","21"]`, `["20","2-0"]`, "zones[0].countries", "unique"},
		{`"id":"express"`, `"id":"standard"`, "zones[0].methods[1].id", "unique"},
		{`"id":"express"`, `"id":"Express!"`, "zones[0].methods[1].id", ""},
		{`"name":"Express"`, `"name":" "`, "zones[0].methods[1].name", "length"},
		{`"name":"Hamburg"`, `"name":""`, "zones[0].name", ""},
	} {
		right := `{"currency":"EUR","zones":[{"name":"Hamburg","countries":["DE"],"postalCodes":["20","21"],"methods":[` +
			`{"id":"standard","name":"Standard","price":4.90,"freeFrom":50,"subtotalSteps":[{"from":20,"price":2.90}]},` +
			`{"id":"express","name":"Express","price":9.90,"pieceSteps":[{"from":5,"price":12}]}]}]}`
		body := strings.Replace(right, c.from, c.to, 1)
		if body == right {
			t.Fatalf("%s is not there", c.from)
		}
		for _, path := range []string{"/api/shops/" + w.ShopA, "/api/companies/" + w.Company} {
			r := w.Call(t, "company_admin", "PUT", path+"/shipping", body)
			if r.Status != 400 || !strings.Contains(r.Text("errors.0.field"), c.field) || (c.rule != "" && r.Text("errors.0.rule") != c.rule) {
				t.Errorf("%s: %d %s", c.to, r.Status, r.Raw)
			}
		}
		w.Want(t, 200, "company_admin", "PUT", "/api/shops/"+w.ShopA+"/shipping", right)
	}
	for _, id := range []string{"x", entrepot.NewID()} {
		w.Want(t, 404, "", "GET", "/api/shops/"+id+"/shipping", nil)
		w.Want(t, 404, "company_admin", "PUT", "/api/shops/"+id+"/shipping", apitest.Belgium(1))
		w.Want(t, 404, "super_admin", "PUT", "/api/companies/"+id+"/shipping", apitest.Belgium(1))
		w.Want(t, 404, "super_admin", "DELETE", "/api/companies/"+id+"/shipping", nil)
	}
}
