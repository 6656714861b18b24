package apitest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"entrepot"
	"entrepot/actors/audit"
	"entrepot/events"
	"entrepot/grains/auth/user"
	"entrepot/grains/ecommerce/review"
	"entrepot/grains/inventory/stock"
	"entrepot/grains/shop/shop"
	"entrepot/http/edge"
	"entrepot/persistence"
)

// Address is a valid shipping address.
var Address = map[string]any{"name": "Ada", "line1": "Am Kai 1", "city": "Hamburg", "country": "DE"}

// Belgium are rules that send to Belgium alone, by one method.
func Belgium(price any) map[string]any {
	return map[string]any{"currency": "EUR", "zones": []any{Zone("Belgium", []string{"BE"}, Method("standard", price))}}
}

// Zone returns a zone of shipping rules; without countries it is the rest of the world.
func Zone(name string, countries []string, methods ...map[string]any) map[string]any {
	z := map[string]any{"name": name, "methods": methods}
	if countries != nil {
		z["countries"] = countries
	}
	return z
}

// Method returns a shipping method of one price.
func Method(id string, price any) map[string]any {
	return map[string]any{"id": id, "name": strings.ToUpper(id), "price": price}
}

// Harbour are rules of two methods at home, one of them free from 30.00 on, and dearer ones elsewhere.
func Harbour() map[string]any {
	standard := Method("standard", 4.90)
	standard["freeFrom"] = 30
	express := Method("express", 9.90)
	express["pieceSteps"] = []any{map[string]any{"from": 3, "price": 14.90}}
	return map[string]any{"currency": "EUR", "zones": []any{Zone("Home", []string{"DE"}, express, standard), Zone("World", nil, Method("parcel", 25))}}
}

// Moved sets the clock of the routes forward, so that short-lived caches are stale.
func (w *World) Moved(d time.Duration) { // what is kept briefly is asked again
	at := time.Now().Add(d)
	w.Deps.Now = func() time.Time { return at }
	w.Mount()
}

// Subscription returns the body of a subscription.
var Subscription = func(plan, status string) map[string]any { return map[string]any{"plan": plan, "status": status} }

// ShopBody returns the body of a shop.
func ShopBody(name string) map[string]any {
	return map[string]any{
		"name": name, "isActive": true,
		"location":       map[string]any{"address": "Am Kai 1", "city": "Hamburg", "state": "HH", "country": "DE", "coordinates": map[string]any{"lat": 53.5436, "lng": 9.9663}},
		"contactInfo":    map[string]any{"email": "kai@example.com", "phone": "+49 40 1"},
		"timezone":       "Europe/Berlin",
		"operatingHours": []map[string]any{{"day": "monday", "open": "09:00", "close": "18:00"}, {"day": "friday", "open": "20:00", "close": "02:00"}},
		"hoursExceptions": []map[string]any{
			{"date": "2026-06-08", "closed": true, "reason": "moving"}, {"date": "2026-06-09", "open": "10:00", "close": "11:00"},
		},
	}
}

// Sold writes a row of the shop service's projection.
func (w *World) Sold(t *testing.T, shopID entrepot.ID, at string, s shop.Sale) {
	t.Helper()
	when, err := time.Parse(time.RFC3339, at)
	if err != nil {
		t.Fatal(err)
	}
	state, err := w.Store.Marshal(&struct{}{})
	if err != nil {
		t.Fatal(err)
	}
	company := w.Company
	if shopID == w.OtherShop {
		company = w.OtherCompany
	}
	doc := persistence.Document{ID: entrepot.NewID(), Version: 1, CompanyID: company, ShopID: shopID, CreatedAt: when, UpdatedAt: when, Fields: s.Fields(), State: state}
	if err := w.Store.Commit(t.Context(), []persistence.Write{{Collection: shop.Sales, Doc: doc}})[0]; err != nil {
		t.Fatal(err)
	}
}

// Renewed refreshes until the token is good: one made within the millisecond of a
// withdrawal is withdrawn with it.
func (w *World) Renewed(t *testing.T, as, token string) (refresh string) {
	t.Helper()
	Eventually(t, "a refreshed token is good", func() bool {
		fresh := w.Refresh(t, 200, token)
		w.Tokens[as], token = fresh.Text("accessToken"), fresh.Text("refreshToken")
		return w.Call(t, as, "GET", "/api/auth/profile", nil).Status == 200
	})
	return token
}

// Project writes the ledger and the audit log, as the consumers do.
func (w *World) Project(t *testing.T) {
	t.Helper()
	w.ProjectBut(t, func(entrepot.ID, int64) bool { return false })
}

// ProjectBut leaves out the rows of some movements.
func (w *World) ProjectBut(t *testing.T, lost func(item entrepot.ID, movement int64) bool) {
	t.Helper()
	for _, e := range w.Events() {
		state, err := w.Store.Marshal(&e)
		if err != nil {
			t.Fatal(err)
		}
		doc := persistence.Document{ID: e.ID, Version: 1, CompanyID: e.CompanyID, ShopID: e.ShopID, CreatedAt: e.OccurredAt, State: state}
		doc.Fields = []any{e.Actor.UserID, e.Type, e.Aggregate.Kind, e.Aggregate.ID}
		writes := []persistence.Write{{Collection: audit.Logs, Doc: doc}}
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

// Bought writes a row of a paid order.
func (w *World) Bought(t testing.TB, as string, product, shop entrepot.ID) {
	t.Helper()
	state, err := w.Store.Marshal(&struct{}{})
	if err != nil {
		t.Fatal(err)
	}
	company := w.Company
	if shop == w.OtherShop {
		company = w.OtherCompany
	}
	doc := persistence.Document{
		ID: entrepot.NewID(), Version: 1, CompanyID: company, ShopID: shop, OwnerID: w.Users[as].ID,
		Fields: []any{product, entrepot.NewID(), review.Paid, int64(1)}, State: state,
	}
	if err := w.Store.Commit(t.Context(), []persistence.Write{{Collection: review.Purchases, Doc: doc}})[0]; err != nil {
		t.Fatal(err)
	}
}

// Reviewed buys a product and reviews it.
func (w *World) Reviewed(t testing.TB, as string, product, shop entrepot.ID) string {
	t.Helper()
	w.Bought(t, as, product, shop)
	return w.Want(t, 201, as, "POST", "/api/products/"+product+"/reviews", map[string]any{"stars": 4, "title": "Good", "text": "It holds tea."}).Text("id")
}

// Deliver hands the events of some types that happened so far to a consumer.
func (w *World) Deliver(t testing.TB, h events.Handler) {
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

// Customer registers somebody of a name and answers the name of the test's.
func (w *World) Customer(t testing.TB, n int, name string) (as string) {
	t.Helper()
	as = fmt.Sprint("buyer", n)
	id := entrepot.DeriveID("user", as)
	w.Tell(t, user.Name, id, user.Register{Email: as + "@demo.test", Name: name, PasswordHash: "h", Role: entrepot.Customer})
	token, _, err := w.Keys.Sign(edge.Claims{UserID: id, Email: as + "@demo.test", Role: entrepot.Customer})
	if err != nil {
		t.Fatal(err)
	}
	w.Users[as], w.Tokens[as] = &user.User{Account: user.Account{ID: id}}, token
	return as
}
