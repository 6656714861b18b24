package shop

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/grains/shop/shoppb"
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

func creation(change func(*shoppb.Create)) *shoppb.Create {
	c := &shoppb.Create{CompanyId: company, Name: "Harbour", City: "Trieste", ManagerId: person, StaffIds: []string{person}}
	if change != nil {
		change(c)
	}
	return c
}

func TestCreateRules(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		state  *State
		caller entrepot.Caller
		change func(*shoppb.Create)
		want   entrepot.Code
	}{
		"a super admin":       {&State{}, super, nil, ""},
		"the platform":        {&State{}, entrepot.SystemCaller("seed"), nil, ""},
		"the company's admin": {&State{}, admin, nil, ""},
		"another's admin":     {&State{}, entrepot.Caller{Role: entrepot.CompanyAdmin, CompanyID: "x"}, nil, entrepot.CodeNotFound},
		"a manager":           {&State{}, entrepot.Caller{Role: entrepot.ShopManager, CompanyID: company}, nil, entrepot.CodeForbidden},
		"a customer":          {&State{}, entrepot.Caller{Role: entrepot.Customer, UserID: "c"}, nil, entrepot.CodeForbidden},
		"again":               {&State{ID: id}, admin, nil, entrepot.CodeConflict},
		"no company":          {&State{}, super, func(c *shoppb.Create) { c.CompanyId = "" }, entrepot.CodeInvalid},
		"no name":             {&State{}, admin, func(c *shoppb.Create) { c.Name = "" }, entrepot.CodeInvalid},
		"no manager yet":      {&State{}, admin, func(c *shoppb.Create) { c.ManagerId = "" }, ""},
		"what is no manager":  {&State{}, admin, func(c *shoppb.Create) { c.ManagerId = "bob" }, entrepot.CodeInvalid},
		"what are no staff":   {&State{}, admin, func(c *shoppb.Create) { c.StaffIds = []string{"bob"} }, entrepot.CodeInvalid},
		"too many staff":      {&State{}, admin, func(c *shoppb.Create) { c.StaffIds = make([]string, MaxStaff+1) }, entrepot.CodeInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts, err := c.state.Create(turn(c.caller), creation(c.change))
			if entrepot.CodeOf(err) != c.want || (err == nil) != (len(facts) == 1) {
				t.Fatalf("%v, %v; want code %q", facts, err, c.want)
			}
		})
	}
}

// Anyone sees the shop, only its own staff who works there.
func TestGetShowsStaffToStaffOnly(t *testing.T) {
	t.Parallel()
	s := &State{ID: id, CompanyID: company, Name: "Harbour", ManagerID: person, StaffIDs: []entrepot.ID{person}}
	for name, c := range map[string]struct {
		caller entrepot.Caller
		staff  bool
	}{
		"a super admin":       {super, true},
		"the company's admin": {admin, true},
		"its manager":         {entrepot.Caller{Role: entrepot.ShopManager, CompanyID: company, ShopIDs: []entrepot.ID{id}}, true},
		"another's manager":   {entrepot.Caller{Role: entrepot.ShopManager, CompanyID: company, ShopIDs: []entrepot.ID{"x"}}, false},
		"another company":     {entrepot.Caller{Role: entrepot.CompanyAdmin, CompanyID: "x"}, false},
		"a customer":          {entrepot.Caller{Role: entrepot.Customer, UserID: "c"}, false},
		"nobody":              {entrepot.Caller{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, err := s.Get(turn(c.caller), nil)
			if err != nil || v.Name != "Harbour" || (v.ManagerId != "") != c.staff || (len(v.StaffIds) > 0) != c.staff {
				t.Fatalf("%+v, %v", v, err)
			}
		})
	}
	if _, err := (&State{}).Get(turn(super), nil); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Fatalf("absent: %v", err)
	}
}

func TestShopReplays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		facts, err := (&State{}).Create(turn(admin), creation(func(c *shoppb.Create) {
			c.Name, c.Address = rapid.StringN(1, 20, -1).Draw(t, "name"), rapid.String().Draw(t, "address")
			c.StaffIds = nil
			for range rapid.IntRange(0, 3).Draw(t, "staff") {
				c.StaffIds = append(c.StaffIds, entrepot.NewID())
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
	v, err := grains.Ask[*shoppb.Shop](m.As(admin), m, shoppb.Kind, id, creation(nil))
	if err != nil || v.Id != id || v.ManagerId != person {
		t.Fatalf("%+v, %v", v, err)
	}
	if list := m.Events(); len(list) != 1 || list[0].Type != "shop.created" || list[0].CompanyID != company || list[0].ShopID != id {
		t.Fatalf("%v", list)
	}
	m.Restart()
	if v, err = grains.Ask[*shoppb.Shop](m.As(entrepot.Caller{}), m, shoppb.Kind, id, &shoppb.Get{}); err != nil || v.City != "Trieste" || v.ManagerId != "" {
		t.Fatalf("after the restart: %+v, %v", v, err)
	}
}
