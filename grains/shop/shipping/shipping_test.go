package shipping

import (
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
	"entrepot/persistence/storetest"

	"pgregory.net/rapid"
)

var (
	company = entrepot.DeriveID("company")
	shop    = entrepot.DeriveID("shop")
	start   = time.UnixMilli(1_750_000_000_123).UTC()
	admin   = entrepot.Caller{Role: entrepot.CompanyAdmin, UserID: "a", CompanyID: company}
	manager = entrepot.Caller{Role: entrepot.ShopManager, UserID: "m", CompanyID: company, ShopIDs: []string{shop}}
)

func turn(c entrepot.Caller) entrepot.Turn {
	return entrepot.Turn{ID: ID(company, shop), Now: start, Caller: c}
}

func method(id string, price int64) Method {
	return Method{ID: id, Name: strings.ToUpper(id), Price: price}
}

// benelux ships to three countries, at a higher price to the islands of one, and
// elsewhere.
func benelux() *Rules {
	express := method("express", 1500)
	express.PieceSteps = []Step{{From: 10, Price: 2500}, {From: 100, Price: 0}}
	standard := method("standard", 500)
	standard.SubtotalSteps = []Step{{From: 2000, Price: 300}}
	standard.FreeFrom = 5000
	return &Rules{Currency: "EUR", Zones: []Zone{
		{Name: "World", Methods: []Method{method("standard", 3000)}},
		{Name: "Benelux", Countries: []string{"BE", "NL", "LU"}, Methods: []Method{express, standard}},
		{Name: "Islands", Countries: []string{"NL"}, PostalCodes: []string{"1797", "889"}, Methods: []Method{method("boat", 900)}},
		{Name: "Vlieland", Countries: []string{"NL"}, PostalCodes: []string{"8899 "}, Methods: []Method{method("boat", 1100)}},
		{Name: "Berlin", Countries: []string{"DE"}, PostalCodes: []string{"10"}, Methods: []Method{method("bike", 700)}},
	}}
}

func TestOffers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		country, code    string
		subtotal, pieces int64
		want             string
	}{
		{"BE", "2000", 1000, 1, "standard 500, express 1500"},
		{" be ", "", 1999, 9, "standard 500, express 1500"},
		{"BE", "", 2000, 10, "standard 300, express 2500"},
		{"BE", "", 5000, 100, "express 0, standard 0"}, // of the same price: as they are listed
		{"NL", "1011 AB", 1000, 1, "standard 500, express 1500"},
		{"NL", "1797-ak", 1000, 1, "boat 900"},
		{"NL", "8899 bx", 1000, 1, "boat 1100"}, // the longest beginning
		{"NL", "8896", 1000, 1, "boat 900"},
		{"FR", "75001", 1000, 1, "standard 3000"},
		{"DE", "10115", 1000, 1, "bike 700"},
		{"DE", "20457", 1000, 1, "standard 3000"},
	} {
		offers, err := benelux().normalized().Offers(Place{c.country, c.code}, c.subtotal, c.pieces)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, o := range offers {
			got = append(got, fmt.Sprint(o.ID, " ", o.Price))
		}
		if s := strings.Join(got, ", "); s != c.want {
			t.Errorf("%+v: %s", c, s)
		}
	}
}

