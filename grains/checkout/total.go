package checkout

import (
	"slices"
	"strings"

	"entrepot"
	"entrepot/grains/query"
	"entrepot/grains/sales/order"
)

// Totals returns the cost of each group and their sum. If the groups are in several
// currencies, currency is empty and the sum is meaningless.
func (q *Quote) Totals() (each []order.Totals, sum order.Totals, currency string, err error) {
	one := true
	for _, g := range q.Groups {
		t, err := order.Price(g)
		if err != nil {
			return nil, sum, "", err
		}
		each = append(each, t)
		one = one && (currency == "" || currency == g.Currency)
		currency = g.Currency
		sum.Subtotal += t.Subtotal
		sum.Discount += t.Discount
		sum.Tax += t.Tax
		sum.Shipping += t.Shipping
		sum.Total += t.Total
	}
	if !one {
		currency = ""
	}
	return each, sum, currency, nil
}

// CheckTotal returns a conflict with the current total if that is not the expected one.
func CheckTotal(expected *entrepot.Amount, groups []*order.Group) error {
	if expected == nil {
		return nil
	}
	currency := groups[0].Currency
	var total int64
	for _, g := range groups {
		if g.Currency != currency {
			return entrepot.Invalid("expectedTotal", "currency", "needs items in one currency")
		}
		t, err := order.Price(g)
		if err != nil {
			return err
		}
		if total += t.Total; total > entrepot.MaxMinor {
			return entrepot.Invalid("items", "maximum", "the total is too large")
		}
	}
	want, err := entrepot.ParseMoney("expectedTotal", string(*expected), currency)
	if err != nil {
		return err
	}
	if want.Minor == total {
		return nil
	}
	now := entrepot.Money{Minor: total, Currency: currency}
	e := entrepot.Errorf(entrepot.CodeConflict, "the total is now %s %s", now, currency)
	e.Fields = []entrepot.FieldError{{Field: "expectedTotal", Rule: "current", Message: now.String() + " " + currency}}
	return e
}

// NameLines returns the order grain's error with the request's fields in place of
// variant ids.
func NameLines(err error, lines []Line) error {
	if entrepot.CodeOf(err) != entrepot.CodeOutOfStock {
		return err
	}
	known := *entrepot.AsError(err)
	known.Fields = slices.Clone(known.Fields)
	for i, f := range known.Fields {
		variant, shop, _ := strings.Cut(f.Field, "@")
		for _, l := range lines {
			if l.Variant.ID == variant && (shop == "" || shop == l.ShopID) {
				known.Fields[i].Field = query.Indexed("items", l.At, "quantity")
				break
			}
		}
	}
	return &known
}

// maxLine is the maximum number of pieces of an order's line.
const maxLine = 10_000
