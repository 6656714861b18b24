package ecommerce_test

import (
	"slices"
	"testing"

	"entrepot"
	"entrepot/grains/ecommerce/product"
	"entrepot/http/api/apitest"
	"entrepot/persistence/search"
)

// TestSoldOutIsNotRecommended: what is known to be out of stock is left out, or is
// last; what nothing is known of stays.
func TestSoldOutIsNotRecommended(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	third := entrepot.NewID()
	w.Tell(t, product.Name, third, product.Create{Product: product.Product{
		CompanyID: w.Company, ShopIDs: []string{w.ShopA}, SKU: "THIRD", Name: "Third", Category: "kitchen", Price: 500, Currency: "EUR",
		Attributes: []product.Attribute{{Name: "material", Value: "steel"}}, Tags: []string{"gift"},
	}})
	apitest.Eventually(t, "it is found", func() bool { return w.Found.Len() == 5 })
	warehouse := entrepot.NewID()
	set := func(location entrepot.ID, available, movement int64) {
		w.Found.SetStock(search.Stock{ItemID: w.Cup + location, ProductID: w.Cup, LocationID: location, Available: available, Movement: movement})
	}
	query := "?kind=similar&productId=" + w.Mug
	for _, step := range []struct {
		name, more string
		change     func()
		want       []entrepot.ID
	}{
		{"nothing is known", "", func() {}, []entrepot.ID{w.Cup, third}},
		{"none is left", "", func() { set(w.ShopB, 0, 1) }, []entrepot.ID{third}},
		{"none is left", "&soldOut=last", func() {}, []entrepot.ID{third, w.Cup}},
		{"none is left", "&soldOut=last&limit=1", func() {}, []entrepot.ID{third}},
		{"in a warehouse", "", func() { set(warehouse, 1, 1) }, []entrepot.ID{w.Cup, third}},
		{"which may serve the shop", "&shopId=" + w.ShopB, func() {}, []entrepot.ID{w.Cup}},
		{"in the shop alone", "&shopId=" + w.ShopB, func() { set(warehouse, 0, 2); set(w.ShopB, 2, 2) }, []entrepot.ID{w.Cup}},
	} {
		step.change()
		got := apitest.ProductsOf(w.Recommended(t, "", query+step.more))
		if step.more == "" {
			slices.Sort(got)
			slices.Sort(step.want)
		}
		if !slices.Equal(got, step.want) {
			t.Errorf("%s (%s): %v, want %v", step.name, step.more, got, step.want)
		}
	}
	if r := w.Recommended(t, "", query); r.At("items.0.product.inStock") == nil || r.At("items.1.product.inStock") == nil {
		t.Errorf("%s", r.Raw)
	}
	w.Want(t, 400, "", "GET", "/api/products/recommendations?soldOut=all", nil)
	// The reason names what they share.
	w.Want(t, 200, "company_admin", "PATCH", "/api/products/"+w.Mug, map[string]any{
		"attributes": []map[string]string{{"name": "material", "value": "steel"}}, "tags": []string{"gift"},
	})
	r := w.Recommended(t, "", query+"&shopId="+w.ShopA)
	if got := r.Text("items.0.reason"); got != "Similar to Product MUG: also in kitchen, material also steel, also gift" {
		t.Errorf("%s", r.Raw)
	}
}

// TestProductTellsItsStock: of each variant, and in which shops.
func TestProductTellsItsStock(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	made := w.Want(t, 201, "company_admin", "POST", "/api/products", w.Shirt())
	id, medium := made.Text("id"), made.Text("variants.1.id")
	apitest.Eventually(t, "it is found", func() bool { return w.Found.Len() == 5 })
	if p := w.Want(t, 200, "", "GET", "/api/products/"+id, nil); p.At("inStock") != false || p.At("inShops") != nil {
		t.Errorf("%s", p.Raw)
	}
	w.Found.SetStock(
		search.Stock{ItemID: "a", ProductID: id, VariantID: medium, LocationID: w.ShopB, Available: 2, Movement: 1},
		search.Stock{ItemID: "b", ProductID: id, VariantID: made.Text("variants.0.id"), LocationID: w.ShopA, Available: 0, Movement: 1},
	)
	p := w.Want(t, 200, "", "GET", "/api/products/"+id, nil)
	for at, want := range map[string]any{"inStock": true, "variants.0.inStock": false, "variants.1.inStock": true, "inShops.0": w.ShopB, "inShops.1": nil} {
		if p.At(at) != want {
			t.Errorf("%s is %v: %s", at, p.At(at), p.Raw)
		}
	}
}
