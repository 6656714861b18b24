package product

import (
	"encoding/json"
	"reflect"
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
	id      = entrepot.DeriveID("product")
	company = entrepot.DeriveID("company")
	shopA   = entrepot.DeriveID("shop", "a")
	shopB   = entrepot.DeriveID("shop", "b")
	start   = time.UnixMilli(1_750_000_000_123).UTC()

	super     = entrepot.Caller{Role: entrepot.SuperAdmin, UserID: "root"}
	admin     = entrepot.Caller{Role: entrepot.CompanyAdmin, UserID: "a", CompanyID: company}
	foreign   = entrepot.Caller{Role: entrepot.CompanyAdmin, UserID: "f", CompanyID: entrepot.DeriveID("other")}
	managerA  = entrepot.Caller{Role: entrepot.ShopManager, UserID: "m", CompanyID: company, ShopIDs: []entrepot.ID{shopA}}
	managerAB = entrepot.Caller{Role: entrepot.ShopManager, UserID: "m", CompanyID: company, ShopIDs: []entrepot.ID{shopA, shopB}}
	managerC  = entrepot.Caller{Role: entrepot.ShopManager, UserID: "m", CompanyID: company, ShopIDs: []entrepot.ID{entrepot.DeriveID("shop", "c")}}
	staffA    = entrepot.Caller{Role: entrepot.ShopStaff, UserID: "s", CompanyID: company, ShopIDs: []entrepot.ID{shopA}}
	staffAB   = entrepot.Caller{Role: entrepot.ShopStaff, UserID: "s", CompanyID: company, ShopIDs: []entrepot.ID{shopA, shopB}}
	customer  = entrepot.Caller{Role: entrepot.Customer, UserID: "c"}
	nobody    = entrepot.Caller{}
)

func turn(c entrepot.Caller) entrepot.Turn { return entrepot.Turn{ID: id, Now: start, Caller: c} }

func creation(change func(*Create)) Create {
	c := Create{Product{
		CompanyID: company, ShopIDs: []string{shopA, shopB}, SKU: "TEA-1", Name: "Tea", Category: "food",
		Price: 1999, Currency: "EUR",
	}}
	if change != nil {
		change(&c)
	}
	return c
}

func made(t testing.TB, status string) *State {
	t.Helper()
	s := &State{}
	facts, err := s.Create(turn(admin), creation(nil))
	if err != nil {
		t.Fatal(err)
	}
	play(s, facts)
	s.Status = status
	return s
}

func play(s *State, facts []events.Event) {
	for _, f := range facts {
		s.Apply(f)
	}
}

func TestCreateRules(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		caller entrepot.Caller
		change func(*Create)
		want   entrepot.Code
	}{
		"a super admin":          {super, nil, ""},
		"the platform":           {entrepot.SystemCaller("seed"), nil, ""},
		"the company's admin":    {admin, nil, ""},
		"another's admin":        {foreign, nil, entrepot.CodeNotFound},
		"another's, of no shop":  {foreign, func(c *Create) { c.ShopIDs = nil }, entrepot.CodeNotFound},
		"a manager of all shops": {managerAB, nil, ""},
		"a manager of one shop":  {managerA, nil, entrepot.CodeNotFound},
		"shop staff":             {staffAB, nil, entrepot.CodeForbidden},
		"a customer":             {customer, nil, entrepot.CodeForbidden},
		"anonymous":              {nobody, nil, entrepot.CodeForbidden},
		"no shop":                {admin, func(c *Create) { c.ShopIDs = nil }, entrepot.CodeInvalid},
		"a shop twice":           {admin, func(c *Create) { c.ShopIDs = []string{shopA, shopA} }, entrepot.CodeInvalid},
		"what is no shop":        {admin, func(c *Create) { c.ShopIDs = []string{"x"} }, entrepot.CodeInvalid},
		"no company":             {super, func(c *Create) { c.CompanyID = "" }, entrepot.CodeInvalid},
		"no SKU":                 {admin, func(c *Create) { c.SKU = "" }, entrepot.CodeInvalid},
		"no name":                {admin, func(c *Create) { c.Name = "" }, entrepot.CodeInvalid},
		"no currency":            {admin, func(c *Create) { c.Currency = "euro" }, entrepot.CodeInvalid},
		"a negative price":       {admin, func(c *Create) { c.Price = -1 }, entrepot.CodeInvalid},
		"too large a price":      {admin, func(c *Create) { c.Price = entrepot.MaxMinor + 1 }, entrepot.CodeInvalid},
		"free of charge":         {admin, func(c *Create) { c.Price = 0 }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts, err := (&State{}).Create(turn(c.caller), creation(c.change))
			if entrepot.CodeOf(err) != c.want || (err == nil) != (len(facts) == 1) {
				t.Fatalf("%v, %v; want code %q", facts, err, c.want)
			}
		})
	}
	for _, s := range []*State{made(t, Active), made(t, Deleted)} {
		if _, err := s.Create(turn(admin), creation(nil)); entrepot.CodeOf(err) != entrepot.CodeConflict {
			t.Fatalf("created again while %s: %v", s.Status, err)
		}
	}
}

