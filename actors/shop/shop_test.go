package shop

import (
	"fmt"
	"testing"

	"entrepot"
	"entrepot/actors/actorstest"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/grains/shop/shipping"
	"entrepot/grains/shop/shop"
	"entrepot/persistence"
	"entrepot/persistence/storetest"
)

func TestSaleCountsOnce(t *testing.T) {
	store := storetest.Faulty(storetest.NewMemory())
	if err := store.Ensure(t.Context(), []*persistence.Collection{shop.Sales}); err != nil {
		t.Fatal(err)
	}
	batch := []*events.Delivery{
		actorstest.Delivery("e1", "order.created", `{"orderId":"o","companyId":"c","shopId":"s"}`),
		actorstest.Delivery("e2", "order.confirmed", `{"orderId":"o","companyId":"c","shopId":"s"}`),
		actorstest.Delivery("e3", "payment.success", `{"companyId":"c","shopId":"s","amount":19.90,"currency":"EUR"}`),
		actorstest.Delivery("e4", "payment.success", `{"companyId":"c","shopId":"s","amount":"x"}`),
	}
	store.NextWrites(storetest.FailBefore)
	if r := Inboxes()[0].Consume(store, nil)(t.Context(), batch); r[0] == nil || events.IsPermanent(r[0]) || r[1] != nil ||
		r[2] != nil || !events.IsPermanent(r[3]) {
		t.Fatalf("results: %v", r)
	}
	for range 2 {
		if r := Inboxes()[0].Consume(store, nil)(t.Context(), batch); r[0] != nil || r[1] != nil || r[2] != nil {
			t.Fatalf("results: %v", r)
		}
	}
	docs, _, err := store.Find(
		t.Context(), shop.Sales, entrepot.InShops("c", []entrepot.ID{"s"}), persistence.Query{Limit: 10},
	)
	if err != nil || len(docs) != 2 || !docs[0].CreatedAt.Equal(batch[0].OccurredAt) {
		t.Fatalf("rows: %+v, %v; want 2 with the time of the event", docs, err)
	}
	if s := shop.SaleIn(docs[1].Fields); s.Money.Minor != 1990 || s.Money.Currency != "EUR" {
		t.Errorf("sale: %+v, want 19.90 EUR", s)
	}
	if r := Inboxes()[0].Consume(store, nil)(t.Context(), batch[1:2]); len(r) != 1 || r[0] != nil {
		t.Errorf("event without a sale: %v, want no error", r)
	}
}

func TestDeletedUserLeavesStaff(t *testing.T) {
	store := storetest.NewMemory()
	if err := store.Ensure(t.Context(), []*persistence.Collection{shop.Sales}); err != nil {
		t.Fatal(err)
	}
	for code, again := range map[entrepot.Code]bool{
		"": false, entrepot.CodeNotFound: false, entrepot.CodeUnavailable: true,
	} {
		a := &actorstest.Recorder{Answer: func(any) error {
			if code == "" {
				return nil
			}
			return entrepot.Errorf(code, "no")
		}}
		r := Inboxes()[0].Consume(store, a)(t.Context(), []*events.Delivery{
			actorstest.Delivery("e0", "order.created", `{"orderId":"o","companyId":"c","shopId":"s"}`),
			actorstest.Delivery("e1", "user.deleted", `{"userId":"u","companyId":"c","shopIds":["s1","s2"]}`),
		})
		if r[0] != nil || (r[1] != nil) != again || events.IsPermanent(r[1]) {
			t.Errorf("%s: %v", code, r)
		}
		if n := len(a.Cmds); (n != 2) != again || a.Kinds[0] != "Shop" || a.Cmds[0].(shop.Assign).Remove[0] != "u" {
			t.Errorf("%s: %v %v", code, a.IDs, a.Cmds)
		}
	}
}

// A deleted shop loses its shipping rules, also if the event comes twice or the shop has none; the
// rules of its company and of other shops stay.
func TestDeletedShopLosesShippingRules(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{shop.Kind(), shipping.Kind()})
	if err := m.Store.Ensure(t.Context(), []*persistence.Collection{shop.Sales}); err != nil {
		t.Fatal(err)
	}
	company, gone, stays, bare := actorstest.ID("company", 1), actorstest.ID("shop", 1), actorstest.ID("shop", 2), actorstest.ID("shop", 3)
	rules := &shipping.Rules{
		Currency: "EUR",
		Zones: []shipping.Zone{
			{Name: "all", Methods: []shipping.Method{{ID: "standard", Name: "Standard", Price: 490}}},
		},
	}
	for _, shopID := range []entrepot.ID{"", gone, stays} {
		if _, err := grains.Ask(m.Platform(), m, shipping.Of(shipping.ID(company, shopID)), shipping.Set{
			CompanyID: company, ShopID: shopID, Rules: rules,
		}); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		for _, id := range []entrepot.ID{gone, bare} {
			d := actorstest.Delivery("gone"+id, "shop.deleted", fmt.Sprintf(`{"shopId":%q,"companyId":%q}`, id, company))
			actorstest.NoErrors(t, Inboxes()[0].Consume(m.Store, m)(t.Context(), []*events.Delivery{d}))
		}
		m.Restart()
	}
	for shopID, want := range map[entrepot.ID]bool{"": true, gone: false, stays: true, bare: false} {
		r, err := grains.Ask(
			m.Platform(), m, shipping.Of(shipping.ID(company, shopID)), shipping.Get{},
		)
		if err != nil || (r.Rules != nil) != want {
			t.Errorf("rules of shop %q: %v, %v", shopID, r, err)
		}
	}
}
