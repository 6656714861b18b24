package shop_test

import (
	"testing"
	"time"

	"entrepot"
	"entrepot/grains/shop/shop"
	"entrepot/http/api/apitest"
)

// TestShopPerformance: by the day of the shop's clock, of this shop alone, for
// who may see it.
func TestShopPerformance(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	w.Deps.Now = func() time.Time { return time.Date(2026, 6, 30, 12, 0, 0, 0, time.UTC) }
	w.Mount()
	w.Want(t, 200, "company_admin", "PUT", "/api/shops/"+w.ShopA, apitest.ShopBody("Kai")) // Europe/Berlin
	eur := func(minor int64) entrepot.Money { return entrepot.Money{Minor: minor, Currency: "EUR"} }
	created, cancelled := shop.Sale{What: "order.created"}, shop.Sale{What: "order.cancelled"}
	for range 150 { // more than a page of the database
		w.Sold(t, w.ShopA, "2026-06-10T12:00:00Z", created)
	}
	for _, r := range []struct {
		shop entrepot.ID
		at   string
		sale shop.Sale
	}{
		{w.ShopA, "2026-06-09T21:59:59Z", created},                                              // still the 9th in Berlin
		{w.ShopA, "2026-06-09T22:00:00Z", shop.Sale{What: "payment.success", Money: eur(1000)}}, // the 10th
		{w.ShopA, "2026-06-10T21:59:59Z", shop.Sale{What: "payment.success", Money: eur(1001)}}, // the 10th
		{w.ShopA, "2026-06-10T22:00:00Z", cancelled},                                            // the 11th
		{w.ShopA, "2026-06-11T12:00:00Z", shop.Sale{What: "payment.refunded", Money: eur(1001)}},
		{w.ShopA, "2026-06-11T22:00:00Z", created}, // the 12th
		{w.ShopA, "2026-06-11T12:00:00Z", shop.Sale{What: "payment.success", Money: entrepot.Money{Minor: 7, Currency: "JPY"}}},
		{w.ShopB, "2026-06-10T12:00:00Z", shop.Sale{What: "payment.success", Money: eur(5000)}},
		{w.OtherShop, "2026-06-10T12:00:00Z", shop.Sale{What: "payment.success", Money: eur(5000)}},
	} {
		w.Sold(t, r.shop, r.at, r.sale)
	}
	path := "/api/shops/" + w.ShopA + "/performance"
	r := w.Want(t, 200, "shop_staff", "GET", path+"?from=2026-06-10&to=2026-06-11", nil)
	for at, want := range map[string]any{
		"timezone": "Europe/Berlin", "from": "2026-06-10", "to": "2026-06-11", "orders": 150.0, "cancelledOrders": 1.0, "paidOrders": 3.0,
		"sales.0.currency": "EUR", "sales.0.revenue": 20.01, "sales.0.refunded": 10.01, "sales.0.averageOrderValue": 10.01, "sales.0.paidOrders": 2.0,
		"sales.1.currency": "JPY", "sales.1.revenue": 7.0,
		"days.0.date": "2026-06-10", "days.0.orders": 150.0, "days.0.sales.0.revenue": 20.01, "days.0.cancelledOrders": 0.0,
		"days.1.date": "2026-06-11", "days.1.orders": 0.0, "days.1.cancelledOrders": 1.0, "days.1.sales.0.refunded": 10.01, "days.1.sales.0.averageOrderValue": 0.0,
	} {
		if got := r.At(at); got != want {
			t.Errorf("%s is %v, want %v", at, got, want)
		}
	}
	if len(r.List("days")) != 2 {
		t.Errorf("%d days", len(r.List("days")))
	}
	if r := w.Want(t, 200, "company_admin", "GET", path, nil); r.Text("from") != "2026-06-01" || r.Text("to") != "2026-06-30" || r.At("orders") != 152.0 || len(r.List("days")) != 30 {
		t.Errorf("by default %s", r.Raw)
	}
	if r := w.Want(t, 200, "shop_staff", "GET", path+"?from=2026-01-01&to=2026-01-01", nil); r.At("orders") != 0.0 || r.At("sales") == nil || len(r.List("sales")) != 0 {
		t.Errorf("of nothing %s", r.Raw)
	}

	absent := w.Want(t, 404, "other_admin", "GET", "/api/shops/"+entrepot.NewID()+"/performance", nil)
	for as, want := range map[string]int{"super_admin": 200, "company_admin": 200, "shop_manager": 200, "shop_staff": 200, "other_admin": 404, "customer": 403, "": 401} {
		if r := w.Want(t, want, as, "GET", path, nil); want == 404 && r.Text("detail") != absent.Text("detail") {
			t.Errorf("%s differs from %s", r.Raw, absent.Raw)
		}
	}
	w.Want(t, 404, "shop_staff", "GET", "/api/shops/"+w.ShopB+"/performance", nil)
	for query, field := range map[string]string{
		"?from=2026-06-12&to=2026-06-11": "from", "?from=2025-01-01&to=2026-06-11": "from", "?from=yesterday": "from", "?to=2026-02-30": "to",
	} {
		if r := w.Want(t, 400, "shop_staff", "GET", path+query, nil); r.Text("errors.0.field") != field {
			t.Errorf("%s: %s", query, r.Raw)
		}
	}
}