// Rights to see, change and delete a product that two shops sell.
func TestAccess(t *testing.T) {
	t.Parallel()
	const ok, no, hidden = "", entrepot.CodeForbidden, entrepot.CodeNotFound
	for name, c := range map[string]struct {
		caller                         entrepot.Caller
		active, draft, update, deletes entrepot.Code
	}{
		"a super admin":           {super, ok, ok, ok, ok},
		"the company's admin":     {admin, ok, ok, ok, ok},
		"another's admin":         {foreign, ok, hidden, hidden, hidden},
		"a manager of both shops": {managerAB, ok, ok, ok, ok},
		"a manager of one shop":   {managerA, ok, ok, ok, no},
		"a manager elsewhere":     {managerC, ok, ok, no, no},
		"staff of one shop":       {staffA, ok, ok, ok, no},
		"staff of both shops":     {staffAB, ok, ok, ok, no},
		"a customer":              {customer, ok, hidden, hidden, hidden},
		"anonymous":               {nobody, ok, hidden, hidden, hidden},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, tn := made(t, Active), turn(c.caller)
			_, active := s.Get(tn, Get{})
			_, draft := made(t, Draft).Get(tn, Get{})
			_, update := s.Update(tn, Update{Name: new("Coffee")})
			_, deletes := s.Delete(tn, Delete{})
			got := []entrepot.Code{entrepot.CodeOf(active), entrepot.CodeOf(draft), entrepot.CodeOf(update), entrepot.CodeOf(deletes)}
			if want := []entrepot.Code{c.active, c.draft, c.update, c.deletes}; !reflect.DeepEqual(got, want) {
				t.Fatalf("%q, want %q", got, want)
			}
			gone := made(t, Deleted)
			for _, err := range []error{
				second(gone.Get(tn, Get{})), second(gone.Update(tn, Update{})), second(gone.Delete(tn, Delete{})), second((&State{}).Get(tn, Get{})),
			} {
				if entrepot.CodeOf(err) != hidden {
					t.Fatalf("deleted or absent: %v", err)
				}
			}
		})
	}
}

func second[T any](_ T, err error) error { return err }

func TestUpdateListsChanges(t *testing.T) {
	t.Parallel()
	s := made(t, Active)
	facts, err := s.Update(turn(admin), Update{
		Name: new("Tea"), Price: new(int64(2050)), Status: new(Draft),
	})
	if err != nil {
		t.Fatal(err)
	}
	e := facts[0].(updated).ProductUpdated
	if !reflect.DeepEqual(e.Changed, []string{"status", "price"}) || e.Price != "20.50" || e.SKU != "TEA-1" {
		t.Fatalf("%+v", e)
	}
	if facts, err := s.Update(turn(admin), Update{Name: new("Tea")}); err != nil || facts != nil {
		t.Fatalf("update without a change: %v, %v", facts, err)
	}
	for _, c := range []Update{
		{Name: new("")}, {Status: new(Deleted)}, {Status: new("")}, {Price: new(int64(-1))},
	} {
		if _, err := s.Update(turn(admin), c); entrepot.CodeOf(err) != entrepot.CodeInvalid {
			t.Fatalf("%v: %v", c, err)
		}
	}
}

func TestDeletedProductFreesSKU(t *testing.T) {
	t.Parallel()
	key := func(s *State) any { return s.Index().Fields[6] }
	if got := key(made(t, Archived)); got != company+":TEA-1" {
		t.Fatal(got)
	}
	if got := key(made(t, Deleted)); got != nil {
		t.Fatal(got)
	}
}

