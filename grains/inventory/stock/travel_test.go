package stock

import (
	"testing"

	"entrepot"
	"entrepot/events"
)

func arrival(n int64, parts ...Goods) Arrive {
	return Arrive{
		TransferID: "t", Reference: "r", ProductID: productID, CompanyID: companyID, LocationID: shopID,
		Quantity: n, Currency: "EUR", Parts: parts,
	}
}

// A lot that expired on its way is on hand and not for sale, also not to backorders.
func TestLotExpiredOnItsWay(t *testing.T) {
	x := &script{t: t, s: stocked(t, 1)}
	do(x, (*State).Configure, Configure{BackorderLimit: new(int64(5))})
	do(x, (*State).Reserve, Reserve{OrderID: "a", Quantity: 3, ExpiresAt: 999_999})
	x.now = 500
	do(x, (*State).Arrive, arrival(6,
		Goods{Quantity: 4, Lot: "old", ExpiresOn: 400}, Goods{Quantity: 2, Lot: "new", ExpiresOn: 900_000_000}))
	l := x.s.levels()
	if l.expired != 4 || x.s.OnHand != 7 || x.s.Reserved != 3 || x.s.Backordered != 0 || l.available() != 0 {
		t.Fatalf("%+v", x.s)
	}
}

func TestLotWithTwoExpiries(t *testing.T) {
	x := &script{t: t, s: stocked(t, 1), now: 5}
	do(x, (*State).Receive, Receive{Quantity: 2, Lot: "L", ExpiresOn: 86_400_000})
	do(x, (*State).Arrive, arrival(3, Goods{Quantity: 3, Lot: "L", ExpiresOn: 3_600_000}))
	b := x.s.Batches
	if len(b) != 2 || b[0].Lot != "L 1970-01-01T01:00:00Z" || b[0].Quantity != 3 || b[0].ExpiresOn != 3_600_000 ||
		b[1].Quantity != 2 {
		t.Fatalf("lots %+v; want 3 pieces with the expiry in the name, and 2", b)
	}
}

func TestArrivalsAreAllOrNothing(t *testing.T) {
	x := &script{t: t, s: stocked(t, 1), now: 5}
	for name, c := range map[string]Arrive{
		"fewer pieces than the quantity": arrival(3, Goods{Quantity: 2}),
		"more valued pieces than pieces": arrival(3, Goods{Quantity: 2, Lot: "a"}, Goods{Quantity: 1, Valued: 2}),
		"worth too much":                 arrival(3, Goods{Quantity: 2, Lot: "a"}, Goods{Quantity: 1, Valued: 1, Cost: entrepot.MaxMinor + 1}),
	} {
		happened, err := watched((*State).Arrive)(x.s, turn(5), c)
		if entrepot.CodeOf(err) != entrepot.CodeInvalid || len(happened) != 0 || x.s.OnHand != 1 || len(x.s.Batches) != 0 {
			t.Errorf("%s: %v %v", name, happened, err)
		}
	}
}

// Pieces that a stocktake finds cost the average of the pieces on hand, or the last
// average when there are none.
func TestFoundPiecesHaveCost(t *testing.T) {
	x := &script{t: t, s: &State{}}
	for _, unit := range []int64{100, 200} {
		do(x, (*State).Receive, Receive{
			ProductID: productID, CompanyID: companyID, LocationID: shopID, Quantity: 10, UnitCost: &unit, Currency: "EUR",
		})
	}
	do(x, (*State).Count, Count{Counted: 22, Expected: 20, Reference: "s1"})
	if x.s.Average != 3300 || x.s.FIFO() != 3300 {
		t.Fatalf("two more at 1.50: average %d and FIFO %d, want 3300", x.s.Average, x.s.FIFO())
	}
	do(x, (*State).Count, Count{Counted: 0, Expected: 22, Reference: "s2"})
	happened, err := watched((*State).Count)(x.s, turn(9), Count{Counted: 4, Expected: 0, Reference: "s3"})
	m, _ := movementIn(happened[0])
	if err != nil || m.Kind != events.Counted || m.Cost != "6.00" {
		t.Fatalf("%+v %v", m, err)
	}
}
