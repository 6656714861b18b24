package checkout

import (
	"slices"
	"strings"

	"entrepot"
	"entrepot/grains/query"
	"entrepot/grains/sales/order"
)

// Totals returns what each group costs and the sum of all. currency is empty, and
// the sum meaningless, if the groups are in several currencies.
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

// CheckTotal returns an error that names the current total if it differs from the
// expected one.
func CheckTotal(expected *entrepot.Amount, groups []*order.Group) error {
	if expected == nil {
		return nil
	}
	currency := groups[0].Currency
	var total int64
	for _, g := range groups {
		if g.Currency != currency {
			return entrepot.Invalid("expectedTotal", "currency", "shops of several currencies have no one total")
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

// NameLines replaces the variant ids in an out-of-stock error by the request's fields.
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

// maxLine is how many pieces one line of an order may have.
const maxLine = 10_000
