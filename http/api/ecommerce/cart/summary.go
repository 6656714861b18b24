package cart

import (
	"context"

	"entrepot"
	"entrepot/grains/checkout"
	"entrepot/grains/ecommerce/cart"
	"entrepot/grains/ecommerce/promotion"
	"entrepot/grains/query"
	"entrepot/grains/sales/order"
	"entrepot/grains/shop/shipping"
	"entrepot/http/rest"
)

// CartSummary is the cart compared with the current offers, and the cost of its order.
type CartSummary struct {
	CartView
	Items []CheckedItem `json:"items"`
	Estimate
}

// CheckedItem is a line compared with the current offer.
type CheckedItem struct {
	CartItem
	PriceNow  *entrepot.Amount `json:"priceNow,omitempty" doc:"of one piece, when it differs"`
	Available bool             `json:"available" doc:"the quantity can be ordered now"`
	InStock   *int64           `json:"inStock,omitempty" doc:"available quantity, if lower"`
	Notes     []string         `json:"notes,omitempty" example:"[\"price_lower\"]" doc:"price_lower, price_higher, low_stock, out_of_stock, not_sold"`
}

// Estimate is the cost of a checkout: an order for each shop. It leaves out lines that
// are no longer sold and codes that do not apply.
type Estimate struct {
	Orders     []OrderEstimate `json:"orders"`
	Promotions []CodeView      `json:"promotions,omitempty"`
	Pricing    *rest.Pricing   `json:"pricing,omitempty" doc:"of all orders together, when they are in one currency; pricing.total is the expectedTotal of the order"`
}

// OrderEstimate is the cost of one shop's order.
type OrderEstimate struct {
	CompanyID entrepot.ID  `json:"companyId"`
	ShopID    entrepot.ID  `json:"shopId"`
	Currency  string       `json:"currency"`
	Pricing   rest.Pricing `json:"pricing"`

	ShippingMethod  string          `json:"shippingMethod,omitempty" doc:"method included in the pricing"`
	ShippingMethods []ShippingOffer `json:"shippingMethods,omitempty" doc:"to choose from, the cheapest first, before promo codes"`
	ShippingOpen    bool            `json:"shippingOpen,omitempty" doc:"shipping is not included: it depends on the country"`
}

// CodeView is the discount of a promo code, or the reason why it has none.
type CodeView struct {
	Code         string          `json:"code"`
	Applies      bool            `json:"applies"`
	Discount     entrepot.Amount `json:"discount" doc:"off the goods"`
	Shipping     entrepot.Amount `json:"shipping" doc:"off the shipping"`
	FreeShipping bool            `json:"freeShipping,omitempty"`
	Currency     string          `json:"currency,omitempty"`
	Rule         string          `json:"rule,omitempty" doc:"broken rule: exists, paused, period, goods, minimum, currency, limit, first_order"`
	Message      string          `json:"message,omitempty"`
}

func (s *cartAPI) summary(ctx context.Context, _ *struct{}) (*rest.Answer[CartSummary], error) {
	c, err := s.ask(ctx, cart.Get{})
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
		q, err := s.Pricing.Quote(ctx, s.wanted(ctx, lines, c.PromoCodes))
		if err != nil {
			return nil, err
		}
		if out.Estimate, err = estimateOf(q); err != nil {
			return nil, err
		}
	}
	return rest.AnswerOf(out), nil
}

// checked compares each line with its current offer, and returns the lines that are
// still sold.
func (s *cartAPI) checked(ctx context.Context, c *cart.Cart) (items []CheckedItem, lines []checkout.Line, err error) {
	all := checkout.CartLines(c)
	items = make([]CheckedItem, len(all))
	err = query.Each(ctx, len(all), func(ctx context.Context, i int) (err error) {
		l := &all[i]
		items[i] = CheckedItem{CartItem: cartItemOf(c.Items[i])}
		l.Offer, err = s.Pricing.Offered(ctx, "", l.WantProduct, l.WantVariant, l.WantShop)
		if err != nil {
			items[i].Notes = []string{"not_sold"}
			return unlessRefused(err)
		}
		left, err := s.Pricing.Left(ctx, l)
		items[i].compare(c.Items[i], l, left)
		return err
	})
	for _, l := range all {
		if l.Product != nil {
			lines = append(lines, l)
		}
	}
	return items, lines, err
}

