package purchase

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/grains/inventory/stock"
	"entrepot/grains/sales/series"
	"entrepot/persistence/storetest"

	"pgregory.net/rapid"
)

var (
	id      = entrepot.DeriveID("purchase")
	company = entrepot.DeriveID("company")
	shop    = entrepot.DeriveID("shop")
	tea     = entrepot.DeriveID("tea")
	mug     = entrepot.DeriveID("mug")
	start   = time.UnixMilli(1_750_000_000_123).UTC()

	admin   = entrepot.Caller{Role: entrepot.CompanyAdmin, UserID: "a", CompanyID: company}
	foreign = entrepot.Caller{Role: entrepot.CompanyAdmin, UserID: "f", CompanyID: "other"}
	manager = entrepot.Caller{Role: entrepot.ShopManager, UserID: "m", CompanyID: company, ShopIDs: []entrepot.ID{shop}}
	sibling = entrepot.Caller{Role: entrepot.ShopManager, UserID: "o", CompanyID: company, ShopIDs: []entrepot.ID{"x"}}
	staff   = entrepot.Caller{Role: entrepot.ShopStaff, UserID: "s", CompanyID: company, ShopIDs: []entrepot.ID{shop}}
	system  = entrepot.SystemCaller("step")
)

func turn(c entrepot.Caller) entrepot.Turn { return entrepot.Turn{ID: id, Now: start, Caller: c} }

func terms() Terms {
	return Terms{TolerancePercent: 10, Lines: []Line{
		{ProductID: tea, VariantID: tea, Quantity: 10, UnitCost: 250}, {ProductID: mug, VariantID: mug, Quantity: 4, UnitCost: 900},
	}}
}

func creation() Create {
	return Create{CompanyID: company, LocationID: shop, SupplierID: "s", SupplierName: "Leaf & Co", Currency: "EUR", Terms: terms()}
}

func do(t testing.TB, s *State, facts []events.Event, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range facts {
		s.Apply(f)
	}
}

func at(t testing.TB, status string) *State {
	t.Helper()
	s := &State{}
	facts, err := s.Create(turn(admin), creation())
	do(t, s, facts, err)
	if status == Draft {
		return s
	}
	facts, err = s.Order(turn(manager), Order{})
	do(t, s, facts, err)
	facts, err = s.numbered(turn(system), 7)
	do(t, s, facts, err)
	if status == Received {
		facts, err = s.Receive(turn(manager), Receive{ReceiptID: "r", Final: true})
		do(t, s, facts, err)
		facts, err = s.booked(turn(system), booking{receiptID: "r"})
		do(t, s, facts, err)
	}
	if s.Status != status || s.Number != "PO-2025-000007" {
		t.Fatalf("status %s and number %s, want %s and PO-2025-000007", s.Status, s.Number, status)
	}
	return s
}

func code(_ []events.Event, err error) entrepot.Code { return entrepot.CodeOf(err) }

func TestPurchasePermissions(t *testing.T) {
	t.Parallel()
	const ok, no, hidden = entrepot.Code(""), entrepot.CodeForbidden, entrepot.CodeNotFound
	for name, c := range map[string]struct {
		caller     entrepot.Caller
		acts, sees entrepot.Code
	}{
		"the company's admin":     {admin, ok, ok},
		"the shop's manager":      {manager, ok, ok},
		"the shop's staff":        {staff, no, ok},
		"another shop's manager":  {sibling, hidden, hidden},
		"another company's admin": {foreign, hidden, hidden},
		"a customer":              {entrepot.Caller{Role: entrepot.Customer, UserID: "c"}, hidden, hidden},
		"an anonymous caller":     {entrepot.Caller{}, hidden, hidden},
	} {
		for what, got := range map[string]entrepot.Code{
			"creates":  code((&State{}).Create(turn(c.caller), creation())),
			"changes":  code(at(t, Draft).SetTerms(turn(c.caller), SetTerms{Terms: terms()})),
			"orders":   code(at(t, Draft).Order(turn(c.caller), Order{})),
			"receives": code(at(t, Ordered).Receive(turn(c.caller), Receive{ReceiptID: "r", Final: true})),
			"cancels":  code(at(t, Ordered).Cancel(turn(c.caller), Cancel{})),
		} {
			if got != c.acts {
				t.Errorf("%s %s: %q, want %q", name, what, got, c.acts)
			}
		}
		if _, err := at(t, Draft).Get(turn(c.caller), Get{}); entrepot.CodeOf(err) != c.sees {
			t.Errorf("%s reads: %v", name, err)
		}
	}
}

