package ecommerce_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"entrepot/actors/ecommerce"
	"entrepot/events"
	"entrepot/grains/ecommerce/product"
	"entrepot/grains/inventory/stock"
	"entrepot/http/api/apitest"
)

// TestOnlyBuyersReview: an order makes its customer a buyer when it is paid, and
// no more when it was cancelled.
func TestOnlyBuyersReview(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	path, body := "/api/products/"+w.Mug+"/reviews", map[string]any{"stars": 5}
	purchases := ecommerce.Purchases(w.Store, time.Now)
	refused := func(when string) {
		t.Helper()
		w.Deliver(t, purchases)
		if r := w.Call(t, "customer", "POST", path, body); r.Status != 403 || r.Text("code") != "forbidden" {
			t.Fatalf("%s: %d %s", when, r.Status, r.Raw)
		}
	}
	refused("before any order")
	place := func() (order string) {
		t.Helper()
		return w.Want(t, 201, "customer", "POST", "/api/orders", map[string]any{
			"items": []map[string]any{{"productId": w.Mug, "shopId": w.ShopA, "quantity": 1}}, "shippingAddress": apitest.Address,
		}).Text("id")
	}
	cancelled := place()
	refused("ordered, not paid")
	w.Pay(t, "customer", cancelled)
	w.Want(t, 200, "customer", "POST", "/api/orders/"+cancelled+"/cancel", map[string]any{"reason": "changed my mind"})
	apitest.Eventually(t, "the cancellation is told", func() bool { return slices.Contains(w.EventTypes(), "order.cancelled") })
	refused("paid, and cancelled")
	w.Pay(t, "customer", place())
	w.Deliver(t, purchases)
	r := w.Want(t, 201, "customer", "POST", path, body)
	if r.Text("status") != "pending" || r.Text("shopId") != w.ShopA || r.Header.Get("Location") != path+"/mine" || r.Header.Get("ETag") != `"1"` {
		t.Fatalf("%v %s", r.Header, r.Raw)
	}
	for _, as := range []string{"other_customer", "company_admin", "super_admin", "shop_staff"} {
		w.Want(t, 403, as, "POST", path, body)
	}
	w.Want(t, 401, "", "POST", path, body)
	w.Want(t, 409, "customer", "POST", path, body)
}

// TestAReviewsLife: keyed, waits, is published, changed from the version that was
// read, refused, deleted; and nobody sees but whom it concerns.
func TestAReviewsLife(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	w.Bought(t, "customer", w.Mug, w.ShopA)
	path, body := "/api/products/"+w.Mug+"/reviews", map[string]any{"stars": 4, "title": " Good ", "text": "It holds tea."}
	first := w.Want(t, 201, "customer", "POST", path, body, "Idempotency-Key", "k")
	again := w.Want(t, 201, "customer", "POST", path, body, "Idempotency-Key", "k")
	id := first.Text("id")
	if again.Text("id") != id || again.Header.Get("Idempotent-Replayed") != "true" || first.Text("title") != "Good" {
		t.Fatalf("%s and %s", first.Raw, again.Raw)
	}
	public := func() []any { t.Helper(); return w.Want(t, 200, "", "GET", path, nil).List("items") }
	if len(public()) != 0 {
		t.Fatalf("shown before it was approved: %v", public())
	}
	for as, n := range map[string]int{"super_admin": 1, "company_admin": 1, "shop_manager": 1, "shop_staff": 1, "other_admin": 0} {
		if got := w.Want(t, 200, as, "GET", "/api/products/reviews", nil).List("items"); len(got) != n {
			t.Errorf("%s moderates %v", as, got)
		}
	}
	moderate := "/api/products/reviews/" + id
	w.Want(t, 409, "shop_manager", "POST", moderate+"/approve", nil, "If-Match", `"7"`)
	w.Want(t, 200, "shop_manager", "POST", moderate+"/approve", nil, "If-Match", first.Header.Get("ETag"))
	shown := w.Want(t, 200, "", "GET", path, nil)
	if shown.At("items.0.stars") != 4.0 || shown.Text("items.0.author") != "customer" || strings.Contains(string(shown.Raw), w.Users["customer"].ID) {
		t.Fatalf("%s", shown.Raw)
	}
	w.Want(t, 409, "company_admin", "PUT", moderate+"/reply", map[string]any{"text": "Late"}, "If-Match", `"1"`)
	for as, want := range map[string]int{"other_admin": 404, "shop_staff": 403, "customer": 403, "": 401} {
		w.Want(t, want, as, "PUT", moderate+"/reply", map[string]any{"text": "Hello"})
	}
	w.Want(t, 200, "shop_manager", "PUT", moderate+"/reply", map[string]any{"text": " Thank you! "})
	if r := w.Want(t, 200, "", "GET", path, nil); r.Text("items.0.reply") != "Thank you!" || r.At("items.0.repliedAt") == nil {
		t.Fatalf("%s", r.Raw)
	}
	w.Want(t, 200, "shop_manager", "PUT", moderate+"/reply", map[string]any{"text": ""})
	if r := w.Want(t, 200, "", "GET", path, nil); r.At("items.0.reply") != nil || r.At("items.0.repliedAt") != nil {
		t.Fatalf("%s", r.Raw)
	}
	w.Want(t, 409, "customer", "PUT", path+"/mine", map[string]any{"stars": 1}, "If-Match", `"1"`)
	edited := w.Want(t, 200, "customer", "PUT", path+"/mine", map[string]any{"stars": 1}, "If-Match", `"4"`)
	if edited.Text("status") != "pending" || edited.Text("title") != "" || len(public()) != 0 {
		t.Fatalf("%s, and shown is %v", edited.Raw, public())
	}
	w.Want(t, 200, "company_admin", "POST", moderate+"/reject", map[string]any{"reason": "about the post office"})
	if r := w.Want(t, 200, "customer", "GET", path+"/mine", nil); r.Text("status") != "rejected" || r.Text("reason") != "about the post office" || r.Header.Get("ETag") != `"6"` {
		t.Fatalf("%s", r.Raw)
	}
	w.Restart()
	w.Want(t, 204, "customer", "DELETE", path+"/mine", nil)
	w.Want(t, 404, "customer", "GET", path+"/mine", nil)
	w.Want(t, 404, "company_admin", "POST", moderate+"/approve", nil)
	w.Want(t, 201, "customer", "POST", path, body)
}

