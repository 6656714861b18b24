// Package checkout computes the cost of an order: prices, shipping, promo codes and
// sources. It is the one computation of orders, estimates and cart summaries.
package checkout

import (
	"context"
	"slices"
	"strings"
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/company/company"
	"entrepot/grains/ecommerce/cart"
	"entrepot/grains/query"
	"entrepot/grains/sales/order"
)

// Pricer computes the current cost of lines. It is safe for concurrent use.
type Pricer struct {
	Config
	rates    taxRates
	selling  SellingShops
	shipping shippingRules
	sources  sources
}

// Config is the sources of a [Pricer].
type Config struct {
	Asker grains.Asker
	// Orders is the sales service's database, if it is in this process; otherwise nil,
	// and Purchases, the e-commerce service's, is read instead.
	Orders, Purchases query.Reader
	// Standing returns the standing of a company; nil: every company is in full standing.
	Standing func(company entrepot.ID) string
	Now      func() time.Time // default time.Now
}

// New returns a pricer with empty caches.
func New(c Config) *Pricer {
	if c.Now == nil {
		c.Now = time.Now
	}
	s := &Pricer{Config: c}
	s.rates.init(s.Now)
	s.selling.Init(s.Now)
	s.shipping.init(s.Now)
	s.sources.init(s.Now)
	return s
}

// Offered returns the offer that a line names, or an error for the line's field;
// where is the prefix of its fields ("items[1].").
func (s *Pricer) Offered(ctx context.Context, where string, productID, variantID, shopID entrepot.ID) (Offer, error) {
	return s.selling.offered(ctx, s.Asker, where, productID, variantID, shopID)
}

// Wanted is the input of a quote: lines and promo codes of a customer, and their
// destination.
type Wanted struct {
	ID       entrepot.ID // of the first order
	Customer entrepot.ID // "": a guest
	Lines    []Line
	Codes    []string
	To       Destination
}

// Quote is the cost of lines: a group for each shop with its shipping methods, and the
// effect of each promo code.
type Quote struct {
	Lines    []Line
	Groups   []*order.Group
	Shipping []shippingQuote // of each group
	Codes    []CodeQuote
}

// Quote prices lines by the products, the companies' taxes, the shops' shipping rules
// and the promo codes.
func (s *Pricer) Quote(ctx context.Context, w Wanted) (*Quote, error) {
	if err := s.products(ctx, w.Lines); err != nil {
		return nil, err
	}
	lines, err := merge(w.Lines)
	if err != nil {
		return nil, err
	}
	q := &Quote{Lines: lines}
	if q.Groups, err = s.groups(ctx, w.ID, lines); err != nil {
		return nil, err
	}
	if err := s.ship(ctx, q, w.To); err != nil {
		return nil, err
	}
	q.Codes, err = s.discount(ctx, q, w.Customer, w.Codes)
	return q, err
}

// Line is one line to be ordered. At is its place in the request or the cart.
type Line struct {
	At                                 int
	WantProduct, WantVariant, WantShop entrepot.ID // as the request names them
	Quantity                           int64
	Offer                              // once it is looked up
}

// CartLines returns the lines of a cart.
func CartLines(c *cart.Cart) (out []Line) {
	for i, it := range c.Items {
		out = append(out, Line{
			At: i, WantProduct: it.ProductID, WantVariant: it.VariantID, WantShop: it.ShopID, Quantity: it.Quantity,
		})
	}
	return out
}

// products looks up the offer of each line that has none yet, some at a time.
func (s *Pricer) products(ctx context.Context, lines []Line) error {
	return query.Each(ctx, len(lines), func(ctx context.Context, i int) (err error) {
		l := &lines[i]
		if l.Product != nil {
			return nil
		}
		l.Offer, err = s.Offered(ctx, query.Indexed("items", l.At, "")+".", l.WantProduct, l.WantVariant, l.WantShop)
		return err
	})
}

// merge merges the lines of the same variant and shop.
func merge(lines []Line) ([]Line, error) {
	type key struct{ variant, shop entrepot.ID }
	seen := make(map[key]int, len(lines))
	out := lines[:0]
	for _, l := range lines {
		at, dup := seen[key{l.Variant.ID, l.ShopID}]
		if !dup {
			seen[key{l.Variant.ID, l.ShopID}] = len(out)
			out = append(out, l)
			continue
		}
		if out[at].Quantity += l.Quantity; out[at].Quantity > maxLine {
			return nil, entrepot.Invalid(query.Indexed("items", l.At, "quantity"), "maximum",
				"at most %d of one product", maxLine)
		}
	}
	return out, nil
}

// groups returns the lines by shop, in the order of the first line of each.
func (s *Pricer) groups(ctx context.Context, id entrepot.ID, lines []Line) ([]*order.Group, error) {
	var groups []*order.Group
	for _, l := range lines {
		at := slices.IndexFunc(groups, func(g *order.Group) bool { return g.ShopID == l.ShopID })
		if at < 0 {
			if s.Standing != nil && s.Standing(l.Product.CompanyID) != entrepot.StandingFull {
				e := entrepot.Invalid(query.Indexed("items", l.At, "productId"), "company_suspended",
					"its company takes no orders right now")
				e.Code = entrepot.CodeConflict
				return nil, e
			}
			rate, err := s.rates.of(ctx, s.Asker, l.Product.CompanyID)
			if err != nil {
				return nil, err
			}
			g := &order.Group{
				OrderID: id, CompanyID: l.Product.CompanyID, ShopID: l.ShopID,
				Currency: l.Product.Currency, TaxBasisPoints: rate,
			}
			if at = len(groups); at > 0 {
				g.OrderID = order.SiblingID(id, l.ShopID)
			}
			groups = append(groups, g)
		}
		g := groups[at]
		if g.Currency != l.Product.Currency {
			return nil, entrepot.Invalid(query.Indexed("items", l.At, "productId"), "currency",
				"is sold in %s, other lines of the shop in %s", l.Product.Currency, g.Currency)
		}
		g.Lines = append(g.Lines, order.Line{
			ProductID: l.Product.ID, VariantID: l.Variant.ID, Name: l.Name(), SKU: l.Variant.SKU,
			Quantity: l.Quantity, Price: l.Price,
		})
	}
	return groups, nil
}

// taxRates caches the tax rates of companies for a few seconds.
type taxRates struct{ known query.ReplyCache[int64] }

const taxRateAge = 5 * time.Second

func (r *taxRates) init(now func() time.Time) { r.known.Init(now, taxRateAge) }

func (r *taxRates) of(ctx context.Context, a grains.Asker, companyID entrepot.ID) (int64, error) {
	asked := r.known.Now()
	if basisPoints, _, fresh := r.known.Get(companyID); fresh {
		return basisPoints, nil
	}
	ctx = query.AsPlatform(ctx) // a guest may not read companies
	c, err := grains.Ask(ctx, a, company.Of(companyID), company.Get{})
	if err != nil {
		return 0, err
	}
	r.known.Put(companyID, c.TaxBasisPoints, asked)
	return c.TaxBasisPoints, nil
}

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