// Facts alone rebuild the state, decisions do not change it, and JSON preserves it.
func TestProductReplays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, replayed := &State{}, &State{}
		text := rapid.StringMatching(`[a-z"<ü]{0,5}`)
		for range rapid.IntRange(1, 15).Draw(t, "commands") {
			var facts []events.Event
			var err error
			before := snapshot(t, s)
			now := turn(admin)
			now.Now = start.Add(time.Duration(rapid.IntRange(0, 20).Draw(t, "minutes")) * time.Minute)
			switch rapid.SampledFrom([]string{"create", "update", "update", "lists", "lists", "image", "rate", "wake", "delete"}).Draw(t, "command") {
			case "create":
				facts, err = s.Create(turn(managerAB), creation(func(c *Create) {
					c.SKU, c.Brand, c.Price = text.Draw(t, "sku"), text.Draw(t, "brand"), rapid.Int64Range(-1, entrepot.MaxMinor+1).Draw(t, "price")
				}))
			case "update":
				facts, err = s.Update(turn(staffA), Update{
					Name: rapid.Ptr(text, true).Draw(t, "name"), Description: rapid.Ptr(text, true).Draw(t, "description"),
					Price:  rapid.Ptr(rapid.Int64Range(0, 5), true).Draw(t, "price"),
					Status: rapid.Ptr(rapid.SampledFrom([]string{Active, Draft, Archived}), true).Draw(t, "status"),
				})
			case "lists":
				facts, err = s.Update(now, drawnLists(t))
			case "image":
				facts, err = s.AddImage(now, AddImage{Image: Image{ID: entrepot.DeriveID(text.Draw(t, "image"))}})
			case "rate":
				now.Caller = entrepot.SystemCaller("reviews")
				facts, err = s.SetRating(now, SetRating{Counts: rapid.SliceOfN(rapid.Int64Range(0, 3), 5, 5).Draw(t, "counts")})
			case "wake":
				facts = s.Wake(now)
			case "delete":
				if rapid.Bool().Draw(t, "really") {
					facts, err = s.Delete(turn(admin), Delete{})
				}
			}
			if snapshot(t, s) != before || (err != nil && facts != nil) {
				t.Fatal("a decision changed the state, or refused with facts")
			}
			play(s, facts)
			play(replayed, facts)
			s.checkWhole(t)
			if s.Price < 0 || s.Price > entrepot.MaxMinor || (s.ID != "" && (s.Name == "" || s.Status == "" || s.Currency != "EUR")) {
				t.Fatalf("%+v", s)
			}
		}
		var back State
		if err := json.Unmarshal([]byte(snapshot(t, s)), &back); err != nil || !reflect.DeepEqual(&back, s) || !reflect.DeepEqual(s, replayed) {
			t.Fatalf("round trip or replay: %v\n%+v\n%+v\n%+v", err, s, back, replayed)
		}
	})
}

func snapshot(t *rapid.T, s *State) string {
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestProductOnTheHost(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{Kind()})
	p, err := grains.Ask(m.As(admin), m, Of(id), creation(nil))
	if err != nil || p.ID != id || p.Price != 1999 || p.Status != Active {
		t.Fatalf("%+v, %v", p, err)
	}
	list := m.Events()
	var e events.ProductCreated
	if err := list[0].Decode(&e); err != nil || list[0].Type != "product.created" || e.Price != "19.99" || list[0].CompanyID != company {
		t.Fatalf("%s %s, %v", list[0].Type, list[0].Data, err)
	}
	other := entrepot.DeriveID("another product")
	if _, err := grains.Ask(m.As(admin), m, Of(other), creation(nil)); entrepot.CodeOf(err) != entrepot.CodeConflict {
		t.Fatalf("the same SKU: %v", err)
	}
	m.Restart()
	if p, err = grains.Ask(m.As(nobody), m, Of(id), Get{}); err != nil || p.Price != 1999 {
		t.Fatalf("after the restart: %+v, %v", p, err)
	}
	if _, err := grains.Ask(m.As(admin), m, Of(id), Delete{}); err != nil {
		t.Fatal(err)
	}
	if _, err := grains.Ask(m.As(admin), m, Of(other), creation(nil)); err != nil {
		t.Fatalf("the SKU of a deleted product: %v", err)
	}
	if got := m.EventTypes(); !reflect.DeepEqual(got, []string{"product.created", "product.deleted", "product.created"}) {
		t.Fatal(got)
	}
}
