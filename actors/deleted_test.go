package actors_test

import (
	"fmt"
	"testing"

	"entrepot"
	"entrepot/actors/actorstest"
	"entrepot/actors/auth"
	"entrepot/actors/ecommerce"
	shopactors "entrepot/actors/shop"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/access"
	"entrepot/grains/apikey"
	"entrepot/grains/apikey/apikeypb"
	"entrepot/grains/categories"
	"entrepot/grains/categories/categoriespb"
	"entrepot/grains/grainstest"
	"entrepot/grains/product"
	"entrepot/grains/product/productpb"
	"entrepot/grains/promotion"
	"entrepot/grains/promotion/promotionpb"
	"entrepot/grains/review"
	"entrepot/grains/review/reviewpb"
	"entrepot/grains/shipping"
	"entrepot/grains/shipping/shippingpb"
	"entrepot/grains/shop"
	"entrepot/grains/shop/shoppb"
	"entrepot/grains/user"
	"entrepot/grains/user/userpb"
	"entrepot/persistence"
	"entrepot/persistence/storetest"

	"google.golang.org/protobuf/proto"
)

// The users, API keys, shops and products of a deleted company end, those of another company do
// not, and a second delivery changes nothing.
func TestDeletedCompanyLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{
		user.Kind(), access.Kind(), apikey.Kind(), shop.Kind(), shipping.Kind(), product.Kind(), categories.Kind(),
		review.Kind(), promotion.Kind(),
	})
	if err := m.Store.Ensure(t.Context(), []*persistence.Collection{shop.Sales}); err != nil {
		t.Fatal(err)
	}
	gone, stays := entrepot.DeriveID("gone"), entrepot.DeriveID("stays")
	ask := func(kind string, id entrepot.ID, cmd proto.Message) error {
		_, err := m.Ask(m.Platform(), kind, id, cmd)
		return err
	}
	must := func(kind string, id entrepot.ID, cmd proto.Message) {
		t.Helper()
		if err := ask(kind, id, cmd); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
	}
	id := func(company entrepot.ID, kind string, n int) entrepot.ID {
		return entrepot.DeriveID(company, kind, fmt.Sprint(n))
	}
	const many = 130 // more than a page
	for _, company := range []entrepot.ID{gone, stays} {
		at := id(company, shoppb.Kind, 0)
		must(shoppb.Kind, at, &shoppb.Create{CompanyId: company, Name: "shop"})
		for _, shopID := range []entrepot.ID{"", at} {
			must(shippingpb.Kind, shippingpb.ID(company, shopID), &shippingpb.Set{CompanyId: company, ShopId: shopID, Rules: &shippingpb.Rules{
				Currency: "EUR",
				Zones: []*shippingpb.Zone{
					{Name: "World", Methods: []*shippingpb.Method{{Id: "parcel", Name: "Parcel", PriceMinor: 500}}},
				},
			}})
		}
		must(userpb.Kind, id(company, userpb.Kind, 0), &userpb.Register{
			Email: company + "@demo.test", Name: "Ada", PasswordHash: "h", Role: string(entrepot.CompanyAdmin),
			CompanyId: company,
		})
		must(promotionpb.Kind, promotionpb.ID(company, "TEN"), &promotionpb.Create{
			CompanyId: company, Code: "TEN", Terms: &promotionpb.Terms{Kind: "percent", Percent: 10},
		})
		must(categoriespb.Kind, categoriespb.ID(company), &categoriespb.Create{CompanyId: company, Slug: "tea", Title: "Tea"})
		must(apikeypb.Kind, id(company, apikeypb.Kind, 0), &apikeypb.Create{
			CompanyId: company, Name: "k", Scopes: []string{"orders:read"}, Hash: []byte("h"),
		})
		for n := range many {
			must(productpb.Kind, id(company, productpb.Kind, n), &productpb.Create{
				CompanyId: company, ShopIds: []string{at}, Sku: fmt.Sprint("S", n), Name: "mug", PriceMinor: 1, Currency: "EUR",
			})
		}
	}
	trees := func(company entrepot.ID) int {
		tree, err := grains.Ask[*categoriespb.Tree](
			m.Platform(), m, categoriespb.Kind, categoriespb.ID(company), &categoriespb.Get{},
		)
		if err != nil {
			t.Fatal(err)
		}
		return len(tree.Nodes)
	}
	for n, company := range []entrepot.ID{gone, stays} {
		c := &reviewpb.Write{
			ProductId: id(company, productpb.Kind, 0), CompanyId: company, ShopId: id(company, shoppb.Kind, 0), Author: "Ada L.",
			Stars: 5,
		}
		if _, err := m.Ask(
			m.As(actorstest.Customer(n)), reviewpb.Kind, reviewpb.ID(c.ProductId, actorstest.ID("user", n)), c,
		); err != nil {
			t.Fatal(err)
		}
	}
	deleted := actorstest.Delivery("e1", "company.deleted", `{"companyId":"`+gone+`"}`)
	before := 0
	for round := range 2 {
		for _, h := range []events.Handler{
			auth.CompanyDeleted(m.Store, m), shopactors.CompanyDeleted(m.Store, m), ecommerce.CompanyDeleted(m.Store, m),
		} {
			if err := h(t.Context(), []*events.Delivery{
				deleted, actorstest.Delivery("e2", "company.updated", `{}`),
			}); err[0] != nil || err[1] != nil {
				t.Fatal(err)
			}
		}
		if n := len(m.Events()); round == 1 && n != before {
			t.Errorf("the second delivery led to %d events, want none", n-before)
		}
		before = len(m.Events())
	}
	if trees(gone) != 0 || trees(stays) != 1 {
		t.Errorf("categories: %d of the deleted company, want 0; %d of the other, want 1", trees(gone), trees(stays))
	}
	for company, want := range map[entrepot.ID]entrepot.Code{gone: entrepot.CodeNotFound, stays: ""} {
		for kind, q := range map[string]proto.Message{
			userpb.Kind: &userpb.GetCredentials{}, shoppb.Kind: &shoppb.Get{},
			apikeypb.Kind: &apikeypb.Verify{Hash: []byte("h")},
		} {
			if err := ask(kind, id(company, kind, 0), q); entrepot.CodeOf(err) != want {
				t.Errorf("%s: %v, want %q", kind, err, want)
			}
		}
		if err := ask(promotionpb.Kind, promotionpb.ID(company, "TEN"), &promotionpb.Get{}); entrepot.CodeOf(err) != want {
			t.Errorf("promo code: %v, want %q", err, want)
		}
		for _, shopID := range []entrepot.ID{"", id(company, shoppb.Kind, 0)} {
			rates, err := grains.Ask[*shippingpb.Shipping](
				m.Platform(), m, shippingpb.Kind, shippingpb.ID(company, shopID), &shippingpb.Get{},
			)
			if err != nil || (rates.Rules == nil) != (want != "") {
				t.Errorf("shipping rules: %v, %v", rates, err)
			}
		}
		author := map[entrepot.ID]int{gone: 0, stays: 1}[company]
		if err := ask(
			reviewpb.Kind, reviewpb.ID(id(company, productpb.Kind, 0), actorstest.ID("user", author)), &reviewpb.Get{},
		); entrepot.CodeOf(err) != want {
			t.Errorf("review: %v, want %q", err, want)
		}
		for n := range many {
			if _, err := m.Ask(
				m.As(entrepot.Caller{}), productpb.Kind, id(company, productpb.Kind, n), &productpb.Get{},
			); entrepot.CodeOf(err) != want {
				t.Errorf("product %d: %v, want %q", n, err, want)
			}
		}
	}
	if results := auth.CompanyDeleted(m.Store, m)(t.Context(), []*events.Delivery{
		actorstest.Delivery("e3", "company.deleted", `7`),
	}); !events.IsPermanent(results[0]) {
		t.Errorf("malformed event: %v, want a permanent error", results)
	}
}
