package promotion

import (
	"math/big"
	"testing"
	"time"

	"entrepot"

	"pgregory.net/rapid"
)

// The shares of a total are exact, in proportion to less than one unit, and no
// line gets more than it costs.
func TestSharesLoseNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOfN(rapid.OneOf(rapid.Int64Range(0, 5), rapid.Int64Range(0, 100_000), rapid.Int64Range(0, entrepot.MaxMinor)), 1, 200).Draw(t, "weights")
		all := sum(weights)
		total := rapid.Int64Range(0, all).Draw(t, "total")
		got := Shares(total, weights)
		if sum(got) != total {
			t.Fatalf("%d of %d", sum(got), total)
		}
		for i, s := range got {
			if s < 0 || s > weights[i] {
				t.Fatalf("share %d of a weight of %d", s, weights[i])
			}
			if all == 0 {
				continue
			}
			exact := new(big.Int).Mul(big.NewInt(total), big.NewInt(weights[i])) // times all
			mine := new(big.Int).Mul(big.NewInt(s), big.NewInt(all))
			if off := exact.Sub(exact, mine); off.CmpAbs(big.NewInt(all)) >= 0 {
				t.Fatalf("share %d of %d by %d of %d is more than one off", s, total, weights[i], all)
			}
			for j := range got { // equal lines get the same, to one unit
				if weights[j] == weights[i] && (got[j]-s > 1 || s-got[j] > 1) {
					t.Fatalf("equal weights get %d and %d", s, got[j])
				}
			}
		}
	})
}

func TestDiscounts(t *testing.T) {
	t.Parallel()
	mug, cup, tea := entrepot.DeriveID("mug"), entrepot.DeriveID("cup"), entrepot.DeriveID("tea")
	goods := func() []Goods {
		return []Goods{
			{ProductID: mug, ShopID: north, Currency: "EUR", Categories: []string{"kitchen", "home"}, Subtotal: 1000, Rest: 1000},
			{ProductID: cup, ShopID: south, Currency: "EUR", Categories: []string{"kitchen", "home"}, Subtotal: 333, Rest: 333},
			{ProductID: tea, ShopID: south, Currency: "EUR", Categories: []string{"drinks"}, Subtotal: 667, Rest: 600},
		}
	}
	for name, c := range map[string]struct {
		terms Terms
		at    time.Duration
		want  [3]int64
		ships []entrepot.ID
		rule  string
	}{
		"ten percent":           {percent(10), 0, [3]int64{100, 33, 60}, nil, ""},
		"everything":            {percent(100), 0, [3]int64{1000, 333, 600}, nil, ""},
		"rounded half up":       {percent(1, func(x *Terms) { x.ProductIDs = []string{cup} }), 0, [3]int64{0, 3, 0}, nil, ""},
		"an amount":             {Terms{Kind: Amount, Amount: 100, Currency: "EUR"}, 0, [3]int64{52, 17, 31}, nil, ""},
		"no more than they are": {Terms{Kind: Amount, Amount: 5000, Currency: "EUR"}, 0, [3]int64{1000, 333, 600}, nil, ""},
		"of a category above":   {percent(10, func(x *Terms) { x.Categories = []string{"home"} }), 0, [3]int64{100, 33, 0}, nil, ""},
		"of a product or one":   {percent(10, func(x *Terms) { x.ProductIDs, x.Categories = []string{mug}, []string{"drinks"} }), 0, [3]int64{100, 0, 60}, nil, ""},
		"of a shop":             {percent(10, func(x *Terms) { x.ShopIDs = []string{north} }), 0, [3]int64{100, 0, 0}, nil, ""},
		"free shipping":         {Terms{Kind: FreeShipping, Categories: []string{"kitchen"}}, 0, [3]int64{}, []entrepot.ID{north, south}, ""},
		"at the minimum":        {percent(10, func(x *Terms) { x.Minimum, x.Currency = 2000, "EUR" }), 0, [3]int64{100, 33, 60}, nil, ""},
		"below the minimum":     {percent(10, func(x *Terms) { x.Minimum, x.Currency = 2001, "EUR" }), 0, [3]int64{}, nil, "minimum"},
		"the minimum of a kind": {percent(10, func(x *Terms) { x.Minimum, x.Currency, x.ProductIDs = 1001, "EUR", []string{mug} }), 0, [3]int64{}, nil, "minimum"},
		"of other goods":        {percent(10, func(x *Terms) { x.ProductIDs = []string{company} }), 0, [3]int64{}, nil, "goods"},
		"of another currency":   {Terms{Kind: Amount, Amount: 100, Currency: "USD"}, 0, [3]int64{}, nil, "currency"},
		"before its time":       {percent(10, func(x *Terms) { x.StartsAt = start.UnixMilli() }), -time.Millisecond, [3]int64{}, nil, "period"},
		"at its end":            {percent(10, func(x *Terms) { x.EndsAt = start.UnixMilli() }), 0, [3]int64{}, nil, "period"},
		"paused":                {percent(10, func(x *Terms) { x.Paused = true }), 0, [3]int64{}, nil, "paused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := Discounts(&Promotion{Details: Details{Terms: c.terms}}, goods(), start.Add(c.at))
			if c.rule != "" {
				rule(t, err, c.rule)
				return
			}
			if err != nil || [3]int64(d.Lines) != c.want || d.Total != sum(d.Lines) || len(d.FreeShipping) != len(c.ships) {
				t.Fatalf("%+v, %v", d, err)
			}
		})
	}
	_, err := Discounts(&Promotion{Details: Details{Terms: percent(10)}, Status: Deleted}, goods(), start)
	rule(t, err, "exists")
}
