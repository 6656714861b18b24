package supplier

import (
	"slices"
	"strings"
	"testing"
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/persistence/storetest"
)

var (
	id      = entrepot.DeriveID("supplier")
	company = entrepot.DeriveID("company")
	start   = time.UnixMilli(1_750_000_000_123).UTC()
	admin   = entrepot.Caller{Role: entrepot.CompanyAdmin, UserID: "a", CompanyID: company}
)

func turn(c entrepot.Caller) entrepot.Turn { return entrepot.Turn{ID: id, Now: start, Caller: c} }

func details(change func(*Details)) Details {
	d := Details{Name: "Leaf & Co", Currency: "EUR", LeadDays: 14, IsActive: true, Offers: []Offer{
		{ProductID: "p", VariantID: "v", SKU: "LC-1", Cost: 250, MinQuantity: 10}, {ProductID: "p", VariantID: "w", Cost: 300},
	}}
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

func TestSupplierPermissions(t *testing.T) {
	t.Parallel()
	const ok, no, hidden = entrepot.Code(""), entrepot.CodeForbidden, entrepot.CodeNotFound
	for name, c := range map[string]struct {
		caller                entrepot.Caller
		create, change, reads entrepot.Code
	}{
		"the company's admin":     {admin, ok, ok, ok},
		"a super admin":           {entrepot.Caller{Role: entrepot.SuperAdmin}, ok, ok, ok},
		"a manager":               {entrepot.Caller{Role: entrepot.ShopManager, CompanyID: company, ShopIDs: []string{"s"}}, no, no, ok},
		"staff of a shop":         {entrepot.Caller{Role: entrepot.ShopStaff, CompanyID: company, ShopIDs: []string{"s"}}, no, hidden, hidden},
		"another company's admin": {entrepot.Caller{Role: entrepot.CompanyAdmin, CompanyID: "x"}, hidden, hidden, hidden},
		"a customer":              {entrepot.Caller{Role: entrepot.Customer, UserID: "c"}, hidden, hidden, hidden},
		"an anonymous caller":     {entrepot.Caller{}, hidden, hidden, hidden},
	} {
		_, err := (&State{}).Create(turn(c.caller), Create{CompanyID: company, Details: details(nil)})
		if entrepot.CodeOf(err) != c.create {
			t.Errorf("%s creates: %v, want %q", name, err, c.create)
		}
		if _, err = made(t).Update(turn(c.caller), Update{Details: details(nil)}); entrepot.CodeOf(err) != c.change {
			t.Errorf("%s updates: %v, want %q", name, err, c.change)
		}
		if _, err = made(t).Delete(turn(c.caller), Delete{}); entrepot.CodeOf(err) != c.change {
			t.Errorf("%s deletes: %v, want %q", name, err, c.change)
		}
		if _, err = made(t).Get(turn(c.caller), Get{}); entrepot.CodeOf(err) != c.reads {
			t.Errorf("%s reads: %v, want %q", name, err, c.reads)
		}
	}
}

func TestDetailsRules(t *testing.T) {
	t.Parallel()
	for field, change := range map[string]func(*Details){
		"name":                  func(d *Details) { d.Name = " " },
		"currency":              func(d *Details) { d.Currency = "" },
		"leadTimeDays":          func(d *Details) { d.LeadDays = 366 },
		"offers":                func(d *Details) { d.Offers = make([]Offer, MaxOffers+1); fill(d.Offers) },
		"offers[1].variantId":   func(d *Details) { d.Offers[1].VariantID = "v" },
		"offers[0].cost":        func(d *Details) { d.Offers[0].Cost = -1 },
		"offers[1].minQuantity": func(d *Details) { d.Offers[1].MinQuantity = -1 },
	} {
		_, err := (&State{}).Create(turn(admin), Create{CompanyID: company, Details: details(change)})
		if e := entrepot.AsError(err); e.Code != entrepot.CodeInvalid || e.Fields[0].Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func fill(offers []Offer) {
	for i := range offers {
		offers[i] = Offer{}
	}
}

// A supplier survives restarts, and no event publishes its costs.
func TestSuppliersOnTheHost(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{Kind()})
	ask := func(cmd grains.Message[*Supplier]) *Supplier {
		t.Helper()
		m.Restart()
		r, err := grains.Ask(m.As(admin), m, Of(id), cmd)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	ask(Create{CompanyID: company, Details: details(nil)})
	ask(Update{ExpectedVersion: 1, Details: details(func(d *Details) { d.Offers[0].Cost = 98765 })})
	if v := ask(Get{}); v.Version != 2 || v.Details.Offers[0].Cost != 98765 || v.Details.Offers[0].SKU != "LC-1" {
		t.Fatalf("%v", v)
	}
	ask(Delete{})
	if _, err := grains.Ask(m.As(admin), m, Of(id), Get{}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Fatalf("get after delete: %v, want not found", err)
	}
	if got := m.EventTypes(); !slices.Equal(got, []string{"supplier.created", "supplier.updated", "supplier.deleted"}) {
		t.Errorf("%v", got)
	}
	for _, e := range m.Events() {
		if text := string(e.Data); strings.Contains(text, "98765") || strings.Contains(text, "LC-1") || !strings.Contains(text, id) {
			t.Errorf("%s publishes %s; want the id without costs and SKUs", e.Type, text)
		}
	}
}