func (v *CheckedItem) compare(had cart.Item, l *checkout.Line, left int64) {
	if now := rest.Amount(l.Price, l.Product.Currency); l.Price != had.Price || l.Product.Currency != had.Currency {
		v.PriceNow = &now
		note := "price_lower"
		if l.Price > had.Price {
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
		Country         string            `json:"country,omitempty" minLength:"2" maxLength:"100" example:"DE" doc:"destination; without it, shipping is left open for shops with rules"`
		PostalCode      string            `json:"postalCode,omitempty" maxLength:"20" example:"20457"`
		ShippingMethod  string            `json:"shippingMethod,omitempty" maxLength:"40" example:"standard" doc:"default: each shop's cheapest"`
		ShippingMethods map[string]string `json:"shippingMethods,omitempty" maxProperties:"50" doc:"methods of single shops by their ids, before shippingMethod"`
		PromoCodes      []string          `json:"promoCodes,omitempty" maxItems:"5" nullable:"false" doc:"default: the cart's"`
	}
}

func (s *cartAPI) estimate(ctx context.Context, in *estimateInput) (*rest.Answer[Estimate], error) {
	c, err := s.ask(ctx, cart.Get{})
	if err != nil {
		return nil, err
	}
	codes, lines := c.PromoCodes, checkout.CartLines(c)
	if in.Body != nil && in.Body.PromoCodes != nil {
		codes = in.Body.PromoCodes
	}
	if len(lines) == 0 {
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the cart is empty")
	}
	w := s.wanted(ctx, lines, codes)
	if b := in.Body; b != nil {
		w.To = checkout.Destination{
			Field: "", Country: b.Country, PostalCode: b.PostalCode, Method: b.ShippingMethod, Methods: b.ShippingMethods,
		}
	}
	q, err := s.Pricing.Quote(ctx, w)
	if err != nil {
		return nil, err
	}
	e, err := estimateOf(q)
	if err != nil {
		return nil, err
	}
	return rest.AnswerOf(e), nil
}

// wanted returns the quote's input for the caller's cart, without a destination.
func (s *cartAPI) wanted(ctx context.Context, lines []checkout.Line, codes []string) checkout.Wanted {
	w := checkout.Wanted{ID: entrepot.NewID(), Lines: lines, Codes: codes}
	if c := entrepot.CallerFrom(ctx); c.Role == entrepot.Customer {
		w.Customer = c.UserID
	}
	return w
}

// estimateOf returns the cost of the orders of a quote.
func estimateOf(q *checkout.Quote) (e Estimate, err error) {
	each, sum, currency, err := q.Totals()
	if err != nil {
		return e, err
	}
	for i, g := range q.Groups {
		ship := q.Shipping[i]
		e.Orders = append(e.Orders, OrderEstimate{
			g.CompanyID, g.ShopID, g.Currency, pricingOf(each[i], g.Currency),
			g.Method.ID, offersOf(ship.Offers, g.Currency), ship.Open,
		})
	}
	if currency != "" {
		p := pricingOf(sum, currency)
		e.Pricing = &p
	}
	for _, c := range q.Codes {
		e.Promotions = append(e.Promotions, codeOf(&c))
	}
	return e, nil
}

func pricingOf(t order.Totals, currency string) rest.Pricing {
	m := func(minor int64) entrepot.Amount { return rest.Amount(minor, currency) }
	return rest.Pricing{
		Subtotal: m(t.Subtotal), Tax: m(t.Tax), Shipping: m(t.Shipping), Discount: m(t.Discount), Total: m(t.Total),
	}
}

func codeOf(c *checkout.CodeQuote) CodeView {
	v := CodeView{Code: c.Code, Applies: c.Refusal == nil, FreeShipping: c.FreeShipping, Currency: c.Currency}
	if c.Currency != "" {
		v.Discount, v.Shipping = rest.Amount(c.Discount, c.Currency), rest.Amount(c.Shipping, c.Currency)
	}
	if c.Refusal != nil {
		v.Rule, v.Message = c.Refusal.Fields[0].Rule, c.Refusal.Fields[0].Message
	}
	return v
}

// Promo codes of the cart.

type promoInput struct {
	rest.KeyHeader
	RawBody []byte
	Body    struct {
		Code string `json:"code" minLength:"1" maxLength:"40" example:"WELCOME10"`
	}
}

// PromoCart is the cart with the discounts of its promo codes.
type PromoCart struct {
	CartView
	Promotions []CodeView `json:"promotions"`
}

// addPromo adds a code that applies to the current content of the cart.
func (s *cartAPI) addPromo(ctx context.Context, in *promoInput) (*rest.Answer[PromoCart], error) {
	code := promotion.Code(in.Body.Code)
	c, err := s.ask(ctx, cart.Get{})
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
	if len(codes) > checkout.MaxCodes {
		codes = codes[len(codes)-checkout.MaxCodes:] // the cart's grain refuses one too many
	}
	q, err := s.Pricing.Quote(ctx, s.wanted(ctx, lines, codes))
	if err != nil {
		return nil, err
	}
	for _, entered := range q.Codes {
		if entered.Code != code || entered.Refusal == nil {
			continue
		}
		e := *entered.Refusal
		if e.Fields[0].Rule == "exists" {
			e.Code = entrepot.CodeNotFound
		}
		return nil, &e
	}
	if c, err = s.ask(ctx, cart.AddPromo{Code: code}, in.Keyed(ctx, "promo", in.RawBody)...); err != nil {
		return nil, err
	}
	out := PromoCart{CartView: cartOf(c)}
	for i := range q.Codes {
		out.Promotions = append(out.Promotions, codeOf(&q.Codes[i]))
	}
	return rest.AnswerOf(out), nil
}

type promoPath struct {
	Code string `path:"code" maxLength:"40" example:"WELCOME10"`
}

func (s *cartAPI) removePromo(ctx context.Context, in *promoPath) (*rest.Answer[CartView], error) {
	return s.answer(ctx, cart.RemovePromo{Code: promotion.Code(in.Code)})
}

// ShippingOffer is a shipping method to choose, at its price before promo codes.
type ShippingOffer struct {
	ID    string          `json:"id" example:"express"`
	Name  string          `json:"name" example:"Express"`
	Price entrepot.Amount `json:"price"`
}

func offersOf(offers []shipping.Offer, currency string) (out []ShippingOffer) {
	for _, o := range offers {
		out = append(out, ShippingOffer{o.ID, o.Name, rest.Amount(o.Price, currency)})
	}
	return out
}
