package transfer

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"entrepot"
	"entrepot/events"

	"pgregory.net/rapid"
)

var (
	id      = entrepot.DeriveID("transfer")
	company = entrepot.DeriveID("company")
	from    = entrepot.DeriveID("shop", "from")
	to      = entrepot.DeriveID("shop", "to")
	tea     = entrepot.DeriveID("tea")
	mug     = entrepot.DeriveID("mug")
	start   = time.UnixMilli(1_750_000_000_123).UTC()

	admin    = entrepot.Caller{Role: entrepot.CompanyAdmin, UserID: "a", CompanyID: company}
	foreign  = entrepot.Caller{Role: entrepot.CompanyAdmin, UserID: "f", CompanyID: entrepot.DeriveID("other")}
	source   = entrepot.Caller{Role: entrepot.ShopManager, UserID: "m", CompanyID: company, ShopIDs: []entrepot.ID{from}}
	target   = entrepot.Caller{Role: entrepot.ShopManager, UserID: "n", CompanyID: company, ShopIDs: []entrepot.ID{to}}
	third    = entrepot.Caller{Role: entrepot.ShopManager, UserID: "o", CompanyID: company, ShopIDs: []entrepot.ID{"x"}}
	staff    = entrepot.Caller{Role: entrepot.ShopStaff, UserID: "s", CompanyID: company, ShopIDs: []entrepot.ID{from, to}}
	customer = entrepot.Caller{Role: entrepot.Customer, UserID: "c"}
	system   = entrepot.SystemCaller("step")
)

func turn(c entrepot.Caller) entrepot.Turn { return entrepot.Turn{ID: id, Now: start, Caller: c} }

func creation() Create {
	return Create{CompanyID: company, FromID: from, ToID: to, Note: "weekly", Lines: []Line{
		{ProductID: tea, VariantID: tea, Quantity: 10}, {ProductID: mug, VariantID: mug, Quantity: 4},
	}}
}

// do applies the facts of a decision.
func do(t testing.TB, s *State, facts []events.Event, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range facts {
		s.Apply(f)
	}
}

// at returns a transfer in a status.
func at(t testing.TB, status string) *State {
	t.Helper()
	s := &State{}
	facts, err := s.Create(turn(admin), creation())
	do(t, s, facts, err)
	if status == Draft {
		return s
	}
	facts, err = s.Ship(turn(source), Ship{})
	do(t, s, facts, err)
	facts, err = s.reserved(turn(system), nil)
	do(t, s, facts, err)
	facts, err = s.shipped(turn(system), []departure{{variantID: tea, quantity: 10}, {variantID: mug, quantity: 4}})
	do(t, s, facts, err)
	switch status {
	case InTransit:
	case Returning:
		facts, err = s.Cancel(turn(admin), Cancel{Reason: "wrong truck"})
		do(t, s, facts, err)
	case Received:
		facts, err = s.Receive(turn(target), Receive{ReceiptID: "r", Final: true, Reason: "stolen"})
		do(t, s, facts, err)
		facts, err = s.booked(turn(system), booking{receiptID: "r"})
		do(t, s, facts, err)
	default:
		t.Fatalf("the test cannot make a transfer that is %s", status)
	}
	if s.Status != status {
		t.Fatalf("status %s, want %s", s.Status, status)
	}
	return s
}

func TestTransferPermissions(t *testing.T) {
	t.Parallel()
	const ok, no, hidden = entrepot.Code(""), entrepot.CodeForbidden, entrepot.CodeNotFound
	for name, c := range map[string]struct {
		caller                                   entrepot.Caller
		create, edit, ship, receive, back, reads entrepot.Code
	}{
		"the company's admin":     {admin, ok, ok, ok, ok, ok, ok},
		"the source's manager":    {source, ok, ok, ok, no, ok, ok},
		"the target's manager":    {target, ok, ok, no, ok, no, ok},
		"staff of both":           {staff, no, no, no, no, no, ok},
		"another shop's manager":  {third, hidden, hidden, hidden, hidden, hidden, hidden},
		"another company's admin": {foreign, hidden, hidden, hidden, hidden, hidden, hidden},
		"a customer":              {customer, hidden, hidden, hidden, hidden, hidden, hidden},
		"an anonymous caller":     {entrepot.Caller{}, hidden, hidden, hidden, hidden, hidden, hidden},
	} {
		check := func(what string, want entrepot.Code, err error) {
			t.Helper()
			if entrepot.CodeOf(err) != want {
				t.Errorf("%s, %s: %v, want %q", name, what, err, want)
			}
		}
		_, err := (&State{}).Create(turn(c.caller), creation())
		check("creates", c.create, err)
		_, err = at(t, Draft).SetLines(turn(c.caller), SetLines{Lines: creation().Lines})
		check("edits", c.edit, err)
		_, err = at(t, Draft).Ship(turn(c.caller), Ship{})
		check("ships", c.ship, err)
		_, err = at(t, InTransit).Receive(turn(c.caller), Receive{ReceiptID: "r", Final: true})
		check("receives", c.receive, err)
		_, err = at(t, InTransit).Cancel(turn(c.caller), Cancel{})
		check("cancels", c.back, err)
		_, err = at(t, InTransit).Get(turn(c.caller), Get{})
		check("reads", c.reads, err)
	}
}

