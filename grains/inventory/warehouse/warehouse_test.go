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

func details(change func(*DetailsInput)) DetailsInput {
	d := DetailsInput{
		Name: "North", Code: "N1", City: "Hamburg", Country: "DE", Point: &Point{Lat: 53.5, Lng: 10},
		ServesShopIDs: []string{shopA}, Priority: 3, IsActive: true,
	}
	if change != nil {
		change(d)
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
		if _, err := (&State{}).Create(turn(c.caller), Create{CompanyID: company, Details: details(nil)}); entrepot.CodeOf(err) != c.make {
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
	for field, change := range map[string]func(*DetailsInput){
		"name":                 func(d *DetailsInput) { d.Name = "  " },
		"code":                 func(d *DetailsInput) { d.Code = "" },
		"priority":             func(d *DetailsInput) { d.Priority = -1 },
		"servesShopIds":        func(d *DetailsInput) { d.ServesShopIDs = many },
		"location.coordinates": func(d *DetailsInput) { d.Point.Lat = 91 },
		"servesShopIds: names": func(d *DetailsInput) { d.ServesShopIDs = []string{shopA, shopA} },
	} {
		_, err := (&State{}).Create(turn(admin), Create{CompanyID: company, Details: details(change)})
		if entrepot.CodeOf(err) != entrepot.CodeInvalid || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	s := made(t)
	if _, err := s.Update(turn(admin), Update{ExpectedVersion: 7, Details: details(nil)}); entrepot.CodeOf(err) != entrepot.CodeStale {
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
			t.Errorf("%s: shop A is sourced from %v, want %v", what, got, a)
		}
		if got := served(shopB); !slices.Equal(got, b) {
			t.Errorf("%s: shop B is sourced from %v, want %v", what, got, b)
		}
	}
	_, err := grains.Ask(m.As(admin), m, Of(id), Create{CompanyID: company, Details: details(nil)})
	do("created", err, []string{shopA, id}, []string{shopB})
	_, err = grains.Ask(m.As(admin), m, Of(id), Update{Details: details(func(d *DetailsInput) { d.ServesShopIDs = []string{shopB} })})
	do("serves another", err, []string{shopA}, []string{shopB, id})
	_, err = grains.Ask(m.As(admin), m, Of(id), Update{Details: details(func(d *DetailsInput) { d.ServesShopIDs = []string{shopA, shopB}; d.IsActive = false })})
	do("is not in use", err, []string{shopA}, []string{shopB})
	_, err = grains.Ask(m.As(admin), m, Of(id), Update{Details: details(func(d *DetailsInput) { d.ServesShopIDs = []string{shopA, shopB} })})
	do("is again", err, []string{shopA, id}, []string{shopB, id})
	_, err = grains.Ask(m.As(admin), m, Of(id), Delete{})
	do("deleted", err, []string{shopA}, []string{shopB})
	want := []string{"warehouse.created", "warehouse.updated", "warehouse.updated", "warehouse.updated", "warehouse.deleted"}
	if got := m.EventTypes(); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	if _, err := grains.Ask(m.As(admin), m, Of(id), Get{}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Errorf("a deleted one: %v", err)
	}
}

// TestACodeIsUniqueInTheCompany and free again when its warehouse is deleted.
func TestACodeIsUniqueInTheCompany(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{Kind(), sourcing.Kind()})
	create := func(c entrepot.Caller, company entrepot.ID, name string) error {
		_, err := grains.Ask(m.As(c), m, Of(entrepot.DeriveID(name)), Create{CompanyID: company, Details: details(func(d *DetailsInput) { d.ServesShopIDs = nil })})
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
	if _, err := grains.Ask(m.As(admin), m, Of(entrepot.DeriveID("1")), Delete{}); err != nil {
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
	facts, err := s.Sourced(turn(entrepot.SystemCaller("step")), Sourced{ShopID: shopA, Version: 1, Refused: true})
	if err != nil || len(facts) != 2 {
		t.Fatalf("%v %v", facts, err)
	}
	for _, f := range facts {
		s.Apply(f)
	}
	if _, ok := facts[1].(events.WarehouseUpdated); !ok || len(s.Serves) != 0 {
		t.Fatalf("%+v", s)
	}
	if facts, _ := s.Sourced(turn(entrepot.SystemCaller("step")), Sourced{ShopID: shopA, Version: 1}); facts != nil {
		t.Fatalf("an old answer: %v", facts)
	}
}
