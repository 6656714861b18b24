package cart_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"entrepot"
	"entrepot/grains/ecommerce/product"
	"entrepot/http/api/apitest"
)

// A token opens a cart of its own until a customer takes it over.
func TestGuestCart(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	token, other := w.Guest(t), w.Guest(t)
	r := w.Want(t, 201, "", "POST", "/api/cart/items", apitest.Item(w.Mug, 2), "Cart-Token", token)
	if r.At("total") != 39.98 {
		t.Fatalf("%s", r.Raw)
	}
	w.Want(t, 201, "", "POST", "/api/cart/items", apitest.Item(w.Cup, 1), "Cart-Token", token)
	w.Want(t, 200, "", "PUT", r.Header.Get("Location"), map[string]any{"quantity": 3}, "Cart-Token", token)
	if r = w.Want(t, 200, "", "GET", "/api/cart", nil, "Cart-Token", other); len(r.List("items")) != 0 {
		t.Fatalf("another guest sees %s", r.Raw)
	}
	w.Want(t, 401, "", "GET", "/api/cart", nil)
	w.Want(t, 401, "", "GET", "/api/cart", nil, "Cart-Token", "short")
	w.Want(t, 404, "", "GET", "/api/cart", nil, "Cart-Token", strings.Repeat("A", 43)) // never given out
	w.Want(t, 401, "", "POST", "/api/orders", nil, "Cart-Token", token)
	w.Want(t, 403, "shop_staff", "GET", "/api/cart", nil, "Cart-Token", token)
	if r = w.Want(t, 200, "customer", "GET", "/api/cart", nil, "Cart-Token", token); len(r.List("items")) != 0 {
		t.Fatalf("a login goes before a token: %s", r.Raw)
	}

	w.Want(t, 201, "customer", "POST", "/api/cart/items", apitest.Item(w.Mug, 1))
	w.Tell(t, product.Name, w.Mug, product.Update{Price: new(int64(1500))})
	w.Want(t, 400, "customer", "POST", "/api/cart/merge", map[string]any{"token": "x"})
	w.Want(t, 404, "customer", "POST", "/api/cart/merge", map[string]any{"token": strings.Repeat("A", 43)})
	w.Want(t, 401, "", "POST", "/api/cart/merge", map[string]any{"token": token}, "Cart-Token", token)
	for range 2 {
		r = w.Want(t, 200, "customer", "POST", "/api/cart/merge", map[string]any{"token": token})
		if r.At("items.0.quantity") != 4.0 || r.At("items.0.price") != 15.0 || r.At("items.1.quantity") != 1.0 ||
			r.At("total") != 65.0 {
			t.Fatalf("merged: %s", r.Raw)
		}
	}
	if r = w.Want(
		t, 404, "other_customer", "POST", "/api/cart/merge", map[string]any{"token": token},
	); r.Text("errors.0.field") != "token" {
		t.Fatalf("%s", r.Raw)
	}
	w.Want(t, 404, "", "GET", "/api/cart", nil, "Cart-Token", token)
	w.Want(t, 404, "", "POST", "/api/cart/items", apitest.Item(w.Mug, 1), "Cart-Token", token)
	for _, e := range w.Events() {
		if strings.Contains(string(e.Data), token) {
			t.Fatalf("the token stands in %s", e.Data)
		}
	}
}

// A change from a version that is no longer current is refused.
func TestChangesOfACartThatWasRead(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	if tag := w.Want(t, 200, "customer", "GET", "/api/cart", nil).Header.Get("ETag"); tag != "" {
		t.Errorf("a cart that was never used is at %s", tag)
	}
	made := w.Want(t, 201, "customer", "POST", "/api/cart/items", apitest.Item(w.Mug, 1))
	line, old := made.Header.Get("Location"), made.Header.Get("ETag")
	set := w.Want(t, 200, "customer", "PUT", line, map[string]any{"quantity": 2}, "If-Match", old)
	for _, change := range []struct {
		method, path string
		body         any
	}{{"PUT", line, map[string]any{"quantity": 7}}, {"DELETE", line, nil}, {"DELETE", "/api/cart", nil}} {
		r := w.Want(t, 409, "customer", change.method, change.path, change.body, "If-Match", old)
		if r.Text("code") != "stale" || r.Text("errors.0.field") != "If-Match" {
			t.Errorf("%s %s: %s", change.method, change.path, r.Raw)
		}
		w.Want(t, 400, "customer", change.method, change.path, change.body, "If-Match", "7")
	}
	w.Restart()
	read := w.Want(t, 200, "customer", "GET", "/api/cart", nil)
	if tag := read.Header.Get("ETag"); tag != set.Header.Get("ETag") || read.At("items.0.quantity") != 2.0 {
		t.Fatalf("%s: %s", tag, read.Raw)
	}
	w.Want(t, 200, "customer", "DELETE", line, nil, "If-Match", read.Header.Get("ETag"))
	w.Want(t, 200, "customer", "DELETE", "/api/cart", nil, "If-Match", "*")
}

