package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"entrepot"
	"entrepot/events"
)

// belgium are rules that send to Belgium alone, by one method.
func belgium(price any) map[string]any {
	return map[string]any{"currency": "EUR", "zones": []any{zone("Belgium", []string{"BE"}, method("standard", price))}}
}

func zone(name string, countries []string, methods ...map[string]any) map[string]any {
	z := map[string]any{"name": name, "methods": methods}
	if countries != nil {
		z["countries"] = countries
	}
	return z
}

func method(id string, price any) map[string]any {
	return map[string]any{"id": id, "name": strings.ToUpper(id), "price": price}
}

// harbour are rules of two methods at home, one of them free from 30.00 on, and dearer ones elsewhere.
func harbour() map[string]any {
	standard := method("standard", 4.90)
	standard["freeFrom"] = 30
	express := method("express", 9.90)
	express["pieceSteps"] = []any{map[string]any{"from": 3, "price": 14.90}}
	return map[string]any{"currency": "EUR", "zones": []any{zone("Home", []string{"DE"}, express, standard), zone("World", nil, method("parcel", 25))}}
}

func (w *world) moved(d time.Duration) { // what is kept briefly is asked again
	at := time.Now().Add(d)
	w.deps.Now = func() time.Time { return at }
	w.mount()
}

// TestShippingRules: the company's hold for shops without their own; set, changed
// with If-Match, told, removed.
func TestShippingRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	shop, company := "/api/shops/"+w.shopA+"/shipping", "/api/companies/"+w.company+"/shipping"
	if r := w.want(t, 200, "", "GET", shop, nil); r.text("source") != "none" || len(r.list("zones")) != 0 || r.header.Get("ETag") != "" {
		t.Fatalf("%s", r.raw)
	}
	w.want(t, 200, "company_admin", "PUT", company, belgium(7))
	if r := w.want(t, 200, "", "GET", shop, nil); r.text("source") != "company" || r.at("zones.0.methods.0.price") != 7.0 || r.header.Get("ETag") != "" {
		t.Fatalf("%s", r.raw)
	}
	r := w.want(t, 200, "shop_manager", "PUT", shop, harbour())
	if r.text("source") != "shop" || r.at("zones.0.methods.1.freeFrom") != 30.0 || r.at("zones.0.methods.0.pieceSteps.0.from") != 3.0 {
		t.Fatalf("%s", r.raw)
	}
	first := r.header.Get("ETag")
	w.want(t, 200, "shop_manager", "PUT", shop, belgium(6), "If-Match", first)
	if r := w.want(t, 409, "company_admin", "PUT", shop, belgium(8), "If-Match", first); r.text("code") != "stale" {
		t.Fatalf("%s", r.raw)
	}
	w.want(t, 409, "company_admin", "DELETE", shop, nil, "If-Match", first)
	w.want(t, 404, "shop_manager", "PUT", "/api/shops/"+w.shopB+"/shipping", belgium(1))
	w.want(t, 404, "other_admin", "PUT", shop, belgium(1))
	w.want(t, 403, "shop_manager", "PUT", company, belgium(1))
	w.want(t, 204, "shop_manager", "DELETE", shop, nil)
	if r := w.want(t, 200, "customer", "GET", shop, nil); r.text("source") != "company" {
		t.Fatalf("%s", r.raw)
	}
	w.want(t, 204, "company_admin", "DELETE", company, nil)
	if r := w.want(t, 200, "company_admin", "GET", company, nil); r.text("source") != "none" {
		t.Fatalf("%s", r.raw)
	}
	var told []string
	for _, e := range w.Events() {
		if strings.HasPrefix(e.Type, "shipping.") {
			told = append(told, e.Type+" "+e.ShopID)
		}
	}
	want := []string{"shipping.updated ", "shipping.updated " + w.shopA, "shipping.updated " + w.shopA, "shipping.removed " + w.shopA, "shipping.removed "}
	if fmt.Sprint(told) != fmt.Sprint(want) {
		t.Fatalf("%v", told)
	}
}

