package api_test

import (
	"testing"

	"entrepot"
)

// logistics are the things of the matrix that staff of other shops and companies
// do not see.
var logistics = []string{"warehouse"}

// addLogistics puts one of everything that the logistics has in every place.
func (w *matrix) addLogistics(t *testing.T) {
	t.Helper()
	none := w.ids["shop"][absent]
	warehouse := func(as, code, shop string) string {
		return w.want(t, 201, as, "POST", "/api/inventory/warehouses", map[string]any{"name": code, "code": code, "servesShopIds": []string{shop}}).text("id")
	}
	w.ids["warehouse"] = [places]string{
		warehouse("company_admin", "A", w.shopA), warehouse("company_admin", "B", w.shopB), warehouse("other_admin", "A", w.otherShop), none,
	}
}

func TestWarehousesServeShops(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := map[string]any{
		"name": "North", "code": "N1", "priority": 5, "servesShopIds": []string{w.shopA, w.shopB},
		"location": map[string]any{"city": "Hamburg", "coordinates": map[string]any{"lat": 53.5, "lng": 10}},
	}
	first := w.want(t, 201, "company_admin", "POST", "/api/inventory/warehouses", body, "Idempotency-Key", "n")
	again := w.want(t, 201, "company_admin", "POST", "/api/inventory/warehouses", body, "Idempotency-Key", "n")
	id := first.text("id")
	if again.text("id") != id || first.header.Get("Location") != "/api/inventory/warehouses/"+id || first.header.Get("ETag") != `"1"` {
		t.Fatalf("%v %s, again %s", first.header, first.raw, again.raw)
	}
	if r := w.want(t, 409, "company_admin", "POST", "/api/inventory/warehouses", body); !names(r, "code") {
		t.Fatalf("the code is taken: %s", r.raw)
	}
	sourcing := "/api/inventory/sourcing/" + w.shopA
	if r := w.want(t, 200, "shop_staff", "GET", sourcing, nil); r.text("locations.0.locationId") != w.shopA || r.text("locations.1.locationId") != id || r.text("strategy") != "priority" {
		t.Fatalf("sourcing: %s", r.raw)
	}
	r := w.want(t, 200, "company_admin", "PUT", sourcing, map[string]any{"strategy": "nearest", "shopPriority": 9})
	if r.text("locations.0.locationId") != id || r.at("locations.0.coordinates.lat") != 53.5 || r.header.Get("ETag") != `"1"` {
		t.Fatalf("%v %s", r.header, r.raw)
	}
	w.want(t, 200, "company_admin", "PUT", sourcing, map[string]any{"strategy": "most_stock"}, "If-Match", `"1"`)
	w.want(t, 409, "company_admin", "PUT", sourcing, map[string]any{"strategy": "nearest"}, "If-Match", `"1"`)

	path := "/api/inventory/warehouses/" + id
	body["servesShopIds"] = []string{w.shopB}
	w.want(t, 200, "company_admin", "PUT", path, body, "If-Match", `"1"`)
	w.want(t, 409, "company_admin", "PUT", path, body, "If-Match", `"1"`)
	w.want(t, 404, "shop_staff", "GET", path, nil)
	if r := w.want(t, 200, "shop_staff", "GET", sourcing, nil); len(r.list("locations")) != 1 {
		t.Fatalf("it serves shop A no more: %s", r.raw)
	}
	w.want(t, 204, "company_admin", "DELETE", path, nil)
	w.want(t, 404, "company_admin", "GET", path, nil)
	if r := w.want(t, 200, "company_admin", "GET", "/api/inventory/warehouses", nil); len(r.list("items")) != 0 {
		t.Fatalf("a deleted one is listed: %s", r.raw)
	}
}

func TestWarehouseLists(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	make := func(as, code, shop string, active bool) string {
		return w.want(t, 201, as, "POST", "/api/inventory/warehouses", map[string]any{
			"name": code, "code": code, "servesShopIds": []string{shop}, "isActive": active,
		}).text("id")
	}
	a, b := make("company_admin", "A", w.shopA, true), make("company_admin", "B", w.shopB, false)
	other := make("other_admin", "A", w.otherShop, true)
	for _, c := range []struct {
		as, query string
		want      []string
	}{
		{"company_admin", "", []string{a, b}},
		{"company_admin", "?isActive=true", []string{a}},
		{"company_admin", "?isActive=false", []string{b}},
		{"shop_manager", "", []string{a}},
		{"shop_staff", "", []string{a}},
		{"other_admin", "", []string{other}},
		{"super_admin", "", []string{a, b, other}},
		{"super_admin", "?companyId=" + w.company, []string{a, b}},
		{"shop_staff", "?companyId=" + w.otherCompany, nil},
	} {
		got := map[string]bool{}
		for _, item := range w.want(t, 200, c.as, "GET", "/api/inventory/warehouses"+c.query, nil).list("items") {
			got[item.(map[string]any)["id"].(string)] = true
		}
		if len(got) != len(c.want) {
			t.Errorf("%s%s: %v, want %v", c.as, c.query, got, c.want)
		}
		for _, id := range c.want {
			if !got[id] {
				t.Errorf("%s%s lacks %s", c.as, c.query, id)
			}
		}
	}
}

func (w *world) badLogistics() []bad {
	id := entrepot.NewID()
	return []bad{
		{"company_admin", "POST", "/api/inventory/warehouses", `{"name":"A","code":"A","servesShopIds":["x"]}`, 400, "servesShopIds[0]"},
		{"company_admin", "POST", "/api/inventory/warehouses", `{"name":"A","code":"A","servesShopIds":["` + id + `"]}`, 404, "servesShopIds[0]"},
		{"company_admin", "POST", "/api/inventory/warehouses", `{"name":"A","code":"A","servesShopIds":["` + w.otherShop + `"]}`, 404, "servesShopIds[0]"},
		{"company_admin", "POST", "/api/inventory/warehouses", `{"name":"A","code":"A","servesShopIds":["` + w.shopA + `","` + w.shopA + `"]}`, 400, "servesShopIds"},
		{"company_admin", "POST", "/api/inventory/warehouses", `{"name":"A","code":"a b"}`, 400, "code"},
		{"company_admin", "POST", "/api/inventory/warehouses", `{"name":"A","code":"A","location":{"coordinates":{"lat":91,"lng":0}}}`, 400, "location.coordinates.lat"},
		{"company_admin", "POST", "/api/inventory/warehouses", `{"name":" ","code":"A"}`, 400, "name"},
		{"company_admin", "GET", "/api/inventory/warehouses?isActive=x", "", 400, "isActive"},
		{"company_admin", "PUT", "/api/inventory/sourcing/x", `{"strategy":"nearest"}`, 404, ""},
		{"company_admin", "PUT", "/api/inventory/sourcing/" + w.shopA, `{"strategy":"x"}`, 400, "strategy"},
	}
}
