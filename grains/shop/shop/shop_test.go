package shop

import (
	"encoding/json"
	"math"
	"reflect"
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
	id      = entrepot.DeriveID("shop")
	company = entrepot.DeriveID("company")
	person  = entrepot.DeriveID("person")
	super   = entrepot.Caller{Role: entrepot.SuperAdmin, UserID: "root"}
	admin   = entrepot.Caller{Role: entrepot.CompanyAdmin, UserID: "a", CompanyID: company}
	start   = time.UnixMilli(1_750_000_000_123).UTC()
)

func turn(c entrepot.Caller) entrepot.Turn { return entrepot.Turn{ID: id, Now: start, Caller: c} }

func creation(change func(*Create)) Create {
	c := Create{
		CompanyID: company, Details: Details{Name: "Harbour", City: "Trieste"},
		ManagerID: person, StaffIDs: []string{person},
	}
	if change != nil {
		change(&c)
	}
	return c
}

func TestCreateRules(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		state  *State
		caller entrepot.Caller
		change func(*Create)
		want   entrepot.Code
	}{
		"a super admin":           {&State{}, super, nil, ""},
		"the platform":            {&State{}, entrepot.SystemCaller("seed"), nil, ""},
		"the company's admin":     {&State{}, admin, nil, ""},
		"another company's admin": {&State{}, entrepot.Caller{Role: entrepot.CompanyAdmin, CompanyID: "x"}, nil, entrepot.CodeNotFound},
		"a manager":               {&State{}, entrepot.Caller{Role: entrepot.ShopManager, CompanyID: company}, nil, entrepot.CodeForbidden},
		"a customer":              {&State{}, entrepot.Caller{Role: entrepot.Customer, UserID: "c"}, nil, entrepot.CodeForbidden},
		"again":                   {&State{Shop: Shop{ID: id}}, admin, nil, entrepot.CodeConflict},
		"no company":              {&State{}, super, func(c *Create) { c.CompanyID = "" }, entrepot.CodeInvalid},
		"no name":                 {&State{}, admin, func(c *Create) { c.Name = "" }, entrepot.CodeInvalid},
		"no manager yet":          {&State{}, admin, func(c *Create) { c.ManagerID = "" }, ""},
		"a malformed manager":     {&State{}, admin, func(c *Create) { c.ManagerID = "bob" }, entrepot.CodeInvalid},
		"malformed staff":         {&State{}, admin, func(c *Create) { c.StaffIDs = []string{"bob"} }, entrepot.CodeInvalid},
		"a place":                 {&State{}, admin, func(c *Create) { c.Point = &events.Point{Lat: -90, Lng: 180} }, ""},
		"beyond the pole":         {&State{}, admin, func(c *Create) { c.Point = &events.Point{Lat: 90.1} }, entrepot.CodeInvalid},
		"around the world":        {&State{}, admin, func(c *Create) { c.Point = &events.Point{Lng: -180.1} }, entrepot.CodeInvalid},
		"nowhere":                 {&State{}, admin, func(c *Create) { c.Point = &events.Point{Lat: math.NaN()} }, entrepot.CodeInvalid},
		"hours":                   {&State{}, admin, func(c *Create) { c.Hours = hours() }, ""},
		"hours of no zone":        {&State{}, admin, func(c *Create) { c.Hours = hours(); c.Hours.Timezone = "" }, entrepot.CodeInvalid},
		"too many staff":          {&State{}, admin, func(c *Create) { c.StaffIDs = make([]string, MaxStaff+1) }, entrepot.CodeInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts, err := c.state.Create(turn(c.caller), creation(c.change))
			if entrepot.CodeOf(err) != c.want || (err == nil) != (len(facts) > 0) {
				t.Fatalf("%v, %v; want code %q", facts, err, c.want)
			}
		})
	}
}

func hours() Hours {
	return Hours{
		Timezone: "Europe/Rome", Week: []events.OpeningSpan{{Day: "monday", Open: "09:00", Close: "18:00"}},
		Exceptions: []events.OpeningException{{Date: "2026-12-25", Closed: true, Reason: "Christmas"}},
	}
}

