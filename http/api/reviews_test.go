package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"entrepot"
	"entrepot/actors/ecommerce"
	"entrepot/events"
	"entrepot/grains/product/productpb"
	"entrepot/grains/review"
	"entrepot/grains/stock/stockpb"
	"entrepot/grains/user/userpb"
	"entrepot/http/edge"
	"entrepot/persistence"
)

// bought writes a row of a paid order.
func (w *world) bought(t testing.TB, as string, product, shop entrepot.ID) {
	t.Helper()
	state, err := w.Store.Marshal(&struct{}{})
	if err != nil {
		t.Fatal(err)
	}
	company := w.company
	if shop == w.otherShop {
		company = w.otherCompany
	}
	doc := persistence.Document{
		ID: entrepot.NewID(), Version: 1, CompanyID: company, ShopID: shop, OwnerID: w.users[as].Id,
		Fields: []any{product, entrepot.NewID(), review.Paid, int64(1)}, State: state,
	}
	if err := w.Store.Commit(t.Context(), []persistence.Write{{Collection: review.Purchases, Doc: doc}})[0]; err != nil {
		t.Fatal(err)
	}
}

// reviewed buys a product and reviews it.
func (w *world) reviewed(t testing.TB, as string, product, shop entrepot.ID) string {
	t.Helper()
	w.bought(t, as, product, shop)
	return w.want(t, 201, as, "POST", "/api/products/"+product+"/reviews", map[string]any{"stars": 4, "title": "Good", "text": "It holds tea."}).text("id")
}

// deliver hands the events of some types that happened so far to a consumer.
func (w *world) deliver(t testing.TB, h events.Handler) {
	t.Helper()
	var batch []*events.Delivery
	for _, e := range w.Events() {
		batch = append(batch, &events.Delivery{Envelope: e, Attempt: 1})
	}
	for i, err := range h(t.Context(), batch) {
		if err != nil {
			t.Fatalf("%s: %v", batch[i].Type, err)
		}
	}
}

// TestOnlyBuyersReview: an order makes its customer a buyer when it is paid, and
// no more when it was cancelled.
func TestOnlyBuyersReview(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path, body := "/api/products/"+w.mug+"/reviews", map[string]any{"stars": 5}
	purchases := ecommerce.Purchases(w.Store, time.Now)
	refused := func(when string) {
		t.Helper()
		w.deliver(t, purchases)
		if r := w.call(t, "customer", "POST", path, body); r.status != 403 || r.text("code") != "forbidden" {
			t.Fatalf("%s: %d %s", when, r.status, r.raw)
		}
	}
	refused("before any order")
	place := func() (order string) {
		t.Helper()
		return w.want(t, 201, "customer", "POST", "/api/orders", map[string]any{
			"items": []map[string]any{{"productId": w.mug, "shopId": w.shopA, "quantity": 1}}, "shippingAddress": address,
		}).text("id")
	}
	cancelled := place()
	refused("ordered, not paid")
	w.pay(t, "customer", cancelled)
	w.want(t, 200, "customer", "POST", "/api/orders/"+cancelled+"/cancel", map[string]any{"reason": "changed my mind"})
	eventually(t, "the cancellation is told", func() bool { return slices.Contains(w.EventTypes(), "order.cancelled") })
	refused("paid, and cancelled")
	w.pay(t, "customer", place())
	w.deliver(t, purchases)
	r := w.want(t, 201, "customer", "POST", path, body)
	if r.text("status") != "pending" || r.text("shopId") != w.shopA || r.header.Get("Location") != path+"/mine" || r.header.Get("ETag") != `"1"` {
		t.Fatalf("%v %s", r.header, r.raw)
	}
	for _, as := range []string{"other_customer", "company_admin", "super_admin", "shop_staff"} {
		w.want(t, 403, as, "POST", path, body)
	}
	w.want(t, 401, "", "POST", path, body)
	w.want(t, 409, "customer", "POST", path, body)
}

