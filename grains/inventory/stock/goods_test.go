package stock

import (
	"fmt"
	"testing"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/persistence/storetest"
)

// stocked returns an item with a quantity on hand.
func stocked(t testing.TB, quantity int64) *State {
	t.Helper()
	s := &State{}
	s.must(t)(s.Receive(turn(0), Receive{ProductID: productID, CompanyID: companyID, LocationID: shopID, Quantity: quantity}))
	return s
}

// must applies the facts of a decision; an error fails the test.
func (s *State) must(t testing.TB) func([]events.Event, error) []events.Event {
	t.Helper()
	return func(happened []events.Event, err error) []events.Event {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range happened {
			s.Apply(e)
		}
		return happened
	}
}

// Pieces that are reserved for orders cannot be taken otherwise.
func TestReservedPiecesStay(t *testing.T) {
	for name, take := range map[string]func(s *State, n int64) ([]events.Event, error){
		"adjust": func(s *State, n int64) ([]events.Event, error) {
			return s.Adjust(turn(2), Adjust{Delta: -n, Reason: "lost"})
		},
		"count": func(s *State, n int64) ([]events.Event, error) {
			return s.Count(turn(2), Count{Counted: 10 - n, Expected: 10, Reference: "c"})
		},
		"ship": func(s *State, n int64) ([]events.Event, error) {
			return s.Ship(turn(2), Ship{TransferID: "t", Quantity: n})
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := stocked(t, 10)
			s.must(t)(s.Reserve(turn(1), Reserve{OrderID: "o", Quantity: 4, ExpiresAt: 100}))
			if _, err := take(s, 7); entrepot.CodeOf(err) != entrepot.CodeOutOfStock || entrepot.AsError(err).Message != "6 available" {
				t.Fatalf("7 of 6 available: %v, want out of stock with 6 available", err)
			}
			s.must(t)(take(s, 6))
			if s.OnHand != 4 || s.Reserved != 4 || s.check() != nil {
				t.Fatalf("on hand %d, reserved %d: %v", s.OnHand, s.Reserved, s.check())
			}
		})
	}
}

// A natural id moves goods once, also after a restart. Another quantity under the same
// id is a conflict.
func TestReferenceMovesOnce(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{Kind()})
	product, shop, company := entrepot.DeriveID("p"), entrepot.DeriveID("s"), entrepot.DeriveID("c")
	variant := entrepot.DeriveID("v")
	item := ID(variant, shop)
	ask := func(cmd any, code entrepot.Code) {
		t.Helper()
		if _, err := m.Ask(m.Platform(), Of(item), cmd); entrepot.CodeOf(err) != code {
			t.Fatalf("%T: %v, want %q", cmd, err, code)
		}
	}
	arrive := func(n int64) Arrive {
		return Arrive{TransferID: "t1", Reference: "first", ProductID: product, VariantID: variant, CompanyID: company, LocationID: shop, Quantity: n}
	}
	ask(arrive(10), "")
	for range 2 { // before and after a restart
		ask(arrive(10), "")
		ask(arrive(9), entrepot.CodeConflict)
		ask(Receive{Quantity: 5, Reference: "po-1"}, "")
		ask(Adjust{Delta: -1, Reason: "damaged", Reference: "a", Note: "fell"}, "")
		ask(Count{Counted: 16, Expected: 14, Reference: "count-1"}, "")
		ask(Ship{TransferID: "t1", Quantity: 3}, "") // the same id as the arrival, of another kind
		i, err := grains.Ask(m.Platform(), m, Of(item), Get{})
		if err != nil {
			t.Fatal(err)
		}
		if i.OnHand != 13 || i.VariantID != variant || i.ProductID != product {
			t.Fatalf("item %v", i)
		}
		if i.TransferredIn != 10 || i.Received != 5 || i.Adjusted != -1 || i.Counted != 2 || i.TransferredOut != 3 || i.Movements != 5 {
			t.Fatalf("sums %v", i)
		}
		m.Restart()
	}
	if n := len(m.Events()); n != 5 {
		t.Fatalf("%d movements published, want 5", n)
	}
	var e events.InventoryUpdated
	err := m.Events()[2].Decode(&e)
	if err != nil || e.Kind != events.Adjusted || e.Delta != -1 || e.Quantity != 1 || e.Note != "fell" ||
		e.VariantID != variant || e.Available != 14 {
		t.Fatalf("%v %+v; want the adjustment by -1", err, e)
	}
}

