package stockwatch

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/persistence/storetest"
)

var (
	user    = entrepot.DeriveID("user")
	product = entrepot.DeriveID("product")
	variant = entrepot.DeriveID("variant")
	shop    = entrepot.DeriveID("shop")
	start   = time.UnixMilli(1_750_000_000_123).UTC()

	customer = entrepot.Caller{Role: entrepot.Customer, UserID: user}
	other    = entrepot.Caller{Role: entrepot.Customer, UserID: "x"}
	system   = entrepot.SystemCaller("test")
)

func watch(shopID entrepot.ID) Watch {
	return Watch{ProductID: product, VariantID: variant, ShopID: shopID, CompanyID: entrepot.DeriveID("company"), Name: "Mug"}
}

func arrived(item string, movement, available int64) Arrived {
	return Arrived{ItemID: item, LocationID: shop, Movement: movement, Available: available}
}

func waiting(t *testing.T, shopID entrepot.ID) (*State, entrepot.Turn) {
	t.Helper()
	s, turn := &State{}, entrepot.Turn{ID: ID(user, variant, shopID), Now: start, Caller: customer}
	facts, err := s.Watch(turn, watch(shopID))
	if err != nil || len(facts) != 1 {
		t.Fatalf("%v, %v", facts, err)
	}
	s.Apply(facts[0])
	return s, turn
}

func TestWhoMayWatch(t *testing.T) {
	t.Parallel()
	s, turn := waiting(t, "")
	if facts, err := s.Watch(turn, watch("")); err != nil || facts != nil {
		t.Errorf("again: %v, %v", facts, err)
	}
	empty := &State{}
	turn.Caller = other
	if _, err := empty.Watch(turn, watch("")); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Errorf("another user: %v, want not found", err)
	}
	turn.Caller = customer
	if _, err := empty.Watch(turn, watch(shop)); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Errorf("under another id: %v, want not found", err)
	}
	bad := watch("")
	bad.ProductID = "x"
	if _, err := empty.Watch(turn, bad); entrepot.CodeOf(err) != entrepot.CodeInvalid {
		t.Errorf("malformed product id: %v, want invalid", err)
	}
}

func TestArrivedNotifiesOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		shop   entrepot.ID
		caller entrepot.Caller
		cmd    Arrived
		code   entrepot.Code
		facts  int
	}{
		"anywhere":           {"", system, arrived("i", 7, 3), "", 1},
		"in the shop":        {shop, system, arrived("i", 7, 3), "", 1},
		"in another shop":    {product, system, arrived("i", 7, 3), "", 0},
		"no stock":           {"", system, arrived("i", 7, 0), "", 0},
		"negative stock":     {"", system, arrived("i", 7, -2), "", 0},
		"sent by a customer": {"", customer, arrived("i", 7, 3), entrepot.CodeNotFound, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, turn := waiting(t, c.shop)
			turn.Caller = c.caller
			facts, err := s.Arrived(turn, c.cmd)
			if entrepot.CodeOf(err) != c.code || len(facts) != c.facts {
				t.Fatalf("%v, %v", facts, err)
			}
			for _, f := range facts {
				s.Apply(f)
			}
			if again, err := s.Arrived(turn, c.cmd); c.facts == 1 && (err != nil || again != nil || s.Status != Told) {
				t.Fatalf("again: %v, %v", again, err)
			}
		})
	}
}

// A customer who waits again is not notified of the last reported movement, nor of earlier ones.
func TestWaitingAgain(t *testing.T) {
	t.Parallel()
	s, turn := waiting(t, "")
	notify := func(item string, movement int64, want int) {
		t.Helper()
		turn.Caller = system
		facts, err := s.Arrived(turn, arrived(item, movement, 1))
		if err != nil || len(facts) != want {
			t.Fatalf("movement %d of %s: %v, %v", movement, item, facts, err)
		}
		for _, f := range facts {
			s.Apply(f)
		}
	}
	again := func() {
		t.Helper()
		turn.Caller = customer
		facts, err := s.Watch(turn, watch(""))
		if err != nil || len(facts) != 1 {
			t.Fatalf("%v, %v", facts, err)
		}
		s.Apply(facts[0])
	}
	notify("i", 7, 1)
	again()
	notify("i", 7, 0)
	notify("i", 6, 0)
	notify("i", 9, 1)
	again()
	notify("another item", 1, 1)
}

func TestWatchSurvivesRestart(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{Kind()})
	id := ID(user, variant, shop)
	ask := func(c entrepot.Caller, cmd grains.Message[*StockWatch]) (*StockWatch, error) {
		return grains.Ask(m.As(c), m, Of(id), cmd)
	}
	first, err := ask(customer, watch(shop))
	if err != nil || first.Status != Waiting {
		t.Fatalf("%v, %v", first, err)
	}
	m.Restart()
	if v, err := ask(customer, Get{}); err != nil || !reflect.DeepEqual(v, first) {
		t.Fatalf("after the restart %v, %v", v, err)
	}
	if _, err := ask(other, Get{}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Fatalf("another customer reads: %v, want not found", err)
	}
	if _, err := ask(other, Cancel{}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Fatalf("another customer cancels: %v, want not found", err)
	}
	for range 3 {
		if v, err := ask(system, arrived("i", 7, 3)); err != nil || v.Status != Told {
			t.Fatalf("%v, %v", v, err)
		}
		m.Restart()
	}
	if _, err := ask(customer, Cancel{}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Fatalf("cancel an ended watch: %v, want not found", err)
	}
	if _, err := ask(customer, watch(shop)); err != nil {
		t.Fatal(err)
	}
	if _, err := ask(customer, Erase{}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Fatalf("customer erases: %v, want not found", err)
	}
	for range 2 {
		if v, err := ask(system, Erase{}); err != nil || v.Status != Cancelled {
			t.Fatalf("%v, %v", v, err)
		}
	}
	if v, err := ask(system, arrived("i", 8, 3)); err != nil || v.Status != Cancelled {
		t.Fatalf("%v, %v", v, err)
	}
	if got := m.EventTypes(); !slices.Equal(got, []string{"product.back_in_stock"}) {
		t.Fatalf("%v", got)
	}
	var e events.ProductBackInStock
	if m.Events()[0].Decode(&e) != nil || e.UserID != user || e.VariantID != variant || e.ShopID != shop || e.Available != 3 || e.Name != "Mug" {
		t.Errorf("%+v", e)
	}
}