// TestAReviewsLife: keyed, waits, is published, changed from the version that was
// read, refused, deleted; and nobody sees but whom it concerns.
func TestAReviewsLife(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.bought(t, "customer", w.mug, w.shopA)
	path, body := "/api/products/"+w.mug+"/reviews", map[string]any{"stars": 4, "title": " Good ", "text": "It holds tea."}
	first := w.want(t, 201, "customer", "POST", path, body, "Idempotency-Key", "k")
	again := w.want(t, 201, "customer", "POST", path, body, "Idempotency-Key", "k")
	id := first.text("id")
	if again.text("id") != id || again.header.Get("Idempotent-Replayed") != "true" || first.text("title") != "Good" {
		t.Fatalf("%s and %s", first.raw, again.raw)
	}
	public := func() []any { t.Helper(); return w.want(t, 200, "", "GET", path, nil).list("items") }
	if len(public()) != 0 {
		t.Fatalf("shown before it was approved: %v", public())
	}
	for as, n := range map[string]int{"super_admin": 1, "company_admin": 1, "shop_manager": 1, "shop_staff": 1, "other_admin": 0} {
		if got := w.want(t, 200, as, "GET", "/api/products/reviews", nil).list("items"); len(got) != n {
			t.Errorf("%s moderates %v", as, got)
		}
	}
	moderate := "/api/products/reviews/" + id
	w.want(t, 409, "shop_manager", "POST", moderate+"/approve", nil, "If-Match", `"7"`)
	w.want(t, 200, "shop_manager", "POST", moderate+"/approve", nil, "If-Match", first.header.Get("ETag"))
	shown := w.want(t, 200, "", "GET", path, nil)
	if shown.at("items.0.stars") != 4.0 || shown.text("items.0.author") != "customer" || strings.Contains(string(shown.raw), w.users["customer"].Id) {
		t.Fatalf("%s", shown.raw)
	}
	w.want(t, 409, "company_admin", "PUT", moderate+"/reply", map[string]any{"text": "Late"}, "If-Match", `"1"`)
	for as, want := range map[string]int{"other_admin": 404, "shop_staff": 403, "customer": 403, "": 401} {
		w.want(t, want, as, "PUT", moderate+"/reply", map[string]any{"text": "Hello"})
	}
	w.want(t, 200, "shop_manager", "PUT", moderate+"/reply", map[string]any{"text": " Thank you! "})
	if r := w.want(t, 200, "", "GET", path, nil); r.text("items.0.reply") != "Thank you!" || r.at("items.0.repliedAt") == nil {
		t.Fatalf("%s", r.raw)
	}
	w.want(t, 200, "shop_manager", "PUT", moderate+"/reply", map[string]any{"text": ""})
	if r := w.want(t, 200, "", "GET", path, nil); r.at("items.0.reply") != nil || r.at("items.0.repliedAt") != nil {
		t.Fatalf("%s", r.raw)
	}
	w.want(t, 409, "customer", "PUT", path+"/mine", map[string]any{"stars": 1}, "If-Match", `"1"`)
	edited := w.want(t, 200, "customer", "PUT", path+"/mine", map[string]any{"stars": 1}, "If-Match", `"4"`)
	if edited.text("status") != "pending" || edited.text("title") != "" || len(public()) != 0 {
		t.Fatalf("%s, and shown is %v", edited.raw, public())
	}
	w.want(t, 200, "company_admin", "POST", moderate+"/reject", map[string]any{"reason": "about the post office"})
	if r := w.want(t, 200, "customer", "GET", path+"/mine", nil); r.text("status") != "rejected" || r.text("reason") != "about the post office" || r.header.Get("ETag") != `"6"` {
		t.Fatalf("%s", r.raw)
	}
	w.Restart()
	w.want(t, 204, "customer", "DELETE", path+"/mine", nil)
	w.want(t, 404, "customer", "GET", path+"/mine", nil)
	w.want(t, 404, "company_admin", "POST", moderate+"/approve", nil)
	w.want(t, 201, "customer", "POST", path, body)
}

