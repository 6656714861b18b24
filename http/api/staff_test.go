package api_test

import (
	"net/http"
	"strings"
	"testing"

	"entrepot"
	"entrepot/events"
	"entrepot/grains/stock"
	"entrepot/grains/stock/stockpb"
	"entrepot/persistence"
)

func TestInventory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := stockpb.ID(w.mug, w.shopA)
	body := map[string]any{"productId": w.mug, "shopId": w.shopA, "quantity": 5, "reason": "purchase"}
	r := w.want(t, 201, "shop_manager", "POST", "/api/inventory/items", body, "Idempotency-Key", "g1")
	if r.at("onHand") != 105.0 || r.header.Get("Location") != "/api/inventory/items/"+id {
		t.Errorf("received %s %v", r.raw, r.header)
	}
	if r := w.want(t, 201, "shop_manager", "POST", "/api/inventory/items", body, "Idempotency-Key", "g1"); r.at("onHand") != 105.0 {
		t.Errorf("received twice: %s", r.raw)
	}
	r = w.want(t, 200, "company_admin", "POST", "/api/inventory/items/"+id+"/receive", map[string]any{"quantity": 1, "reason": "found"})
	if r.at("available") != 106.0 {
		t.Errorf("received %s", r.raw)
	}
	body["shopId"] = w.shopB
	w.want(t, 404, "shop_manager", "POST", "/api/inventory/items", body) // not assigned to it
	w.want(t, 404, "other_admin", "POST", "/api/inventory/items", body)
	body["shopId"], body["productId"] = w.shopA, w.cup
	if r := w.want(t, 400, "company_admin", "POST", "/api/inventory/items", body); r.text("errors.0.field") != "shopId" {
		t.Errorf("a shop that does not sell it answered %s", r.raw)
	}
	w.want(t, 200, "shop_staff", "GET", "/api/inventory/items/"+id, nil)
	w.want(t, 404, "other_admin", "GET", "/api/inventory/items/"+id, nil)
	w.want(t, 404, "other_admin", "GET", "/api/inventory/items/"+id+"/movements", nil)
	for as, n := range map[string]int{"super_admin": 4, "company_admin": 3, "shop_staff": 1, "other_admin": 1} {
		if l := w.want(t, 200, as, "GET", "/api/inventory/items", nil); len(l.list("items")) != n {
			t.Errorf("as %s the stock is %s", as, l.raw)
		}
	}
	if l := w.want(t, 200, "company_admin", "GET", "/api/inventory/items?productId="+w.mug+"&locationId="+w.shopB, nil); len(l.list("items")) != 1 {
		t.Errorf("filtered stock is %s", l.raw)
	}
	w.project(t)
	l := w.want(t, 200, "shop_staff", "GET", "/api/inventory/items/"+id+"/movements?limit=2", nil)
	if len(l.list("items")) != 2 || l.at("items.0.onHandAfter") != 106.0 || l.text("items.1.actor.role") != "shop_manager" {
		t.Errorf("movements are %s", l.raw)
	}
}

// project writes the ledger and the audit log, as the consumers do.
func (w *world) project(t *testing.T) {
	t.Helper()
	w.projectBut(t, func(entrepot.ID, int64) bool { return false })
}

// projectBut leaves out the rows of some movements.
func (w *world) projectBut(t *testing.T, lost func(item entrepot.ID, movement int64) bool) {
	t.Helper()
	for _, e := range w.Events() {
		state, err := w.Store.Marshal(&e)
		if err != nil {
			t.Fatal(err)
		}
		doc := persistence.Document{ID: e.ID, Version: 1, CompanyID: e.CompanyID, ShopID: e.ShopID, CreatedAt: e.OccurredAt, State: state}
		doc.Fields = []any{e.Actor.UserID, e.Type, e.Aggregate.Kind, e.Aggregate.ID}
		writes := []persistence.Write{{Collection: auditLogs, Doc: doc}}
		var m events.InventoryUpdated
		if e.Type == m.EventType() {
			if err := e.Decode(&m); err != nil {
				t.Fatal(err)
			}
			doc.Fields = stock.MovementFields(&m)
			if lost(m.ItemID, m.Movement) {
				continue
			}
			writes = append(writes, persistence.Write{Collection: stock.Movements, Doc: doc})
		}
		for _, err := range w.Store.Commit(t.Context(), writes) {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestAudit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.want(t, 200, "shop_staff", "PATCH", "/api/products/"+w.mug, map[string]any{"name": "Other"}, "X-Request-Id", "request-1")
	w.project(t)
	staff := w.users["shop_staff"].Id
	l := w.want(t, 200, "company_admin", "GET", "/api/audit/logs?action=product.updated&userId="+staff, nil)
	if len(l.list("items")) != 1 || l.text("items.0.metadata.requestId") != "request-1" || l.text("items.0.resourceId") != w.mug {
		t.Fatalf("audit log is %s", l.raw)
	}
	one := "/api/audit/logs/" + l.text("items.0.id")
	w.want(t, 200, "super_admin", "GET", one, nil)
	w.want(t, 404, "other_admin", "GET", one, nil)
	w.want(t, 404, "company_admin", "GET", "/api/audit/logs/"+entrepot.NewID(), nil)
	for path, n := range map[string]int{
		"user/" + staff: 1, "resource/Product/" + w.mug: 2, "logs?from=2999-01-01T00:00:00Z": 0, "logs?to=2999-01-01T00:00:00Z&limit=3": 3,
	} {
		if l := w.want(t, 200, "company_admin", "GET", "/api/audit/"+path, nil); len(l.list("items")) != n {
			t.Errorf("%s lists %d: %s", path, len(l.list("items")), l.raw)
		}
	}
	if l := w.want(t, 200, "other_admin", "GET", "/api/audit/user/"+staff, nil); len(l.list("items")) != 0 {
		t.Errorf("another company reads %s", l.raw)
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if r := w.want(t, 200, "", "GET", "/health", nil); r.text("status") != "ok" {
		t.Errorf("health is %s", r.raw)
	}
	w.want(t, 200, "", "GET", "/ready", nil)
	w.want(t, 200, "", "GET", "/api/health/all", nil)
	w.want(t, 404, "", "GET", "/api/health", nil)
	if r := w.want(t, 405, "", "PUT", "/health", nil); r.text("title") == "" {
		t.Errorf("405 is %s", r.raw)
	}
	docs := w.want(t, 200, "", "GET", "/docs", nil)
	if csp := docs.header.Get("Content-Security-Policy"); !strings.Contains(csp, "script-src 'sha256-") || http.DetectContentType(docs.raw) != "text/html; charset=utf-8" {
		t.Errorf("docs page: %s", csp)
	}
}
