package api

import (
	"context"
	"slices"
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/cart/cartpb"
	"entrepot/grains/company/companypb"
	"entrepot/grains/order/orderpb"
)

// pricing finds what lines cost now: the one way for checkout, summary and estimate.
type pricing struct {
	Deps
	rates    taxRates
	selling  sellingShops
	shipping shippingRules
}

func (s *pricing) init(d Deps) {
	s.Deps = d.withDefaults()
	s.rates.init(s.Now)
	s.selling.init(s.Now)
	s.shipping.init(s.Now)
}

// wanted is what is to be priced: lines with promo codes, for a customer, sent somewhere.
type wanted struct {
	id       entrepot.ID // of the first order
	customer entrepot.ID // "": a guest
	lines    []line
	codes    []string
	to       destination
}

// quote is what lines cost: a group a shop, how each may be sent, and what the
// promo codes did.
type quote struct {
	lines    []line
	groups   []*orderpb.Group
	shipping []shippingQuote // of each group
	codes    []codeQuote
}

// quote prices lines by the products, the shops, the companies' taxes, the shipping
// rules and the codes.
func (s *pricing) quote(ctx context.Context, w wanted) (*quote, error) {
	if err := s.products(ctx, w.lines); err != nil {
		return nil, err
	}
	lines, err := merge(w.lines)
	if err != nil {
		return nil, err
	}
	q := &quote{lines: lines}
	if q.groups, err = s.groups(ctx, w.id, lines); err != nil {
		return nil, err
	}
	if err := s.ship(ctx, q, w.to); err != nil {
		return nil, err
	}
	q.codes, err = s.discount(ctx, q, w.customer, w.codes)
	return q, err
}

// line is one line on its way into an order; at is its place in the request or the cart.
type line struct {
	at                                 int
	wantProduct, wantVariant, wantShop entrepot.ID // as they were named
	quantity                           int64
	offer                              // once it was looked up
}

// cartLines are a cart's.
func cartLines(c *cartpb.Cart) (out []line) {
	for i, it := range c.Items {
		out = append(out, line{at: i, wantProduct: it.ProductId, wantVariant: it.VariantId, wantShop: it.ShopId, quantity: it.Quantity})
	}
	return out
}

// products asks for the product of each line that was not looked up, some at a time, and settles its shop.
func (s *pricing) products(ctx context.Context, lines []line) error {
	return each(ctx, len(lines), func(ctx context.Context, i int) (err error) {
		l := &lines[i]
		if l.product != nil {
			return nil
		}
		l.offer, err = s.selling.offered(ctx, s.Asker, indexed("items", l.at, "")+".", l.wantProduct, l.wantVariant, l.wantShop)
		return err
	})
}

// merge makes one line of all of the same variant and shop.
func merge(lines []line) ([]line, error) {
	type key struct{ variant, shop entrepot.ID }
	seen := make(map[key]int, len(lines))
	out := lines[:0]
	for _, l := range lines {
		at, dup := seen[key{l.variant.Id, l.shopID}]
		if !dup {
			seen[key{l.variant.Id, l.shopID}] = len(out)
			out = append(out, l)
			continue
		}
		if out[at].quantity += l.quantity; out[at].quantity > maxLine {
			return nil, entrepot.Invalid(indexed("items", l.at, "quantity"), "maximum", "at most %d of one product", maxLine)
		}
	}
	return out, nil
}

// groups are the lines by shop, in the order of the first line of each.
func (s *pricing) groups(ctx context.Context, id entrepot.ID, lines []line) ([]*orderpb.Group, error) {
	var groups []*orderpb.Group
	for _, l := range lines {
		at := slices.IndexFunc(groups, func(g *orderpb.Group) bool { return g.ShopId == l.shopID })
		if at < 0 {
			if s.Standing != nil && s.Standing.Company(l.product.CompanyId) != entrepot.StandingFull {
				e := entrepot.Invalid(indexed("items", l.at, "productId"), "company_suspended", "its company takes no orders right now")
				e.Code = entrepot.CodeConflict
				return nil, e
			}
			rate, err := s.rates.of(ctx, s.Asker, l.product.CompanyId)
			if err != nil {
				return nil, err
			}
			g := &orderpb.Group{
				OrderId: id, CompanyId: l.product.CompanyId, ShopId: l.shopID,
				Currency: l.product.Currency, TaxBasisPoints: rate,
			}
			if at = len(groups); at > 0 {
				g.OrderId = orderpb.SiblingID(id, l.shopID)
			}
			groups = append(groups, g)
		}
		g := groups[at]
		if g.Currency != l.product.Currency {
			return nil, entrepot.Invalid(indexed("items", l.at, "productId"), "currency",
				"is sold in %s, other lines of the shop in %s", l.product.Currency, g.Currency)
		}
		g.Lines = append(g.Lines, &orderpb.Line{
			ProductId: l.product.Id, VariantId: l.variant.Id, Name: l.name(), Sku: l.variant.Sku, Quantity: l.quantity, PriceMinor: l.price,
		})
	}
	return groups, nil
}

// taxRates keeps the tax rates of companies for a few seconds.
type taxRates struct{ known briefly[int64] }

const taxRateAge = 5 * time.Second

func (r *taxRates) init(now func() time.Time) { r.known.init(now, taxRateAge) }

func (r *taxRates) of(ctx context.Context, a grains.Asker, company entrepot.ID) (int64, error) {
	asked := r.known.now()
	if basisPoints, _, fresh := r.known.get(company); fresh {
		return basisPoints, nil
	}
	ctx = entrepot.WithCaller(ctx, entrepot.SystemCaller("tax rate")) // a guest may not ask companies
	c, err := grains.Ask[*companypb.Company](ctx, a, companypb.Kind, company, &companypb.Get{})
	if err != nil {
		return 0, err
	}
	r.known.put(company, c.TaxBasisPoints, asked)
	return c.TaxBasisPoints, nil
}
