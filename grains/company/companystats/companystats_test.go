package companystats

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/persistence/storetest"
)

var (
	company  = entrepot.DeriveID("company")
	platform = entrepot.SystemCaller("event")
	start    = time.UnixMilli(1_750_000_000_123).UTC()
)

func TestCountAndGetRules(t *testing.T) {
	t.Parallel()
	count := Count{What: "order.created"}
	for name, c := range map[string]struct {
		caller entrepot.Caller
		cmd    Count
		want   entrepot.Code
	}{
		"the platform":      {platform, count, ""},
		"a super admin":     {entrepot.Caller{Role: entrepot.SuperAdmin}, count, entrepot.CodeNotFound},
		"another event":     {platform, Count{What: "order.shipped"}, entrepot.CodeInvalid},
		"a negative amount": {platform, Count{What: "payment.success", Amount: -1}, entrepot.CodeInvalid},
	} {
		if _, err := (&State{}).Count(entrepot.Turn{ID: company, Now: start, Caller: c.caller}, c.cmd); entrepot.CodeOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	for role, want := range map[entrepot.Role]entrepot.Code{
		entrepot.SuperAdmin: "", entrepot.CompanyAdmin: "", entrepot.ShopManager: entrepot.CodeNotFound, entrepot.Customer: entrepot.CodeNotFound, "": entrepot.CodeNotFound,
	} {
		if _, err := (&State{}).Get(entrepot.Turn{ID: company, Caller: entrepot.Caller{Role: role, CompanyID: company}}, Get{}); entrepot.CodeOf(err) != want {
			t.Errorf("read by %s: %v", role, err)
		}
	}
	foreign := entrepot.Caller{Role: entrepot.CompanyAdmin, CompanyID: "x"}
	if _, err := (&State{}).Get(entrepot.Turn{ID: company, Caller: foreign}, Get{}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Errorf("read by another company's admin: %v", err)
	}
}

// TestFiguresCountOnce: redeliveries, another order and a restart in between change nothing.
func TestFiguresCountOnce(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{Kind()})
	count := func(event string, c Count) {
		t.Helper()
		id := grains.As(entrepot.DeriveID(event))
		if _, err := grains.Ask(m.Platform(), m, Of(company), c, id); err != nil {
			t.Fatal(err)
		}
	}
	list := map[string]Count{
		"1": {What: "shop.created"}, "2": {What: "product.created"}, "3": {What: "product.created"}, "4": {What: "product.deleted"},
		"5": {What: "user.registered"}, "6": {What: "order.created"}, "7": {What: "order.created"}, "8": {What: "order.cancelled"},
		"9":  {What: "payment.success", Amount: 1050, Currency: "EUR", At: 7},
		"10": {What: "payment.success", Amount: 200, Currency: "CHF", At: 5},
		"11": {What: "payment.refunded", Amount: 50, Currency: "EUR"},
	}
	for range 2 {
		for event, c := range list { // in any order
			count(event, c)
			count(event, c)
		}
		m.Restart()
	}
	got, err := grains.Ask(m.Platform(), m, Of(company), Get{})
	want := &Stats{
		Shops: 1, Products: 1, Staff: 1, Orders: 2, CancelledOrders: 1, PaidOrders: 2, UpdatedAt: 7,
		Takings: []Takings{
			{Currency: "CHF", Revenue: 200, Paid: 1}, {Currency: "EUR", Revenue: 1050, Refunded: 50, Paid: 1},
		},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("figures %+v, %v; want %+v", got, err, want)
	}
	if list := m.Events(); len(list) != 0 {
		t.Fatalf("published %v, want nothing", list)
	}
}

func TestReplay(t *testing.T) {
	t.Parallel()
	var s, back State
	s.Apply(counted{
		CompanyID: company, RecordedAt: 4,
		Count: Count{What: "payment.success", Amount: 5, Currency: "EUR", At: 3},
	})
	b, err := json.Marshal(s)
	if err != nil || json.Unmarshal(b, &back) != nil || !reflect.DeepEqual(s, back) {
		t.Fatalf("%s: %v", b, err)
	}
}
