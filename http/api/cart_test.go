package api_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"entrepot"
	"entrepot/grains/product/productpb"

	"google.golang.org/protobuf/proto"
)

func item(product string, quantity int) map[string]any {
	return map[string]any{"productId": product, "quantity": quantity}
}

// guest opens a guest's cart and returns its token.
func (w *world) guest(t testing.TB) string {
	t.Helper()
	r := w.want(t, 201, "", "POST", "/api/cart/guest", nil)
	token := r.text("token")
	if len(token) != 43 || strings.Contains(string(r.raw[len(`{"token":"`)+43:]), token) {
		t.Fatalf("%s", r.raw)
	}
	return token
}

// TestGuestCart: a token is a cart of its own, until a customer takes it over.
func TestGuestCart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, other := w.guest(t), w.guest(t)
	r := w.want(t, 201, "", "POST", "/api/cart/items", item(w.mug, 2), "Cart-Token", token)
	if r.at("total") != 39.98 {
		t.Fatalf("%s", r.raw)
	}
	w.want(t, 201, "", "POST", "/api/cart/items", item(w.cup, 1), "Cart-Token", token)
	w.want(t, 200, "", "PUT", r.header.Get("Location"), map[string]any{"quantity": 3}, "Cart-Token", token)
	if r = w.want(t, 200, "", "GET", "/api/cart", nil, "Cart-Token", other); len(r.list("items")) != 0 {
		t.Fatalf("another guest sees %s", r.raw)
	}
	w.want(t, 401, "", "GET", "/api/cart", nil)
	w.want(t, 401, "", "GET", "/api/cart", nil, "Cart-Token", "short")
	w.want(t, 404, "", "GET", "/api/cart", nil, "Cart-Token", strings.Repeat("A", 43)) // never given out
	w.want(t, 401, "", "POST", "/api/orders", nil, "Cart-Token", token)
	w.want(t, 403, "shop_staff", "GET", "/api/cart", nil, "Cart-Token", token)
	if r = w.want(t, 200, "customer", "GET", "/api/cart", nil, "Cart-Token", token); len(r.list("items")) != 0 {
		t.Fatalf("a login goes before a token: %s", r.raw)
	}

	w.want(t, 201, "customer", "POST", "/api/cart/items", item(w.mug, 1))
	w.ask(t, productpb.Kind, w.mug, &productpb.Update{PriceMinor: proto.Int64(1500)})
	w.want(t, 400, "customer", "POST", "/api/cart/merge", map[string]any{"token": "x"})
	w.want(t, 404, "customer", "POST", "/api/cart/merge", map[string]any{"token": strings.Repeat("A", 43)})
	w.want(t, 401, "", "POST", "/api/cart/merge", map[string]any{"token": token}, "Cart-Token", token)
	for range 2 {
		r = w.want(t, 200, "customer", "POST", "/api/cart/merge", map[string]any{"token": token})
		if r.at("items.0.quantity") != 4.0 || r.at("items.0.price") != 15.0 || r.at("items.1.quantity") != 1.0 || r.at("total") != 65.0 {
			t.Fatalf("merged: %s", r.raw)
		}
	}
	if r = w.want(t, 404, "other_customer", "POST", "/api/cart/merge", map[string]any{"token": token}); r.text("errors.0.field") != "token" {
		t.Fatalf("%s", r.raw)
	}
	w.want(t, 404, "", "GET", "/api/cart", nil, "Cart-Token", token)
	w.want(t, 404, "", "POST", "/api/cart/items", item(w.mug, 1), "Cart-Token", token)
	for _, e := range w.Events() {
		if strings.Contains(string(e.Data), token) {
			t.Fatalf("the token stands in %s", e.Data)
		}
	}
}

// TestMergeOfAnotherCurrency: a clear refusal, and the guest keeps the cart.
// TestChangesOfACartThatWasRead: who changes what they saw is told that somebody,
// the same customer on another device perhaps, was faster.
func TestChangesOfACartThatWasRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if tag := w.want(t, 200, "customer", "GET", "/api/cart", nil).header.Get("ETag"); tag != "" {
		t.Errorf("a cart that was never used is at %s", tag)
	}
	made := w.want(t, 201, "customer", "POST", "/api/cart/items", item(w.mug, 1))
	line, old := made.header.Get("Location"), made.header.Get("ETag")
	set := w.want(t, 200, "customer", "PUT", line, map[string]any{"quantity": 2}, "If-Match", old)
	for _, change := range []struct {
		method, path string
		body         any
	}{{"PUT", line, map[string]any{"quantity": 7}}, {"DELETE", line, nil}, {"DELETE", "/api/cart", nil}} {
		r := w.want(t, 409, "customer", change.method, change.path, change.body, "If-Match", old)
		if r.text("code") != "stale" || r.text("errors.0.field") != "If-Match" {
			t.Errorf("%s %s: %s", change.method, change.path, r.raw)
		}
		w.want(t, 400, "customer", change.method, change.path, change.body, "If-Match", "7")
	}
	w.Restart()
	read := w.want(t, 200, "customer", "GET", "/api/cart", nil)
	if tag := read.header.Get("ETag"); tag != set.header.Get("ETag") || read.at("items.0.quantity") != 2.0 {
		t.Fatalf("%s: %s", tag, read.raw)
	}
	w.want(t, 200, "customer", "DELETE", line, nil, "If-Match", read.header.Get("ETag"))
	w.want(t, 200, "customer", "DELETE", "/api/cart", nil, "If-Match", "*")
}

