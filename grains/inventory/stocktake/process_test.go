package stocktake

import (
	"slices"
	"strings"
	"testing"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/grains/inventory/stock"
	"entrepot/persistence/storetest"
)

// The stock is real, and moves before the count, between count and closing, and
// during the closing.
func TestStocktakeBooksCounts(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{Kind(), stock.Kind()})
	item := func(variant string, cmd grains.Message[*stock.Item]) *stock.Item {
		t.Helper()
		r, err := grains.Ask(m.Platform(), m, stock.Of(stock.ID(variant, shop)), cmd)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	ask := func(c entrepot.Caller, cmd grains.Message[*Stocktake]) *Stocktake {
		t.Helper()
		r, err := grains.Ask(m.As(c), m, Of(id), cmd)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for variant, n := range map[string]int64{tea: 10, mug: 4} {
		item(variant, stock.Receive{ProductID: variant, CompanyID: company, LocationID: shop, Quantity: n, Reason: "purchase"})
	}
	item(mug, stock.Reserve{OrderID: "order", Quantity: 3, ExpiresAt: m.Now().UnixMilli() + 60_000})
	ask(admin, opening())
	ship := stock.Ship{TransferID: "t", Quantity: 2} // before the count: part of it
	if _, err := grains.Ask(m.Platform(), m, stock.Of(stock.ID(tea, shop)), ship); err != nil {
		t.Fatal(err)
	}
	now := item(tea, stock.Get{})
	ask(staff, SetCounts{Counts: []Count{
		{VariantID: tea, Counted: 7, OnHand: now.OnHand}, {VariantID: mug, Counted: 1, OnHand: 4},
	}})
	item(tea, stock.Receive{ProductID: tea, CompanyID: company, LocationID: shop, Quantity: 5, Reason: "purchase"}) // after it: kept
	m.Restart()
	ask(manager, Close{})
	m.Restart()
	v := ask(manager, Close{})
	if got := item(tea, stock.Get{}).OnHand; got != 12 { // 10 - 2, one fewer than expected, and 5 more
		t.Errorf("%d teas on hand, want 12", got)
	}
	if got := item(mug, stock.Get{}); got.OnHand != 4 || v.Lines[1].Refused == "" { // 3 are reserved
		t.Errorf("%d mugs on hand, line %v; want 4 and a refusal", got.OnHand, v.Lines[1])
	}
	types := slices.DeleteFunc(m.EventTypes(), func(s string) bool { return strings.HasPrefix(s, "inventory.") })
	if want := []string{"stocktake.opened", "stocktake.closed"}; !slices.Equal(types, want) {
		t.Errorf("events: %v, want %v", types, want)
	}
}