// customer registers somebody of a name and answers the name of the test's.
func (w *world) customer(t testing.TB, n int, name string) (as string) {
	t.Helper()
	as = fmt.Sprint("buyer", n)
	id := entrepot.DeriveID("user", as)
	w.ask(t, userpb.Kind, id, &userpb.Register{Email: as + "@demo.test", Name: name, PasswordHash: "h", Role: string(entrepot.Customer)})
	token, _, err := w.keys.Sign(edge.Claims{UserID: id, Email: as + "@demo.test", Role: entrepot.Customer})
	if err != nil {
		t.Fatal(err)
	}
	w.users[as], w.tokens[as] = &userpb.User{Id: id}, token
	return as
}

// TestReviewsAreSortedAndPaged by age and stars, without gap or repetition.
func TestReviewsAreSortedAndPaged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := "/api/products/" + w.mug + "/reviews"
	for n, name := range []string{"Ada Lovelace", "Bob", "c@d.ef", "Éva Maria Örkény", "Zoë X"} {
		as := w.customer(t, n, name)
		w.bought(t, as, w.mug, w.shopA)
		id := w.want(t, 201, as, "POST", path, map[string]any{"stars": (n*2)%5 + 1}).text("id") // 1 3 5 2 4
		w.want(t, 200, "company_admin", "POST", "/api/products/reviews/"+id+"/approve", nil)
	}
	authors := map[any]bool{}
	for sort, want := range map[string]string{"highest": "54321", "lowest": "12345"} {
		got, cursor := "", ""
		for {
			r := w.want(t, 200, "", "GET", path+"?limit=2&sort="+sort+cursor, nil)
			for i := range r.list("items") {
				got += fmt.Sprint(r.at(fmt.Sprintf("items.%d.stars", i)))
				authors[r.at(fmt.Sprintf("items.%d.author", i))] = true
			}
			if r.text("nextCursor") == "" {
				break
			}
			cursor = "&cursor=" + r.text("nextCursor")
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
		w.deliver(t, ecommerce.Ratings(w.Store, w.Member))
	}
	if r := w.want(t, 200, "", "GET", "/api/products/"+w.mug, nil); r.at("rating.average") != 3.0 || r.at("rating.count") != 5.0 {
		t.Errorf("the product's rating: %s", r.raw)
	}
	if r := w.want(t, 200, "", "GET", path+"?stars=5", nil); len(r.list("items")) != 1 || r.at("items.0.stars") != 5.0 {
		t.Errorf("%s", r.raw)
	}
	if r := w.want(t, 200, "", "GET", path, nil); len(r.list("items")) != 5 {
		t.Errorf("%s", r.raw)
	}
}

func TestWishlist(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if r := w.want(t, 200, "customer", "GET", "/api/wishlist", nil); r.list("items") == nil || r.list("products") == nil || r.text("userId") != w.users["customer"].Id {
		t.Fatalf("empty: %s", r.raw)
	}
	for range 2 {
		r := w.want(t, 201, "customer", "POST", "/api/wishlist/items", map[string]any{"productId": w.mug})
		if r.text("id") != w.mug || r.text("variantId") != w.mug || r.header.Get("Location") != "/api/wishlist/items/"+w.mug || r.at("price") != 19.99 {
			t.Fatalf("%v %s", r.header, r.raw)
		}
	}
	w.want(t, 201, "customer", "POST", "/api/wishlist/items", map[string]any{"productId": w.otherMug})
	w.ask(t, productpb.Kind, w.mug, &productpb.Update{PriceMinor: ptr(int64(1499))})
	w.ask(t, productpb.Kind, w.otherMug, &productpb.Delete{})
	r := w.want(t, 200, "customer", "GET", "/api/wishlist", nil)
	if len(r.list("items")) != 2 || r.text("products.0") != w.otherMug || r.at("items.0.sold") != false || r.at("items.0.price") != 9.0 ||
		r.at("items.1.sold") != true || r.at("items.1.price") != 14.99 || r.at("items.1.priceWhenAdded") != 19.99 {
		t.Fatalf("%s", r.raw)
	}
	w.want(t, 404, "other_customer", "DELETE", "/api/wishlist/items/"+w.mug, nil)
	w.want(t, 204, "customer", "DELETE", "/api/wishlist/items/"+w.mug, nil)
	w.want(t, 404, "customer", "DELETE", "/api/wishlist/items/"+w.mug, nil)
	w.want(t, 204, "customer", "DELETE", "/api/wishlist/items/"+w.otherMug, nil) // of what is gone
	for _, as := range []string{"company_admin", "shop_staff", "super_admin"} {
		w.want(t, 403, as, "GET", "/api/wishlist", nil)
	}
	w.want(t, 401, "", "GET", "/api/wishlist", nil)
	types := slices.DeleteFunc(w.EventTypes(), func(s string) bool { return !strings.HasPrefix(s, "wishlist.") })
	if !slices.Equal(types, []string{"wishlist.item_added", "wishlist.item_added", "wishlist.item_removed", "wishlist.item_removed"}) {
		t.Errorf("%v", types)
	}
}

