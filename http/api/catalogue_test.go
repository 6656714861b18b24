package api_test

import (
	"fmt"
	"testing"
	"time"
)

func (w *world) shirt() map[string]any {
	return map[string]any{
		"shopIds": []string{w.shopA, w.shopB}, "sku": "SHIRT", "name": "Shirt", "price": 20, "currency": "EUR",
		"options": []map[string]any{{"name": "size", "values": []string{"S", "M"}}},
		"variants": []map[string]any{
			{"sku": "SHIRT-S", "options": map[string]string{"size": "S"}},
			{"sku": "SHIRT-M", "options": map[string]string{"size": "M"}, "price": 25.5, "weightGrams": 180},
		},
		"attributes": []map[string]string{{"name": "material", "value": "cotton"}}, "tags": []string{"summer"},
		"shopPrices": []map[string]any{{"shopId": w.shopB, "price": 18}},
	}
}

// TestProductWithVariants: made whole, shown whole, changed in part.
func TestProductWithVariants(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.want(t, 201, "company_admin", "POST", "/api/products", w.shirt())
	path := "/api/products/" + made.text("id")
	small, medium := made.text("variants.0.id"), made.text("variants.1.id")
	seen := w.want(t, 200, "", "GET", path, nil)
	for at, want := range map[string]any{
		"price": 20.0, "listPrice": nil, "minPrice": 20.0, "maxPrice": 25.5, "variants.1.price": 25.5, "variants.0.options.size": "S",
		"attributes.0.value": "cotton", "tags.0": "summer", "shopPrices": nil,
	} {
		if got := seen.at(at); got != want {
			t.Errorf("%s: %v, want %v", at, got, want)
		}
	}
	if r := w.want(t, 200, "shop_staff", "GET", path, nil); r.at("shopPrices.0.price") != 18.0 {
		t.Errorf("staff see no prices of shops: %s", r.raw)
	}
	if r := w.want(t, 200, "", "GET", path+"?shopId="+w.shopB, nil); r.at("price") != 18.0 || r.at("variants.1.price") != 18.0 {
		t.Errorf("in shop B: %s", r.raw)
	}
	w.want(t, 400, "", "GET", path+"?shopId="+w.otherShop, nil)

	// A sale of a quarter, on what each costs.
	sold := w.want(t, 200, "company_admin", "PATCH", path, `{"sale":{"percent":25,"endsAt":"2099-01-01T00:00:00Z"}}`, "If-Match", made.header.Get("ETag"))
	if sold.at("price") != 15.0 || sold.at("listPrice") != 20.0 || sold.at("variants.1.price") != 19.12 || sold.at("sale.percent") != 25.0 {
		t.Errorf("on sale: %s", sold.raw)
	}
	if r := w.want(t, 409, "company_admin", "PATCH", path, `{"sale":null}`, "If-Match", made.header.Get("ETag")); r.text("code") != "stale" {
		t.Errorf("from an old version: %s", r.raw)
	}
	if r := w.want(t, 200, "company_admin", "PATCH", path, `{"sale":null,"tags":[]}`); r.at("sale") != nil || r.at("listPrice") != nil || r.at("tags") != nil {
		t.Errorf("no sale: %s", r.raw)
	}
	// Variants keep their ids; the options stay when they are not named.
	change := fmt.Sprintf(`{"variants":[{"sku":"SHIRT-M","options":{"size":"M"}},{"id":%q,"sku":"NEW-S","options":{"size":"S"},"inactive":true}]}`, small)
	r := w.want(t, 200, "company_admin", "PATCH", path, change)
	if r.text("variants.0.id") != medium || r.text("variants.1.id") != small || r.text("variants.1.sku") != "NEW-S" || r.at("variants.0.price") != 20.0 {
		t.Errorf("changed: %s", r.raw)
	}
	if r := w.want(t, 200, "company_admin", "PATCH", path, `{"options":[]}`); r.at("variants") != nil || r.at("options") != nil {
		t.Errorf("without options: %s", r.raw)
	}
}