// TestReviewsAreSortedAndPaged by age and stars, without gap or repetition.
func TestReviewsAreSortedAndPaged(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	path := "/api/products/" + w.Mug + "/reviews"
	for n, name := range []string{"Ada Lovelace", "Bob", "c@d.ef", "Éva Maria Örkény", "Zoë X"} {
		as := w.Customer(t, n, name)
		w.Bought(t, as, w.Mug, w.ShopA)
		id := w.Want(t, 201, as, "POST", path, map[string]any{"stars": (n*2)%5 + 1}).Text("id") // 1 3 5 2 4
		w.Want(t, 200, "company_admin", "POST", "/api/products/reviews/"+id+"/approve", nil)
	}
	authors := map[any]bool{}
	for sort, want := range map[string]string{"highest": "54321", "lowest": "12345"} {
		got, cursor := "", ""
		for {
			r := w.Want(t, 200, "", "GET", path+"?limit=2&sort="+sort+cursor, nil)
			for i := range r.List("items") {
				got += fmt.Sprint(r.At(fmt.Sprintf("items.%d.stars", i)))
				authors[r.At(fmt.Sprintf("items.%d.author", i))] = true
			}
			if r.Text("nextCursor") == "" {
				break
			}
			cursor = "&cursor=" + r.Text("nextCursor")
		}
		if got != want {
			t.Errorf("%s: %s, want %s", sort, got, want)
		}
	}
	for _, name := range []any{"Ada L.", "Bob", nil, "Éva Ö.", "Zoë X."} {
		if !authors[name] {
			t.Errorf("no author %v: %v", name, authors)
		}
	}
	for range 2 {
		w.Deliver(t, ecommerce.Ratings(w.Store, w.Member))
	}
	if r := w.Want(t, 200, "", "GET", "/api/products/"+w.Mug, nil); r.At("rating.average") != 3.0 || r.At("rating.count") != 5.0 {
		t.Errorf("the product's rating: %s", r.Raw)
	}
	if r := w.Want(t, 200, "", "GET", path+"?stars=5", nil); len(r.List("items")) != 1 || r.At("items.0.stars") != 5.0 {
		t.Errorf("%s", r.Raw)
	}
	if r := w.Want(t, 200, "", "GET", path, nil); len(r.List("items")) != 5 {
		t.Errorf("%s", r.Raw)
	}
}