func opened(t testing.TB) *State {
	t.Helper()
	s := &State{}
	facts, err := s.Create(turn(entrepot.SystemCaller("test")), creation(nil))
	if err != nil || len(facts) != 1 {
		t.Fatal(facts, err)
	}
	s.Apply(facts[0])
	return s
}

func update(version int64) Update {
	return Update{ExpectedVersion: version, IsActive: true, Details: Details{
		Name: "Station", City: "Udine", Point: &events.Point{Lat: 46.06, Lng: 13.24}, Hours: hours(),
	}}
}

// TestCallersThatMayChangeAShop covers Update and Delete.
func TestCallersThatMayChangeAShop(t *testing.T) {
	t.Parallel()
	manager := entrepot.Caller{Role: entrepot.ShopManager, CompanyID: company, ShopIDs: []entrepot.ID{id}}
	for name, c := range map[string]struct {
		caller  entrepot.Caller
		version int64
		want    entrepot.Code
	}{
		"a super admin":           {super, 0, ""},
		"the company's admin":     {admin, 1, ""},
		"an old version":          {admin, 2, entrepot.CodeStale},
		"another company's admin": {entrepot.Caller{Role: entrepot.CompanyAdmin, CompanyID: "x"}, 0, entrepot.CodeNotFound},
		"its manager":             {manager, 0, entrepot.CodeForbidden},
		"another shop's manager":  {entrepot.Caller{Role: entrepot.ShopManager, CompanyID: company, ShopIDs: []entrepot.ID{"x"}}, 0, entrepot.CodeNotFound},
		"a customer":              {entrepot.Caller{Role: entrepot.Customer, UserID: "c"}, 0, entrepot.CodeNotFound},
		"an anonymous caller":     {entrepot.Caller{}, 0, entrepot.CodeNotFound},
	} {
		s := opened(t)
		if facts, err := s.Update(turn(c.caller), update(c.version)); entrepot.CodeOf(err) != c.want ||
			(err == nil) != (len(facts) == 1) {
			t.Errorf("%s updates: %v, %v", name, facts, err)
		}
		if facts, err := s.Delete(turn(c.caller), Delete{ExpectedVersion: c.version}); entrepot.CodeOf(err) != c.want ||
			(err == nil) != (len(facts) == 2) {
			t.Errorf("%s deletes: %v, %v", name, facts, err)
		}
		s.DeletedAt = 1
		_, updated := s.Update(turn(c.caller), update(c.version))
		_, deleted := s.Delete(turn(c.caller), Delete{ExpectedVersion: c.version})
		if entrepot.CodeOf(updated) != entrepot.CodeNotFound || entrepot.CodeOf(deleted) != entrepot.CodeNotFound {
			t.Errorf("%s changes a deleted shop: %v, %v", name, updated, deleted)
		}
	}
}

func TestUpdateRules(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Update){
		"name":                     func(c *Update) { c.Name = " " },
		"location.coordinates.lat": func(c *Update) { c.Point.Lat = -91 },
		"timezone":                 func(c *Update) { c.Hours.Timezone = "Mars/Olympus" },
	} {
		cmd := update(0)
		change(&cmd)
		if _, err := opened(t).Update(turn(admin), cmd); entrepot.CodeOf(err) != entrepot.CodeInvalid ||
			entrepot.AsError(err).Fields[0].Field != name {
			t.Errorf("%s: %v", name, err)
		}
	}
	s := opened(t)
	facts, err := s.Update(turn(admin), update(1))
	if err != nil {
		t.Fatal(err)
	}
	s.Apply(facts[0])
	if v := s.view(); v.Version != 2 || v.ManagerID != person || v.Name != "Station" ||
		!reflect.DeepEqual(v.Hours, hours()) || v.Point.Lat != 46.06 {
		t.Errorf("%v", v)
	}
	if facts, err := s.Update(turn(admin), update(2)); err != nil || len(facts) != 0 {
		t.Errorf("the same again: %v, %v", facts, err)
	}
}

