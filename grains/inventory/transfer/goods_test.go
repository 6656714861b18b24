package transfer

import (
	"fmt"
	"maps"
	"testing"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/grains/inventory/stock"
	"entrepot/persistence/storetest"

	"pgregory.net/rapid"
)

// ends is the stock of one variant at both ends of a transfer.
type ends struct {
	*grainstest.Member
	variant entrepot.ID
}

func (e ends) ref(at entrepot.ID) grains.Ref { return stock.Of(stock.ID(e.variant, at)) }

func ask[R any](t *rapid.T, e ends, at entrepot.ID, cmd grains.Message[R]) R {
	t.Helper()
	r, err := grains.Ask(e.Platform(), e, e.ref(at), cmd)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// worth returns the value of the stock at both ends, first in first out and at the
// average, the pieces that have a cost, and the pieces of every lot.
func (e ends) worth(t *rapid.T) (fifo, average, valued int64, lots map[string]int64) {
	lots = map[string]int64{}
	for _, at := range []entrepot.ID{from, to} {
		v := ask(t, e, at, stock.Get{})
		fifo, average, valued = fifo+v.FIFO(), average+v.Average, valued+v.Valued()
		for _, b := range v.Batches {
			lots[fmt.Sprint(b.Lot, b.ExpiresOn)] += b.Quantity
		}
	}
	return fifo, average, valued, lots
}

// A transfer changes where goods are and nothing else. Whatever the stock at both
// ends, and however the goods arrive in parts or return, the value of all stock, by
// either method, and the pieces of each lot stay the same to the cent and piece.
func TestTransferKeepsValueOfGoods(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{stock.Kind()})
	now, variants := m.Now().UnixMilli(), 0
	rapid.Check(t, func(t *rapid.T) {
		variants++
		e := ends{m, entrepot.DeriveID("variant", fmt.Sprint(variants))}
		onHand := map[entrepot.ID]int64{}
		for _, at := range []entrepot.ID{from, to} {
			for range rapid.IntRange(1, 5).Draw(t, "deliveries") {
				c := stock.Receive{
					ProductID: e.variant, CompanyID: company, LocationID: at, Reason: "purchase",
					Quantity: rapid.Int64Range(1, 9).Draw(t, "pieces"),
				}
				if rapid.Bool().Draw(t, "priced") {
					c.UnitCost, c.Currency = new(rapid.Int64Range(0, 1000).Draw(t, "cost")), "EUR"
				}
				if lot := rapid.IntRange(0, 3).Draw(t, "lot"); lot > 0 {
					c.Lot, c.ExpiresOn = fmt.Sprint("L", lot), now+int64(lot)*1_000_000
				}
				onHand[at] = ask(t, e, at, c).OnHand
			}
			if rapid.Bool().Draw(t, "some lost") {
				lost := rapid.Int64Range(1, onHand[at]).Draw(t, "lost")
				onHand[at] = ask(t, e, at, stock.Adjust{Delta: -lost, Reason: "lost"}).OnHand
			}
		}
		if onHand[from] == 0 {
			t.Skip("nothing to send")
		}
		fifo, average, valued, lots := e.worth(t)

		n := rapid.Int64Range(1, onHand[from]).Draw(t, "sent")
		s := &State{Transfer: Transfer{
			ID: id, CompanyID: company, FromID: from, ToID: to, Status: Shipping,
			Lines: []Line{{ProductID: e.variant, VariantID: e.variant, Quantity: n}},
		}}
		left := ask(t, e, from, stock.Ship{TransferID: s.ShipmentID(), Quantity: n})
		s.ship([]departure{{variantID: e.variant, quantity: n, currency: left.Currency, goods: left.Goods}})
		l := &s.Lines[0]
		for i := 0; l.InTransit() > 0; i++ {
			part := events.TransferPart{VariantID: e.variant, Quantity: rapid.Int64Range(1, l.InTransit()).Draw(t, "arrived")}
			at, done := to, &l.Arrived
			if rapid.IntRange(0, 4).Draw(t, "which way") == 0 {
				at, done = from, &l.Returned
			}
			for range 2 { // sent twice
				ask(t, e, at, s.arrival(part, at, fmt.Sprint(i)))
			}
			*done += part.Quantity
		}

		fifo2, average2, valued2, lots2 := e.worth(t)
		if fifo != fifo2 || average != average2 || valued != valued2 || !maps.Equal(lots, lots2) {
			t.Fatalf("%d first in first out, %d at the average, %d valued pieces, lots %v; want %d, %d, %d, %v",
				fifo2, average2, valued2, lots2, fifo, average, valued, lots)
		}
	})
}
