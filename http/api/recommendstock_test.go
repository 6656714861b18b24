package api_test

import (
	"slices"
	"testing"

	"entrepot"
	"entrepot/grains/product/productpb"
	"entrepot/search"
)

// TestSoldOutIsNotRecommended: what is known to be out of stock is left out, or is
// last; what nothing is known of stays.
func TestSoldOutIsNotRecommended(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	third := entrepot.NewID()
	w.ask(t, productpb.Kind, third, &productpb.Create{
		CompanyId: w.company, ShopIds: []string{w.shopA}, Sku: "THIRD", Name: "Third", Category: "kitchen", PriceMinor: 500, Currency: "EUR",
		Attributes: []*productpb.Attribute{{Name: "material", Value: "steel"}}, Tags: []string{"gift"},
	})
	eventually(t, "it is found", func() bool { return w.found.Len() == 5 })
	warehouse := entrepot.NewID()
	set := func(location entrepot.ID, available, movement int64) {
		w.found.SetStock(search.Stock{ItemID: w.cup + location, ProductID: w.cup, LocationID: location, Available: available, Movement: movement})
	}
	query := "?kind=similar&productId=" + w.mug
	for _, step := range []struct {
		name, more string
		change     func()
		want       []entrepot.ID
	}{
		{"nothing is known", "", func() {}, []entrepot.ID{w.cup, third}},
		{"none is left", "", func() { set(w.shopB, 0, 1) }, []entrepot.ID{third}},
		{"none is left", "&soldOut=last", func() {}, []entrepot.ID{third, w.cup}},
		{"none is left", "&soldOut=last&limit=1", func() {}, []entrepot.ID{third}},
		{"in a warehouse", "", func() { set(warehouse, 1, 1) }, []entrepot.ID{w.cup, third}},
		{"which may serve the shop", "&shopId=" + w.shopB, func() {}, []entrepot.ID{w.cup}},
		{"in the shop alone", "&shopId=" + w.shopB, func() { set(warehouse, 0, 2); set(w.shopB, 2, 2) }, []entrepot.ID{w.cup}},
	} {
		step.change()
		got := productsOf(w.recommended(t, "", query+step.more))
		if step.more == "" {
			slices.Sort(got)
			slices.Sort(step.want)
		}
		if !slices.Equal(got, step.want) {
			t.Errorf("%s (%s): %v, want %v", step.name, step.more, got, step.want)
		}
	}
	if r := w.recommended(t, "", query); r.at("items.0.product.inStock") == nil || r.at("items.1.product.inStock") == nil {
		t.Errorf("%s", r.raw)
	}
	w.want(t, 400, "", "GET", "/api/products/recommendations?soldOut=all", nil)
	// The reason names what they share.
	w.want(t, 200, "company_admin", "PATCH", "/api/products/"+w.mug, map[string]any{
		"attributes": []map[string]string{{"name": "material", "value": "steel"}}, "tags": []string{"gift"},
	})
	r := w.recommended(t, "", query+"&shopId="+w.shopA)
	if got := r.text("items.0.reason"); got != "Similar to Product MUG: also in kitchen, material also steel, also gift" {
		t.Errorf("%s", r.raw)
	}
}

// TestProductTellsItsStock: of each variant, and in which shops.
func TestProductTellsItsStock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.want(t, 201, "company_admin", "POST", "/api/products", w.shirt())
	id, medium := made.text("id"), made.text("variants.1.id")
	eventually(t, "it is found", func() bool { return w.found.Len() == 5 })
	if p := w.want(t, 200, "", "GET", "/api/products/"+id, nil); p.at("inStock") != false || p.at("inShops") != nil {
		t.Errorf("%s", p.raw)
	}
	w.found.SetStock(
		search.Stock{ItemID: "a", ProductID: id, VariantID: medium, LocationID: w.shopB, Available: 2, Movement: 1},
		search.Stock{ItemID: "b", ProductID: id, VariantID: made.text("variants.0.id"), LocationID: w.shopA, Available: 0, Movement: 1},
	)
	p := w.want(t, 200, "", "GET", "/api/products/"+id, nil)
	for at, want := range map[string]any{"inStock": true, "variants.0.inStock": false, "variants.1.inStock": true, "inShops.0": w.shopB, "inShops.1": nil} {
		if p.at(at) != want {
			t.Errorf("%s is %v: %s", at, p.at(at), p.raw)
		}
	}
}