// References are bounded in number and age, and none is forgotten too early.
func TestReferencesAreBounded(t *testing.T) {
	s := stocked(t, 1)
	receive := func(at int64, i int) ([]events.Event, error) {
		return s.Receive(turn(at), Receive{Quantity: 1, Reference: fmt.Sprint(i)})
	}
	for i := range mostReferences {
		s.must(t)(receive(1, i))
	}
	if _, err := receive(2, mostReferences); entrepot.CodeOf(err) != entrepot.CodeUnavailable {
		t.Fatalf("one more within a day: %v, want unavailable", err)
	}
	if again := s.must(t)(receive(2, 0)); len(again) != 0 {
		t.Fatal("the oldest was forgotten")
	}
	day := keepReferences.Milliseconds() + 1
	s.must(t)(receive(day, mostReferences))
	if len(s.Refs) != leastReferences {
		t.Fatalf("%d references after a day, want %d", len(s.Refs), leastReferences)
	}
	if again := s.must(t)(receive(day*100, mostReferences)); len(again) != 0 {
		t.Fatal("one of the newest was forgotten")
	}
}

func TestGoodsBadInput(t *testing.T) {
	s := stocked(t, 5)
	long := string(make([]rune, maxReference+1))
	for name, err := range map[string]error{
		"delta":                 second(s.Adjust(turn(1), Adjust{Reason: "other"})),
		"reason":                second(s.Adjust(turn(1), Adjust{Delta: 1, Reason: "because"})),
		"reference":             second(s.Count(turn(1), Count{Counted: 1})),
		"counted":               second(s.Count(turn(1), Count{Counted: -1, Reference: "a"})),
		"expected":              second(s.Count(turn(1), Count{Expected: -1, Reference: "a"})),
		"quantity":              second(s.Ship(turn(1), Ship{TransferID: "a"})),
		"transferId":            second(s.Ship(turn(1), Ship{Quantity: 1})),
		"delta of lost goods":   second(s.Adjust(turn(1), Adjust{Delta: 1, Reason: "lost"})),
		"delta of found goods":  second(s.Adjust(turn(1), Adjust{Delta: -1, Reason: "found"})),
		"reference of a length": second(s.Receive(turn(1), Receive{Quantity: 1, Reference: long})),
		"quantity of too much":  second(s.Adjust(turn(1), Adjust{Delta: MaxQuantity, Reason: "other"})),
	} {
		if e := entrepot.AsError(err); err == nil || e.Code != entrepot.CodeInvalid || len(e.Fields) == 0 || e.Fields[0].Field != firstWord(name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if second((&State{}).Ship(turn(1), Ship{TransferID: "a", Quantity: 1})) == nil {
		t.Error("an item that does not exist ships")
	}
	staff := turn(1)
	staff.Caller = entrepot.Caller{Role: entrepot.CompanyAdmin, CompanyID: companyID}
	if err := second(s.Ship(staff, Ship{TransferID: "a", Quantity: 1})); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Errorf("an admin ships: %v, want not found", err)
	}
	staff.Caller = entrepot.Caller{Role: entrepot.ShopStaff, CompanyID: companyID, ShopIDs: []string{shopID}}
	if err := second(s.Adjust(staff, Adjust{Delta: 1, Reason: "found"})); entrepot.CodeOf(err) != entrepot.CodeForbidden {
		t.Errorf("shop staff adjusts: %v, want forbidden", err)
	}
}

func second(_ []events.Event, err error) error { return err }

func firstWord(s string) string {
	for i := range s {
		if s[i] == ' ' {
			return s[:i]
		}
	}
	return s
}
