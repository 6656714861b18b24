package transfer

import (
	"fmt"
	"slices"
	"testing"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/inventory/stock"
)

// A returned lot is accepted although the source meanwhile holds as many lots as
// other transfers may bring.
func TestLotReturnsToFullItem(t *testing.T) {
	t.Parallel()
	y := newYard(t, 0, 4)
	expires := y.Now().UnixMilli() + 1_000_000_000
	y.must(grains.Ask(y.Platform(), y, stock.Of(stock.ID(tea, from)), stock.Receive{
		ProductID: tea, CompanyID: company, LocationID: from, Quantity: 10, Reason: "purchase", Lot: "L7", ExpiresOn: expires,
	}))
	y.must(y.ask(source, Ship{}))
	other := stock.Arrive{TransferID: "other", ProductID: tea, VariantID: tea, CompanyID: company, LocationID: from}
	for i := range 2 * stock.MaxBatches {
		other.Parts = append(other.Parts, stock.Goods{Quantity: 1, Lot: fmt.Sprint("M", i), ExpiresOn: expires})
		other.Quantity++
	}
	y.must(grains.Ask(y.Platform(), y, stock.Of(stock.ID(tea, from)), other))
	y.must(y.ask(source, Cancel{Reason: "flood"}))
	y.lies("cancelled", 10+other.Quantity, 4, 0, 0)
}

// A line for which the source has no room stays in transit and returns when there
// is room. The other line returns at once.
func TestRefusedReturnStaysInTransit(t *testing.T) {
	t.Parallel()
	y := newYard(t, 10, 4)
	y.must(y.ask(source, Ship{}))
	item := stock.ID(tea, from)
	y.deliver(tea, stock.MaxQuantity-5)
	for range 2 {
		_, err := y.ask(source, Cancel{Reason: "flood"})
		e := entrepot.AsError(err)
		if e.Code != entrepot.CodeConflict || len(e.Fields) != 1 || e.Fields[0].Field != "lines[0]" || e.Fields[0].Rule != "room" {
			t.Fatalf("%v", err)
		}
		y.Restart()
	}
	y.lies("partly back", stock.MaxQuantity-5, 4, 0, 0)
	v := y.get(source)
	if v.Status != InTransit || v.Lines[0].InTransit() != 10 || v.Lines[1].Returned != 4 || v.Lines[1].InTransit() != 0 {
		t.Fatalf("%+v; want 10 of the first line in transit, and 4 of the second returned", v)
	}
	y.must(y.ask(target, Receive{ReceiptID: "1", Parts: []events.TransferPart{{VariantID: tea, Quantity: 4}}}))
	y.must(grains.Ask(y.As(admin), y, stock.Of(item), stock.Adjust{Reason: "lost", Delta: -100}))
	y.must(y.ask(source, Cancel{Reason: "flood"}))
	y.must(y.ask(source, Cancel{Reason: "flood"}))
	y.lies("cancelled", stock.MaxQuantity-99, 4, 4, 0)
	if types := y.EventTypes(); !slices.Contains(types, "transfer.updated") || !slices.Contains(types, "transfer.cancelled") {
		t.Errorf("%v", types)
	}
}
