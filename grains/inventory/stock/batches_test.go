package stock

import (
	"testing"

	"entrepot"
)

// First expired, first out; what expires within a reservation is not promised,
// what has expired is not sold, alerts, and can be written off.
func TestBatchesLeaveFirstExpiredFirst(t *testing.T) {
	x := &script{t: t, s: stocked(t, 1)}
	receive := func(lot string, expires, n int64) {
		do(x, (*State).Receive, Receive{Quantity: n, Lot: lot, ExpiresOn: expires})
	}
	lots := func(want string) {
		t.Helper()
		got := ""
		for _, b := range x.s.Batches {
			got += b.Lot + ":" + string(rune('0'+b.Quantity)) + " "
		}
		if got != want {
			t.Fatalf("lots %q, want %q", got, want)
		}
	}
	receive("never", 0, 2)
	receive("late", 9000, 3)
	receive("soon", 500, 2)
	lots("soon:2 late:3 never:2 ")
	if err := second(x.s.Receive(turn(9), Receive{Quantity: 1, Lot: "soon", ExpiresOn: 600})); entrepot.CodeOf(err) != entrepot.CodeConflict {
		t.Fatalf("one lot of two expiries: %v", err)
	}
	if err := second(x.s.Receive(turn(9), Receive{Quantity: 1, Lot: "old", ExpiresOn: 5})); entrepot.CodeOf(err) != entrepot.CodeInvalid {
		t.Fatalf("received what has expired: %v", err)
	}
	do(x, (*State).Reserve, Reserve{OrderID: "a", Quantity: 1, ExpiresAt: 400})
	happened := x.s.must(t)(watched((*State).Commit)(x.s, turn(x.now), Commit{OrderID: "a", Quantity: 1}))
	if m, _ := movementIn(happened[0]); len(m.Parts) != 1 || m.Parts[0].Batch != "soon" {
		t.Fatalf("sold from %+v", m.Parts)
	}
	lots("soon:1 late:3 never:2 ")
	// 7 on hand; the one of "soon" expires before this reservation would.
	if err := second(x.s.Reserve(turn(x.now), Reserve{OrderID: "b", Quantity: 7, ExpiresAt: 600})); entrepot.AsError(err).Message != "6 available" {
		t.Fatalf("promised what expires first: %v", err)
	}
	do(x, (*State).Reserve, Reserve{OrderID: "b", Quantity: 6, ExpiresAt: 600})
	if at := x.s.WakeAt().UnixMilli(); at != 500 {
		t.Fatalf("wakes at %d", at)
	}
	x.now = 500
	happened = x.s.must(t)(x.s.Wake(turn(x.now)), nil)
	var told []string
	for _, e := range happened {
		told = append(told, e.EventType())
	}
	if len(told) != 3 || told[0] != "inventory.batch_expired" || told[1] != "inventory.out_of_stock" {
		t.Fatalf("%q", told)
	}
	if again := x.s.Wake(turn(501)); len(again) != 0 {
		t.Fatalf("woken twice: %v", again)
	}
	x.want(do(x, (*State).Commit, Commit{OrderID: "b", Quantity: 6}), "sold b 6+0")
	lots("soon:1 ")
	if err := second(x.s.Ship(turn(x.now), Ship{TransferID: "t", Quantity: 1})); entrepot.CodeOf(err) != entrepot.CodeOutOfStock {
		t.Fatalf("shipped what has expired: %v", err)
	}
	if err := second(x.s.Adjust(turn(x.now), Adjust{Delta: -2, Reason: "expired", Lot: "soon"})); entrepot.CodeOf(err) != entrepot.CodeOutOfStock {
		t.Fatalf("wrote off more than there is: %v", err)
	}
	if err := second(x.s.Adjust(turn(x.now), Adjust{Delta: -1, Reason: "expired", Lot: "x"})); entrepot.CodeOf(err) != entrepot.CodeInvalid {
		t.Fatalf("wrote off nothing: %v", err)
	}
	do(x, (*State).Adjust, Adjust{Delta: -1, Reason: "expired", Lot: "soon"})
	if lots(""); x.s.OnHand != 0 {
		t.Fatalf("%+v", x.s)
	}
}

// Two deliveries at 1.00 and 2.00: FIFO and the moving average part ways.
func TestValuation(t *testing.T) {
	x := &script{t: t, s: &State{}}
	receive := func(n, unit int64) {
		do(x, (*State).Receive, Receive{ProductID: productID, CompanyID: companyID, LocationID: shopID, Quantity: n, UnitCost: &unit, Currency: "EUR"})
	}
	receive(10, 100)
	receive(10, 200)
	worth := func(fifo, average int64) {
		t.Helper()
		if x.s.FIFO() != fifo || x.s.Average != average {
			t.Fatalf("worth %d and %d, want %d and %d", x.s.FIFO(), x.s.Average, fifo, average)
		}
	}
	worth(3000, 3000)
	do(x, (*State).Reserve, Reserve{OrderID: "a", Quantity: 15, ExpiresAt: 9999})
	happened := x.s.must(t)(watched((*State).Commit)(x.s, turn(5), Commit{OrderID: "a", Quantity: 15}))
	if m, _ := movementIn(happened[0]); m.Cost != "20.00" || m.Currency != "EUR" { // ten at 1.00, five at 2.00
		t.Fatalf("cost of goods sold %+v", m)
	}
	worth(1000, 750)
	do(x, (*State).Adjust, Adjust{Delta: 2, Reason: "found"}) // at the average, 1.50
	worth(1300, 1050)
	do(x, (*State).Adjust, Adjust{Delta: -7, Reason: "lost"})
	worth(0, 0)
	if err := second(x.s.Receive(turn(9), Receive{Quantity: 1, UnitCost: new(int64(1)), Currency: "USD"})); entrepot.CodeOf(err) != entrepot.CodeInvalid {
		t.Fatalf("a second currency: %v", err)
	}
	if err := second(x.s.Receive(turn(9), Receive{Quantity: 1, UnitCost: new(int64(entrepot.MaxMinor + 1)), Currency: "EUR"})); entrepot.CodeOf(err) != entrepot.CodeInvalid {
		t.Fatalf("a cost without measure: %v", err)
	}
	// Layers are bounded, and the value stays exact.
	total := int64(0)
	for i := range int64(3 * MaxLayers) {
		receive(1, i)
		total += i
	}
	if worth(total, total); len(x.s.Layers) != MaxLayers {
		t.Fatalf("%d layers", len(x.s.Layers))
	}
	// Pieces without a cost leave first, and cost nothing.
	y := stocked(t, 3)
	y.must(t)(y.Receive(turn(1), Receive{Quantity: 2, UnitCost: new(int64(50)), Currency: "EUR"}))
	out := y.must(t)(y.Ship(turn(2), Ship{TransferID: "t", Quantity: 4}))
	if m, _ := movementIn(out[0]); m.Cost != "0.50" || y.FIFO() != 50 {
		t.Fatalf("%+v, worth %d", m, y.FIFO())
	}
}