func TestPurchaseRules(t *testing.T) {
	t.Parallel()
	parts := func(variant string, n ...int64) Receive {
		c := Receive{ReceiptID: "q"}
		for _, q := range n {
			c.Parts = append(c.Parts, Part{VariantID: variant, Quantity: q})
		}
		return c
	}
	with := func(change func(*Terms)) SetTerms {
		c := SetTerms{Terms: terms()}
		change(&c.Terms)
		return c
	}
	for name, c := range map[string]struct{ got, want entrepot.Code }{
		"to the tolerance":            {code(at(t, Ordered).Receive(turn(admin), parts(tea, 11))), ""},
		"beyond the tolerance":        {code(at(t, Ordered).Receive(turn(admin), parts(tea, 12))), entrepot.CodeInvalid},
		"what was not ordered":        {code(at(t, Ordered).Receive(turn(admin), parts("x", 1))), entrepot.CodeInvalid},
		"one twice":                   {code(at(t, Ordered).Receive(turn(admin), parts(tea, 1, 1))), entrepot.CodeInvalid},
		"none of it":                  {code(at(t, Ordered).Receive(turn(admin), parts(tea, 0))), entrepot.CodeInvalid},
		"nothing":                     {code(at(t, Ordered).Receive(turn(admin), parts(tea))), entrepot.CodeInvalid},
		"of a draft":                  {code(at(t, Draft).Receive(turn(admin), parts(tea, 1))), entrepot.CodeConflict},
		"change what is ordered":      {code(at(t, Ordered).SetTerms(turn(admin), SetTerms{Terms: terms()})), entrepot.CodeConflict},
		"change an older version":     {code(at(t, Draft).SetTerms(turn(admin), SetTerms{ExpectedVersion: 9, Terms: terms()})), entrepot.CodeStale},
		"no lines":                    {code(at(t, Draft).SetTerms(turn(admin), with(func(c *Terms) { c.Lines = nil }))), entrepot.CodeInvalid},
		"a line twice":                {code(at(t, Draft).SetTerms(turn(admin), with(func(c *Terms) { c.Lines[1].VariantID = tea }))), entrepot.CodeInvalid},
		"a line of none":              {code(at(t, Draft).SetTerms(turn(admin), with(func(c *Terms) { c.Lines[0].Quantity = 0 }))), entrepot.CodeInvalid},
		"a negative cost":             {code(at(t, Draft).SetTerms(turn(admin), with(func(c *Terms) { c.Lines[0].UnitCost = -1 }))), entrepot.CodeInvalid},
		"a tolerance beyond all":      {code(at(t, Draft).SetTerms(turn(admin), with(func(c *Terms) { c.TolerancePercent = 101 }))), entrepot.CodeInvalid},
		"create it again":             {code(at(t, Draft).Create(turn(admin), creation())), entrepot.CodeConflict},
		"cancel what is received":     {code(at(t, Received).Cancel(turn(admin), Cancel{})), entrepot.CodeConflict},
		"order what is ordered again": {code(at(t, Ordered).Order(turn(admin), Order{})), ""},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", name, c.got, c.want)
		}
	}
}

