package checkout

import (
	"context"
	"slices"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/ecommerce/categories"
	"entrepot/grains/ecommerce/promotion"
	"entrepot/grains/query"
	"entrepot/grains/sales/order"
)

// MaxCodes is the maximum number of promo codes of a checkout.
const MaxCodes = 5

// CodeQuote is the effect of a promo code on lines, or the reason why it has none.
type CodeQuote struct {
	Code         string
	Discount     int64 // off the goods, in minor units of currency
	Shipping     int64 // off the shipping
	Currency     string
	FreeShipping bool
	Refusal      *entrepot.Error
}

// discount applies the codes to the quote's lines, one code after the other. A code
// belongs to a company, so each is looked up at every company of the quote.
func (s *Pricer) discount(
	ctx context.Context, q *Quote, customer entrepot.ID, codes []string,
) ([]CodeQuote, error) {
	codes, err := distinctCodes(codes)
	if err != nil || len(codes) == 0 {
		return nil, err
	}
	goods := companyGoodsOf(q)
	found, err := s.promotions(ctx, goods, codes)
	if err != nil {
		return nil, err
	}
	if err := s.categories(ctx, goods, found); err != nil {
		return nil, err
	}
	if err := s.returning(ctx, customer, goods, found); err != nil {
		return nil, err
	}
	out := make([]CodeQuote, 0, len(codes))
	for i, code := range codes {
		c := CodeQuote{Code: code}
		for at, company := range goods {
			if p := found[i*len(goods)+at]; p != nil {
				s.apply(q, company, p, &c)
			}
		}
		if c.Currency == "" && c.Refusal == nil {
			c.Refusal = codeError("exists", "no company of these goods has such a code")
		}
		if c.Currency != "" {
			c.Refusal = nil // it applies to one company's goods
		}
		out = append(out, c)
	}
	return out, nil
}

func distinctCodes(codes []string) (out []string, err error) {
	for i, c := range codes {
		c = promotion.Code(c)
		if c == "" || len(c) > promotion.MaxCode {
			return nil, entrepot.Invalid(query.Indexed("promoCodes", i, ""), "code",
				"must be 1 to %d characters", promotion.MaxCode)
		}
		if !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	if len(out) > MaxCodes {
		return nil, entrepot.Invalid("promoCodes", "maxItems", "at most %d codes", MaxCodes)
	}
	return out, nil
}

// companyGoods is the lines of one company in one currency, which its codes apply to.
type companyGoods struct {
	company, currency string
	returning         bool // the customer has ordered there before; read if a code needs it
	lines             []*order.Line
	groups            []*order.Group // of each line
	goods             []promotion.Goods
}

// companyGoodsOf returns a quote's lines by company and currency.
func companyGoodsOf(q *Quote) (out []*companyGoods) {
	categories := map[entrepot.ID]string{}
	for _, l := range q.Lines {
		categories[l.Product.ID] = l.Product.Category
	}
	for _, g := range q.Groups {
		at := slices.IndexFunc(out, func(c *companyGoods) bool {
			return c.company == g.CompanyID && c.currency == g.Currency
		})
		if at < 0 {
			at, out = len(out), append(out, &companyGoods{company: g.CompanyID, currency: g.Currency})
		}
		c := out[at]
		for i := range g.Lines {
			l := &g.Lines[i]
			cost := l.Price * l.Quantity
			c.lines, c.groups = append(c.lines, l), append(c.groups, g)
			c.goods = append(c.goods, promotion.Goods{
				ProductID: l.ProductID, ShopID: g.ShopID, Currency: g.Currency, Categories: []string{categories[l.ProductID]},
				Subtotal: cost, Rest: cost,
			})
		}
	}
	return out
}

// categories adds the categories above each product's, for companies with codes for
// categories.
func (s *Pricer) categories(
	ctx context.Context, goods []*companyGoods, found []*promotion.Promotion,
) error {
	return query.Each(ctx, len(goods), func(ctx context.Context, at int) error {
		c, asked := goods[at], false
		for i := at; i < len(found); i += len(goods) {
			asked = asked || (found[i] != nil && len(found[i].Terms.Categories) > 0)
		}
		if !asked {
			return nil
		}
		tree, err := grains.Ask(ctx, s.Asker, categories.Of(categories.ID(c.company)), categories.Get{})
		if err != nil {
			return err
		}
		paths := tree.Paths()
		for i := range c.goods {
			if path := paths[c.goods[i].Categories[0]]; path != nil {
				c.goods[i].Categories = path
			}
		}
		return nil
	})
}

// promotions returns the promotion of each code at each company: of code i at company
// j at index i*len(goods)+j, or nil if the company has no such code.
func (s *Pricer) promotions(
	ctx context.Context, goods []*companyGoods, codes []string,
) ([]*promotion.Promotion, error) {
	found := make([]*promotion.Promotion, len(codes)*len(goods))
	ctx = query.AsPlatform(ctx) // a customer may use a code without the right to read it
	err := query.Each(ctx, len(found), func(ctx context.Context, i int) error {
		id := promotion.ID(goods[i%len(goods)].company, codes[i/len(goods)])
		p, err := grains.Ask(ctx, s.Asker, promotion.Of(id), promotion.Get{})
		if entrepot.CodeOf(err) == entrepot.CodeNotFound {
			return nil
		}
		found[i] = p
		return err
	})
	return found, err
}

// apply takes the discount of a promotion off its company's lines.
func (s *Pricer) apply(q *Quote, c *companyGoods, p *promotion.Promotion, out *CodeQuote) {
	d, err := promotion.Discounts(p, c.goods, s.Now())
	if err != nil {
		out.Refusal = entrepot.AsError(err)
		return
	}
	if terms := p.Terms; terms.Total > 0 && p.Used+p.Claimed >= terms.Total {
		out.Refusal = codeError("limit", "the code has been used as often as it may be")
		return
	}
	if c.returning && p.Terms.FirstOrder {
		out.Refusal = codeError("first_order", "the code is for the first order with the company only")
		return
	}
	off := map[*order.Group]int64{}
	for i, n := range d.Lines {
		c.goods[i].Rest -= n
		c.lines[i].Discount += n
		off[c.groups[i]] += n
	}
	out.Currency = c.currency
	for _, g := range q.Groups {
		free := slices.Contains(d.FreeShipping, g.ShopID) && slices.Contains(c.groups, g)
		if !free && off[g] == 0 {
			continue
		}
		out.FreeShipping = out.FreeShipping || free
		if off[g] == 0 && g.Shipping == 0 {
			continue // no discount here, so no use is spent
		}
		shipping := int64(0)
		if free {
			shipping, g.Shipping = g.Shipping, 0
		}
		out.Shipping += shipping
		out.Discount += off[g]
		g.Promotions = append(g.Promotions, order.Promotion{
			ID: p.ID, Code: p.Code, Discount: off[g], FreeShipping: free, Version: p.Version,
			PerCustomer: p.Terms.PerCustomer, Shipping: shipping, FirstOrder: p.Terms.FirstOrder,
		})
	}
}

func codeError(rule, message string) *entrepot.Error {
	e := entrepot.Invalid("code", rule, "%s", message)
	e.Code = entrepot.CodeConflict
	return e
}

// CodeRefused returns the error of a checkout with a refused code, in the form of the
// order grain's.
func CodeRefused(c CodeQuote) error {
	e := *c.Refusal
	why := e.Fields[0]
	e.Fields = []entrepot.FieldError{{Field: "promoCodes." + c.Code, Rule: why.Rule, Message: why.Message}}
	e.Message = "the promo code " + c.Code + " cannot be used: " + why.Message
	return &e
}
