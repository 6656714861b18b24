package stocktake

import (
	"slices"
	"strings"
	"testing"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/grains/stock"
	"entrepot/grains/stock/stockpb"
	"entrepot/grains/stocktake/stocktakepb"
	"entrepot/persistence/storetest"

	"google.golang.org/protobuf/proto"
)

// TestAStocktakeBooksWhatWasCounted: with the real stock, which moves before the
// count, between count and closing, and beside the closing.
func TestAStocktakeBooksWhatWasCounted(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{Kind(), stock.Kind()})
	item := func(variant string, cmd proto.Message) *stockpb.Item {
		t.Helper()
		r, err := grains.Ask[*stockpb.Item](m.Platform(), m, stockpb.Kind, stockpb.ID(variant, shop), cmd)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	ask := func(c entrepot.Caller, cmd proto.Message) *stocktakepb.Stocktake {
		t.Helper()
		r, err := grains.Ask[*stocktakepb.Stocktake](m.As(c), m, stocktakepb.Kind, id, cmd)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for variant, n := range map[string]int64{tea: 10, mug: 4} {
		item(variant, &stockpb.Receive{ProductId: variant, CompanyId: company, LocationId: shop, Quantity: n, Reason: "purchase"})
	}
	item(mug, &stockpb.Reserve{OrderId: "order", Quantity: 3, ExpiresMs: m.Now().UnixMilli() + 60_000})
	ask(admin, opening())
	item(tea, &stockpb.Ship{TransferId: "t", Quantity: 2}) // before the count: whoever counts sees it
	now := item(tea, &stockpb.Get{})
	ask(staff, &stocktakepb.SetCounts{Counts: []*stocktakepb.Count{
		{VariantId: tea, Counted: 7, OnHand: now.OnHand}, {VariantId: mug, Counted: 1, OnHand: 4},
	}})
	item(tea, &stockpb.Receive{ProductId: tea, CompanyId: company, LocationId: shop, Quantity: 5, Reason: "purchase"}) // after it: kept
	m.Restart()
	ask(manager, &stocktakepb.Close{})
	m.Restart()
	v := ask(manager, &stocktakepb.Close{})
	if got := item(tea, &stockpb.Get{}).OnHand; got != 12 { // 10 - 2, one fewer than expected, and 5 more
		t.Errorf("%d teas", got)
	}
	if got := item(mug, &stockpb.Get{}); got.OnHand != 4 || v.Lines[1].Refused == "" { // 3 are set aside
		t.Errorf("%d mugs, %v", got.OnHand, v.Lines[1])
	}
	types := slices.DeleteFunc(m.EventTypes(), func(s string) bool { return strings.HasPrefix(s, "inventory.") })
	if want := []string{"stocktake.opened", "stocktake.closed"}; !slices.Equal(types, want) {
		t.Errorf("%v", types)
	}
}