// Whatever is delivered, late or twice, each line has received what is booked into
// stock and no more than is tolerated, and a received order has no open delivery.
func TestDeliveriesAddUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s, inStock := at(t, Ordered), map[string]int64{}
		var answers []booking
		for i := range rapid.IntRange(1, 30).Draw(rt, "commands") {
			var facts []events.Event
			var err error
			switch rapid.IntRange(0, 4).Draw(rt, "command") {
			case 0, 1:
				c := Receive{
					ReceiptID: fmt.Sprint("r", rapid.IntRange(max(0, i-3), i).Draw(rt, "receipt")),
					Final:     rapid.IntRange(0, 9).Draw(rt, "final") == 0,
				}
				for _, l := range s.Lines {
					if n := rapid.Int64Range(0, 6).Draw(rt, "quantity"); n > 0 {
						c.Parts = append(c.Parts, Part{VariantID: l.VariantID, Quantity: n})
					}
				}
				facts, err = s.Receive(turn(manager), c)
				if err == nil && !s.isBooking() && len(facts) == 1 {
					b := booking{receiptID: c.ReceiptID}
					if len(c.Parts) > 0 && rapid.IntRange(0, 5).Draw(rt, "refused") == 0 {
						b.refused = []string{c.Parts[0].VariantID}
					}
					answers = append(answers, b)
				}
			case 2:
				if rapid.IntRange(0, 9).Draw(rt, "really") == 0 {
					facts, err = s.Cancel(turn(manager), Cancel{})
				}
			default:
				if len(answers) > 0 {
					b := answers[rapid.IntRange(0, len(answers)-1).Draw(rt, "answer")]
					if slices.Contains(s.unbooked(), b.receiptID) { // the host drops other results
						facts, err = s.booked(turn(system), b)
					}
				}
			}
			if err != nil && len(facts) > 0 {
				rt.Fatalf("a refused command has the facts %v", facts)
			}
			for _, f := range facts {
				s.Apply(f)
				if e, ok := f.(partlyReceived); ok {
					for _, p := range e.Parts {
						inStock[p.VariantID] += p.Quantity
					}
				}
			}
			for _, l := range s.Lines {
				if l.Received != inStock[l.VariantID] || s.room(&l) < 0 {
					rt.Fatalf("%+v, want %d received", l, inStock[l.VariantID])
				}
			}
			if (s.Status == Received || s.Status == Cancelled) && s.isBooking() {
				rt.Fatalf("status %s while a delivery is being booked", s.Status)
			}
			b, _ := json.Marshal(s)
			s = &State{}
			if err := json.Unmarshal(b, s); err != nil {
				rt.Fatal(err)
			}
		}
	})
}

// A purchase order goes from the draft into stock, with restarts in between.
func TestPurchaseOnHost(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{Kind(), stock.Kind(), series.Kind()})
	ask := func(c entrepot.Caller, cmd grains.Message[*Purchase]) *Purchase {
		t.Helper()
		m.Restart()
		r, err := grains.Ask(m.As(c), m, Of(id), cmd)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	ask(manager, creation())
	year := m.Now().UTC().Year()
	for range 2 {
		if v := ask(manager, Order{}); v.Number != fmt.Sprintf("PO-%d-000001", year) || v.Status != Ordered {
			t.Fatalf("%v", v)
		}
	}
	first := Receive{ReceiptID: "1", Parts: []Part{{VariantID: tea, Quantity: 6, Batch: "L1"}}}
	for range 2 {
		if v := ask(manager, first); v.Status != PartiallyReceived || v.Terms.Lines[0].Received != 6 {
			t.Fatalf("%v", v)
		}
	}
	last := Receive{ReceiptID: "2", Parts: []Part{{VariantID: tea, Quantity: 5}, {VariantID: mug, Quantity: 4}}}
	if v := ask(manager, last); v.Status != Received {
		t.Fatalf("%v", v)
	}
	for variant, want := range map[string]int64{tea: 11, mug: 4} {
		i, err := grains.Ask(m.Platform(), m, stock.Of(stock.ID(variant, shop)), stock.Get{})
		if err != nil || i.OnHand != want {
			t.Fatalf("%v %v, want %d", i, err, want)
		}
	}
	types := slices.DeleteFunc(m.EventTypes(), func(s string) bool { return strings.HasPrefix(s, "inventory.") })
	want := []string{
		"purchase_order.created", "purchase_order.ordered", "purchase_order.partly_received", "purchase_order.partly_received",
		"purchase_order.received",
	}
	if !slices.Equal(types, want) {
		t.Errorf("events: %v, want %v", types, want)
	}
}
