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

// check returns an error unless the invariants of a stock item hold.
func (s *State) check() error {
	var held, beyond, owed int64
	for _, h := range s.Holds {
		held += h.Quantity - h.Backordered
		beyond += h.Backordered
		if h.Backordered < 0 || h.Backordered > h.Quantity {
			return fmt.Errorf("reservation %+v", h)
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
		return fmt.Errorf("reserved beyond on-hand %d, want %d; owed %d, want %d", s.Backordered, beyond, s.Owing, owed)
	case undelivered:
		return fmt.Errorf("backorders wait although goods are free: %+v", s)
	case s.Reserved != held:
		return fmt.Errorf("reserved %d, want the %d of the reservations", s.Reserved, held)
	case s.Reserved < 0 || s.OnHand < s.Reserved:
		return fmt.Errorf("on hand %d, reserved %d", s.OnHand, s.Reserved)
	case s.OnHand != s.ledger():
		return fmt.Errorf("the ledger sums up to %d, want %d on hand", s.ledger(), s.OnHand)
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

// movementIn returns the movement that a fact publishes; false if there is none.
func movementIn(e events.Event) (events.InventoryUpdated, bool) {
	switch e := e.(type) {
	case events.InventoryUpdated:
		return e, true
	case referenced:
		return e.InventoryUpdated, true
	}
	return events.InventoryUpdated{}, false
}

// No sequence of commands, however late or repeated, makes available negative or
// breaks the ledger. An order is never sold twice. The facts alone, also after saving
// and loading in the middle, give the same state.
func TestNoSequenceOfCommandsOversells(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, saved := &State{}, &State{}
		now := int64(1_000_000)
		sold, committed, onHand := map[string]int64{}, map[string]bool{}, int64(0)
		owed, value := map[string]int64{}, int64(0) // cost of all goods that came in, less those that left
		refs := map[string]int{}                    // movements by kind and reference
		for range rapid.IntRange(1, 60).Draw(t, "commands") {
			now += rapid.Int64Range(0, 30_000).Draw(t, "later")
			order := fmt.Sprintf("%024d", rapid.IntRange(0, 7).Draw(t, "order"))
			quantity := rapid.Int64Range(1, 6).Draw(t, "quantity")
			happened, err := draw(t, s, turn(now), order, quantity, committed[order])
			if err != nil && len(happened) > 0 {
				t.Fatalf("a refused command has the facts %v", happened)
			}
			before, alerts := s.Alert, 0
			for _, e := range happened {
				s.Apply(e)
				saved.Apply(e)
				switch e.(type) {
				case events.InventoryLowStock:
					if alerts++; before != "" {
						t.Fatal("low_stock published twice")
					}
				case events.InventoryOutOfStock:
					if alerts++; before == Out {
						t.Fatal("out_of_stock published twice")
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
							t.Fatalf("moved twice: %s", name)
						}
					}
					if m.OnHand != s.OnHand || m.Available != s.levels().available() || m.Movement != s.Movements {
						t.Fatalf("event %+v does not match the state %+v", m, s)
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
			now := s.alertNow()
			missing := alerts == 0 && (now == Out && before != Out || now == Low && before == "")
			if s.ID != "" && (s.Alert != now || missing) {
				t.Fatalf("alert %q after %q, %d events, available %d of reorder point %d",
					s.Alert, before, alerts, s.levels().available(), s.ReorderPoint)
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
				t.Fatalf("costs sum up to %d, the layers to %d", value, s.FIFO())
			}
			for id, n := range owed {
				if n != s.owes(id) {
					t.Fatalf("order %s is owed %d by the events, %d by the item", id, n, s.owes(id))
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
		lot := rapid.SampledFrom([]string{"", "2"}).Draw(t, "of lot")
		return watched((*State).Adjust)(s, at, Adjust{Delta: delta, Reason: "correction", Reference: name, Lot: lot})
	case 7:
		counted := max(0, s.OnHand+rapid.Int64Range(-4, 4).Draw(t, "variance"))
		return watched((*State).Count)(s, at, Count{Counted: counted, Expected: s.OnHand, Reference: name})
	case 8:
		transfer := rapid.SampledFrom([]string{name, order}).Draw(t, "transfer")
		return watched((*State).Ship)(s, at, Ship{TransferID: transfer, Quantity: quantity})
	case 9:
		return watched((*State).Arrive)(s, at, Arrive{
			TransferID: name, ProductID: productID, CompanyID: companyID, LocationID: shopID, Quantity: quantity,
		})
	case 1:
		if committed { // the process of an order never reserves after its commit
			return nil, nil
		}
		return watched((*State).Reserve)(s, at, Reserve{OrderID: order, Quantity: quantity, ExpiresAt: at.Now.UnixMilli() + 20_000})
	case 2:
		return watched((*State).Release)(s, at, Release{OrderID: order})
	case 3:
		// An order commits exactly what it reserved.
		if r, held := s.hold(order); held {
			quantity = r.Quantity
		}
		return watched((*State).Commit)(s, at, Commit{OrderID: order, Quantity: quantity})
	case 4:
		return watched((*State).Restock)(s, at, Restock{OrderID: order, Quantity: quantity})
	case 10:
		return watched((*State).Configure)(s, at, Configure{
			ReorderPoint: &quantity, SafetyStock: new(quantity % 2), BackorderLimit: new(quantity % 5),
		})
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
		"sent twice, reserved once":              {[]step{{1, reserve(a, 2), ""}, {2, reserve(a, 2), ""}}, 3, 2},
		"released pieces are available":          {[]step{{1, reserve(a, 3), ""}, {2, release(a), ""}, {3, reserve(b, 3), ""}}, 3, 3},
		"released before it reserved":            {[]step{{1, release(a), ""}, {2, reserve(a, 1), entrepot.CodeConflict}}, 3, 0},
		"expired pieces are available at once":   {[]step{{1, reserve(a, 3), ""}, {1_000, reserve(b, 3), ""}}, 3, 3},
		"a moment before, they are not":          {[]step{{1, reserve(a, 3), ""}, {999, reserve(b, 3), entrepot.CodeOutOfStock}}, 3, 3},
		"commit sells once":                      {[]step{{1, reserve(a, 2), ""}, {2, commit(a, 2), ""}, {3, commit(a, 2), ""}}, 1, 0},
		"late commit takes what is left":         {[]step{{1, reserve(a, 2), ""}, {1_000, reserve(b, 1), ""}, {1_001, commit(a, 2), ""}, {1_002, commit(a, 2), ""}}, 1, 1},
		"late commit finds nothing available":    {[]step{{1, reserve(a, 3), ""}, {1_000, reserve(b, 3), ""}, {1_001, commit(a, 3), entrepot.CodeOutOfStock}}, 3, 3},
		"a released order cannot commit":         {[]step{{1, reserve(a, 1), ""}, {2, release(a), ""}, {3, commit(a, 1), entrepot.CodeOutOfStock}}, 3, 0},
		"a quantity out of range is refused":     {[]step{{1, reserve(a, 0), entrepot.CodeInvalid}, {1, reserve(a, MaxQuantity+1), entrepot.CodeInvalid}}, 3, 0},
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

func TestStockPermissions(t *testing.T) {
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
				t.Errorf("%s reserves: %v, want not found", c.caller.Role, err)
			}
		}
	}
}

// A stale activation lacks a reservation that another one made. It must not take the
// sale for one that was made before.
func TestStaleActivationSells(t *testing.T) {
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
		t.Fatalf("on hand %d, reserved %d; want 3 and 0", i.OnHand, i.Reserved)
	}
}