// TestManagersPrices: a manager sets what the product costs in the own shop, and
// moves it between own shops only.
func TestManagersPrices(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := "/api/products/" + w.want(t, 201, "company_admin", "POST", "/api/products", w.shirt()).text("id")
	r := w.want(t, 200, "shop_manager", "PATCH", path, fmt.Sprintf(`{"shopPrices":[{"shopId":%q,"price":17.5}]}`, w.shopA))
	if len(r.list("shopPrices")) != 2 {
		t.Fatalf("the other shop's price went: %s", r.raw)
	}
	w.want(t, 403, "shop_manager", "PATCH", path, fmt.Sprintf(`{"shopPrices":[{"shopId":%q,"price":1}]}`, w.shopB))
	w.want(t, 403, "shop_manager", "PATCH", path, fmt.Sprintf(`{"shopIds":[%q]}`, w.shopA))
	w.want(t, 404, "company_admin", "PATCH", path, fmt.Sprintf(`{"shopIds":[%q]}`, w.otherShop))
	if r := w.want(t, 200, "company_admin", "PATCH", path, fmt.Sprintf(`{"shopIds":[%q]}`, w.shopA)); len(r.list("shopPrices")) != 1 {
		t.Fatalf("the price of a shop that sells it no more: %s", r.raw)
	}
}

// TestScheduledProduct: hidden until its time, which staff see.
func TestScheduledProduct(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	body := w.shirt()
	body["publishAt"] = at
	made := w.want(t, 201, "company_admin", "POST", "/api/products", body)
	path := "/api/products/" + made.text("id")
	if made.text("status") != "draft" || made.text("publishAt") == "" {
		t.Fatalf("%s", made.raw)
	}
	w.want(t, 404, "", "GET", path, nil)
	w.want(t, 200, "shop_staff", "GET", path, nil)
	if r := w.want(t, 200, "company_admin", "PATCH", path, `{"publishAt":null,"status":"active"}`); r.at("publishAt") != nil {
		t.Fatalf("%s", r.raw)
	}
	if r := w.want(t, 200, "", "GET", path, nil); r.at("publishAt") != nil {
		t.Fatalf("%s", r.raw)
	}
}

func (w *world) badProducts() (out []bad) {
	path := "/api/products/" + w.mug
	for body, field := range map[string]string{
		`{"options":[{"name":"size","values":["S"]}]}`: "variants",
		`{"options":[{"name":"size","values":[]}]}`:    "options[0].values",
		`{"options":[{"name":"size","values":["S"]}],"variants":[{"sku":"A","options":{"size":"S"}},{"sku":"B","options":{"size":"XXL"}}]}`: "variants[1].options",
		`{"options":[{"name":"size","values":["S"]}],"variants":[{"sku":"A","options":{"size":"S"}},{"sku":"B","options":{"size":"S"}}]}`:   "variants[1].options",
		`{"options":[{"name":"size","values":["S"]}],"variants":[{"sku":"A","options":{"size":"S"},"price":1.999}]}`:                        "variants[0].price",
		`{"options":[{"name":"size","values":["S"]}],"variants":[{"sku":"A","options":{"size":7}}]}`:                                        "variants[0].options.size",
		`{"options":[{"name":"size","values":["S"]}],"variants":[{"sku":"A","options":{"size":"S"},"id":"` + w.cup + `"}]}`:                 "variants[0].id",
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
		`{"shopPrices":[{"shopId":"` + w.otherShop + `","price":1}]}`: "shopPrices[0].shopId",
		`{"shopPrices":[{"shopId":"` + w.shopA + `","price":1},{"shopId":"` + w.shopA + `","price":2}]}`: "shopPrices[1]",
		`{"images":[{"id":"` + w.mug + `"}]}`: "images[0].id",
		`{"shopIds":[]}`:                      "shopIds",
		`{"rating":5}`:                        "rating",
	} {
		out = append(out, bad{"company_admin", "PATCH", path, body, 400, field})
	}
	return append(out, bad{"", "GET", path + "?shopId=x", "", 400, "shopId"}, bad{"", "GET", path + "?shopId=" + w.otherShop, "", 400, "shopId"})
}
