package sales

import (
	"context"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/checkout"
	"entrepot/grains/ecommerce/cart"
	"entrepot/grains/sales/order"
	"entrepot/http/rest"
)

type placeInput struct {
	rest.Here
	rest.KeyHeader
	RawBody []byte
	Body    struct {
		Items           []PlaceItem       `json:"items,omitempty" minItems:"1" maxItems:"200" doc:"default: what is in the cart"`
		ShippingAddress Address           `json:"shippingAddress"`
		BillingAddress  *Address          `json:"billingAddress,omitempty" doc:"default: the shipping address"`
		Notes           string            `json:"notes,omitempty" maxLength:"2000"`
		ShippingMethod  string            `json:"shippingMethod,omitempty" maxLength:"40" example:"standard" doc:"a method of the estimate, for every shop; default: each shop's cheapest"`
		ShippingMethods map[string]string `json:"shippingMethods,omitempty" maxProperties:"50" doc:"methods of single shops by their ids, before shippingMethod"`
		PromoCodes      []string          `json:"promoCodes,omitempty" maxItems:"5" nullable:"false" doc:"default: the cart's, when it is the cart that is ordered"`
		ExpectedTotal   *entrepot.Amount  `json:"expectedTotal,omitempty" doc:"total of all orders as shown to the customer; a different total is refused"`
	}
}

// PlaceItem is one line to be ordered.
type PlaceItem struct {
	ProductID rest.ID `json:"productId"`
	VariantID rest.ID `json:"variantId,omitempty" doc:"which of the product's variants, if it has any"`
	ShopID    rest.ID `json:"shopId,omitempty" doc:"default: the first shop that sells it"`
	Quantity  int64   `json:"quantity" minimum:"1" maximum:"10000" example:"1"`
}

// PlacedView is the first order of a checkout, with all of them if there are several.
type PlacedView struct {
	OrderView
	Orders []OrderView `json:"orders,omitempty" doc:"one a shop, when there are several"`
}

// place prices the checkout and sends it to the order grain as the platform, on the
// customer's behalf. A keyed request that has placed its order is not priced again:
// the order's reply is enough.
func (s *salesAPI) place(ctx context.Context, in *placeInput) (*rest.Created[PlacedView], error) {
	c := entrepot.CallerFrom(ctx)
	id := entrepot.NewID()
	cmd := order.Place{CustomerID: c.UserID, Notes: in.Body.Notes, HoldMs: s.Hold.Milliseconds()}
	if in.Key != "" {
		id = order.KeyedID(c.UserID, in.Key)
	}
	cmd.CheckoutID = id
	var lines []checkout.Line
	var unpriced error
	if !s.placed(ctx, in, id) {
		if lines, unpriced = s.price(ctx, in, id, &cmd); unpriced != nil {
			if in.Key == "" {
				return nil, unpriced
			}
			// The same request, concurrent or before a crash, may be placing the order and
			// have emptied the cart: the order decides.
			cmd.Groups = nil
		}
	}
	platform := entrepot.WithCaller(ctx, c.Delegated())
	r, err := grains.Call(platform, s.Asker, order.Of(id), cmd, in.Keyed(ctx, "place", in.RawBody)...)
	switch {
	case err != nil && unpriced != nil && entrepot.CodeOf(err) == entrepot.CodeNotFound:
		return nil, unpriced // there is no such order
	case err != nil:
		return nil, checkout.NameLines(err, lines)
	}
	return placedOf(in, r.Reply, r.Replayed), nil
}

// placed reports whether a keyed request has placed its order already.
func (s *salesAPI) placed(ctx context.Context, in *placeInput, id entrepot.ID) bool {
	if in.Key == "" {
		return false
	}
	_, err := s.read(ctx, rest.IDPath{ID: id})
	return err == nil
}

func placedOf(in *placeInput, placed *order.Placed, replayed bool) *rest.Created[PlacedView] {
	views := make([]OrderView, 0, len(placed.Orders))
	for _, o := range placed.Orders {
		views = append(views, orderOf(o))
	}
	out := &rest.Created[PlacedView]{
		Replay: rest.ReplayOf(replayed), Versioned: rest.ETagOf(placed.Orders[0].Version),
		Location: in.Below(views[0].ID),
	}
	out.Body.OrderView = views[0]
	if len(views) > 1 {
		out.Body.Orders = views
	}
	return out
}

// price completes the command with the priced groups and the addresses, and returns
// the priced lines.
func (s *salesAPI) price(
	ctx context.Context, in *placeInput, id entrepot.ID, cmd *order.Place,
) ([]checkout.Line, error) {
	lines, codes, err := s.lines(ctx, in, cmd)
	if err != nil {
		return nil, err
	}
	to := in.Body.ShippingAddress
	q, err := s.Pricing.Quote(ctx, checkout.Wanted{
		ID: id, Customer: cmd.CustomerID, Lines: lines, Codes: codes,
		To: checkout.Destination{
			Field: "shippingAddress.", Country: to.Country, PostalCode: to.PostalCode,
			Method: in.Body.ShippingMethod, Methods: in.Body.ShippingMethods,
		},
	})
	if err != nil {
		return nil, err
	}
	for _, c := range q.Codes {
		if c.Refusal != nil {
			return nil, checkout.CodeRefused(c)
		}
	}
	lines = q.Lines
	if err := s.Pricing.Source(ctx, q.Groups, placeOf(in.Body.ShippingAddress.Coordinates)); err != nil {
		return nil, err
	}
	for _, g := range q.Groups {
		cmd.Groups = append(cmd.Groups, *g)
	}
	cmd.ShippingAddress = in.Body.ShippingAddress.stored()
	cmd.BillingAddress = cmd.ShippingAddress
	if in.Body.BillingAddress != nil {
		cmd.BillingAddress = in.Body.BillingAddress.stored()
	}
	return lines, checkout.CheckTotal(in.Body.ExpectedTotal, q.Groups)
}

// lines returns the items and promo codes of the request, or else those of the cart.
func (s *salesAPI) lines(
	ctx context.Context, in *placeInput, cmd *order.Place,
) (out []checkout.Line, codes []string, err error) {
	for i, it := range in.Body.Items {
		out = append(out, checkout.Line{
			At: i, WantProduct: string(it.ProductID), WantVariant: string(it.VariantID), WantShop: string(it.ShopID), Quantity: it.Quantity,
		})
	}
	if len(out) > 0 {
		return out, in.Body.PromoCodes, nil
	}
	cmd.FromCart = true
	cart, err := grains.Ask(ctx, s.Asker, cart.Of(cmd.CustomerID), cart.Get{})
	if err != nil {
		return nil, nil, err
	}
	if codes = in.Body.PromoCodes; codes == nil {
		codes = cart.PromoCodes
	}
	if out = checkout.CartLines(cart); len(out) == 0 {
		return nil, nil, entrepot.Errorf(entrepot.CodeConflict, "the cart is empty")
	}
	return out, codes, nil
}

// placeOf returns the place of an address, or nil if the request has none.
func placeOf(c *rest.Coordinates) *checkout.Point {
	if c == nil {
		return nil
	}
	return &checkout.Point{Lat: c.Lat, Lng: c.Lng}
}
