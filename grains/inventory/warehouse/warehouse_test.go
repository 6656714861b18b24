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
	"entrepot/grains/inventory/sourcing"
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

func details(change func(*Details)) Details {
	d := Details{
		Name: "North", Code: "N1", Location: events.Location{City: "Hamburg", Country: "DE", Coordinates: &events.Point{Lat: 53.5, Lng: 10}},
		Serves: []string{shopA}, Priority: 3, IsActive: true,
	}
	if change != nil {
		change(&d)
	}
	return d
}

func made(t testing.TB) *State {
	t.Helper()
	s := &State{}
	facts, err := s.Create(turn(admin), Create{CompanyID: company, Details: details(nil)})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range facts {
		s.Apply(f)
	}
	return s
}

func TestWarehousePermissions(t *testing.T) {
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
		"an anonymous caller":            {entrepot.Caller{}, entrepot.CodeNotFound, entrepot.CodeNotFound, false},
		"the platform":                   {entrepot.SystemCaller("test"), "", "", true},
		"an admin without a company yet": {entrepot.Caller{Role: entrepot.CompanyAdmin}, entrepot.CodeNotFound, entrepot.CodeNotFound, false},
	} {
		_, err := (&State{}).Create(turn(c.caller), Create{CompanyID: company, Details: details(nil)})
		if entrepot.CodeOf(err) != c.make {
			t.Errorf("%s creates: %v, want %q", name, err, c.make)
		}
		s := made(t)
		if _, err := s.Update(turn(c.caller), Update{Details: details(nil)}); entrepot.CodeOf(err) != c.change {
			t.Errorf("%s updates: %v, want %q", name, err, c.change)
		}
		if _, err := s.Delete(turn(c.caller), Delete{}); entrepot.CodeOf(err) != c.change {
			t.Errorf("%s deletes: %v, want %q", name, err, c.change)
		}
		if _, err := s.Get(turn(c.caller), Get{}); (err == nil) != c.sees {
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
	for field, change := range map[string]func(*Details){
		"name":                 func(d *Details) { d.Name = "  " },
		"code":                 func(d *Details) { d.Code = "" },
		"priority":             func(d *Details) { d.Priority = -1 },
		"servesShopIds":        func(d *Details) { d.Serves = many },
		"location.coordinates": func(d *Details) { d.Location.Coordinates.Lat = 91 },
		"servesShopIds: names": func(d *Details) { d.Serves = []string{shopA, shopA} },
	} {
		_, err := (&State{}).Create(turn(admin), Create{CompanyID: company, Details: details(change)})
		if entrepot.CodeOf(err) != entrepot.CodeInvalid || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	s := made(t)
	if _, err := s.Update(turn(admin), Update{ExpectedVersion: 7, Details: details(nil)}); entrepot.CodeOf(err) != entrepot.CodeStale {
		t.Errorf("update with an older version: %v, want stale", err)
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

// The reply to a change comes when the sourcings of all shops have it, including
// the shops that the warehouse no longer serves.
func TestSourcingsFollowWarehouse(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{Kind(), sourcing.Kind()})
	served := func(shop entrepot.ID) (out []string) {
		t.Helper()
		v, err := grains.Ask(m.Platform(), m, sourcing.Of(sourcing.ID(shop)), sourcing.Get{ShopID: shop})
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range v.Locations {
			out = append(out, l.LocationID)
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
			t.Errorf("%s: locations of shop A: %v, want %v", what, got, a)
		}
		if got := served(shopB); !slices.Equal(got, b) {
			t.Errorf("%s: locations of shop B: %v, want %v", what, got, b)
		}
	}
	_, err := grains.Ask(m.As(admin), m, Of(id), Create{CompanyID: company, Details: details(nil)})
	do("created", err, []string{shopA, id}, []string{shopB})
	update := func(change func(*Details)) error {
		_, err := grains.Ask(m.As(admin), m, Of(id), Update{Details: details(change)})
		return err
	}
	err = update(func(d *Details) { d.Serves = []string{shopB} })
	do("serves another", err, []string{shopA}, []string{shopB, id})
	err = update(func(d *Details) { d.Serves = []string{shopA, shopB}; d.IsActive = false })
	do("is not in use", err, []string{shopA}, []string{shopB})
	err = update(func(d *Details) { d.Serves = []string{shopA, shopB} })
	do("is again", err, []string{shopA, id}, []string{shopB, id})
	_, err = grains.Ask(m.As(admin), m, Of(id), Delete{})
	do("deleted", err, []string{shopA}, []string{shopB})
	want := []string{"warehouse.created", "warehouse.updated", "warehouse.updated", "warehouse.updated", "warehouse.deleted"}
	if got := m.EventTypes(); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	if _, err := grains.Ask(m.As(admin), m, Of(id), Get{}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Errorf("get after delete: %v, want not found", err)
	}
}

// A code is unique in the company, and free again when its warehouse is deleted.
func TestCodeIsUniqueInCompany(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{Kind(), sourcing.Kind()})
	create := func(c entrepot.Caller, company entrepot.ID, name string) error {
		d := details(func(d *Details) { d.Serves = nil })
		_, err := grains.Ask(m.As(c), m, Of(entrepot.DeriveID(name)), Create{CompanyID: company, Details: d})
		return err
	}
	if err := create(admin, company, "1"); err != nil {
		t.Fatal(err)
	}
	if err := create(admin, company, "2"); entrepot.CodeOf(err) != entrepot.CodeConflict {
		t.Fatalf("code in use: %v, want conflict", err)
	}
	if err := create(foreign, foreign.CompanyID, "3"); err != nil {
		t.Fatalf("code of another company: %v", err)
	}
	if _, err := grains.Ask(m.As(admin), m, Of(entrepot.DeriveID("1")), Delete{}); err != nil {
		t.Fatal(err)
	}
	if err := create(admin, company, "2"); err != nil {
		t.Fatalf("code of a deleted warehouse: %v", err)
	}
}

// A shop whose sourcing refuses the warehouse is not served, and a second result
// of that call is no longer due.
func TestSourcingRefusesWarehouse(t *testing.T) {
	t.Parallel()
	s := made(t)
	facts, err := s.placed(turn(entrepot.SystemCaller("step")), placing{Placement{shopA, 1}, true})
	if err != nil || len(facts) != 2 {
		t.Fatalf("%v %v", facts, err)
	}
	for _, f := range facts {
		s.Apply(f)
	}
	if _, ok := facts[1].(events.WarehouseUpdated); !ok || len(s.Serves) != 0 {
		t.Fatalf("%+v", s)
	}
	if due := s.unplaced(); slices.Contains(due, Placement{shopA, 1}.element()) {
		t.Fatalf("due after the refusal: %v, want no version 1 of %s", due, shopA)
	}
}
