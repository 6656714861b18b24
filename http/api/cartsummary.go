package api

import (
	"context"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/cart/cartpb"
	"entrepot/grains/order"
	"entrepot/grains/promotion/promotionpb"
	"entrepot/grains/sourcing/sourcingpb"
	"entrepot/grains/stock/stockpb"
)

// CartSummary is a cart as it is now, and what an order of it would cost.
type CartSummary struct {
	CartView
	Items []CheckedItem `json:"items"`
	Estimate
}

// CheckedItem is a line compared with what is sold now.
type CheckedItem struct {
	CartItem
	PriceNow  *entrepot.Amount `json:"priceNow,omitempty" doc:"of one piece, when it differs"`
	Available bool             `json:"available" doc:"that many can be ordered now"`
	InStock   *int64           `json:"inStock,omitempty" doc:"how many there are, when they are fewer"`
	Notes     []string         `json:"notes,omitempty" example:"[\"price_lower\"]" doc:"price_lower, price_higher, low_stock, out_of_stock, not_sold"`
}

// Estimate is what an order would cost: an order a shop. Lines that are not sold
// any more, and codes that do not apply, are not in it.
type Estimate struct {
	Orders     []OrderEstimate `json:"orders"`
	Promotions []CodeView      `json:"promotions,omitempty"`
	Pricing    *Pricing        `json:"pricing,omitempty" doc:"of all orders together, when they are in one currency; pricing.total is the expectedTotal of the order"`
}

// OrderEstimate is what one shop's order would cost.
type OrderEstimate struct {
	CompanyID entrepot.ID `json:"companyId"`
	ShopID    entrepot.ID `json:"shopId"`
	Currency  string      `json:"currency"`
	Pricing   Pricing     `json:"pricing"`

	ShippingMethod  string          `json:"shippingMethod,omitempty" doc:"that is in the pricing"`
	ShippingMethods []ShippingOffer `json:"shippingMethods,omitempty" doc:"to choose from, the cheapest first, before promo codes"`
	ShippingOpen    bool            `json:"shippingOpen,omitempty" doc:"what sending costs is not in the pricing: it depends on the country"`
}

// CodeView is what a promo code gives, or why it gives nothing.
type CodeView struct {
	Code         string          `json:"code"`
	Applies      bool            `json:"applies"`
	Discount     entrepot.Amount `json:"discount" doc:"off the goods"`
	Shipping     entrepot.Amount `json:"shipping" doc:"off the shipping"`
	FreeShipping bool            `json:"freeShipping,omitempty"`
	Currency     string          `json:"currency,omitempty"`
	Rule         string          `json:"rule,omitempty" doc:"that it breaks: exists, paused, period, goods, minimum, currency, limit, first_order"`
	Message      string          `json:"message,omitempty"`
}

func (s *cartAPI) summary(ctx context.Context, _ *struct{}) (*answer[CartSummary], error) {
	c, err := s.ask(ctx, &cartpb.Get{})
	if err != nil {
		return nil, err
	}
	items, lines, err := s.checked(ctx, c)
	if err != nil {
		return nil, err
	}
	out := CartSummary{CartView: cartOf(c), Items: items}
	out.CartView.Items = nil
	if len(lines) > 0 {
		q, err := s.quote(ctx, s.wanted(ctx, lines, c.PromoCodes))
		if err != nil {
			return nil, err
		}
		if out.Estimate, err = estimateOf(q); err != nil {
			return nil, err
		}
	}
	return answerOf(out), nil
}

// checked compares each line with what is sold now; lines are those that are.
func (s *cartAPI) checked(ctx context.Context, c *cartpb.Cart) (items []CheckedItem, lines []line, err error) {
	all := cartLines(c)
	items = make([]CheckedItem, len(all))
	err = each(ctx, len(all), func(ctx context.Context, i int) (err error) {
		l := &all[i]
		items[i] = CheckedItem{CartItem: cartItemOf(c.Items[i])}
		l.offer, err = s.selling.offered(ctx, s.Asker, "", l.wantProduct, l.wantVariant, l.wantShop)
		if err != nil {
			items[i].Notes = []string{"not_sold"}
			return unlessRefused(err)
		}
		left, err := s.left(ctx, l)
		items[i].compare(c.Items[i], l, left)
		return err
	})
	for _, l := range all {
		if l.product != nil {
			lines = append(lines, l)
		}
	}
	return items, lines, err
}

