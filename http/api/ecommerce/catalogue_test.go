package ecommerce_test

import (
	"fmt"
	"testing"
	"time"

	"entrepot/http/api/apitest"
)

// TestProductWithVariants: made whole, shown whole, changed in part.
func TestProductWithVariants(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	made := w.Want(t, 201, "company_admin", "POST", "/api/products", w.Shirt())
	path := "/api/products/" + made.Text("id")
	small, medium := made.Text("variants.0.id"), made.Text("variants.1.id")
	seen := w.Want(t, 200, "", "GET", path, nil)
	for at, want := range map[string]any{
		"price": 20.0, "listPrice": nil, "minPrice": 20.0, "maxPrice": 25.5, "variants.1.price": 25.5, "variants.0.options.size": "S",
		"attributes.0.value": "cotton", "tags.0": "summer", "shopPrices": nil,
	} {
		if got := seen.At(at); got != want {
			t.Errorf("%s: %v, want %v", at, got, want)
		}
	}
	if r := w.Want(t, 200, "shop_staff", "GET", path, nil); r.At("shopPrices.0.price") != 18.0 {
		t.Errorf("staff see no prices of shops: %s", r.Raw)
	}
	if r := w.Want(t, 200, "", "GET", path+"?shopId="+w.ShopB, nil); r.At("price") != 18.0 || r.At("variants.1.price") != 18.0 {
		t.Errorf("in shop B: %s", r.Raw)
	}
	w.Want(t, 400, "", "GET", path+"?shopId="+w.OtherShop, nil)

	// A sale of a quarter, on what each costs.
	sold := w.Want(t, 200, "company_admin", "PATCH", path, `{"sale":{"percent":25,"endsAt":"2099-01-01T00:00:00Z"}}`, "If-Match", made.Header.Get("ETag"))
	if sold.At("price") != 15.0 || sold.At("listPrice") != 20.0 || sold.At("variants.1.price") != 19.12 || sold.At("sale.percent") != 25.0 {
		t.Errorf("on sale: %s", sold.Raw)
	}
	if r := w.Want(t, 409, "company_admin", "PATCH", path, `{"sale":null}`, "If-Match", made.Header.Get("ETag")); r.Text("code") != "stale" {
		t.Errorf("from an old version: %s", r.Raw)
	}
	if r := w.Want(t, 200, "company_admin", "PATCH", path, `{"sale":null,"tags":[]}`); r.At("sale") != nil || r.At("listPrice") != nil || r.At("tags") != nil {
		t.Errorf("no sale: %s", r.Raw)
	}
	// Variants keep their ids; the options stay when they are not named.
	change := fmt.Sprintf(`{"variants":[{"sku":"SHIRT-M","options":{"size":"M"}},{"id":%q,"sku":"NEW-S","options":{"size":"S"},"inactive":true}]}`, small)
	r := w.Want(t, 200, "company_admin", "PATCH", path, change)
	if r.Text("variants.0.id") != medium || r.Text("variants.1.id") != small || r.Text("variants.1.sku") != "NEW-S" || r.At("variants.0.price") != 20.0 {
		t.Errorf("changed: %s", r.Raw)
	}
	if r := w.Want(t, 200, "company_admin", "PATCH", path, `{"options":[]}`); r.At("variants") != nil || r.At("options") != nil {
		t.Errorf("without options: %s", r.Raw)
	}
}

// TestManagersPrices: a manager sets what the product costs in the own shop, and
// moves it between own shops only.
func TestManagersPrices(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	path := "/api/products/" + w.Want(t, 201, "company_admin", "POST", "/api/products", w.Shirt()).Text("id")
	r := w.Want(t, 200, "shop_manager", "PATCH", path, fmt.Sprintf(`{"shopPrices":[{"shopId":%q,"price":17.5}]}`, w.ShopA))
	if len(r.List("shopPrices")) != 2 {
		t.Fatalf("the other shop's price went: %s", r.Raw)
	}
	w.Want(t, 403, "shop_manager", "PATCH", path, fmt.Sprintf(`{"shopPrices":[{"shopId":%q,"price":1}]}`, w.ShopB))
	w.Want(t, 403, "shop_manager", "PATCH", path, fmt.Sprintf(`{"shopIds":[%q]}`, w.ShopA))
	w.Want(t, 404, "company_admin", "PATCH", path, fmt.Sprintf(`{"shopIds":[%q]}`, w.OtherShop))
	if r := w.Want(t, 200, "company_admin", "PATCH", path, fmt.Sprintf(`{"shopIds":[%q]}`, w.ShopA)); len(r.List("shopPrices")) != 1 {
		t.Fatalf("the price of a shop that sells it no more: %s", r.Raw)
	}
}

// TestScheduledProduct: hidden until its time, which staff see.
func TestScheduledProduct(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	at := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	body := w.Shirt()
	body["publishAt"] = at
	made := w.Want(t, 201, "company_admin", "POST", "/api/products", body)
	path := "/api/products/" + made.Text("id")
	if made.Text("status") != "draft" || made.Text("publishAt") == "" {
		t.Fatalf("%s", made.Raw)
	}
	w.Want(t, 404, "", "GET", path, nil)
	w.Want(t, 200, "shop_staff", "GET", path, nil)
	if r := w.Want(t, 200, "company_admin", "PATCH", path, `{"publishAt":null,"status":"active"}`); r.At("publishAt") != nil {
		t.Fatalf("%s", r.Raw)
	}
	if r := w.Want(t, 200, "", "GET", path, nil); r.At("publishAt") != nil {
		t.Fatalf("%s", r.Raw)
	}
}
