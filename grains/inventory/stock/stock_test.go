package stock

import (
	"encoding/json"
	"fmt"
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

const (
	productID = "aaaaaaaaaaaaaaaaaaaaaaaa"
	companyID = "cccccccccccccccccccccccc"
	shopID    = "dddddddddddddddddddddddd"
)

var itemID = ID(productID, shopID)

func turn(at int64) entrepot.Turn {
	return entrepot.Turn{ID: itemID, Now: time.UnixMilli(at), Caller: entrepot.SystemCaller("test")}
}

// check says what must hold of a stock item at any time.
func (s *State) check() error {
	var held, beyond, owed int64
	for _, h := range s.Holds {
		held += h.Quantity - h.Backordered
		beyond += h.Backordered
		if h.Backordered < 0 || h.Backordered > h.Quantity {
			return fmt.Errorf("hold %+v", h)
		}
	}
	for _, o := range s.Owed {
		if owed += o.Quantity; o.Quantity < 1 {
			return fmt.Errorf("owed %+v", o)
		}
	}
	var lots int64
	for _, b := range s.Batches {
		if lots += b.Quantity; b.Quantity < 1 {
			return fmt.Errorf("batch %+v", b)
		}
	}
	if lots > s.OnHand || len(s.Batches) > MaxBatches {
		return fmt.Errorf("batches of %d pieces, on hand %d", lots, s.OnHand)
	}
	if n := s.Valued(); n > s.OnHand || s.Average < 0 || s.FIFO() < 0 || (n == 0 && (s.Average != 0 || s.FIFO() != 0)) || len(s.Layers) > MaxLayers {
		return fmt.Errorf("layers %v, average %d, on hand %d", s.Layers, s.Average, s.OnHand)
	}
	_, undelivered := s.delivery(entrepot.Turn{})
	switch {
	case beyond != s.Backordered || owed != s.Owing:
		return fmt.Errorf("beyond on-hand: held %d, says %d; owed %d, says %d", beyond, s.Backordered, owed, s.Owing)
	case undelivered:
		return fmt.Errorf("goods lie there that are promised: %+v", s)
	case s.Reserved != held:
		return fmt.Errorf("reserved %d, but reservations of %d", s.Reserved, held)
	case s.Reserved < 0 || s.OnHand < s.Reserved:
		return fmt.Errorf("on hand %d, reserved %d", s.OnHand, s.Reserved)
	case s.OnHand != s.ledger():
		return fmt.Errorf("the ledger adds up to %d, on hand %d", s.ledger(), s.OnHand)
	case len(s.Refs) > mostReferences:
		return fmt.Errorf("%d references", len(s.Refs))
	}
	return nil
}

func (s *State) ledger() int64 {
	return s.Received - s.Sold + s.Restocked + s.Adjusted + s.Counted - s.TransferredOut + s.TransferredIn
}

func (s *State) alertNow() string {
	switch n := s.levels().available(); {
	case n == 0:
		return Out
	case n <= s.ReorderPoint:
		return Low
	}
	return ""
}

// movementIn is the movement that a fact publishes, if any.
func movementIn(e events.Event) (events.InventoryUpdated, bool) {
	switch e := e.(type) {
	case events.InventoryUpdated:
		return e, true
	case referenced:
		return e.InventoryUpdated, true
	}
	return events.InventoryUpdated{}, false
}

// No sequence of commands, however late or repeated, makes available negative
// or breaks the ledger; an order is never sold twice; and the facts alone, also
// after a save and load in the middle, give the same state.
func TestNoSequenceOfCommandsOversells(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, saved := &State{}, &State{}
		now := int64(1_000_000)
		sold, committed, onHand := map[string]int64{}, map[string]bool{}, int64(0)
		owed, value := map[string]int64{}, int64(0) // of what came in at a cost, less what went out
		refs := map[string]int{}                    // by kind and reference: how often it moved
		for range rapid.IntRange(1, 60).Draw(t, "commands") {
			now += rapid.Int64Range(0, 30_000).Draw(t, "later")
			order := fmt.Sprintf("%024d", rapid.IntRange(0, 7).Draw(t, "order"))
			quantity := rapid.Int64Range(1, 6).Draw(t, "quantity")
			happened, err := draw(t, s, turn(now), order, quantity, committed[order])
			if err != nil && len(happened) > 0 {
				t.Fatalf("refused and yet happened: %v", happened)
			}
			before, told := s.Alert, 0
			for _, e := range happened {
				s.Apply(e)
				saved.Apply(e)
				switch e.(type) {
				case events.InventoryLowStock:
					if told++; before != "" {
						t.Fatal("low_stock told twice")
					}
				case events.InventoryOutOfStock:
					if told++; before == Out {
						t.Fatal("out_of_stock told twice")
					}
				}
				if m, ok := movementIn(e); ok {
					if m.Cost != "" {
						cost, err := entrepot.ParseMoney("cost", string(m.Cost), m.Currency)
						if err != nil {
							t.Fatal(err)
						}
						if m.Delta < 0 {
							cost.Minor = -cost.Minor
						}
						value += cost.Minor
					}
					if onHand += m.Delta; onHand != m.OnHand || m.Quantity < 0 {
						t.Fatalf("on hand was %d: event %+v", onHand-m.Delta, m)
					}
					if name := m.Kind + m.TransferID + m.Reference; name != m.Kind {
						if refs[name]++; refs[name] > 1 {
							t.Fatalf("done twice: %s", name)
						}
					}
					if m.OnHand != s.OnHand || m.Available != s.levels().available() || m.Movement != s.Movements {
						t.Fatalf("event %+v against %+v", m, s)
					}
					switch m.Kind {
					case events.Filled, events.Forgone:
						owed[m.OrderID] -= m.Quantity
					case events.Sold:
						owed[m.OrderID] += m.Beyond
						sold[m.OrderID]++
						committed[m.OrderID] = true
					case events.Reserved:
						if m.Backordered+m.Owed > s.BackorderLimit && m.Beyond > 0 {
							t.Fatalf("promised beyond the limit of %d: %+v", s.BackorderLimit, m)
						}
					}
				}
			}
			if now := s.alertNow(); s.ID != "" && (s.Alert != now || (now == Out && before != Out && told == 0) || (now == Low && before == "" && told == 0)) {
				t.Fatalf("alert %q, available %d of reorder point %d, told %d", s.Alert, s.levels().available(), s.ReorderPoint, told)
			}
			if slices.ContainsFunc(happened, func(e events.Event) bool {
				m, _ := movementIn(e)
				return m.Kind == events.Restocked || m.Kind == events.Forgone
			}) {
				sold[order]--
			}
			for id, n := range sold {
				if n > 1 {
					t.Fatalf("order %s was sold %d times", id, n)
				}
			}
			if value != s.FIFO() {
				t.Fatalf("costs add up to %d, the layers to %d", value, s.FIFO())
			}
			for id, n := range owed {
				if n != s.owes(id) {
					t.Fatalf("order %s is owed %d, the item says %d", id, n, s.owes(id))
				}
			}
			if err := s.check(); err != nil {
				t.Fatal(err)
			}
			saved = reload(t, saved)
		}
		a, _ := json.Marshal(s)
		b, _ := json.Marshal(saved)
		if string(a) != string(b) {
			t.Fatalf("saved and loaded:\n%s\n%s", b, a)
		}
	})
}

