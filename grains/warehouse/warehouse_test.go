package warehouse

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/grains/sourcing"
	"entrepot/grains/sourcing/sourcingpb"
	"entrepot/grains/warehouse/warehousepb"
	"entrepot/persistence/storetest"
)

var (
	id      = entrepot.DeriveID("warehouse")
	company = entrepot.DeriveID("company")
	shopA   = entrepot.DeriveID("shop", "a")
	shopB   = entrepot.DeriveID("shop", "b")
	start   = time.UnixMilli(1_750_000_000_123).UTC()

	super    = entrepot.Caller{Role: entrepot.SuperAdmin, UserID: "root"}
	admin    = entrepot.Caller{Role: entrepot.CompanyAdmin, UserID: "a", CompanyID: company}
	foreign  = entrepot.Caller{Role: entrepot.CompanyAdmin, UserID: "f", CompanyID: entrepot.DeriveID("other")}
	managerA = entrepot.Caller{Role: entrepot.ShopManager, UserID: "m", CompanyID: company, ShopIDs: []entrepot.ID{shopA}}
	managerB = entrepot.Caller{Role: entrepot.ShopManager, UserID: "m", CompanyID: company, ShopIDs: []entrepot.ID{shopB}}
	staffA   = entrepot.Caller{Role: entrepot.ShopStaff, UserID: "s", CompanyID: company, ShopIDs: []entrepot.ID{shopA}}
	customer = entrepot.Caller{Role: entrepot.Customer, UserID: "c"}
)

func turn(c entrepot.Caller) entrepot.Turn { return entrepot.Turn{ID: id, Now: start, Caller: c} }

func details(change func(*warehousepb.Details)) *warehousepb.Details {
	d := &warehousepb.Details{
		Name: "North", Code: "N1", City: "Hamburg", Country: "DE", Point: &warehousepb.Point{Lat: 53.5, Lng: 10},
		ServesShopIds: []string{shopA}, Priority: 3, IsActive: true,
	}
	if change != nil {
		change(d)
	}
	return d
}

func made(t testing.TB) *State {
	t.Helper()
	s := &State{}
	facts, err := s.Create(turn(admin), &warehousepb.Create{CompanyId: company, Details: details(nil)})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range facts {
		s.Apply(f)
	}
	return s
}

func TestWhoKeepsWarehouses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		caller       entrepot.Caller
		make, change entrepot.Code
		sees         bool
	}{
		"an admin":                       {admin, "", "", true},
		"a super admin":                  {super, "", "", true},
		"a manager of a shop it serves":  {managerA, entrepot.CodeForbidden, entrepot.CodeForbidden, true},
		"staff of a shop it serves":      {staffA, entrepot.CodeForbidden, entrepot.CodeForbidden, true},
		"a manager of another shop":      {managerB, entrepot.CodeForbidden, entrepot.CodeNotFound, false},
		"another company's admin":        {foreign, entrepot.CodeNotFound, entrepot.CodeNotFound, false},
		"a customer":                     {customer, entrepot.CodeNotFound, entrepot.CodeNotFound, false},
		"nobody":                         {entrepot.Caller{}, entrepot.CodeNotFound, entrepot.CodeNotFound, false},
		"the platform":                   {entrepot.SystemCaller("test"), "", "", true},
		"an admin without a company yet": {entrepot.Caller{Role: entrepot.CompanyAdmin}, entrepot.CodeNotFound, entrepot.CodeNotFound, false},
	} {
		if _, err := (&State{}).Create(turn(c.caller), &warehousepb.Create{CompanyId: company, Details: details(nil)}); entrepot.CodeOf(err) != c.make {
			t.Errorf("%s creates: %v, want %q", name, err, c.make)
		}
		s := made(t)
		if _, err := s.Update(turn(c.caller), &warehousepb.Update{Details: details(nil)}); entrepot.CodeOf(err) != c.change {
			t.Errorf("%s updates: %v, want %q", name, err, c.change)
		}
		if _, err := s.Delete(turn(c.caller), &warehousepb.Delete{}); entrepot.CodeOf(err) != c.change {
			t.Errorf("%s deletes: %v, want %q", name, err, c.change)
		}
		if _, err := s.Get(turn(c.caller), &warehousepb.Get{}); (err == nil) != c.sees {
			t.Errorf("%s reads: %v", name, err)
		}
	}
}

