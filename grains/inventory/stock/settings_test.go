package stock

import (
	"slices"
	"testing"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/persistence/storetest"
)

// An alert is published once, also over a restart, and again after available has risen.
func TestAlertsOnceEachCrossing(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{Kind()})
	product, shop, company := entrepot.DeriveID("p"), entrepot.DeriveID("s"), entrepot.DeriveID("c")
	item := ID(product, shop)
	ask := func(cmd grains.Message[*Item]) *Item {
		t.Helper()
		i, err := grains.Ask(m.Platform(), m, Of(item), cmd)
		if err != nil {
			t.Fatalf("%T: %v", cmd, err)
		}
		return i
	}
	alerts := func() (out []string) {
		return slices.DeleteFunc(m.EventTypes(), func(s string) bool { return s != "inventory.low_stock" && s != "inventory.out_of_stock" })
	}
	hold := func(order string, n int64) Reserve {
		return Reserve{OrderID: order, Quantity: n, ExpiresAt: m.Now().UnixMilli() + 60_000}
	}
	ask(Receive{ProductID: product, CompanyID: company, LocationID: shop, Quantity: 10})
	i := ask(Configure{ReorderPoint: new(int64(4)), ReorderQuantity: new(int64(20)), ExpectedVersion: 1})
	if i.ReorderPoint != 4 || i.Revision != 2 || i.Alert != "" {
		t.Fatal(i)
	}
	ask(hold("a", 6)) // to 4: low
	ask(hold("b", 1)) // 3: published before
	m.Restart()
	if i := ask(hold("c", 1)); i.Alert != Low || i.Available != 2 {
		t.Fatal(i)
	}
	ask(hold("d", 2)) // to 0: out
	ask(Commit{OrderID: "d", Quantity: 2})
	ask(Release{OrderID: "c"}) // to 1: low again, which it never left
	if got := alerts(); !slices.Equal(got, []string{"inventory.low_stock", "inventory.out_of_stock"}) {
		t.Fatal(got)
	}
	ask(Release{OrderID: "a"})                  // to 7
	ask(hold("e", 7))                           // from 7 to 0: both
	ask(Adjust{Delta: 20, Reason: "found"})     // to 20
	ask(Configure{SafetyStock: new(int64(16))}) // to 4
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
		cmd  Configure
		as   entrepot.Caller
		code entrepot.Code
	}{
		"negative":        {Configure{ReorderPoint: new(int64(-1))}, turn(0).Caller, entrepot.CodeInvalid},
		"too much":        {Configure{SafetyStock: new(int64(MaxQuantity + 1))}, turn(0).Caller, entrepot.CodeInvalid},
		"stale":           {Configure{SafetyStock: new(int64(1)), ExpectedVersion: 7}, turn(0).Caller, entrepot.CodeStale},
		"another company": {Configure{}, entrepot.Caller{Role: entrepot.CompanyAdmin, CompanyID: "other"}, entrepot.CodeNotFound},
		"shop staff":      {Configure{}, entrepot.Caller{Role: entrepot.ShopStaff, CompanyID: companyID, ShopIDs: []string{shopID}}, entrepot.CodeForbidden},
	} {
		at := turn(1)
		at.Caller = c.as
		if err := second(s.Configure(at, c.cmd)); entrepot.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.must(t)(s.Configure(turn(1), Configure{SafetyStock: new(int64(2))}))
	if again := s.must(t)(s.Configure(turn(2), Configure{SafetyStock: new(int64(2))})); len(again) != 0 {
		t.Error("the same settings are a change")
	}
	// Safety stock is not promised to orders, and people may move it.
	if err := second(s.Reserve(turn(3), Reserve{OrderID: "o", Quantity: 4, ExpiresAt: 9})); entrepot.CodeOf(err) != entrepot.CodeOutOfStock {
		t.Errorf("reserves the safety stock: %v, want out of stock", err)
	}
	s.must(t)(s.Ship(turn(4), Ship{TransferID: "t", Quantity: 5}))
	if s.levels().available() != 0 || s.check() != nil {
		t.Errorf("available %d, %v", s.levels().available(), s.check())
	}
}
