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
	"entrepot/grains/auth/access"
	"entrepot/grains/auth/apikey"
	"entrepot/grains/auth/user"
	"entrepot/grains/ecommerce/categories"
	"entrepot/grains/ecommerce/product"
	"entrepot/grains/ecommerce/promotion"
	"entrepot/grains/ecommerce/review"
	"entrepot/grains/grainstest"
	"entrepot/grains/shop/shipping"
	"entrepot/grains/shop/shop"
	"entrepot/persistence"
	"entrepot/persistence/storetest"
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
	ask := func(kind string, id entrepot.ID, cmd any) error {
		_, err := m.Ask(m.Platform(), grains.Ref{Kind: kind, ID: id}, cmd)
		return err
	}
	must := func(kind string, id entrepot.ID, cmd any) {
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
		at := id(company, shop.Name, 0)
		must(shop.Name, at, shop.Create{CompanyID: company, Details: shop.Details{Name: "shop"}})
		for _, shopID := range []entrepot.ID{"", at} {
			must(shipping.Name, shipping.ID(company, shopID), shipping.Set{CompanyID: company, ShopID: shopID, Rules: &shipping.Rules{
				Currency: "EUR",
				Zones: []shipping.Zone{
					{Name: "World", Methods: []shipping.Method{{ID: "parcel", Name: "Parcel", Price: 500}}},
				},
			}})
		}
		must(user.Name, id(company, user.Name, 0), user.Register{
			Email: company + "@demo.test", Name: "Ada", PasswordHash: "h", Role: entrepot.CompanyAdmin,
			CompanyID: company,
		})
		must(promotion.Name, promotion.ID(company, "TEN"), promotion.Create{
			CompanyID: company, Code: "TEN", Terms: promotion.Terms{Kind: "percent", Percent: 10},
		})
		must(categories.Name, categories.ID(company), categories.Create{CompanyID: company, Slug: "tea", Title: "Tea"})
		must(apikey.Name, id(company, apikey.Name, 0), apikey.Create{
			CompanyID: company, Name: "k", Scopes: []string{"orders:read"}, Hash: []byte("h"),
		})
		for n := range many {
			must(product.Name, id(company, product.Name, n), product.Create{Product: product.Product{
				CompanyID: company, ShopIDs: []string{at}, SKU: fmt.Sprint("S", n), Name: "mug", Price: 1, Currency: "EUR",
			}})
		}
	}
	trees := func(company entrepot.ID) int {
		tree, err := grains.Ask(
			m.Platform(), m, categories.Of(categories.ID(company)), categories.Get{},
		)
		if err != nil {
			t.Fatal(err)
		}
		return len(tree.Nodes)
	}
	for n, company := range []entrepot.ID{gone, stays} {
		c := review.Write{
			ProductID: id(company, product.Name, 0), CompanyID: company, ShopID: id(company, shop.Name, 0), Author: "Ada L.",
			Stars: 5,
		}
		if _, err := grains.Ask(m.As(actorstest.Customer(n)), m, review.Of(review.ID(c.ProductID, actorstest.ID("user", n))), c); err != nil {
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
		for kind, q := range map[string]any{
			user.Name: user.GetCredentials{}, shop.Name: shop.Get{},
			apikey.Name: apikey.Verify{Hash: []byte("h")},
		} {
			if err := ask(kind, id(company, kind, 0), q); entrepot.CodeOf(err) != want {
				t.Errorf("%s: %v, want %q", kind, err, want)
			}
		}
		if err := ask(promotion.Name, promotion.ID(company, "TEN"), promotion.Get{}); entrepot.CodeOf(err) != want {
			t.Errorf("promo code: %v, want %q", err, want)
		}
		for _, shopID := range []entrepot.ID{"", id(company, shop.Name, 0)} {
			rates, err := grains.Ask(
				m.Platform(), m, shipping.Of(shipping.ID(company, shopID)), shipping.Get{},
			)
			if err != nil || (rates.Rules == nil) != (want != "") {
				t.Errorf("shipping rules: %v, %v", rates, err)
			}
		}
		author := map[entrepot.ID]int{gone: 0, stays: 1}[company]
		if err := ask(
			review.Name, review.ID(id(company, product.Name, 0), actorstest.ID("user", author)), review.Get{},
		); entrepot.CodeOf(err) != want {
			t.Errorf("review: %v, want %q", err, want)
		}
		for n := range many {
			if _, err := grains.Ask(m.As(entrepot.Caller{}), m, product.Of(id(company, product.Name, n)), product.Get{}); entrepot.CodeOf(err) != want {
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
