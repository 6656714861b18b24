package checkout

import (
	"fmt"
	"testing"
	"time"

	"entrepot"
	"entrepot/grains/ecommerce/product"
	"entrepot/grains/ecommerce/promotion"
	"entrepot/grains/sales/order"
	"entrepot/grains/shop/shipping"

	"pgregory.net/rapid"
)

// drawnRules draws the shipping rules of a shop, or nil.
func drawnRules(t *rapid.T) *shipping.Rules {
	if rapid.IntRange(0, 3).Draw(t, "rules") == 0 {
		return nil
	}
	z := shipping.Zone{Name: "z", Countries: []string{"DE"}}
	for j := range rapid.IntRange(1, 3).Draw(t, "methods") {
		m := shipping.Method{
			ID: fmt.Sprint("m", j), Name: "m", Price: rapid.Int64Range(0, 5000).Draw(t, "price"),
			FreeFrom: rapid.Int64Range(0, 100_000).Draw(t, "free from"),
		}
		if rapid.Bool().Draw(t, "steps") {
			m.SubtotalSteps = []shipping.Step{
				{From: rapid.Int64Range(1, 50_000).Draw(t, "from"), Price: rapid.Int64Range(0, 5000).Draw(t, "step")},
			}
		}
		z.Methods = append(z.Methods, m)
	}
	return &shipping.Rules{Currency: "EUR", Taxed: rapid.Bool().Draw(t, "taxed"), Zones: []shipping.Zone{z}}
}

func drawnCode(t *rapid.T, i int, shops []entrepot.ID) *promotion.Promotion {
	terms := promotion.Terms{
		Kind:     rapid.SampledFrom([]string{promotion.Amount, promotion.Percent, promotion.FreeShipping}).Draw(t, "kind"),
		Currency: "EUR",
	}
	switch terms.Kind {
	case promotion.Amount:
		terms.Amount = rapid.Int64Range(1, 200_000).Draw(t, "amount")
	case promotion.Percent:
		terms.Percent = rapid.Int64Range(1, 100).Draw(t, "percent")
	}
	if rapid.Bool().Draw(t, "of a shop") {
		terms.ShopIDs = []entrepot.ID{rapid.SampledFrom(shops).Draw(t, "shop")}
	}
	return &promotion.Promotion{Status: promotion.Active, Details: promotion.Details{
		ID: entrepot.DeriveID("p", fmt.Sprint(i)), Code: fmt.Sprint("CODE", i), Terms: terms, Version: 1,
	}}
}

// For any lines, shipping and codes, no amount is negative, the parts sum up to the
// total, and the discounts of the codes are those of the groups.
func TestPricesAreSound(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := New(Config{Now: func() time.Time { return time.UnixMilli(1_750_000_000_000) }})
		q, shops := &Quote{}, []entrepot.ID(nil)
		sent, rate := map[entrepot.ID]int64{}, rapid.Int64Range(0, 2500).Draw(t, "tax")
		to := Destination{Country: "DE"}
		for i := range rapid.IntRange(1, 3).Draw(t, "shops") {
			g := &order.Group{
				ShopID: entrepot.DeriveID("shop", fmt.Sprint(i)), CompanyID: "c", Currency: "EUR", TaxBasisPoints: rate,
			}
			for j := range rapid.IntRange(1, 4).Draw(t, "lines") {
				p := &product.Product{ID: entrepot.DeriveID("product", fmt.Sprint(i, j)), Category: "tea"}
				l := order.Line{
					ProductID: p.ID, VariantID: p.ID, Quantity: rapid.Int64Range(1, 50).Draw(t, "quantity"),
					Price: rapid.Int64Range(0, 20_000).Draw(t, "price"),
				}
				g.Lines, q.Lines = append(g.Lines, l), append(q.Lines, Line{Offer: Offer{Product: p}})
			}
			q.Groups, shops = append(q.Groups, g), append(shops, g.ShopID)
			if rules := drawnRules(t); rules != nil {
				if _, err := shipGroup(g, rules, to); err != nil {
					t.Fatal(err)
				}
			}
			sent[g.ShopID] = g.Shipping
		}
		codes := make([]CodeQuote, rapid.IntRange(0, 4).Draw(t, "codes"))
		goods := companyGoodsOf(q)[0]
		for i := range codes {
			s.apply(q, goods, drawnCode(t, i, shops), &codes[i])
		}
		var off, goodsOff, freed, discounts int64
		for _, g := range q.Groups {
			p, err := order.Price(g)
			if err != nil {
				t.Fatal(err)
			}
			if p.Total != p.Subtotal-p.Discount+p.Tax+p.Shipping || p.Total < 0 || p.Tax < 0 || p.Shipping < 0 ||
				p.Discount < 0 || p.Discount > p.Subtotal {
				t.Fatalf("%+v", p)
			}
			var mine int64
			for _, used := range g.Promotions {
				mine += used.Shipping
				discounts += used.Discount
				if used.Shipping < 0 || (used.Shipping == 0 && used.Discount == 0) {
					t.Fatalf("a use without a discount: %+v", used)
				}
			}
			if p.Shipping+mine != sent[g.ShopID] || mine > sent[g.ShopID] {
				t.Fatalf("%d of %d were taken off, %d are left", mine, sent[g.ShopID], p.Shipping)
			}
			freed, off = freed+mine, off+p.Discount
		}
		for _, c := range codes {
			freed, goodsOff = freed-c.Shipping, goodsOff+c.Discount
		}
		if freed != 0 || goodsOff != off || discounts != off {
			t.Fatalf("the codes have %d of shipping and %d of goods more than the groups", freed, goodsOff-off)
		}
	})
}