func draw(t *rapid.T, s *State, at entrepot.Turn, order string, quantity int64, committed bool) ([]events.Event, error) {
	name := fmt.Sprint(rapid.IntRange(0, 4).Draw(t, "reference"))
	if name == "0" {
		name = ""
	}
	switch rapid.IntRange(0, 10).Draw(t, "command") {
	case 0:
		c := Receive{ProductID: productID, CompanyID: companyID, LocationID: shopID, Quantity: quantity, Reference: name}
		if name != "" && rapid.Bool().Draw(t, "costs") {
			c.UnitCost, c.Currency = new(quantity*7), "EUR"
		}
		if lot := rapid.IntRange(0, 3).Draw(t, "lot"); lot > 0 {
			c.Lot, c.ExpiresOn = fmt.Sprint(lot), int64(lot-1)*1_200_000
		}
		return watched((*State).Receive)(s, at, c)
	case 6:
		delta := rapid.Int64Range(-6, 6).Draw(t, "delta")
		return watched((*State).Adjust)(s, at, Adjust{Delta: delta, Reason: "correction", Reference: name, Lot: rapid.SampledFrom([]string{"", "2"}).Draw(t, "of lot")})
	case 7:
		counted := max(0, s.OnHand+rapid.Int64Range(-4, 4).Draw(t, "variance"))
		return watched((*State).Count)(s, at, Count{Counted: counted, Expected: s.OnHand, Reference: name})
	case 8:
		return watched((*State).Ship)(s, at, Ship{TransferID: rapid.SampledFrom([]string{name, order}).Draw(t, "transfer"), Quantity: quantity})
	case 9:
		return watched((*State).Arrive)(s, at, Arrive{TransferID: name, ProductID: productID, CompanyID: companyID, LocationID: shopID, Quantity: quantity})
	case 1:
		if committed { // the order's process never reserves after it committed
			return nil, nil
		}
		return watched((*State).Reserve)(s, at, Reserve{OrderID: order, Quantity: quantity, ExpiresAt: at.Now.UnixMilli() + 20_000})
	case 2:
		return watched((*State).Release)(s, at, Release{OrderID: order})
	case 3:
		// An order commits only what it reserved: its quantity is the reservation's.
		if r, held := s.hold(order); held {
			quantity = r.Quantity
		}
		return watched((*State).Commit)(s, at, Commit{OrderID: order, Quantity: quantity})
	case 4:
		return watched((*State).Restock)(s, at, Restock{OrderID: order, Quantity: quantity})
	case 10:
		return watched((*State).Configure)(s, at, Configure{ReorderPoint: &quantity, SafetyStock: new(quantity % 2), BackorderLimit: new(quantity % 5)})
	default:
		return s.Wake(at), nil
	}
}

