package sourcing

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/persistence/storetest"

	"pgregory.net/rapid"
)

var (
	company = entrepot.DeriveID("company")
	shop    = entrepot.DeriveID("shop")
	start   = time.UnixMilli(1_750_000_000_123).UTC()
	system  = entrepot.SystemCaller("test")
	admin   = entrepot.Caller{Role: entrepot.CompanyAdmin, UserID: "a", CompanyID: company}
)

func turn(c entrepot.Caller) entrepot.Turn {
	return entrepot.Turn{ID: ID(shop), Now: start, Caller: c}
}

func place(location string, version, priority int64) PlaceWarehouse {
	return PlaceWarehouse{
		ShopID: shop, CompanyID: company, Warehouse: Location{LocationID: location, Version: version, Priority: priority},
	}
}

// Commands of warehouses arrive in any order. The highest version of each decides,
// and the shop itself stands among the locations.
func TestLatestVersionOfWarehouseDecides(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := &State{}
		type update struct {
			version, priority int64
			removed           bool
		}
		latest := map[string]update{}
		for range rapid.IntRange(1, 60).Draw(t, "updates") {
			id := fmt.Sprintf("%024d", rapid.IntRange(0, 5).Draw(t, "warehouse"))
			w := update{
				version: rapid.Int64Range(1, 20).Draw(t, "version"), priority: rapid.Int64Range(0, 3).Draw(t, "priority"),
				removed: rapid.Bool().Draw(t, "removed"),
			}
			c := place(id, w.version, w.priority)
			c.Removed = w.removed
			facts, err := s.PlaceWarehouse(turn(system), c)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range facts {
				s.Apply(f)
			}
			if w.version > latest[id].version {
				latest[id] = w
			}
		}
		want := 1
		for id, w := range latest {
			i := slices.IndexFunc(s.Places, hasID(id))
			if w.removed != (i < 0) || (i >= 0 && s.Places[i].Priority != w.priority) {
				t.Fatalf("%s: %+v, in %+v", id, w, s.Places)
			}
			if !w.removed {
				want++
			}
		}
		v := s.reply()
		byPriority := func(a, b Location) int { return int(a.Priority - b.Priority) }
		if len(v.Locations) != want || !slices.IsSortedFunc(v.Locations, byPriority) {
			t.Fatalf("locations: %v, want %d by priority", v.Locations, want)
		}
	})
}

