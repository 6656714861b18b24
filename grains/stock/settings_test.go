package stock

import (
	"slices"
	"testing"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/grains/stock/stockpb"
	"entrepot/persistence/storetest"

	"google.golang.org/protobuf/proto"
)

// An alert is told once a crossing, over a restart, and again after available has risen.
func TestAlertsOnceACrossing(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{Kind()})
	product, shop, company := entrepot.DeriveID("p"), entrepot.DeriveID("s"), entrepot.DeriveID("c")
	item := stockpb.ID(product, shop)
	ask := func(cmd proto.Message) *stockpb.Item {
		t.Helper()
		r, err := m.Ask(m.Platform(), stockpb.Kind, item, cmd)
		if err != nil {
			t.Fatalf("%T: %v", cmd, err)
		}
		return r.(*stockpb.Item)
	}
	alerts := func() (out []string) {
		return slices.DeleteFunc(m.EventTypes(), func(s string) bool { return s != "inventory.low_stock" && s != "inventory.out_of_stock" })
	}
	hold := func(order string, n int64) *stockpb.Reserve {
		return &stockpb.Reserve{OrderId: order, Quantity: n, ExpiresMs: m.Now().UnixMilli() + 60_000}
	}
	ask(&stockpb.Receive{ProductId: product, CompanyId: company, LocationId: shop, Quantity: 10})
	i := ask(&stockpb.Configure{ReorderPoint: proto.Int64(4), ReorderQuantity: proto.Int64(20), ExpectedVersion: 1})
	if i.ReorderPoint != 4 || i.Revision != 2 || i.Alert != "" {
		t.Fatal(i)
	}
	ask(hold("a", 6)) // to 4: low
	ask(hold("b", 1)) // 3: told before
	m.Restart()
	if i := ask(hold("c", 1)); i.Alert != Low || i.Available != 2 {
		t.Fatal(i)
	}
	ask(hold("d", 2)) // to 0: out
	ask(&stockpb.Commit{OrderId: "d", Quantity: 2})
	ask(&stockpb.Release{OrderId: "c"}) // to 1: low again, which it never left
	if got := alerts(); !slices.Equal(got, []string{"inventory.low_stock", "inventory.out_of_stock"}) {
		t.Fatal(got)
	}
	ask(&stockpb.Release{OrderId: "a"})                   // to 7
	ask(hold("e", 7))                                     // from 7 to 0: both
	ask(&stockpb.Adjust{Delta: 20, Reason: "found"})      // to 20
	ask(&stockpb.Configure{SafetyStock: proto.Int64(16)}) // to 4
	if got := alerts(); len(got) != 5 || got[4] != "inventory.low_stock" {
		t.Fatal(got)
	}
	var e events.InventoryOutOfStock
	for _, env := range m.Events() {
		if env.Type == e.EventType() {
			if err := env.Decode(&e); err != nil || e.ItemID != item || e.ReorderQuantity != 20 || env.CompanyID != company || env.ShopID != shop {
				t.Fatalf("%v %+v", err, env)
			}
		}
	}
}

func TestSettingsDecisions(t *testing.T) {
	s := stocked(t, 5)
	for name, c := range map[string]struct {
		cmd  *stockpb.Configure
		as   entrepot.Caller
		code entrepot.Code
	}{
		"negative":        {&stockpb.Configure{ReorderPoint: proto.Int64(-1)}, turn(0).Caller, entrepot.CodeInvalid},
		"too much":        {&stockpb.Configure{SafetyStock: proto.Int64(MaxQuantity + 1)}, turn(0).Caller, entrepot.CodeInvalid},
		"stale":           {&stockpb.Configure{SafetyStock: proto.Int64(1), ExpectedVersion: 7}, turn(0).Caller, entrepot.CodeStale},
		"another company": {&stockpb.Configure{}, entrepot.Caller{Role: entrepot.CompanyAdmin, CompanyID: "other"}, entrepot.CodeNotFound},
		"shop staff":      {&stockpb.Configure{}, entrepot.Caller{Role: entrepot.ShopStaff, CompanyID: companyID, ShopIDs: []string{shopID}}, entrepot.CodeForbidden},
	} {
		at := turn(1)
		at.Caller = c.as
		if err := second(s.Configure(at, c.cmd)); entrepot.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.must(t)(s.Configure(turn(1), &stockpb.Configure{SafetyStock: proto.Int64(2)}))
	if again := s.must(t)(s.Configure(turn(2), &stockpb.Configure{SafetyStock: proto.Int64(2)})); len(again) != 0 {
		t.Error("the same settings are a change")
	}
	// Safety stock is not promised to orders, and people may move it.
	if err := second(s.Reserve(turn(3), &stockpb.Reserve{OrderId: "o", Quantity: 4, ExpiresMs: 9})); entrepot.CodeOf(err) != entrepot.CodeOutOfStock {
		t.Errorf("the safety stock was sold: %v", err)
	}
	s.must(t)(s.Ship(turn(4), &stockpb.Ship{TransferId: "t", Quantity: 5}))
	if s.levels().available() != 0 || s.check() != nil {
		t.Errorf("available %d, %v", s.levels().available(), s.check())
	}
}
