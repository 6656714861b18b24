package transfer

import (
	"fmt"
	"slices"
	"testing"

	"entrepot"
	"entrepot/grains/stock"
	"entrepot/grains/stock/stockpb"
	"entrepot/grains/transfer/transferpb"
)

// TestALotThatHasGoneComesBackToAFullItem: meanwhile the source holds as many lots
// as others may bring.
func TestALotThatHasGoneComesBackToAFullItem(t *testing.T) {
	t.Parallel()
	y := newYard(t, 0, 4)
	expires := y.Now().UnixMilli() + 1_000_000_000
	y.must(y.Ask(y.Platform(), stockpb.Kind, stockpb.ID(tea, from), &stockpb.Receive{
		ProductId: tea, CompanyId: company, LocationId: from, Quantity: 10, Reason: "purchase", Batch: "L7", ExpiresOnMs: expires,
	}))
	y.must(y.ask(source, &transferpb.Ship{}))
	other := &stockpb.Arrive{TransferId: "other", ProductId: tea, VariantId: tea, CompanyId: company, LocationId: from}
	for i := range 2 * stock.MaxBatches {
		other.Parts = append(other.Parts, &stockpb.Goods{Quantity: 1, Batch: fmt.Sprint("M", i), ExpiresOnMs: expires})
		other.Quantity++
	}
	y.must(y.Ask(y.Platform(), stockpb.Kind, stockpb.ID(tea, from), other))
	y.must(y.ask(source, &transferpb.Cancel{Reason: "flood"}))
	y.lies("cancelled", 10+other.Quantity, 4, 0, 0)
}

// TestWhatTheSourceRefusesStaysInTransit: it has no room for the pieces; the other
// line is back, and when there is room the rest comes.
func TestWhatTheSourceRefusesStaysInTransit(t *testing.T) {
	t.Parallel()
	y := newYard(t, 10, 4)
	y.must(y.ask(source, &transferpb.Ship{}))
	item := stockpb.ID(tea, from)
	y.must(y.Ask(y.Platform(), stockpb.Kind, item, &stockpb.Receive{ProductId: tea, CompanyId: company, LocationId: from, Quantity: stock.MaxQuantity - 5, Reason: "purchase"}))
	for range 2 {
		_, err := y.ask(source, &transferpb.Cancel{Reason: "flood"})
		e := entrepot.AsError(err)
		if e.Code != entrepot.CodeConflict || len(e.Fields) != 1 || e.Fields[0].Field != "lines[0]" || e.Fields[0].Rule != "room" {
			t.Fatalf("%v", err)
		}
		y.Restart()
	}
	y.lies("partly back", stock.MaxQuantity-5, 4, 0, 0)
	r, err := y.ask(source, &transferpb.Get{})
	y.must(r, err)
	if v := r.(*transferpb.Transfer); v.Status != InTransit || v.Lines[0].InTransit != 10 || v.Lines[1].Returned != 4 || v.Lines[1].InTransit != 0 {
		t.Fatalf("%v", v)
	}
	y.must(y.ask(target, &transferpb.Receive{ReceiptId: "1", Parts: []*transferpb.Part{{VariantId: tea, Quantity: 4}}}))
	y.must(y.Ask(y.As(admin), stockpb.Kind, item, &stockpb.Adjust{Reason: "lost", Delta: -100}))
	y.must(y.ask(source, &transferpb.Cancel{Reason: "flood"}))
	y.must(y.ask(source, &transferpb.Cancel{Reason: "flood"}))
	y.lies("cancelled", stock.MaxQuantity-99, 4, 4, 0)
	if types := y.EventTypes(); !slices.Contains(types, "transfer.updated") || !slices.Contains(types, "transfer.cancelled") {
		t.Errorf("%v", types)
	}
}
