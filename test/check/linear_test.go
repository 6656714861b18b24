package check

import (
	"testing"

	"entrepot/grains/inventory/stock"
)

// Two pieces, and orders of two by three clients side by side.
func TestLinearModel(t *testing.T) {
	reserve := func(outcome string, call, back int64) Op {
		return Op{Kind: Reserve, Item: "i", Quantity: 2, Outcome: outcome, Call: call, Return: back}
	}
	level := func(n, call, back int64) Op {
		return Op{Kind: Level, Item: "i", Available: n, Outcome: OK, Call: call, Return: back}
	}
	for name, c := range map[string]struct {
		ops   []Op
		legal bool
	}{
		"one wins":                      {[]Op{reserve(OK, 1, 9), reserve(Refused, 2, 8), reserve(Refused, 10, 11)}, true},
		"two win":                       {[]Op{reserve(OK, 1, 9), reserve(OK, 2, 8)}, false},
		"refused though there was some": {[]Op{reserve(Refused, 1, 2), reserve(OK, 3, 4)}, false},
		"no answer, and it happened":    {[]Op{reserve(Unknown, 1, 2), reserve(Refused, 3, 4), level(0, 5, 6)}, true},
		"no answer, and it did not":     {[]Op{reserve(Unknown, 1, 2), reserve(OK, 3, 4)}, true},
		"a stale look":                  {[]Op{reserve(OK, 1, 2), level(2, 3, 4)}, false},
		"a look beside it":              {[]Op{reserve(OK, 1, 5), level(2, 2, 3)}, true},
	} {
		h := &History{Items: []Item{{ID: "i", Received: 2, Linear: true}}, Ops: c.ops}
		r := &report{}
		checkLinear(r, &World{}, h)
		if legal := len(r.found) == 0; legal != c.legal {
			t.Errorf("%s: legal is %v: %v", name, legal, r.found)
		}
	}
}

// An item that was sold twice is found by its levels alone.
func TestOversoldItem(t *testing.T) {
	r := &report{}
	checkLevels(r, &StockItem{
		Record: stock.Record{ID: "i", OnHand: 1, Received: 1, Reserved: 2},
		Holds:  stock.Reservations{{OrderID: "a", Quantity: 1}, {OrderID: "b", Quantity: 1}},
	})
	if len(r.found) != 1 || r.found[0].Settles {
		t.Errorf("found %v", r.found)
	}
}
