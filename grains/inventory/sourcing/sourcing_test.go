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

func place(location string, version, priority int64) Place {
	return Place{ShopID: shop, CompanyID: company, LocationID: location, Version: version, Priority: priority}
}

// However the words of warehouses arrive, each counts by its version: what a
// warehouse said last stands, in order, with the shop itself among them.
func TestTheLastWordOfAWarehouseStands(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := &State{}
		type word struct {
			version, priority int64
			removed           bool
		}
		latest := map[string]word{}
		for range rapid.IntRange(1, 60).Draw(t, "words") {
			id := fmt.Sprintf("%024d", rapid.IntRange(0, 5).Draw(t, "warehouse"))
			w := word{rapid.Int64Range(1, 20).Draw(t, "version"), rapid.Int64Range(0, 3).Draw(t, "priority"), rapid.Bool().Draw(t, "removed")}
			c := place(id, w.version, w.priority)
			c.Removed = w.removed
			facts, err := s.Place(turn(system), c)
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
			i := slices.IndexFunc(s.Places, is(id))
			if w.removed != (i < 0) || (i >= 0 && s.Places[i].Priority != w.priority) {
				t.Fatalf("%s: %+v, in %+v", id, w, s.Places)
			}
			if !w.removed {
				want++
			}
		}
		v := s.View()
		if len(v.Locations) != want || !slices.IsSortedFunc(v.Locations, func(a, b Location) int { return int(a.Priority - b.Priority) }) {
			t.Fatalf("%v", v.Locations)
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
	if _, err := (&State{}).Place(turn(admin), place("w", 1, 0)); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Errorf("a person may place: %v", err)
	}
}

func TestAShopIsServedByABoundedNumber(t *testing.T) {
	t.Parallel()
	s := &State{}
	for i := range MaxPlaces {
		facts, err := s.Place(turn(system), place(fmt.Sprintf("%024d", i), 1, 0))
		if err != nil {
			t.Fatal(err)
		}
		s.Apply(facts[0])
	}
	if _, err := s.Place(turn(system), place("one more", 1, 0)); entrepot.CodeOf(err) != entrepot.CodeConflict {
		t.Fatal(err)
	}
	if _, err := s.Place(turn(system), place(fmt.Sprintf("%024d", 7), 2, 9)); err != nil {
		t.Fatalf("one that is there already: %v", err)
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
		t.Fatalf("of a shop nothing was told of: %v", v)
	}
	for i, p := range []int64{0, 5, 9} {
		if _, err := grains.Ask(m.Platform(), m, Of(ID(shop)), place(fmt.Sprintf("%024d", i), 1, p)); err != nil {
			t.Fatal(err)
		}
	}
	set := Configure{ShopID: shop, CompanyID: company, Strategy: Nearest, ShopPriority: 5, ShopPoint: &Point{Lat: 53.5, Lng: 10}}
	if _, err := grains.Ask(m.As(admin), m, Of(ID(shop)), set); err != nil {
		t.Fatal(err)
	}
	m.Restart()
	v := get()
	if len(v.Locations) != 4 || v.Locations[1].LocationID != shop || !v.Locations[1].HasPoint || v.Strategy != Nearest || v.Version != 1 {
		t.Fatalf("%v", v)
	}
	if types := m.EventTypes(); !slices.Equal(types, []string{events.SourcingUpdated{}.EventType()}) {
		t.Fatal(types)
	}
}

// What a shop said last of itself stands, and a shop that is no more is served by nobody.
func TestTheShopItselfStandsWhereItSays(t *testing.T) {
	t.Parallel()
	s := &State{}
	stand := func(want int, c *Stand) {
		t.Helper()
		c.ShopID, c.CompanyID = shop, company
		facts, err := s.Stand(turn(system), c)
		if err != nil || len(facts) != want {
			t.Fatalf("%v %v", facts, err)
		}
		for _, f := range facts {
			s.Apply(f)
		}
	}
	at := func(lat float64) *Point { return &Point{Lat: lat, Lng: 1} }
	stand(0, Stand{Version: 1})
	stand(1, Stand{Version: 2, Point: at(2)})
	stand(0, Stand{Version: 3, Point: at(2)}) // renamed
	stand(1, Stand{Version: 5, Point: at(5)})
	stand(0, Stand{Version: 4, Point: at(4)}) // late
	if l := s.View().Locations; len(l) != 1 || l[0].Lat != 5 || !l[0].HasPoint {
		t.Fatalf("%v", l)
	}
	facts, err := s.Place(turn(system), place("w", 1, 0))
	if err != nil {
		t.Fatal(err)
	}
	s.Apply(facts[0])
	stand(1, Stand{Version: 6, Closed: true})
	stand(0, Stand{Version: 7, Point: at(7)})
	if facts, err := s.Place(turn(system), place("w", 2, 0)); err != nil || len(facts) != 0 {
		t.Fatalf("%v %v", facts, err)
	}
	if l := s.View().Locations; len(l) != 1 || l[0].HasPoint {
		t.Fatalf("%v", l)
	}
	if _, err := s.Configure(turn(admin), Configure{ShopID: shop, CompanyID: company, Strategy: "nearest"}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Fatal(err)
	}
	if _, err := (&State{}).Stand(turn(admin), Stand{ShopID: shop, CompanyID: company, Version: 1, Point: at(1)}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Fatalf("a person says where a shop stands: %v", err)
	}
}
