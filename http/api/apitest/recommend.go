package apitest

import (
	"fmt"
	"testing"
	"time"

	"entrepot"
	"entrepot/actors"
	"entrepot/actors/ecommerce"
	"entrepot/grains/sales/order"
)

// Learn hands every event so far to the consumers that recommendations rest on,
// once more.
func (w *World) Learn(t testing.TB) {
	t.Helper()
	w.Deliver(t, actors.Each(ecommerce.Recommendations(w.Store, w.Member), ecommerce.Purchases(w.Store, time.Now)))
}

// Buy places and pays an order of a shop.
func (w *World) Buy(t testing.TB, as string, shop entrepot.ID, products ...entrepot.ID) {
	t.Helper()
	var items []map[string]any
	for _, p := range products {
		items = append(items, map[string]any{"productId": p, "shopId": shop, "quantity": 1})
	}
	w.Pay(t, as, w.Want(t, 201, as, "POST", "/api/orders", map[string]any{"items": items, "shippingAddress": Address}).Text("id"))
}

// Pay tells an order that it is paid.
func (w *World) Pay(t testing.TB, as, orderID string) {
	t.Helper()
	r := w.Want(t, 200, as, "GET", "/api/orders/"+orderID, nil)
	m, err := entrepot.ParseMoney("total", fmt.Sprint(r.At("pricing.total")), "EUR")
	if err != nil {
		t.Fatal(err)
	}
	w.Tell(t, order.Name, orderID, order.PaymentReceived{PaymentID: entrepot.NewID(), Amount: m.Minor, Currency: "EUR"})
	Eventually(t, "the order is confirmed", func() bool {
		return w.Call(t, as, "GET", "/api/orders/"+orderID, nil).Text("status") == "confirmed"
	})
}

// Recommended returns the recommendations for a query.
func (w *World) Recommended(t testing.TB, as, query string) *Reply {
	t.Helper()
	return w.Want(t, 200, as, "GET", "/api/products/recommendations"+query, nil)
}

// ProductsOf are the ids of what is recommended, in order.
func ProductsOf(r *Reply) (ids []string) {
	for i := range r.List("items") {
		ids = append(ids, r.Text(fmt.Sprintf("items.%d.product.id", i)))
	}
	return ids
}

// Stocked is one more product with 100 pieces in the shops that sell it.
func (w *World) Stocked(t testing.TB, sku string, price int64, shops ...entrepot.ID) entrepot.ID {
	t.Helper()
	id := w.Product(t, w.Company, sku, price, shops...)
	for _, s := range shops {
		w.Want(t, 201, "company_admin", "POST", "/api/inventory/items", map[string]any{"productId": id, "shopId": s, "quantity": 100, "reason": "purchase"})
	}
	return id
}