// A merge of another currency is refused, and the guest keeps the cart.
func TestMergeOfAnotherCurrency(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	yen := entrepot.NewID()
	w.Tell(t, product.Name, yen, product.Create{Product: product.Product{
		CompanyID: w.Company, ShopIDs: []string{w.ShopA}, SKU: "YEN", Name: "Yen", Price: 1000, Currency: "JPY",
	}})
	token := w.Guest(t)
	w.Want(t, 201, "", "POST", "/api/cart/items", apitest.Item(yen, 1), "Cart-Token", token)
	w.Want(t, 201, "customer", "POST", "/api/cart/items", apitest.Item(w.Mug, 1))
	r := w.Want(t, 409, "customer", "POST", "/api/cart/merge", map[string]any{"token": token})
	if !strings.Contains(r.Text("detail"), "JPY") || !strings.Contains(r.Text("detail"), "EUR") {
		t.Fatalf("%s", r.Raw)
	}
	w.Want(t, 201, "", "POST", "/api/cart/items", apitest.Item(yen, 1), "Cart-Token", token)
	w.Want(t, 200, "customer", "DELETE", "/api/cart", nil)
	if r = w.Want(
		t, 200, "customer", "POST", "/api/cart/merge", map[string]any{"token": token},
	); r.At("items.0.quantity") != 2.0 || r.Text("currency") != "JPY" {
		t.Fatalf("%s", r.Raw)
	}
}

func TestSavedForLater(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	line := w.Want(t, 201, "customer", "POST", "/api/cart/items", apitest.Item(w.Mug, 2)).Text("items.0.id")
	r := w.Want(t, 200, "customer", "POST", "/api/cart/items/"+line+"/save", nil, "Idempotency-Key", "s")
	if len(r.List("items")) != 0 || r.At("saved.0.quantity") != 2.0 || r.At("total") != 0.0 {
		t.Fatalf("%s", r.Raw)
	}
	w.Tell(t, product.Name, w.Mug, product.Update{Price: new(int64(1500))})
	w.Want(t, 404, "other_customer", "POST", "/api/cart/saved/"+line+"/restore", nil)
	if r = w.Want(t, 200, "customer", "POST", "/api/cart/saved/"+line+"/restore", nil); r.At("total") != 30.0 ||
		len(r.List("saved")) != 0 {
		t.Fatalf("%s", r.Raw)
	}
	w.Want(t, 404, "customer", "POST", "/api/cart/saved/"+line+"/restore", nil)
	w.Want(t, 200, "customer", "POST", "/api/cart/items/"+line+"/save", nil)
	w.Tell(t, product.Name, w.Mug, product.Update{Status: new("archived")})
	w.Want(t, 404, "customer", "POST", "/api/cart/saved/"+line+"/restore", nil) // it is not sold any more
	w.Want(t, 200, "customer", "DELETE", "/api/cart/saved/"+line, nil)
	w.Want(t, 404, "customer", "DELETE", "/api/cart/saved/"+line, nil)
	w.Want(t, 404, "customer", "DELETE", "/api/cart/saved/x", nil)
}

// Of a hundred concurrent changes none is lost.
func TestHundredChangesOfOneCart(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			product := w.Mug
			if i%2 == 1 {
				product = w.Cup
			}
			if r := w.Call(
				t, "customer", "POST", "/api/cart/items", apitest.Item(product, 1+i%3), "Idempotency-Key", fmt.Sprint("k", i),
			); r.Status != 201 {
				t.Errorf("%d %s", r.Status, r.Raw)
			}
		})
	}
	wg.Wait()
	want := map[string]float64{}
	for i := range 100 {
		want[[]string{w.Mug, w.Cup}[i%2]] += float64(1 + i%3)
	}
	w.Restart()
	r := w.Want(t, 200, "customer", "GET", "/api/cart", nil)
	if len(r.List("items")) != 2 {
		t.Fatalf("%s", r.Raw)
	}
	for i := range 2 {
		at := fmt.Sprint("items.", i, ".")
		if got := r.At(at + "quantity"); got != want[r.Text(at+"productId")] {
			t.Errorf("%s: %v, want %v", r.Text(at+"name"), got, want[r.Text(at+"productId")])
		}
	}
}