func reload(t *rapid.T, s *State) *State {
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	out := &State{}
	if err := json.Unmarshal(b, out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestReservationDecisions(t *testing.T) {
	const a, b = "000000000000000000000001", "000000000000000000000002"
	reserve := func(order string, n int64) func(*State, int64) ([]events.Event, error) {
		return func(s *State, at int64) ([]events.Event, error) {
			return s.Reserve(turn(at), Reserve{OrderID: order, Quantity: n, ExpiresAt: at + 999})
		}
	}
	release := func(order string) func(*State, int64) ([]events.Event, error) {
		return func(s *State, at int64) ([]events.Event, error) {
			return s.Release(turn(at), Release{OrderID: order})
		}
	}
	commit := func(order string, n int64) func(*State, int64) ([]events.Event, error) {
		return func(s *State, at int64) ([]events.Event, error) {
			return s.Commit(turn(at), Commit{OrderID: order, Quantity: n})
		}
	}
	type step struct {
		at   int64
		do   func(*State, int64) ([]events.Event, error)
		code entrepot.Code
	}
	for name, c := range map[string]struct {
		steps            []step
		onHand, reserved int64
	}{
		"the last piece goes to one":             {[]step{{1, reserve(a, 3), ""}, {2, reserve(b, 1), entrepot.CodeOutOfStock}}, 3, 3},
		"asked twice, held once":                 {[]step{{1, reserve(a, 2), ""}, {2, reserve(a, 2), ""}}, 3, 2},
		"released pieces can be had again":       {[]step{{1, reserve(a, 3), ""}, {2, release(a), ""}, {3, reserve(b, 3), ""}}, 3, 3},
		"released before it reserved":            {[]step{{1, release(a), ""}, {2, reserve(a, 1), entrepot.CodeConflict}}, 3, 0},
		"expired pieces can be had at once":      {[]step{{1, reserve(a, 3), ""}, {1_000, reserve(b, 3), ""}}, 3, 3},
		"a moment before, they cannot":           {[]step{{1, reserve(a, 3), ""}, {999, reserve(b, 3), entrepot.CodeOutOfStock}}, 3, 3},
		"commit sells once":                      {[]step{{1, reserve(a, 2), ""}, {2, commit(a, 2), ""}, {3, commit(a, 2), ""}}, 1, 0},
		"late commit takes what is left":         {[]step{{1, reserve(a, 2), ""}, {1_000, reserve(b, 1), ""}, {1_001, commit(a, 2), ""}, {1_002, commit(a, 2), ""}}, 1, 1},
		"late commit finds others have it":       {[]step{{1, reserve(a, 3), ""}, {1_000, reserve(b, 3), ""}, {1_001, commit(a, 3), entrepot.CodeOutOfStock}}, 3, 3},
		"a released order cannot commit":         {[]step{{1, reserve(a, 1), ""}, {2, release(a), ""}, {3, commit(a, 1), entrepot.CodeOutOfStock}}, 3, 0},
		"more than a movement may be is refused": {[]step{{1, reserve(a, 0), entrepot.CodeInvalid}, {1, reserve(a, MaxQuantity+1), entrepot.CodeInvalid}}, 3, 0},
		"a commit before its deadline is a sale": {[]step{{1, reserve(a, 3), ""}, {999, commit(a, 3), ""}}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := &State{}
			received, err := s.Receive(turn(0), Receive{ProductID: productID, CompanyID: companyID, LocationID: shopID, Quantity: 3})
			if err != nil {
				t.Fatal(err)
			}
			s.Apply(received[0])
			for i, st := range c.steps {
				happened, err := st.do(s, st.at)
				if entrepot.CodeOf(err) != st.code {
					t.Fatalf("step %d: %v, want %q", i, err, st.code)
				}
				for _, e := range happened {
					s.Apply(e)
				}
			}
			if s.OnHand != c.onHand || s.Reserved != c.reserved {
				t.Errorf("on hand %d, reserved %d; want %d, %d", s.OnHand, s.Reserved, c.onHand, c.reserved)
			}
			if err := s.check(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWhoMayMoveStock(t *testing.T) {
	receive := Receive{ProductID: productID, CompanyID: companyID, LocationID: shopID, Quantity: 1}
	for _, c := range []struct {
		caller entrepot.Caller
		code   entrepot.Code
	}{
		{entrepot.Caller{Role: entrepot.CompanyAdmin, CompanyID: companyID}, ""},
		{entrepot.Caller{Role: entrepot.ShopManager, CompanyID: companyID, ShopIDs: []string{shopID}}, ""},
		{entrepot.Caller{Role: entrepot.ShopManager, CompanyID: companyID, ShopIDs: []string{"other"}}, entrepot.CodeNotFound},
		{entrepot.Caller{Role: entrepot.ShopStaff, CompanyID: companyID, ShopIDs: []string{shopID}}, entrepot.CodeForbidden},
		{entrepot.Caller{Role: entrepot.CompanyAdmin, CompanyID: "other"}, entrepot.CodeNotFound},
		{entrepot.Caller{Role: entrepot.Customer, UserID: "u"}, entrepot.CodeNotFound},
		{entrepot.Caller{}, entrepot.CodeNotFound},
	} {
		at := turn(1)
		at.Caller = c.caller
		if _, err := (&State{}).Receive(at, receive); entrepot.CodeOf(err) != c.code {
			t.Errorf("%s of %q: %v, want %q", c.caller.Role, c.caller.CompanyID, err, c.code)
		}
		if c.caller.Role != entrepot.System {
			if _, err := (&State{Record: Record{ID: itemID}}).Reserve(at, Reserve{OrderID: "o", Quantity: 1}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
				t.Errorf("%s may reserve: %v", c.caller.Role, err)
			}
		}
	}
}

// TestAStaleActivationSells: it does not know the reservation that another one
// made, and may not say for that reason that the sale was made before.
func TestAStaleActivationSells(t *testing.T) {
	t.Parallel()
	store := storetest.NewMemory()
	stale, fresh := grainstest.New(t, store, []*grains.Kind{Kind()}), grainstest.New(t, store, []*grains.Kind{Kind()})
	product, shop, order := entrepot.DeriveID("product"), entrepot.DeriveID("shop"), entrepot.DeriveID("order")
	item := ID(product, shop)
	ask := func(m *grainstest.Member, cmd grains.Message[*Item]) *Item {
		t.Helper()
		i, err := grains.Ask(m.Platform(), m, Of(item), cmd)
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	ask(stale, Receive{ProductID: product, CompanyID: entrepot.DeriveID("company"), LocationID: shop, Quantity: 5, Reason: "purchase"})
	ask(fresh, Reserve{OrderID: order, Quantity: 2, ExpiresAt: time.Now().Add(time.Hour).UnixMilli()})
	ask(stale, Commit{OrderID: order, Quantity: 2})
	stale.Restart()
	if i := ask(stale, Get{}); i.OnHand != 3 || i.Reserved != 0 {
		t.Fatalf("on hand %d, reserved %d", i.OnHand, i.Reserved)
	}
}