func TestMergeOfAnotherCurrency(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	yen := entrepot.NewID()
	w.ask(t, productpb.Kind, yen, &productpb.Create{CompanyId: w.company, ShopIds: []string{w.shopA}, Sku: "YEN", Name: "Yen", PriceMinor: 1000, Currency: "JPY"})
	token := w.guest(t)
	w.want(t, 201, "", "POST", "/api/cart/items", item(yen, 1), "Cart-Token", token)
	w.want(t, 201, "customer", "POST", "/api/cart/items", item(w.mug, 1))
	r := w.want(t, 409, "customer", "POST", "/api/cart/merge", map[string]any{"token": token})
	if !strings.Contains(r.text("detail"), "JPY") || !strings.Contains(r.text("detail"), "EUR") {
		t.Fatalf("%s", r.raw)
	}
	w.want(t, 201, "", "POST", "/api/cart/items", item(yen, 1), "Cart-Token", token)
	w.want(t, 200, "customer", "DELETE", "/api/cart", nil)
	if r = w.want(t, 200, "customer", "POST", "/api/cart/merge", map[string]any{"token": token}); r.at("items.0.quantity") != 2.0 || r.text("currency") != "JPY" {
		t.Fatalf("%s", r.raw)
	}
}

func TestSavedForLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	line := w.want(t, 201, "customer", "POST", "/api/cart/items", item(w.mug, 2)).text("items.0.id")
	r := w.want(t, 200, "customer", "POST", "/api/cart/items/"+line+"/save", nil, "Idempotency-Key", "s")
	if len(r.list("items")) != 0 || r.at("saved.0.quantity") != 2.0 || r.at("total") != 0.0 {
		t.Fatalf("%s", r.raw)
	}
	w.ask(t, productpb.Kind, w.mug, &productpb.Update{PriceMinor: proto.Int64(1500)})
	w.want(t, 404, "other_customer", "POST", "/api/cart/saved/"+line+"/restore", nil)
	if r = w.want(t, 200, "customer", "POST", "/api/cart/saved/"+line+"/restore", nil); r.at("total") != 30.0 || len(r.list("saved")) != 0 {
		t.Fatalf("%s", r.raw)
	}
	w.want(t, 404, "customer", "POST", "/api/cart/saved/"+line+"/restore", nil)
	w.want(t, 200, "customer", "POST", "/api/cart/items/"+line+"/save", nil)
	w.ask(t, productpb.Kind, w.mug, &productpb.Update{Status: proto.String("archived")})
	w.want(t, 404, "customer", "POST", "/api/cart/saved/"+line+"/restore", nil) // it is not sold any more
	w.want(t, 200, "customer", "DELETE", "/api/cart/saved/"+line, nil)
	w.want(t, 404, "customer", "DELETE", "/api/cart/saved/"+line, nil)
	w.want(t, 404, "customer", "DELETE", "/api/cart/saved/x", nil)
}

// TestHundredChangesOfOneCart: none is lost.
func TestHundredChangesOfOneCart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			product := w.mug
			if i%2 == 1 {
				product = w.cup
			}
			if r := w.call(t, "customer", "POST", "/api/cart/items", item(product, 1+i%3), "Idempotency-Key", fmt.Sprint("k", i)); r.status != 201 {
				t.Errorf("%d %s", r.status, r.raw)
			}
		})
	}
	wg.Wait()
	want := map[string]float64{}
	for i := range 100 {
		want[[]string{w.mug, w.cup}[i%2]] += float64(1 + i%3)
	}
	w.Restart()
	r := w.want(t, 200, "customer", "GET", "/api/cart", nil)
	if len(r.list("items")) != 2 {
		t.Fatalf("%s", r.raw)
	}
	for i := range 2 {
		at := fmt.Sprint("items.", i, ".")
		if got := r.at(at + "quantity"); got != want[r.text(at+"productId")] {
			t.Errorf("%s: %v, want %v", r.text(at+"name"), got, want[r.text(at+"productId")])
		}
	}
}