func TestDetailsRules(t *testing.T) {
	t.Parallel()
	var many []string
	for i := range MaxShops + 1 {
		many = append(many, fmt.Sprintf("%024d", i))
	}
	for field, change := range map[string]func(*warehousepb.Details){
		"name":                 func(d *warehousepb.Details) { d.Name = "  " },
		"code":                 func(d *warehousepb.Details) { d.Code = "" },
		"priority":             func(d *warehousepb.Details) { d.Priority = -1 },
		"servesShopIds":        func(d *warehousepb.Details) { d.ServesShopIds = many },
		"location.coordinates": func(d *warehousepb.Details) { d.Point.Lat = 91 },
		"servesShopIds: names": func(d *warehousepb.Details) { d.ServesShopIds = []string{shopA, shopA} },
	} {
		_, err := (&State{}).Create(turn(admin), &warehousepb.Create{CompanyId: company, Details: details(change)})
		if entrepot.CodeOf(err) != entrepot.CodeInvalid || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	s := made(t)
	if _, err := s.Update(turn(admin), &warehousepb.Update{ExpectedVersion: 7, Details: details(nil)}); entrepot.CodeOf(err) != entrepot.CodeStale {
		t.Errorf("made from an older version: %v", err)
	}
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	back := &State{}
	if err := json.Unmarshal(b, back); err != nil || !reflect.DeepEqual(back, s) {
		t.Errorf("round trip: %+v, was %+v (%v)", back, s, err)
	}
}

// TestTheShopsSourcingFollows: every answer to a change is given once the
// sourcings of the shops know of it, the ones that are served no longer too.
func TestTheShopsSourcingFollows(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{Kind(), sourcing.Kind()})
	served := func(shop entrepot.ID) (out []string) {
		t.Helper()
		v, err := grains.Ask[*sourcingpb.Sourcing](m.Platform(), m, sourcingpb.Kind, sourcingpb.ID(shop), &sourcingpb.Get{ShopId: shop})
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range v.Locations {
			out = append(out, l.LocationId)
		}
		return out
	}
	do := func(what string, err error, a, b []string) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		m.Restart()
		if got := served(shopA); !slices.Equal(got, a) {
			t.Errorf("%s: shop A is sourced from %v, want %v", what, got, a)
		}
		if got := served(shopB); !slices.Equal(got, b) {
			t.Errorf("%s: shop B is sourced from %v, want %v", what, got, b)
		}
	}
	_, err := m.Ask(m.As(admin), warehousepb.Kind, id, &warehousepb.Create{CompanyId: company, Details: details(nil)})
	do("created", err, []string{shopA, id}, []string{shopB})
	_, err = m.Ask(m.As(admin), warehousepb.Kind, id, &warehousepb.Update{Details: details(func(d *warehousepb.Details) { d.ServesShopIds = []string{shopB} })})
	do("serves another", err, []string{shopA}, []string{shopB, id})
	_, err = m.Ask(m.As(admin), warehousepb.Kind, id, &warehousepb.Update{Details: details(func(d *warehousepb.Details) { d.ServesShopIds = []string{shopA, shopB}; d.IsActive = false })})
	do("is not in use", err, []string{shopA}, []string{shopB})
	_, err = m.Ask(m.As(admin), warehousepb.Kind, id, &warehousepb.Update{Details: details(func(d *warehousepb.Details) { d.ServesShopIds = []string{shopA, shopB} })})
	do("is again", err, []string{shopA, id}, []string{shopB, id})
	_, err = m.Ask(m.As(admin), warehousepb.Kind, id, &warehousepb.Delete{})
	do("deleted", err, []string{shopA}, []string{shopB})
	want := []string{"warehouse.created", "warehouse.updated", "warehouse.updated", "warehouse.updated", "warehouse.deleted"}
	if got := m.EventTypes(); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	if _, err := m.Ask(m.As(admin), warehousepb.Kind, id, &warehousepb.Get{}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Errorf("a deleted one: %v", err)
	}
}

// TestACodeIsUniqueInTheCompany and free again when its warehouse is deleted.
func TestACodeIsUniqueInTheCompany(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{Kind(), sourcing.Kind()})
	create := func(c entrepot.Caller, company entrepot.ID, name string) error {
		_, err := m.Ask(m.As(c), warehousepb.Kind, entrepot.DeriveID(name), &warehousepb.Create{CompanyId: company, Details: details(func(d *warehousepb.Details) { d.ServesShopIds = nil })})
		return err
	}
	if err := create(admin, company, "1"); err != nil {
		t.Fatal(err)
	}
	if err := create(admin, company, "2"); entrepot.CodeOf(err) != entrepot.CodeConflict {
		t.Fatalf("taken: %v", err)
	}
	if err := create(foreign, foreign.CompanyID, "3"); err != nil {
		t.Fatalf("another company: %v", err)
	}
	if _, err := m.Ask(m.As(admin), warehousepb.Kind, entrepot.DeriveID("1"), &warehousepb.Delete{}); err != nil {
		t.Fatal(err)
	}
	if err := create(admin, company, "2"); err != nil {
		t.Fatalf("free again: %v", err)
	}
}

// A shop that can be served by no more is not served, and the warehouse says so.
func TestARefusalOfASourcing(t *testing.T) {
	t.Parallel()
	s := made(t)
	facts, err := s.Sourced(turn(entrepot.SystemCaller("step")), &warehousepb.Sourced{ShopId: shopA, Version: 1, Refused: true})
	if err != nil || len(facts) != 2 {
		t.Fatalf("%v %v", facts, err)
	}
	for _, f := range facts {
		s.Apply(f)
	}
	if _, ok := facts[1].(events.WarehouseUpdated); !ok || len(s.Serves) != 0 {
		t.Fatalf("%+v", s)
	}
	if facts, _ := s.Sourced(turn(entrepot.SystemCaller("step")), &warehousepb.Sourced{ShopId: shopA, Version: 1}); facts != nil {
		t.Fatalf("an old answer: %v", facts)
	}
}
