package stock

import (
	"fmt"
	"testing"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/persistence/storetest"
)

// script runs commands on an item and returns its ledger, one line for each movement.
type script struct {
	t   *testing.T
	s   *State
	now int64
}

func do[C any](x *script, decide func(*State, entrepot.Turn, C) ([]events.Event, error), c C) (ledger []string) {
	x.t.Helper()
	x.now++
	for _, e := range x.s.must(x.t)(watched(decide)(x.s, turn(x.now), c)) {
		if m, ok := movementIn(e); ok {
			ledger = append(ledger, fmt.Sprintf("%s %s %d+%d", m.Kind, m.OrderID, m.Quantity, m.Beyond))
		}
	}
	if err := x.s.check(); err != nil {
		x.t.Fatal(err)
	}
	return ledger
}

func (x *script) want(got []string, want ...string) {
	x.t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		x.t.Fatalf("ledger %q, want %q", got, want)
	}
}

// Promised beyond on-hand up to a limit; paid first, delivered first; a firm
// reservation is never given to another.
func TestBackorders(t *testing.T) {
	x := &script{t: t, s: stocked(t, 3)}
	reserve := func(order string, n int64) Reserve {
		return Reserve{OrderID: order, Quantity: n, ExpiresAt: 1000 + x.now}
	}
	do(x, (*State).Configure, Configure{BackorderLimit: new(int64(5))})
	x.want(do(x, (*State).Reserve, reserve("a", 2)), "reserved a 2+0")
	x.want(do(x, (*State).Reserve, reserve("b", 4)), "reserved b 1+3")
	x.want(do(x, (*State).Reserve, reserve("c", 2)), "reserved c 0+2")
	if err := second(x.s.Reserve(turn(x.now), reserve("d", 1))); entrepot.CodeOf(err) != entrepot.CodeOutOfStock {
		t.Fatalf("promised beyond the limit: %v", err)
	}
	x.want(do(x, (*State).Commit, Commit{OrderID: "c", Quantity: 2}), "sold c 0+2") // owed
	x.want(do(x, (*State).Commit, Commit{OrderID: "b", Quantity: 4}), "sold b 1+3") // a's two stay a's
	x.want(do(x, (*State).Commit, Commit{OrderID: "b", Quantity: 4}))
	if x.s.OnHand != 2 || x.s.Reserved != 2 || x.s.Owing != 5 || x.s.levels().available() != 0 {
		t.Fatalf("%+v", x.s)
	}
	x.want(do(x, (*State).Receive, Receive{Quantity: 3}), "received  3+0", "filled c 2+0", "filled b 1+0")
	x.want(do(x, (*State).Release, Release{OrderID: "a"}), "released a 2+0", "filled b 2+0")
	if x.s.OnHand != 0 || x.s.Sold != 6 || x.s.Owing != 0 {
		t.Fatalf("%+v", x.s)
	}
	// A pending reservation is covered as goods come in, before anybody new.
	x.want(do(x, (*State).Reserve, reserve("e", 3)), "reserved e 0+3")
	x.want(do(x, (*State).Arrive, Arrive{TransferID: "t", Quantity: 2}), "transferred_in  2+0", "covered e 2+0")
	x.want(do(x, (*State).Commit, Commit{OrderID: "e", Quantity: 3}), "sold e 2+1")
	// What is owed is not delivered to an order that came back.
	x.want(do(x, (*State).Restock, Restock{OrderID: "e", Quantity: 3}), "forgone e 1+0", "restocked e 2+0")
	x.want(do(x, (*State).Restock, Restock{OrderID: "e", Quantity: 3}))
	if x.s.OnHand != 2 || x.s.Owing != 0 || x.s.levels().available() != 2 {
		t.Fatalf("%+v", x.s)
	}
}

// A pre-order ends at its time; earlier promises stay.
func TestPreorderEnds(t *testing.T) {
	x := &script{t: t, s: stocked(t, 1)}
	do(x, (*State).Configure, Configure{BackorderLimit: new(int64(9)), BackorderEndsAt: new(int64(100))})
	do(x, (*State).Reserve, Reserve{OrderID: "a", Quantity: 4, ExpiresAt: 5000})
	x.now = 100
	if err := second(x.s.Reserve(turn(101), Reserve{OrderID: "b", Quantity: 1, ExpiresAt: 5000})); entrepot.CodeOf(err) != entrepot.CodeOutOfStock {
		t.Fatalf("promised after the end: %v, want out of stock", err)
	}
	x.want(do(x, (*State).Commit, Commit{OrderID: "a", Quantity: 4}), "sold a 1+3")
}

// Many backorders are served in bounded steps, over wakes and restarts, each once.
func TestLargeDeliveryContinues(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{Kind()})
	product, shop := entrepot.DeriveID("p"), entrepot.DeriveID("s")
	item := ID(product, shop)
	ask := func(cmd grains.Message[*Item]) *Item {
		t.Helper()
		i, err := grains.Ask(m.Platform(), m, Of(item), cmd)
		if err != nil {
			t.Fatalf("%T: %v", cmd, err)
		}
		return i
	}
	const waiting = 2*mostDeliveries + 7
	ask(Receive{ProductID: product, CompanyID: entrepot.DeriveID("c"), LocationID: shop, Quantity: 1})
	ask(Configure{BackorderLimit: new(int64(MaxBackorder))})
	expires := m.Now().Add(time.Hour).UnixMilli()
	for i := range waiting {
		id := fmt.Sprint(i)
		ask(Reserve{OrderID: id, Quantity: 1, ExpiresAt: expires})
		ask(Commit{OrderID: id, Quantity: 1})
	}
	i := ask(Receive{Quantity: waiting + 5})
	if i.Owing != waiting-1-mostDeliveries || i.Available != 6 {
		t.Fatalf("after the first step %v", i)
	}
	for range 2 {
		m.Restart()
		m.Wake(Name, item)
	}
	if i := ask(Get{}); i.Owing != 0 || i.OnHand != 6 || i.Sold != waiting || i.Available != 6 {
		t.Fatalf("in the end %v", i)
	}
}