// left is how many pieces the shop may promise, at all locations that its orders
// may come from. How many is no secret: ordering more tells it anyway.
func (s *cartAPI) left(ctx context.Context, l *line) (sum int64, err error) {
	ctx = entrepot.WithCaller(ctx, entrepot.SystemCaller("cart summary"))
	from, err := grains.Ask[*sourcingpb.Sourcing](ctx, s.Asker, sourcingpb.Kind, sourcingpb.ID(l.shopID), &sourcingpb.Get{ShopId: l.shopID})
	if err != nil {
		return 0, err
	}
	for _, at := range from.GetLocations() {
		it, err := grains.Ask[*stockpb.Item](ctx, s.Asker, stockpb.Kind, stockpb.ID(l.variant.Id, at.GetLocationId()), &stockpb.Get{})
		if err != nil && entrepot.CodeOf(err) != entrepot.CodeNotFound {
			return 0, err
		}
		sum += it.GetPromisable()
	}
	return sum, nil
}

func (v *CheckedItem) compare(had *cartpb.Item, l *line, left int64) {
	if now := amount(l.price, l.product.Currency); l.price != had.PriceMinor || l.product.Currency != had.Currency {
		v.PriceNow = &now
		note := "price_lower"
		if l.price > had.PriceMinor {
			note = "price_higher"
		}
		v.Notes = append(v.Notes, note)
	}
	if v.Available = left >= had.Quantity; !v.Available {
		v.InStock = &left
		note := "low_stock"
		if left <= 0 {
			note = "out_of_stock"
		}
		v.Notes = append(v.Notes, note)
	}
}

type estimateInput struct {
	Body *struct {
		Country         string            `json:"country,omitempty" minLength:"2" maxLength:"100" example:"DE" doc:"where the goods go; without it shipping is left open where shops have rules"`
		PostalCode      string            `json:"postalCode,omitempty" maxLength:"20" example:"20457"`
		ShippingMethod  string            `json:"shippingMethod,omitempty" maxLength:"40" example:"standard" doc:"default: each shop's cheapest"`
		ShippingMethods map[string]string `json:"shippingMethods,omitempty" maxProperties:"50" doc:"methods of single shops by their ids, before shippingMethod"`
		PromoCodes      []string          `json:"promoCodes,omitempty" maxItems:"5" nullable:"false" doc:"default: the cart's"`
	}
}

func (s *cartAPI) estimate(ctx context.Context, in *estimateInput) (*answer[Estimate], error) {
	c, err := s.ask(ctx, &cartpb.Get{})
	if err != nil {
		return nil, err
	}
	codes, lines := c.PromoCodes, cartLines(c)
	if in.Body != nil && in.Body.PromoCodes != nil {
		codes = in.Body.PromoCodes
	}
	if len(lines) == 0 {
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the cart is empty")
	}
	w := s.wanted(ctx, lines, codes)
	if b := in.Body; b != nil {
		w.to = destination{"", b.Country, b.PostalCode, b.ShippingMethod, b.ShippingMethods}
	}
	q, err := s.quote(ctx, w)
	if err != nil {
		return nil, err
	}
	e, err := estimateOf(q)
	if err != nil {
		return nil, err
	}
	return answerOf(e), nil
}

// wanted is the caller's cart, sent to a place that is not known.
func (s *cartAPI) wanted(ctx context.Context, lines []line, codes []string) wanted {
	w := wanted{id: entrepot.NewID(), lines: lines, codes: codes}
	if c := entrepot.CallerFrom(ctx); c.Role == entrepot.Customer {
		w.customer = c.UserID
	}
	return w
}