func TestWishlist(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	if r := w.Want(t, 200, "customer", "GET", "/api/wishlist", nil); r.List("items") == nil || r.List("products") == nil || r.Text("userId") != w.Users["customer"].ID {
		t.Fatalf("empty: %s", r.Raw)
	}
	for range 2 {
		r := w.Want(t, 201, "customer", "POST", "/api/wishlist/items", map[string]any{"productId": w.Mug})
		if r.Text("id") != w.Mug || r.Text("variantId") != w.Mug || r.Header.Get("Location") != "/api/wishlist/items/"+w.Mug || r.At("price") != 19.99 {
			t.Fatalf("%v %s", r.Header, r.Raw)
		}
	}
	w.Want(t, 201, "customer", "POST", "/api/wishlist/items", map[string]any{"productId": w.OtherMug})
	w.Tell(t, product.Name, w.Mug, product.Update{Price: apitest.Ptr(int64(1499))})
	w.Tell(t, product.Name, w.OtherMug, product.Delete{})
	r := w.Want(t, 200, "customer", "GET", "/api/wishlist", nil)
	if len(r.List("items")) != 2 || r.Text("products.0") != w.OtherMug || r.At("items.0.sold") != false || r.At("items.0.price") != 9.0 ||
		r.At("items.1.sold") != true || r.At("items.1.price") != 14.99 || r.At("items.1.priceWhenAdded") != 19.99 {
		t.Fatalf("%s", r.Raw)
	}
	w.Want(t, 404, "other_customer", "DELETE", "/api/wishlist/items/"+w.Mug, nil)
	w.Want(t, 204, "customer", "DELETE", "/api/wishlist/items/"+w.Mug, nil)
	w.Want(t, 404, "customer", "DELETE", "/api/wishlist/items/"+w.Mug, nil)
	w.Want(t, 204, "customer", "DELETE", "/api/wishlist/items/"+w.OtherMug, nil) // of what is gone
	for _, as := range []string{"company_admin", "shop_staff", "super_admin"} {
		w.Want(t, 403, as, "GET", "/api/wishlist", nil)
	}
	w.Want(t, 401, "", "GET", "/api/wishlist", nil)
	types := slices.DeleteFunc(w.EventTypes(), func(s string) bool { return !strings.HasPrefix(s, "wishlist.") })
	if !slices.Equal(types, []string{"wishlist.item_added", "wishlist.item_added", "wishlist.item_removed", "wishlist.item_removed"}) {
		t.Errorf("%v", types)
	}
}

// TestToldWhenItIsBack: from the request to the one event for each who waited.
func TestToldWhenItIsBack(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	w.Want(t, 409, "customer", "POST", "/api/products/"+w.Mug+"/notify", map[string]any{}) // in stock
	if r := w.Want(t, 200, "customer", "GET", "/api/products/notifications", nil); len(r.List("items")) != 0 {
		t.Fatalf("waits for what is there: %s", r.Raw)
	}
	lamp := w.Product(t, w.Company, "LAMP", 900, w.ShopA, w.ShopB)
	path := "/api/products/" + lamp + "/notify"
	first := w.Want(t, 201, "customer", "POST", path, map[string]any{})
	if again := w.Want(t, 201, "customer", "POST", path, map[string]any{"variantId": lamp}); again.Text("id") != first.Text("id") || first.Text("variantId") != lamp {
		t.Fatalf("%s and %s", first.Raw, again.Raw)
	}
	if at := first.Header.Get("Location"); at != "/api/products/notifications/"+first.Text("id") {
		t.Errorf("Location %s", at)
	}
	w.Want(t, 201, "customer", "POST", path, map[string]any{"shopId": w.ShopB})
	w.Want(t, 201, "other_customer", "POST", path, map[string]any{"shopId": w.ShopA})
	for _, as := range []string{"company_admin", "shop_staff", "super_admin"} {
		w.Want(t, 403, as, "POST", path, map[string]any{})
	}
	w.Want(t, 401, "", "POST", path, map[string]any{})
	back := ecommerce.BackInStock(w.Store, w.Member)
	w.Tell(t, stock.Name, stock.ID(lamp, w.ShopA), stock.Receive{ProductID: lamp, CompanyID: w.Company, LocationID: w.ShopA, Quantity: 3, Reason: "purchase"})
	w.Deliver(t, back)
	w.Deliver(t, back)
	told := map[string]int{}
	for _, e := range w.Events() {
		var b events.ProductBackInStock
		if e.Type != b.EventType() {
			continue
		}
		if err := e.Decode(&b); err != nil || b.ProductID != lamp || b.LocationID != w.ShopA || b.Available != 3 {
			t.Errorf("%+v, %v", b, err)
		}
		told[b.UserID+b.ShopID]++
	}
	if len(told) != 2 || told[w.Users["customer"].ID] != 1 || told[w.Users["other_customer"].ID+w.ShopA] != 1 {
		t.Fatalf("%v", told)
	}
	r := w.Want(t, 200, "customer", "GET", "/api/products/notifications", nil)
	if len(r.List("items")) != 1 || r.Text("items.0.shopId") != w.ShopB {
		t.Fatalf("waits: %s", r.Raw)
	}
	w.Want(t, 404, "other_customer", "DELETE", "/api/products/notifications/"+r.Text("items.0.id"), nil)
	w.Want(t, 204, "customer", "DELETE", "/api/products/notifications/"+r.Text("items.0.id"), nil)
	w.Want(t, 404, "customer", "DELETE", "/api/products/notifications/"+r.Text("items.0.id"), nil)
}