// TestGetShowsStaffToStaffOnly: anybody sees the shop, only its own staff sees its staff.
func TestGetShowsStaffToStaffOnly(t *testing.T) {
	t.Parallel()
	s := &State{Shop: Shop{
		ID: id, CompanyID: company, Details: Details{Name: "Harbour"},
		ManagerID: person, StaffIDs: []entrepot.ID{person},
	}}
	for name, c := range map[string]struct {
		caller entrepot.Caller
		staff  bool
	}{
		"a super admin":          {super, true},
		"the company's admin":    {admin, true},
		"its manager":            {entrepot.Caller{Role: entrepot.ShopManager, CompanyID: company, ShopIDs: []entrepot.ID{id}}, true},
		"another shop's manager": {entrepot.Caller{Role: entrepot.ShopManager, CompanyID: company, ShopIDs: []entrepot.ID{"x"}}, false},
		"another company":        {entrepot.Caller{Role: entrepot.CompanyAdmin, CompanyID: "x"}, false},
		"a customer":             {entrepot.Caller{Role: entrepot.Customer, UserID: "c"}, false},
		"an anonymous caller":    {entrepot.Caller{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, err := s.Get(turn(c.caller), Get{})
			if err != nil || v.Name != "Harbour" || (v.ManagerID != "") != c.staff || (len(v.StaffIDs) > 0) != c.staff {
				t.Fatalf("%+v, %v", v, err)
			}
		})
	}
	if _, err := (&State{}).Get(turn(super), Get{}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Fatalf("absent: %v", err)
	}
}

func TestShopReplays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		facts, err := (&State{}).Create(turn(admin), creation(func(c *Create) {
			c.Name, c.Address = "N"+rapid.StringN(1, 20, -1).Draw(t, "name"), rapid.String().Draw(t, "address")
			c.Point = &events.Point{Lat: rapid.Float64Range(-90, 90).Draw(t, "lat"), Lng: rapid.Float64Range(-180, 180).Draw(t, "lng")}
			c.Hours = hours()
			c.StaffIDs = nil
			for range rapid.IntRange(0, 3).Draw(t, "staff") {
				c.StaffIDs = append(c.StaffIDs, entrepot.NewID())
			}
		}))
		if err != nil {
			t.Fatal(err)
		}
		var s, replayed, back State
		s.Apply(facts[0])
		replayed.Apply(facts[0])
		b, err := json.Marshal(&s)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &back); err != nil || !reflect.DeepEqual(s, back) || !reflect.DeepEqual(s, replayed) {
			t.Fatalf("round trip or replay: %v\n%+v\n%+v", err, s, back)
		}
	})
}

func TestShopOnTheHost(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{Kind()})
	v, err := grains.Ask(m.As(admin), m, Of(id), creation(func(c *Create) { c.ManagerID, c.StaffIDs = "", nil }))
	if err != nil || v.ID != id || v.Version != 1 {
		t.Fatalf("%+v, %v", v, err)
	}
	if list := m.Events(); len(list) != 1 || list[0].Type != "shop.created" || list[0].CompanyID != company ||
		list[0].ShopID != id {
		t.Fatalf("%v", list)
	}
	m.Restart()
	if v, err = grains.Ask(m.As(entrepot.Caller{}), m, Of(id), Get{}); err != nil || v.City != "Trieste" ||
		v.ManagerID != "" {
		t.Fatalf("after the restart: %+v, %v", v, err)
	}
	if v, err = grains.Ask(m.As(admin), m, Of(id), update(v.Version)); err != nil || v.City != "Udine" || v.Version != 2 {
		t.Fatalf("updated: %+v, %v", v, err)
	}
	m.Restart()
	if v, err = grains.Ask(m.As(admin), m, Of(id), Get{}); err != nil || !reflect.DeepEqual(v.Hours, hours()) ||
		v.Point.Lng != 13.24 {
		t.Fatalf("after another: %+v, %v", v, err)
	}
	if _, err = grains.Ask(m.As(admin), m, Of(id), Delete{}); err != nil {
		t.Fatal(err)
	}
	m.Restart()
	if _, err = grains.Ask(m.As(admin), m, Of(id), Get{}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Fatalf("deleted: %v", err)
	}
	if types := m.EventTypes(); !slices.Equal(types, []string{"shop.created", "shop.updated", "shop.deleted"}) {
		t.Fatalf("%v", types)
	}
}