func TestConfigureRules(t *testing.T) {
	t.Parallel()
	right := Configure{ShopID: shop, CompanyID: company, Strategy: MostStock}
	for name, c := range map[string]struct {
		caller entrepot.Caller
		cmd    Configure
		want   entrepot.Code
	}{
		"an admin":                {admin, right, ""},
		"a super admin":           {entrepot.Caller{Role: entrepot.SuperAdmin}, right, ""},
		"the shop's manager":      {entrepot.Caller{Role: entrepot.ShopManager, CompanyID: company, ShopIDs: []string{shop}}, right, entrepot.CodeForbidden},
		"another shop's manager":  {entrepot.Caller{Role: entrepot.ShopManager, CompanyID: company, ShopIDs: []string{"x"}}, right, entrepot.CodeNotFound},
		"another company's admin": {entrepot.Caller{Role: entrepot.CompanyAdmin, CompanyID: "x"}, right, entrepot.CodeNotFound},
		"a customer":              {entrepot.Caller{Role: entrepot.Customer, UserID: "c"}, right, entrepot.CodeNotFound},
		"an unknown strategy":     {admin, Configure{ShopID: shop, CompanyID: company, Strategy: "x"}, entrepot.CodeInvalid},
		"an old version":          {admin, Configure{ShopID: shop, CompanyID: company, Strategy: "nearest", ExpectedVersion: 7}, entrepot.CodeStale},
		"of another shop":         {admin, Configure{ShopID: "x", CompanyID: company, Strategy: "nearest"}, entrepot.CodeNotFound},
	} {
		if _, err := (&State{}).Configure(turn(c.caller), c.cmd); entrepot.CodeOf(err) != c.want {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if _, err := (&State{}).PlaceWarehouse(turn(admin), place("w", 1, 0)); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Errorf("an admin places a warehouse: %v, want not found", err)
	}
}

func TestNumberOfWarehousesIsBounded(t *testing.T) {
	t.Parallel()
	s := &State{}
	for i := range MaxPlaces {
		facts, err := s.PlaceWarehouse(turn(system), place(fmt.Sprintf("%024d", i), 1, 0))
		if err != nil {
			t.Fatal(err)
		}
		s.Apply(facts[0])
	}
	if _, err := s.PlaceWarehouse(turn(system), place("one more", 1, 0)); entrepot.CodeOf(err) != entrepot.CodeConflict {
		t.Fatal(err)
	}
	if _, err := s.PlaceWarehouse(turn(system), place(fmt.Sprintf("%024d", 7), 2, 9)); err != nil {
		t.Fatalf("a warehouse in use moves: %v", err)
	}
}

func TestSourcingOnTheHost(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{Kind()})
	get := func() *Sourcing {
		v, err := grains.Ask(m.As(admin), m, Of(ID(shop)), Get{ShopID: shop})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	if v := get(); len(v.Locations) != 1 || v.Locations[0].LocationID != shop || v.Strategy != Priority {
		t.Fatalf("sourcing without stored data: %v", v)
	}
	for i, p := range []int64{0, 5, 9} {
		if _, err := grains.Ask(m.Platform(), m, Of(ID(shop)), place(fmt.Sprintf("%024d", i), 1, p)); err != nil {
			t.Fatal(err)
		}
	}
	set := Configure{ShopID: shop, CompanyID: company, Strategy: Nearest, ShopPriority: 5, ShopPoint: &events.Point{Lat: 53.5, Lng: 10}}
	if _, err := grains.Ask(m.As(admin), m, Of(ID(shop)), set); err != nil {
		t.Fatal(err)
	}
	m.Restart()
	v := get()
	if len(v.Locations) != 4 || v.Locations[1].LocationID != shop || v.Locations[1].Point == nil || v.Strategy != Nearest || v.Version != 1 {
		t.Fatalf("%v", v)
	}
	if types := m.EventTypes(); !slices.Equal(types, []string{events.SourcingUpdated{}.EventType()}) {
		t.Fatal(types)
	}
}

// The highest version of the shop decides, and a deleted shop has no warehouses.
func TestLatestVersionOfShopDecides(t *testing.T) {
	t.Parallel()
	s := &State{}
	placeShop := func(want int, c PlaceShop) {
		t.Helper()
		c.ShopID, c.CompanyID = shop, company
		facts, err := s.PlaceShop(turn(system), c)
		if err != nil || len(facts) != want {
			t.Fatalf("%v %v", facts, err)
		}
		for _, f := range facts {
			s.Apply(f)
		}
	}
	at := func(lat float64) *events.Point { return &events.Point{Lat: lat, Lng: 1} }
	placeShop(0, PlaceShop{Version: 1})
	placeShop(1, PlaceShop{Version: 2, Point: at(2)})
	placeShop(0, PlaceShop{Version: 3, Point: at(2)}) // renamed
	placeShop(1, PlaceShop{Version: 5, Point: at(5)})
	placeShop(0, PlaceShop{Version: 4, Point: at(4)}) // late
	if l := s.reply().Locations; len(l) != 1 || l[0].Point == nil || l[0].Point.Lat != 5 {
		t.Fatalf("%v", l)
	}
	facts, err := s.PlaceWarehouse(turn(system), place("w", 1, 0))
	if err != nil {
		t.Fatal(err)
	}
	s.Apply(facts[0])
	placeShop(1, PlaceShop{Version: 6, Closed: true})
	placeShop(0, PlaceShop{Version: 7, Point: at(7)})
	if facts, err := s.PlaceWarehouse(turn(system), place("w", 2, 0)); err != nil || len(facts) != 0 {
		t.Fatalf("%v %v", facts, err)
	}
	if l := s.reply().Locations; len(l) != 1 || l[0].Point != nil {
		t.Fatalf("%v", l)
	}
	if _, err := s.Configure(turn(admin), Configure{ShopID: shop, CompanyID: company, Strategy: "nearest"}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Fatal(err)
	}
	if _, err := (&State{}).PlaceShop(turn(admin), PlaceShop{ShopID: shop, CompanyID: company, Version: 1, Point: at(1)}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Fatalf("an admin places a shop: %v, want not found", err)
	}
}