// TestWhatShippingCosts: the estimate lists the methods and the order costs what it
// says, shop by shop, frozen when the rules change.
func TestWhatShippingCosts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.want(t, 200, "shop_manager", "PUT", "/api/shops/"+w.shopA+"/shipping", harbour())
	w.want(t, 200, "company_admin", "PUT", "/api/companies/"+w.company+"/shipping", map[string]any{
		"currency": "EUR", "taxed": true, "zones": []any{zone("Home", []string{"DE", "BE"}, method("standard", 3))},
	})
	w.want(t, 201, "customer", "POST", "/api/cart/items", item(w.mug, 1)) // 19.99 in shop A
	w.want(t, 201, "customer", "POST", "/api/cart/items", item(w.cup, 1)) // 5.00 in shop B
	estimate := func(status int, body map[string]any) *reply {
		return w.want(t, status, "customer", "POST", "/api/cart/estimate", body)
	}
	r := estimate(200, map[string]any{})
	if r.at("orders.0.shippingOpen") != true || r.at("pricing.shipping") != 0.0 || r.at("orders.0.shippingMethods") != nil {
		t.Fatalf("without a country: %s", r.raw)
	}
	if r = w.want(t, 200, "customer", "GET", "/api/cart/summary", nil); r.at("orders.1.shippingOpen") != true {
		t.Fatalf("%s", r.raw)
	}
	r = estimate(200, map[string]any{"country": "DE", "postalCode": "20457"})
	for path, want := range map[string]any{
		"orders.0.shippingMethod": "standard", "orders.0.shippingMethods.1.id": "express", "orders.0.shippingMethods.1.price": 9.9,
		"orders.0.pricing.shipping": 4.9, "orders.0.pricing.tax": 3.8, // 19 % of 19.99 alone
		"orders.1.pricing.shipping": 3.0, "orders.1.pricing.tax": 1.52, // 19 % of 5.00 and 3.00
		"pricing.shipping": 7.9, "pricing.total": 38.21, "orders.0.shippingOpen": nil,
	} {
		if got := r.at(path); got != want {
			t.Errorf("%s is %v, want %v: %s", path, got, want, r.raw)
		}
	}
	if r = estimate(409, map[string]any{"country": "FR"}); r.text("errors.0.field") != "country" || r.text("errors.0.rule") != "zone" {
		t.Fatalf("%s", r.raw)
	}
	if r = estimate(400, map[string]any{"country": "Germany"}); r.text("errors.0.field") != "country" || r.text("errors.0.rule") != "country" {
		t.Fatalf("%s", r.raw)
	}
	if r = estimate(409, map[string]any{"country": "DE", "shippingMethod": "express"}); r.text("errors.0.field") != "shippingMethod" || r.text("errors.0.rule") != "offered" {
		t.Fatalf("%s", r.raw)
	}
	both := map[string]any{"country": "DE", "shippingMethods": map[string]any{w.shopA: "express"}}
	if r = estimate(200, both); r.at("orders.0.pricing.shipping") != 9.9 || r.text("orders.1.shippingMethod") != "standard" {
		t.Fatalf("%s", r.raw)
	}
	both["shippingMethods"] = map[string]any{w.shopB: "express"}
	if r = estimate(409, both); r.text("errors.0.field") != "shippingMethods."+w.shopB || r.text("errors.0.rule") != "offered" {
		t.Fatalf("%s", r.raw)
	}
	both["shippingMethods"] = map[string]any{w.otherShop: "express"}
	if r = estimate(400, both); r.text("errors.0.field") != "shippingMethods."+w.otherShop || r.text("errors.0.rule") != "shop" {
		t.Fatalf("%s", r.raw)
	}
	total := estimate(200, map[string]any{"country": "DE"}).at("pricing.total")
	placed := w.want(t, 201, "customer", "POST", "/api/orders", map[string]any{"shippingAddress": address, "expectedTotal": total})
	if placed.at("pricing.shipping") != 4.9 || placed.text("shippingMethod.id") != "standard" || placed.text("shippingMethod.name") != "STANDARD" || placed.at("orders.1.pricing.tax") != 1.52 {
		t.Fatalf("%s", placed.raw)
	}
	w.want(t, 200, "shop_manager", "PUT", "/api/shops/"+w.shopA+"/shipping", belgium(99))
	for i, at := range []string{"id", "orders.1.id"} {
		now := w.want(t, 200, "customer", "GET", "/api/orders/"+placed.text(at), nil)
		if now.at("pricing.total") != placed.at(fmt.Sprintf("orders.%d.pricing.total", i)) || now.text("shippingMethod.id") != "standard" {
			t.Fatalf("%s", now.raw)
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
	w := newWorld(t)
	order := func(method, country, postal string) *reply {
		body := map[string]any{"items": []any{item(w.mug, 3)}, "shippingAddress": map[string]any{"line1": "a", "city": "b", "country": country, "postalCode": postal}}
		if method != "" {
			body["shippingMethod"] = method
		}
		return w.call(t, "customer", "POST", "/api/orders", body)
	}
	if r := order("", "Atlantis", ""); r.status != 201 || r.at("pricing.shipping") != 0.0 || r.at("shippingMethod") != nil {
		t.Fatalf("without rules: %s", r.raw)
	}
	if r := order("standard", "DE", ""); r.status != 409 || r.text("errors.0.field") != "shippingMethod" {
		t.Fatalf("without rules: %s", r.raw)
	}
	near := harbour()
	north := zone("North", []string{"SE"}, method("boat", 40))
	north["postalCodes"] = []string{"98"}
	near["zones"] = []any{near["zones"].([]any)[0], north}
	w.want(t, 200, "shop_manager", "PUT", "/api/shops/"+w.shopA+"/shipping", near)
	w.moved(2 * time.Second)
	for _, c := range []struct {
		method, country, postal, field, rule string
		status                               int
	}{
		{"", "FR", "75001", "shippingAddress.country", "zone", 409},
		{"", "Atlantis", "", "shippingAddress.country", "country", 400},
		{"", "SE", "11122", "shippingAddress.postalCode", "zone", 409},
		{"pigeon", "DE", "", "shippingMethod", "offered", 409},
	} {
		if r := order(c.method, c.country, c.postal); r.status != c.status || r.text("errors.0.field") != c.field || r.text("errors.0.rule") != c.rule {
			t.Errorf("%+v: %d %s", c, r.status, r.raw)
		}
	}
	if r := order("", "SE", "981 32"); r.status != 201 || r.at("pricing.shipping") != 40.0 {
		t.Fatalf("%s", r.raw)
	}
	if r := order("express", "de", ""); r.status != 201 || r.at("pricing.shipping") != 14.9 || r.text("shippingMethod.id") != "express" {
		t.Fatalf("%s", r.raw)
	}
	if r := order("", "DE", ""); r.status != 201 || r.at("pricing.shipping") != 0.0 || r.text("shippingMethod.id") != "standard" {
		t.Fatalf("free from 30.00: %s", r.raw)
	}
	yen := belgium(100)
	yen["currency"] = "JPY"
	w.want(t, 200, "shop_manager", "PUT", "/api/shops/"+w.shopA+"/shipping", yen)
	w.moved(4 * time.Second)
	if r := order("", "BE", ""); r.status != 409 || r.text("errors.0.rule") != "currency" {
		t.Fatalf("%s", r.raw)
	}
}

// TestFreeShipping takes the shipping off and says how much; where there is none to
// take off, no use is spent.
func TestFreeShipping(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := w.code(t, map[string]any{"code": "FREE", "type": "free_shipping"})
	body := map[string]any{"items": []any{item(w.mug, 1)}, "promoCodes": []string{"FREE"}, "shippingAddress": address}
	w.want(t, 201, "customer", "POST", "/api/orders", body)
	if r := w.want(t, 200, "company_admin", "GET", at, nil); r.at("claimed") != 0.0 {
		t.Fatalf("nothing to take off: %s", r.raw)
	}
	w.want(t, 200, "shop_manager", "PUT", "/api/shops/"+w.shopA+"/shipping", harbour())
	w.moved(2 * time.Second)
	w.want(t, 201, "customer", "POST", "/api/cart/items", item(w.mug, 1))
	if r := w.want(t, 200, "customer", "POST", "/api/cart/promo", map[string]any{"code": "FREE"}); r.at("promotions.0.freeShipping") != true {
		t.Fatalf("%s", r.raw)
	}
	r := w.want(t, 200, "customer", "POST", "/api/cart/estimate", map[string]any{"country": "DE", "shippingMethod": "express"})
	if r.at("promotions.0.shipping") != 9.9 || r.at("promotions.0.discount") != 0.0 || r.at("pricing.shipping") != 0.0 || r.at("pricing.total") != 23.79 {
		t.Fatalf("%s", r.raw)
	}
	placed := w.want(t, 201, "customer", "POST", "/api/orders", body)
	if placed.at("pricing.shipping") != 0.0 || placed.text("promoCodes.0") != "FREE" || placed.text("shippingMethod.id") != "standard" {
		t.Fatalf("%s", placed.raw)
	}
	if r := w.want(t, 200, "company_admin", "GET", at, nil); r.at("claimed") != 1.0 {
		t.Fatalf("%s", r.raw)
	}
}

// TestBadShippingRules: a wrong value is refused, naming where it stands.
func TestBadShippingRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
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
		for _, path := range []string{"/api/shops/" + w.shopA, "/api/companies/" + w.company} {
			r := w.call(t, "company_admin", "PUT", path+"/shipping", body)
			if r.status != 400 || !strings.Contains(r.text("errors.0.field"), c.field) || (c.rule != "" && r.text("errors.0.rule") != c.rule) {
				t.Errorf("%s: %d %s", c.to, r.status, r.raw)
			}
		}
		w.want(t, 200, "company_admin", "PUT", "/api/shops/"+w.shopA+"/shipping", right)
	}
	for _, id := range []string{"x", entrepot.NewID()} {
		w.want(t, 404, "", "GET", "/api/shops/"+id+"/shipping", nil)
		w.want(t, 404, "company_admin", "PUT", "/api/shops/"+id+"/shipping", belgium(1))
		w.want(t, 404, "super_admin", "PUT", "/api/companies/"+id+"/shipping", belgium(1))
		w.want(t, 404, "super_admin", "DELETE", "/api/companies/"+id+"/shipping", nil)
	}
}
