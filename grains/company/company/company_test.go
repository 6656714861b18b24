package company

import (
	"encoding/json"
	"reflect"
	"strings"
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
	id    = entrepot.DeriveID("company")
	super = entrepot.Caller{Role: entrepot.SuperAdmin, UserID: "root"}
	start = time.UnixMilli(1_750_000_000_123).UTC()
)

func turn(c entrepot.Caller) entrepot.Turn { return entrepot.Turn{ID: id, Now: start, Caller: c} }

func creation(change func(*Create)) Create {
	c := Create{
		Slug: "acme", Currency: "EUR", TaxBasisPoints: 1900,
		Profile: Profile{Name: "Acme", Email: "hello@acme.example"},
	}
	if change != nil {
		change(&c)
	}
	return c
}

func TestCreateRules(t *testing.T) {
	t.Parallel()
	slug := func(s string) func(*Create) { return func(c *Create) { c.Slug = s } }
	for name, c := range map[string]struct {
		state  *State
		caller entrepot.Caller
		change func(*Create)
		want   entrepot.Code
	}{
		"a super admin":       {&State{}, super, nil, ""},
		"the platform":        {&State{}, entrepot.SystemCaller("seed"), nil, ""},
		"a company admin":     {&State{}, entrepot.Caller{Role: entrepot.CompanyAdmin, CompanyID: id}, nil, entrepot.CodeForbidden},
		"an anonymous caller": {&State{}, entrepot.Caller{}, nil, entrepot.CodeForbidden},
		"again":               {&State{Company: Company{ID: id}}, super, nil, entrepot.CodeConflict},
		"no name":             {&State{}, super, func(c *Create) { c.Profile.Name = "" }, entrepot.CodeInvalid},
		"no slug":             {&State{}, super, slug(""), entrepot.CodeInvalid},
		"a slug in capitals":  {&State{}, super, slug("Acme"), entrepot.CodeInvalid},
		"a slug with a dash":  {&State{}, super, slug("ac-me-2"), ""},
		"a slug of a dash":    {&State{}, super, slug("-"), entrepot.CodeInvalid},
		"a long slug":         {&State{}, super, slug(strings.Repeat("a", maxSlug+1)), entrepot.CodeInvalid},
		"a path as slug":      {&State{}, super, slug("../a"), entrepot.CodeInvalid},
		"no currency":         {&State{}, super, func(c *Create) { c.Currency = "" }, entrepot.CodeInvalid},
		"negative tax":        {&State{}, super, func(c *Create) { c.TaxBasisPoints = -1 }, entrepot.CodeInvalid},
		"tax of 100 %":        {&State{}, super, func(c *Create) { c.TaxBasisPoints = 10_000 }, ""},
		"tax above 100 %":     {&State{}, super, func(c *Create) { c.TaxBasisPoints = 10_001 }, entrepot.CodeInvalid},
		"a plan":              {&State{}, super, func(c *Create) { c.Plan = Business }, ""},
		"no such plan":        {&State{}, super, func(c *Create) { c.Plan = "gold" }, entrepot.CodeInvalid},
		"a trial":             {&State{}, super, func(c *Create) { c.TrialUntil = start.UnixMilli() + 1 }, ""},
		"a trial that ended":  {&State{}, super, func(c *Create) { c.TrialUntil = start.UnixMilli() }, entrepot.CodeInvalid},
		"a logo by http":      {&State{}, super, func(c *Create) { c.Profile.Logo = "http://x" }, entrepot.CodeInvalid},
		"a malformed owner":   {&State{}, super, func(c *Create) { c.OwnerID = "me" }, entrepot.CodeInvalid},
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

func TestGetRules(t *testing.T) {
	t.Parallel()
	s := &State{Company: Company{ID: id}}
	for name, c := range map[string]struct {
		state  *State
		caller entrepot.Caller
		want   entrepot.Code
	}{
		"its staff":           {s, entrepot.Caller{Role: entrepot.ShopStaff, CompanyID: id}, ""},
		"a super admin":       {s, super, ""},
		"the platform":        {s, entrepot.SystemCaller("test"), ""},
		"a customer":          {s, entrepot.Caller{Role: entrepot.Customer, UserID: "c"}, ""},
		"other staff":         {s, entrepot.Caller{Role: entrepot.CompanyAdmin, CompanyID: "x"}, entrepot.CodeNotFound},
		"an anonymous caller": {s, entrepot.Caller{}, entrepot.CodeNotFound},
		"absent":              {&State{}, super, entrepot.CodeNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := c.state.Get(turn(c.caller), Get{}); entrepot.CodeOf(err) != c.want {
				t.Fatalf("%v, want code %q", err, c.want)
			}
		})
	}
}

// TestCompanyReplays: every tax rate survives the percentage of the event and JSON.
func TestCompanyReplays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		basis := rapid.Int64Range(0, MaxTaxBasisPoints).Draw(t, "basis points")
		facts, err := (&State{}).Create(turn(super), creation(func(c *Create) {
			c.TaxBasisPoints, c.Profile.Name = basis, "N"+rapid.StringN(1, 20, -1).Draw(t, "name")
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
		data, err := json.Marshal(facts[0])
		if err != nil {
			t.Fatal(err)
		}
		var e events.CompanyCreated
		if err := json.Unmarshal(data, &e); err != nil {
			t.Fatal(err)
		}
		var remote State // made by a consumer of the public event
		remote.Apply(e)
		if s.TaxBasisPoints != basis || !reflect.DeepEqual(s, remote) || s.Timezone != "UTC" {
			t.Fatalf("%s: %+v", data, remote)
		}
	})
}

func TestCompanyOnTheHost(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{Kind()})
	c, err := grains.Ask(m.As(super), m, Of(id), creation(nil))
	if err != nil || c.ID != id || !c.IsActive() {
		t.Fatalf("%+v, %v", c, err)
	}
	if list := m.Events(); len(list) != 1 || list[0].Type != "company.created" || list[0].CompanyID != id {
		t.Fatalf("%v", list)
	}
	if _, err := grains.Ask(m.As(super), m, Of(entrepot.DeriveID("second")), creation(nil)); entrepot.CodeOf(err) != entrepot.CodeConflict {
		t.Fatalf("the same slug: %v", err)
	}
	m.Restart()
	c, err = grains.Ask(m.Platform(), m, Of(id), Get{})
	if err != nil || c.TaxBasisPoints != 1900 || c.CreatedAt == 0 {
		t.Fatalf("after the restart: %+v, %v", c, err)
	}
}