// estimateOf prices the quote's groups as the orders will be.
func estimateOf(q *quote) (e Estimate, err error) {
	sum, currency, one := order.Totals{}, "", true
	for i, g := range q.groups {
		t, err := order.Price(g)
		if err != nil {
			return e, err
		}
		ship := q.shipping[i]
		e.Orders = append(e.Orders, OrderEstimate{
			g.CompanyId, g.ShopId, g.Currency, pricingOf(t, g.Currency), g.ShippingMethod, offersOf(ship.offers, g.Currency), ship.open,
		})
		one = one && (currency == "" || currency == g.Currency)
		currency = g.Currency
		sum.Subtotal += t.Subtotal
		sum.Discount += t.Discount
		sum.Tax += t.Tax
		sum.Shipping += t.Shipping
		sum.Total += t.Total
	}
	if one {
		p := pricingOf(sum, currency)
		e.Pricing = &p
	}
	for _, c := range q.codes {
		e.Promotions = append(e.Promotions, c.view())
	}
	return e, nil
}

func pricingOf(t order.Totals, currency string) Pricing {
	m := func(minor int64) entrepot.Amount { return amount(minor, currency) }
	return Pricing{Subtotal: m(t.Subtotal), Tax: m(t.Tax), Shipping: m(t.Shipping), Discount: m(t.Discount), Total: m(t.Total)}
}

func (c *codeQuote) view() CodeView {
	v := CodeView{Code: c.code, Applies: c.refusal == nil, FreeShipping: c.freeShipping, Currency: c.currency}
	if c.currency != "" {
		v.Discount, v.Shipping = amount(c.discount, c.currency), amount(c.shipping, c.currency)
	}
	if c.refusal != nil {
		v.Rule, v.Message = c.refusal.Fields[0].Rule, c.refusal.Fields[0].Message
	}
	return v
}

// Promo codes of the cart.

type promoInput struct {
	KeyHeader
	RawBody []byte
	Body    struct {
		Code string `json:"code" minLength:"1" maxLength:"40" example:"WELCOME10"`
	}
}

// PromoCart is the cart with what its codes give.
type PromoCart struct {
	CartView
	Promotions []CodeView `json:"promotions"`
}

// addPromo enters a code that gives something for what is in the cart now.
func (s *cartAPI) addPromo(ctx context.Context, in *promoInput) (*answer[PromoCart], error) {
	code := promotionpb.Code(in.Body.Code)
	c, err := s.ask(ctx, &cartpb.Get{})
	if err != nil {
		return nil, err
	}
	_, lines, err := s.checked(ctx, c)
	if err != nil {
		return nil, err
	}
	if len(lines) == 0 {
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the cart is empty")
	}
	codes := append(c.PromoCodes[:len(c.PromoCodes):len(c.PromoCodes)], code)
	if len(codes) > maxCodes {
		codes = codes[len(codes)-maxCodes:] // the cart's grain says that it is one too many
	}
	q, err := s.quote(ctx, s.wanted(ctx, lines, codes))
	if err != nil {
		return nil, err
	}
	for _, entered := range q.codes {
		if entered.code != code || entered.refusal == nil {
			continue
		}
		e := *entered.refusal
		if e.Fields[0].Rule == "exists" {
			e.Code = entrepot.CodeNotFound
		}
		return nil, &e
	}
	ctx, _ = in.command(ctx, "promo", in.RawBody)
	if c, err = s.ask(ctx, &cartpb.AddPromo{Code: code}); err != nil {
		return nil, err
	}
	out := PromoCart{CartView: cartOf(c)}
	for i := range q.codes {
		out.Promotions = append(out.Promotions, q.codes[i].view())
	}
	return answerOf(out), nil
}

type promoPath struct {
	Code string `path:"code" maxLength:"40" example:"WELCOME10"`
}

func (s *cartAPI) removePromo(ctx context.Context, in *promoPath) (*answer[CartView], error) {
	return s.answer(ctx, &cartpb.RemovePromo{Code: promotionpb.Code(in.Code)})
}
