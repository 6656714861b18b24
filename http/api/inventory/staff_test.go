package inventory_test

import (
	"testing"

	"entrepot/grains/inventory/stock"
	"entrepot/http/api/apitest"
)

func TestInventory(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	id := stock.ID(w.Mug, w.ShopA)
	body := map[string]any{"productId": w.Mug, "shopId": w.ShopA, "quantity": 5, "reason": "purchase"}
	r := w.Want(t, 201, "shop_manager", "POST", "/api/inventory/items", body, "Idempotency-Key", "g1")
	if r.At("onHand") != 105.0 || r.Header.Get("Location") != "/api/inventory/items/"+id {
		t.Errorf("received %s %v", r.Raw, r.Header)
	}
	if r := w.Want(t, 201, "shop_manager", "POST", "/api/inventory/items", body, "Idempotency-Key", "g1"); r.At("onHand") != 105.0 {
		t.Errorf("received twice: %s", r.Raw)
	}
	r = w.Want(t, 200, "company_admin", "POST", "/api/inventory/items/"+id+"/receive", map[string]any{"quantity": 1, "reason": "found"})
	if r.At("available") != 106.0 {
		t.Errorf("received %s", r.Raw)
	}
	body["shopId"] = w.ShopB
	w.Want(t, 404, "shop_manager", "POST", "/api/inventory/items", body) // not assigned to it
	w.Want(t, 404, "other_admin", "POST", "/api/inventory/items", body)
	body["shopId"], body["productId"] = w.ShopA, w.Cup
	if r := w.Want(t, 400, "company_admin", "POST", "/api/inventory/items", body); r.Text("errors.0.field") != "shopId" {
		t.Errorf("a shop that does not sell it answered %s", r.Raw)
	}
	w.Want(t, 200, "shop_staff", "GET", "/api/inventory/items/"+id, nil)
	w.Want(t, 404, "other_admin", "GET", "/api/inventory/items/"+id, nil)
	w.Want(t, 404, "other_admin", "GET", "/api/inventory/items/"+id+"/movements", nil)
	for as, n := range map[string]int{"super_admin": 4, "company_admin": 3, "shop_staff": 1, "other_admin": 1} {
		if l := w.Want(t, 200, as, "GET", "/api/inventory/items", nil); len(l.List("items")) != n {
			t.Errorf("as %s the stock is %s", as, l.Raw)
		}
	}
	if l := w.Want(t, 200, "company_admin", "GET", "/api/inventory/items?productId="+w.Mug+"&locationId="+w.ShopB, nil); len(l.List("items")) != 1 {
		t.Errorf("filtered stock is %s", l.Raw)
	}
	w.Project(t)
	l := w.Want(t, 200, "shop_staff", "GET", "/api/inventory/items/"+id+"/movements?limit=2", nil)
	if len(l.List("items")) != 2 || l.At("items.0.onHandAfter") != 106.0 || l.Text("items.1.actor.role") != "shop_manager" {
		t.Errorf("movements are %s", l.Raw)
	}
}
