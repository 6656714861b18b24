package stock

import (
	"testing"

	"entrepot"
)

// Lots leave first expired, first out. A lot that expires within a reservation is not
// promised; an expired lot is not sold, raises alerts, and can be written off.
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
		t.Fatalf("one lot with two expiries: %v, want a conflict", err)
	}
	if err := second(x.s.Receive(turn(9), Receive{Quantity: 1, Lot: "old", ExpiresOn: 5})); entrepot.CodeOf(err) != entrepot.CodeInvalid {
		t.Fatalf("receive an expired lot: %v, want invalid", err)
	}
	do(x, (*State).Reserve, Reserve{OrderID: "a", Quantity: 1, ExpiresAt: 400})
	happened := x.s.must(t)(watched((*State).Commit)(x.s, turn(x.now), Commit{OrderID: "a", Quantity: 1}))
	if m, _ := movementIn(happened[0]); len(m.Parts) != 1 || m.Parts[0].Batch != "soon" {
		t.Fatalf("sold from %+v, want lot soon", m.Parts)
	}
	lots("soon:1 late:3 never:2 ")
	// 7 on hand; the one of "soon" expires before this reservation would.
	if err := second(x.s.Reserve(turn(x.now), Reserve{OrderID: "b", Quantity: 7, ExpiresAt: 600})); entrepot.AsError(err).Message != "6 available" {
		t.Fatalf("reserve a lot that expires first: %v, want 6 available", err)
	}
	do(x, (*State).Reserve, Reserve{OrderID: "b", Quantity: 6, ExpiresAt: 600})
	if at := x.s.WakeAt().UnixMilli(); at != 500 {
		t.Fatalf("wakes at %d, want 500", at)
	}
	x.now = 500
	happened = x.s.must(t)(x.s.Wake(turn(x.now)), nil)
	var types []string
	for _, e := range happened {
		types = append(types, e.EventType())
	}
	if len(types) != 3 || types[0] != "inventory.batch_expired" || types[1] != "inventory.out_of_stock" {
		t.Fatalf("events %q, want batch_expired and out_of_stock", types)
	}
	if again := x.s.Wake(turn(501)); len(again) != 0 {
		t.Fatalf("the second wake has the facts %v", again)
	}
	x.want(do(x, (*State).Commit, Commit{OrderID: "b", Quantity: 6}), "sold b 6+0")
	lots("soon:1 ")
	if err := second(x.s.Ship(turn(x.now), Ship{TransferID: "t", Quantity: 1})); entrepot.CodeOf(err) != entrepot.CodeOutOfStock {
		t.Fatalf("ship an expired lot: %v, want out of stock", err)
	}
	if err := second(x.s.Adjust(turn(x.now), Adjust{Delta: -2, Reason: "expired", Lot: "soon"})); entrepot.CodeOf(err) != entrepot.CodeOutOfStock {
		t.Fatalf("write off more than the lot has: %v, want out of stock", err)
	}
	if err := second(x.s.Adjust(turn(x.now), Adjust{Delta: -1, Reason: "expired", Lot: "x"})); entrepot.CodeOf(err) != entrepot.CodeInvalid {
		t.Fatalf("write off an unknown lot: %v, want invalid", err)
	}
	do(x, (*State).Adjust, Adjust{Delta: -1, Reason: "expired", Lot: "soon"})
	if lots(""); x.s.OnHand != 0 {
		t.Fatalf("%+v", x.s)
	}
}

// After deliveries at 1.00 and 2.00, FIFO and the moving average differ.
func TestValuation(t *testing.T) {
	x := &script{t: t, s: &State{}}
	receive := func(n, unit int64) {
		do(x, (*State).Receive, Receive{
			ProductID: productID, CompanyID: companyID, LocationID: shopID, Quantity: n, UnitCost: &unit, Currency: "EUR",
		})
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
		t.Fatalf("a second currency: %v, want invalid", err)
	}
	if err := second(x.s.Receive(turn(9), Receive{Quantity: 1, UnitCost: new(int64(entrepot.MaxMinor + 1)), Currency: "EUR"})); entrepot.CodeOf(err) != entrepot.CodeInvalid {
		t.Fatalf("a cost beyond the maximum: %v, want invalid", err)
	}
	// Layers are bounded, and the value stays exact.
	total := int64(0)
	for i := range int64(3 * MaxLayers) {
		receive(1, i)
		total += i
	}
	if worth(total, total); len(x.s.Layers) != MaxLayers {
		t.Fatalf("%d layers, want %d", len(x.s.Layers), MaxLayers)
	}
	// Pieces without a cost leave first, and cost nothing.
	y := stocked(t, 3)
	y.must(t)(y.Receive(turn(1), Receive{Quantity: 2, UnitCost: new(int64(50)), Currency: "EUR"}))
	out := y.must(t)(y.Ship(turn(2), Ship{TransferID: "t", Quantity: 4}))
	if m, _ := movementIn(out[0]); m.Cost != "0.50" || y.FIFO() != 50 {
		t.Fatalf("%+v, worth %d", m, y.FIFO())
	}
}