func TestPlacesOutsideAllZones(t *testing.T) {
	t.Parallel()
	r := benelux()
	r.Zones = r.Zones[1:]
	for _, c := range []struct {
		country, code string
		want          entrepot.Code
		field, rule   string
	}{
		{"FR", "75001", entrepot.CodeConflict, "country", "zone"},
		{"DE", "20457", entrepot.CodeConflict, "postalCode", "zone"},
		{"DE", "", entrepot.CodeConflict, "postalCode", "zone"},
		{"Germany", "", entrepot.CodeInvalid, "country", "country"},
		{"UK", "", entrepot.CodeInvalid, "country", "country"},
		{"", "", entrepot.CodeInvalid, "country", "country"},
		{"E ", "", entrepot.CodeInvalid, "country", "country"},
	} {
		_, err := r.normalized().Offers(Place{c.country, c.code}, 1, 1)
		if e := entrepot.AsError(err); e == nil || e.Code != c.want || e.Fields[0].Field != c.field ||
			e.Fields[0].Rule != c.rule {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestBadRules(t *testing.T) {
	t.Parallel()
	if _, err := (&State{}).Set(turn(admin), Set{CompanyID: company, ShopID: shop}); entrepot.CodeOf(err) != entrepot.CodeInvalid {
		t.Errorf("none: %v", err)
	}
	for name, c := range map[string]struct {
		change      func(r *Rules)
		field, rule string
	}{
		"no currency":     {func(r *Rules) { r.Currency = "EURO" }, "currency", "currency"},
		"no zones":        {func(r *Rules) { r.Zones = nil }, "zones", "length"},
		"too many zones":  {func(r *Rules) { r.Zones = slices.Repeat(r.Zones, MaxZones) }, "zones", "length"},
		"no name":         {func(r *Rules) { r.Zones[1].Name = " " }, "zones[1].name", "length"},
		"no country":      {func(r *Rules) { r.Zones[1].Countries[2] = "UK" }, "zones[1].countries[2]", "country"},
		"small letters":   {func(r *Rules) { r.Zones[1].Countries[0] = "be" }, "zones[1].countries[0]", "country"},
		"postal of none":  {func(r *Rules) { r.Zones[0].PostalCodes = []string{"1"} }, "zones[0].postalCodes", "countries"},
		"no postal code":  {func(r *Rules) { r.Zones[2].PostalCodes[1] = "1*" }, "zones[2].postalCodes[1]", "postalCode"},
		"an empty one":    {func(r *Rules) { r.Zones[2].PostalCodes[1] = "-" }, "zones[2].postalCodes[1]", "postalCode"},
		"a country twice": {func(r *Rules) { r.Zones[4].Countries, r.Zones[4].PostalCodes = []string{"LU"}, nil }, "zones[4].countries", "unique"},
		"a code twice":    {func(r *Rules) { r.Zones[3].PostalCodes = []string{"88-9"} }, "zones[3].countries", "unique"},
		"two worlds":      {func(r *Rules) { r.Zones[2].Countries, r.Zones[2].PostalCodes = nil, nil }, "zones[2].countries", "unique"},
		"no methods":      {func(r *Rules) { r.Zones[0].Methods = nil }, "zones[0].methods", "length"},
		"no id":           {func(r *Rules) { r.Zones[1].Methods[1].ID = "A B" }, "zones[1].methods[1].id", "id"},
		"an id twice":     {func(r *Rules) { r.Zones[1].Methods[1].ID = "express" }, "zones[1].methods[1].id", "unique"},
		"below nothing":   {func(r *Rules) { r.Zones[1].Methods[0].Price = -1 }, "zones[1].methods[0].price", "range"},
		"far too much":    {func(r *Rules) { r.Zones[1].Methods[0].Price = entrepot.MaxMinor }, "zones[1].methods[0].price", "range"},
		"free below":      {func(r *Rules) { r.Zones[1].Methods[1].FreeFrom = -1 }, "zones[1].methods[1].freeFrom", "range"},
		"both steps":      {func(r *Rules) { r.Zones[1].Methods[0].SubtotalSteps = []Step{{From: 1}} }, "zones[1].methods[0].pieceSteps", "exclusive"},
		"descending":      {func(r *Rules) { r.Zones[1].Methods[0].PieceSteps[1].From = 10 }, "zones[1].methods[0].pieceSteps[1].from", "ascending"},
		"from nothing":    {func(r *Rules) { r.Zones[1].Methods[1].SubtotalSteps[0].From = 0 }, "zones[1].methods[1].subtotalSteps[0].from", "ascending"},
		"a step below":    {func(r *Rules) { r.Zones[1].Methods[0].PieceSteps[0].Price = -1 }, "zones[1].methods[0].pieceSteps[0].price", "range"},
	} {
		r := benelux()
		c.change(r)
		_, err := (&State{}).Set(turn(admin), Set{CompanyID: company, ShopID: shop, Rules: r})
		if e := entrepot.AsError(err); e == nil || e.Code != entrepot.CodeInvalid || e.Fields[0].Field != c.field ||
			e.Fields[0].Rule != c.rule {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCallersThatMaySetRules(t *testing.T) {
	t.Parallel()
	ofShop, ofCompany := ID(company, shop), ID(company, "")
	for name, c := range map[string]struct {
		caller   entrepot.Caller
		id, shop string
		want     entrepot.Code
	}{
		"an admin":                  {admin, ofShop, shop, ""},
		"an admin, the company's":   {admin, ofCompany, "", ""},
		"a manager":                 {manager, ofShop, shop, ""},
		"a manager, the company's":  {manager, ofCompany, "", entrepot.CodeForbidden},
		"another shop's manager":    {entrepot.Caller{Role: entrepot.ShopManager, CompanyID: company, ShopIDs: []string{"x"}}, ofShop, shop, entrepot.CodeNotFound},
		"staff":                     {entrepot.Caller{Role: entrepot.ShopStaff, CompanyID: company, ShopIDs: []string{shop}}, ofShop, shop, entrepot.CodeForbidden},
		"another company's admin":   {entrepot.Caller{Role: entrepot.CompanyAdmin, CompanyID: "x"}, ofShop, shop, entrepot.CodeNotFound},
		"a customer":                {entrepot.Caller{Role: entrepot.Customer, UserID: "c"}, ofShop, shop, entrepot.CodeNotFound},
		"another grain":             {admin, ofCompany, shop, entrepot.CodeNotFound},
		"the platform's own admins": {entrepot.Caller{Role: entrepot.SuperAdmin}, ofCompany, "", ""},
	} {
		at := entrepot.Turn{ID: c.id, Now: start, Caller: c.caller}
		_, err := (&State{}).Set(at, Set{CompanyID: company, ShopID: c.shop, Rules: benelux()})
		_, gone := (&State{}).Remove(at, Remove{CompanyID: company, ShopID: c.shop})
		if entrepot.CodeOf(err) != c.want || entrepot.CodeOf(gone) != c.want {
			t.Errorf("%s: %v, %v", name, err, gone)
		}
	}
}

// TestRulesLife: rules are set, published, set again without effect, kept over a
// restart, and removed.
func TestRulesLife(t *testing.T) {
	t.Parallel()
	store, id := storetest.NewMemory(), ID(company, shop)
	m := grainstest.New(t, store, []*grains.Kind{Kind()})
	ask := func(c grains.Message[*Shipping]) (*Shipping, error) {
		return grains.Ask(m.As(manager), m, Of(id), c)
	}
	if v, err := ask(Get{}); err != nil || v.Rules != nil || v.Version != 0 {
		t.Fatal(v, err)
	}
	set := Set{CompanyID: company, ShopID: shop, Rules: benelux()}
	v, err := ask(set)
	if err != nil || v.Version != 1 || v.Rules.Zones[3].PostalCodes[0] != "8899" {
		t.Fatal(v, err)
	}
	if v, err = ask(set); err != nil || v.Version != 1 {
		t.Fatal(v, err)
	}
	set.Rules.Taxed, set.ExpectedVersion = true, 7
	if _, err = ask(set); entrepot.CodeOf(err) != entrepot.CodeStale {
		t.Fatal(err)
	}
	again := grainstest.New(t, store, []*grains.Kind{Kind()})
	kept, err := grains.Ask(again.As(manager), again, Of(id), Get{})
	if err != nil || !reflect.DeepEqual(kept, v) {
		t.Fatalf("%v, want %v: %v", kept, v, err)
	}
	if v, err = ask(Remove{CompanyID: company, ShopID: shop, ExpectedVersion: 1}); err != nil || v.Rules != nil ||
		v.Version != 2 {
		t.Fatal(v, err)
	}
	var published []string
	for _, e := range m.Events() {
		published = append(published, e.Type)
		var u events.ShippingUpdated
		if e.Type == "shipping.updated" {
			if err := e.Decode(&u); err != nil || len(u.Zones) != 5 || u.Zones[1].Methods[1].FreeFrom != "50.00" ||
				e.ShopID != shop {
				t.Errorf("%+v of %s: %v", u, e.ShopID, err)
			}
		}
	}
	if fmt.Sprint(published) != "[shipping.updated shipping.removed]" {
		t.Fatalf("published %v", published)
	}
}

// TestOffersAreSound: rules that pass the check have a price for every place they
// name, never a negative one, and the cheapest comes first.
func TestOffersAreSound(t *testing.T) {
	t.Parallel()
	codes := strings.Fields(countries)
	rapid.Check(t, func(t *rapid.T) {
		price := rapid.Int64Range(0, maxPrice)
		steps := rapid.Custom(func(t *rapid.T) (out []Step) {
			from := int64(0)
			for range rapid.IntRange(0, 4).Draw(t, "steps") {
				from += rapid.Int64Range(1, 5000).Draw(t, "from")
				out = append(out, Step{From: from, Price: price.Draw(t, "price")})
			}
			return out
		})
		r := &Rules{Currency: "EUR"}
		for i := range rapid.IntRange(1, 6).Draw(t, "zones") {
			z := Zone{Name: "z", Countries: []string{codes[i*3], codes[i*3+1]}}
			for j := range rapid.IntRange(1, 4).Draw(t, "methods") {
				m := method(fmt.Sprint("m", j), price.Draw(t, "price"))
				if rapid.Bool().Draw(t, "by pieces") {
					m.PieceSteps = steps.Draw(t, "steps")
				} else {
					m.SubtotalSteps = steps.Draw(t, "steps")
				}
				m.FreeFrom = rapid.Int64Range(0, 10_000).Draw(t, "free")
				z.Methods = append(z.Methods, m)
			}
			r.Zones = append(r.Zones, z)
		}
		if _, err := (&State{}).Set(turn(admin), Set{CompanyID: company, ShopID: shop, Rules: r}); err != nil {
			t.Fatal(err)
		}
		z := rapid.SampledFrom(r.Zones).Draw(t, "zone")
		subtotal, pieces := rapid.Int64Range(0, 20_000).Draw(t, "subtotal"), rapid.Int64Range(1, 20_000).Draw(t, "pieces")
		offers, err := r.normalized().Offers(Place{Country: rapid.SampledFrom(z.Countries).Draw(t, "country")}, subtotal, pieces)
		if err != nil || len(offers) != len(z.Methods) {
			t.Fatal(offers, err)
		}
		last := int64(0)
		for _, o := range offers {
			if o.Price < last || o.Price > maxPrice {
				t.Fatalf("%v", offers)
			}
			last = o.Price
		}
	})
}

func BenchmarkOffers(b *testing.B) {
	r := &Rules{Currency: "EUR"}
	for i, c := range strings.Fields(countries)[:MaxZones] {
		z := Zone{Name: "z", Countries: []string{c}, Methods: []Method{method("a", 100), method("b", 200)}}
		for j := range MaxPostal / MaxZones {
			z.PostalCodes = append(z.PostalCodes, fmt.Sprint(10*i+j))
		}
		r.Zones = append(r.Zones, z)
	}
	r.Zones[MaxZones-1].Countries, r.Zones[MaxZones-1].PostalCodes = nil, nil
	rules := r.normalized()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := rules.Offers(Place{"ZW", "9999"}, 1000, 1); err != nil {
			b.Fatal(err)
		}
	}
}