func ptr[V any](v V) *V { return &v }

// TestToldWhenItIsBack: from the request to the one event for each who waited.
func TestToldWhenItIsBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.want(t, 409, "customer", "POST", "/api/products/"+w.mug+"/notify", map[string]any{}) // in stock
	if r := w.want(t, 200, "customer", "GET", "/api/products/notifications", nil); len(r.list("items")) != 0 {
		t.Fatalf("waits for what is there: %s", r.raw)
	}
	lamp := w.product(t, w.company, "LAMP", 900, w.shopA, w.shopB)
	path := "/api/products/" + lamp + "/notify"
	first := w.want(t, 201, "customer", "POST", path, map[string]any{})
	if again := w.want(t, 201, "customer", "POST", path, map[string]any{"variantId": lamp}); again.text("id") != first.text("id") || first.text("variantId") != lamp {
		t.Fatalf("%s and %s", first.raw, again.raw)
	}
	if at := first.header.Get("Location"); at != "/api/products/notifications/"+first.text("id") {
		t.Errorf("Location %s", at)
	}
	w.want(t, 201, "customer", "POST", path, map[string]any{"shopId": w.shopB})
	w.want(t, 201, "other_customer", "POST", path, map[string]any{"shopId": w.shopA})
	for _, as := range []string{"company_admin", "shop_staff", "super_admin"} {
		w.want(t, 403, as, "POST", path, map[string]any{})
	}
	w.want(t, 401, "", "POST", path, map[string]any{})
	back := ecommerce.BackInStock(w.Store, w.Member)
	w.ask(t, stockpb.Kind, stockpb.ID(lamp, w.shopA), &stockpb.Receive{ProductId: lamp, CompanyId: w.company, LocationId: w.shopA, Quantity: 3, Reason: "purchase"})
	w.deliver(t, back)
	w.deliver(t, back)
	told := map[string]int{}
	for _, e := range w.Events() {
		var b events.ProductBackInStock
		if e.Type != b.EventType() {
			continue
		}
		if err := e.Decode(&b); err != nil || b.ProductID != lamp || b.LocationID != w.shopA || b.Available != 3 {
			t.Errorf("%+v, %v", b, err)
		}
		told[b.UserID+b.ShopID]++
	}
	if len(told) != 2 || told[w.users["customer"].Id] != 1 || told[w.users["other_customer"].Id+w.shopA] != 1 {
		t.Fatalf("%v", told)
	}
	r := w.want(t, 200, "customer", "GET", "/api/products/notifications", nil)
	if len(r.list("items")) != 1 || r.text("items.0.shopId") != w.shopB {
		t.Fatalf("waits: %s", r.raw)
	}
	w.want(t, 404, "other_customer", "DELETE", "/api/products/notifications/"+r.text("items.0.id"), nil)
	w.want(t, 204, "customer", "DELETE", "/api/products/notifications/"+r.text("items.0.id"), nil)
	w.want(t, 404, "customer", "DELETE", "/api/products/notifications/"+r.text("items.0.id"), nil)
}