func TestTransferRules(t *testing.T) {
	t.Parallel()
	part := func(variant string, n int64) []events.TransferPart {
		return []events.TransferPart{{VariantID: variant, Quantity: n}}
	}
	for field, err := range map[string]error{
		"toLocationId":       second((&State{}).Create(turn(admin), Create{CompanyID: company, FromID: from, ToID: from, Lines: creation().Lines})),
		"lines":              second((&State{}).Create(turn(admin), Create{CompanyID: company, FromID: from, ToID: to})),
		"lines[1].variantId": second((&State{}).Create(turn(admin), Create{CompanyID: company, FromID: from, ToID: to, Lines: append(creation().Lines[:1:1], creation().Lines[0])})),
		"lines[0].quantity":  second(at(t, Draft).SetLines(turn(admin), SetLines{Lines: []Line{{VariantID: tea}}})),
		"lines[0].variantId": second(at(t, InTransit).Receive(turn(admin), Receive{ReceiptID: "r", Parts: part("x", 1)})),
	} {
		e := entrepot.AsError(err)
		if e.Code != entrepot.CodeInvalid || len(e.Fields) == 0 || e.Fields[0].Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	for name, err := range map[string]error{
		"none":               second(at(t, InTransit).Receive(turn(admin), Receive{ReceiptID: "r", Parts: part(tea, 0)})),
		"more than is there": second(at(t, InTransit).Receive(turn(admin), Receive{ReceiptID: "r", Parts: part(tea, 11)})),
		"one twice":          second(at(t, InTransit).Receive(turn(admin), Receive{ReceiptID: "r", Parts: append(part(tea, 1), part(tea, 1)...)})),
		"nothing":            second(at(t, InTransit).Receive(turn(admin), Receive{ReceiptID: "r"})),
	} {
		if entrepot.CodeOf(err) != entrepot.CodeInvalid {
			t.Errorf("receives %s: %v", name, err)
		}
	}
	for name, c := range map[string]struct {
		err  error
		code entrepot.Code
	}{
		"edit what is on its way":       {second(at(t, InTransit).SetLines(turn(admin), SetLines{Lines: creation().Lines})), entrepot.CodeConflict},
		"edit from an older version":    {second(at(t, Draft).SetLines(turn(admin), SetLines{ExpectedVersion: 9, Lines: creation().Lines})), entrepot.CodeStale},
		"receive a draft":               {second(at(t, Draft).Receive(turn(admin), Receive{ReceiptID: "r", Final: true})), entrepot.CodeConflict},
		"ship what is received":         {second(at(t, Received).Ship(turn(admin), Ship{})), entrepot.CodeConflict},
		"cancel what is received":       {second(at(t, Received).Cancel(turn(admin), Cancel{})), entrepot.CodeConflict},
		"receive what goes back":        {second(at(t, Returning).Receive(turn(admin), Receive{ReceiptID: "q", Final: true})), entrepot.CodeConflict},
		"create it again":               {second(at(t, Draft).Create(turn(admin), creation())), entrepot.CodeConflict},
		"ship again what is on its way": {second(at(t, InTransit).Ship(turn(admin), Ship{})), ""},
	} {
		if entrepot.CodeOf(c.err) != c.code {
			t.Errorf("%s: %v, want %q", name, c.err, c.code)
		}
	}
}

func second(_ []events.Event, err error) error { return err }

// Whatever commands and results come, late or twice, what was shipped has arrived,
// was returned, is lost or is in transit. The events agree, and saving and loading
// in between changes nothing.
func TestEveryPieceIsSomewhere(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := &State{}
		arrived := map[string]int64{} // by the events
		var results []result
		for i := range rapid.IntRange(1, 50).Draw(t, "commands") {
			facts := draw(t, s, i, results)
			for _, f := range facts {
				s.Apply(f)
				if e, ok := f.(partlyReceived); ok {
					for _, p := range e.Parts {
						arrived[p.VariantID] += p.Quantity
					}
				}
			}
			results = append(results, possible(t, s)...)
			for _, l := range s.Lines {
				n := l.InTransit()
				switch {
				case n < 0 || l.Shipped > l.Quantity || l.Arrived < 0 || l.Lost < 0 || l.Returned < 0:
					t.Fatalf("%+v", l)
				case l.Arrived != arrived[l.VariantID]:
					t.Fatalf("%+v, want %d arrived", l, arrived[l.VariantID])
				case (s.Status == Received || s.Status == Cancelled) && n != 0:
					t.Fatalf("status %s with %d in transit", s.Status, n)
				case slices.Contains([]string{Draft, reserving, freeing, Shipping}, s.Status) && l.Shipped != 0:
					t.Fatalf("status %s with %d shipped", s.Status, l.Shipped)
				}
			}
			b, err := json.Marshal(s)
			if err != nil {
				t.Fatal(err)
			}
			back := &State{}
			if err := json.Unmarshal(b, back); err != nil || !reflect.DeepEqual(back, s) {
				t.Fatalf("saved and loaded: %+v, want %+v", back, s)
			}
			s = back
		}
	})
}

