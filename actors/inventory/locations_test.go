package inventory

import (
	"testing"

	"entrepot"
	"entrepot/actors/actorstest"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/grains/inventory/sourcing"
	"entrepot/grains/inventory/supplier"
	"entrepot/grains/inventory/warehouse"
	"entrepot/grains/shop/shop"
	"entrepot/persistence/storetest"
)

// Events of the shop grain, delivered twice and out of order, set the coordinates of its sourcing;
// a deleted shop has none.
func TestShopLocations(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{shop.Kind(), sourcing.Kind()})
	company, id := entrepot.DeriveID("company"), entrepot.DeriveID("shop")
	send := func(cmd any) (out []*events.Delivery) {
		t.Helper()
		before := len(m.Events())
		if _, err := m.Ask(m.Platform(), shop.Of(id), cmd); err != nil {
			t.Fatal(err)
		}
		for _, e := range m.Events()[before:] {
			out = append(out, &events.Delivery{Attempt: 1, Envelope: e})
		}
		return out
	}
	handle := func(batch ...*events.Delivery) {
		t.Helper()
		for _, err := range ShopLocations(m)(t.Context(), batch) {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	wantPoint := func(has bool, lat float64) {
		t.Helper()
		v, err := grains.Ask(
			m.Platform(), m, sourcing.Of(sourcing.ID(id)), sourcing.Get{ShopID: id},
		)
		if err != nil || len(v.Locations) != 1 {
			t.Fatalf("sourcing: %v, %v; want one location", v, err)
		}
		if p := v.Locations[0].Point; (p != nil) != has || has && p.Lat != lat {
			t.Fatalf("sourcing: %v, %v; want point: %v, latitude: %v", v, err, has, lat)
		}
	}
	created := send(shop.Create{
		CompanyID: company, Details: shop.Details{Name: "A", Point: &events.Point{Lat: 53, Lng: 10}},
	})
	handle(created...)
	wantPoint(true, 53)
	relocated := send(shop.Update{
		Details: shop.Details{Name: "A", Point: &events.Point{Lat: 48, Lng: 11}}, IsActive: true,
	})
	handle(relocated...)
	handle(created...)
	wantPoint(true, 48)
	gone := send(shop.Delete{})
	handle(append(gone, relocated...)...)
	wantPoint(false, 0)
	if r := ShopLocations(m)(t.Context(), []*events.Delivery{
		actorstest.Delivery("x", "shop.updated", `{}`),
	}); !events.IsPermanent(r[0]) {
		t.Errorf("event without shopId: %v, want a permanent error", r)
	}
}

// The suppliers and warehouses of a deleted company are deleted, those of another company stay.
func TestCompanyDeleted(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{sourcing.Kind(), supplier.Kind(), warehouse.Kind()})
	gone, stays := entrepot.DeriveID("gone"), entrepot.DeriveID("stays")
	id := func(company entrepot.ID, kind string) entrepot.ID { return entrepot.DeriveID(company, kind) }
	for _, company := range []entrepot.ID{gone, stays} {
		for kind, cmd := range map[string]any{
			supplier.Name: supplier.Create{
				CompanyID: company, Details: supplier.Details{Name: "Leaf", Currency: "EUR", Email: "ada@leaf.test"},
			},
			warehouse.Name: warehouse.Create{
				CompanyID: company,
				Details: warehouse.Details{
					Name: "N", Code: "N", IsActive: true, Serves: []string{entrepot.DeriveID(company, "shop")},
				},
			},
		} {
			if _, err := m.Ask(m.Platform(), grains.Ref{Kind: kind, ID: id(company, kind)}, cmd); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 2 {
		if err := CompanyDeleted(m.Store, m)(t.Context(), []*events.Delivery{
			actorstest.Delivery("e", "company.deleted", `{"companyId":"`+gone+`"}`),
		}); err[0] != nil {
			t.Fatal(err)
		}
	}
	for company, want := range map[entrepot.ID]entrepot.Code{gone: entrepot.CodeNotFound, stays: ""} {
		for kind, get := range map[string]any{
			supplier.Name: supplier.Get{}, warehouse.Name: warehouse.Get{},
		} {
			if _, err := m.Ask(m.Platform(), grains.Ref{Kind: kind, ID: id(company, kind)}, get); entrepot.CodeOf(err) != want {
				t.Errorf("%s: %v, want %q", kind, err, want)
			}
		}
	}
	d, err := m.Store.Load(t.Context(), supplier.Collection, id(gone, supplier.Name))
	var s supplier.Supplier
	if err != nil || m.Store.Unmarshal(d.State, &s) != nil || s.Email != "" || s.Name != "Leaf" {
		t.Errorf("supplier: %+v, %v; want the name without the address", s, err)
	}
}
