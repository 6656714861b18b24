package transfer

import (
	"fmt"
	"maps"
	"testing"

	"entrepot"
	"entrepot/events"
	"entrepot/grains/inventory/stock"

	"pgregory.net/rapid"
)

// ends are the stock of one variant at both ends of a transfer.
type ends map[entrepot.ID]*stock.State

func command[C any](t *rapid.T, e ends, at entrepot.ID, decide func(*stock.State, entrepot.Turn, C) ([]events.Event, error), c C) {
	t.Helper()
	facts, err := stock.Watched(decide)(e[at], entrepot.Turn{ID: stock.ID(tea, at), Now: start, Caller: system}, c)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range facts {
		e[at].Apply(f)
	}
}

// worth is what lies at both ends: at cost first in first out, at the average,
// the pieces that have a cost, and the pieces of every lot.
func (e ends) worth() (fifo, average, valued int64, lots map[string]int64) {
	lots = map[string]int64{}
	for _, s := range e {
		v := s.Brief()
		fifo, average, valued = fifo+v.Fifo, average+v.Average, valued+v.Valued
		for _, b := range v.Batches {
			lots[fmt.Sprint(b.Lot, b.ExpiresOn)] += b.Quantity
		}
	}
	return fifo, average, valued, lots
}

// A transfer changes where goods lie and nothing else: whatever lay at both ends,
// however it arrives in parts or comes back, the value of all stock, by either
// method, and the pieces of each lot are the same to the cent and piece.
func TestATransferKeepsWhatGoodsAreWorth(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		e := ends{from: &stock.State{}, to: &stock.State{}}
		for at := range e {
			for range rapid.IntRange(1, 5).Draw(t, "deliveries") {
				c := stock.Receive{ProductID: tea, CompanyID: company, LocationID: at, Quantity: rapid.Int64Range(1, 9).Draw(t, "pieces"), Reason: "purchase"}
				if rapid.Bool().Draw(t, "priced") {
					c.UnitCost, c.Currency = new(rapid.Int64Range(0, 1000).Draw(t, "cost")), "EUR"
				}
				if lot := rapid.IntRange(0, 3).Draw(t, "lot"); lot > 0 {
					c.Lot, c.ExpiresOn = fmt.Sprint("L", lot), start.UnixMilli()+int64(lot)*1000
				}
				command(t, e, at, (*stock.State).Receive, c)
			}
			if n := e[at].OnHand; rapid.Bool().Draw(t, "some lost") {
				command(t, e, at, (*stock.State).Adjust, stock.Adjust{Delta: -rapid.Int64Range(1, n).Draw(t, "lost"), Reason: "lost"})
			}
		}
		if e[from].OnHand == 0 {
			t.Skip("nothing to send")
		}
		fifo, average, valued, lots := e.worth()

		n := rapid.Int64Range(1, e[from].OnHand).Draw(t, "sent")
		s := &State{ID: id, CompanyID: company, FromID: from, ToID: to, Status: Shipping, Lines: []Line{{ProductID: tea, VariantID: tea, Quantity: n}}}
		ship := stock.Ship{TransferID: s.ShipmentID(), Quantity: n}
		command(t, e, from, (*stock.State).Ship, ship)
		s.ship([]ShippedPart{departed(s.Lines[0], answered(t, e[from], ship))})
		l := &s.Lines[0]
		for i := 0; l.inTransit() > 0; i++ {
			part := events.TransferPart{VariantID: tea, Quantity: rapid.Int64Range(1, l.inTransit()).Draw(t, "arrived")}
			at, done := to, &l.Arrived
			if rapid.IntRange(0, 4).Draw(t, "which way") == 0 {
				at, done = from, &l.Returned
			}
			for range 2 { // told twice
				command(t, e, at, (*stock.State).Arrive, s.arrival(part, at, fmt.Sprint(i)))
			}
			*done += part.Quantity
		}

		fifo2, average2, valued2, lots2 := e.worth()
		if fifo != fifo2 || average != average2 || valued != valued2 || !maps.Equal(lots, lots2) {
			t.Fatalf("worth %d at FIFO, %d at the average, %d pieces, lots %v; was %d, %d, %d, %v", fifo2, average2, valued2, lots2, fifo, average, valued, lots)
		}
	})
}

// answered is what the stock item answers to Ship, the first time and again.
func answered(t *rapid.T, s *stock.State, c stock.Ship) *stock.Item {
	t.Helper()
	v, _, err := s.Shipped(c)
	if err != nil || len(v.Shipped) == 0 {
		t.Fatalf("%v %v", v, err)
	}
	return v
}