// result is what a step may bring, for one element of its row.
type result struct {
	due  func(*State) []string
	of   string
	then func(*State) ([]events.Event, error)
}

func resultOf[R any](
	due func(*State) []string, of string, then func(*State, entrepot.Turn, R) ([]events.Event, error), r R,
) result {
	return result{due, of, func(s *State) ([]events.Event, error) { return then(s, turn(system), r) }}
}

// possible returns results that the steps of the state may bring.
func possible(t *rapid.T, s *State) (out []result) {
	some := func() (missing []string) {
		for _, l := range s.Lines {
			if rapid.IntRange(0, 5).Draw(t, "lacks") == 0 {
				missing = append(missing, l.VariantID)
			}
		}
		return missing
	}
	switch s.Status {
	case reserving:
		out = append(out, resultOf(in(reserving, (*State).ShipmentID), s.ShipmentID(), (*State).reserved, some()))
	case freeing:
		out = append(out, resultOf(in(freeing, (*State).ShipmentID), s.ShipmentID(), (*State).freed, struct{}{}))
	case Shipping:
		no := some()
		var parts []departure
		for _, l := range s.Lines {
			if !slices.Contains(no, l.VariantID) {
				parts = append(parts, departure{variantID: l.VariantID, quantity: l.Quantity})
			}
		}
		out = append(out, resultOf(in(Shipping, (*State).ShipmentID), s.ShipmentID(), (*State).shipped, parts))
	case Returning:
		out = append(out, resultOf(in(Returning, (*State).returnAttempt), "", (*State).returned, nil))
	}
	for _, id := range s.unbooked() {
		out = append(out, resultOf((*State).unbooked, id, (*State).booked, booking{receiptID: id, refused: some()}))
	}
	return out
}

func draw(t *rapid.T, s *State, i int, results []result) []events.Event {
	var facts []events.Event
	var err error
	switch rapid.IntRange(0, 8).Draw(t, "command") {
	case 0:
		facts, err = s.Create(turn(admin), creation())
	case 1:
		facts, err = s.SetLines(turn(admin), SetLines{Lines: creation().Lines[:1+rapid.IntRange(0, 1).Draw(t, "lines")]})
	case 2:
		facts, err = s.Ship(turn(source), Ship{})
	case 3:
		c := Receive{
			ReceiptID: fmt.Sprint("r", rapid.IntRange(max(0, i-5), i).Draw(t, "receipt")),
			Final:     rapid.IntRange(0, 3).Draw(t, "final") == 0,
		}
		for _, l := range s.Lines {
			if n := rapid.Int64Range(0, l.Quantity+1).Draw(t, "quantity"); n > 0 {
				c.Parts = append(c.Parts, events.TransferPart{VariantID: l.VariantID, Quantity: n})
			}
		}
		facts, err = s.Receive(turn(target), c)
	case 4:
		if rapid.IntRange(0, 3).Draw(t, "really") == 0 {
			facts, err = s.Cancel(turn(admin), Cancel{})
		}
	default: // a result, of now or of long ago
		if len(results) == 0 {
			return nil
		}
		last := rapid.IntRange(0, 3).Draw(t, "late") > 0
		k := len(results) - 1
		if !last {
			k = rapid.IntRange(0, k).Draw(t, "which")
		}
		if r := results[k]; slices.Contains(r.due(s), r.of) { // the host drops other results
			facts, err = r.then(s)
		}
	}
	if err != nil && len(facts) > 0 {
		t.Fatalf("a refused command has the facts %v", facts)
	}
	return facts
}
