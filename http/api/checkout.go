package api

import (
	"context"
	"slices"
	"strings"
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/cart/cartpb"
	"entrepot/grains/company/companypb"
	"entrepot/grains/order"
	"entrepot/grains/order/orderpb"
)

// maxLine is how many pieces one line of an order may have.
const maxLine = 10_000

type placeInput struct {
	Here
	KeyHeader
	RawBody []byte
	Body    struct {
		Items           []PlaceItem      `json:"items,omitempty" minItems:"1" maxItems:"200" doc:"default: what is in the cart"`
		ShippingAddress Address          `json:"shippingAddress"`
		BillingAddress  *Address         `json:"billingAddress,omitempty" doc:"default: the shipping address"`
		Notes           string           `json:"notes,omitempty" maxLength:"2000"`
		ExpectedTotal   *entrepot.Amount `json:"expectedTotal,omitempty" doc:"what the customer was shown, of all orders together; another total is refused"`
	}
}

// PlaceItem is one line to be ordered.
type PlaceItem struct {
	ProductID string `json:"productId" pattern:"^[0-9a-f]{24}$" patternDescription:"an id of 24 hex digits"`
	VariantID string `json:"variantId,omitempty" pattern:"^[0-9a-f]{24}$" patternDescription:"an id of 24 hex digits" doc:"which of the product's variants, if it has any"`
	ShopID    string `json:"shopId,omitempty" pattern:"^[0-9a-f]{24}$" patternDescription:"an id of 24 hex digits" doc:"default: the first shop that sells it"`
	Quantity  int64  `json:"quantity" minimum:"1" maximum:"10000" example:"1"`
}

// PlacedView is the first order of a checkout, and all of them when there are several.
type PlacedView struct {
	OrderView
	Orders []OrderView `json:"orders,omitempty" doc:"one a shop, when there are several"`
}

// place finds the prices and sends the checkout to the order grain. A keyed
// request that placed its order already is not priced again: it asks the order.
func (s *salesAPI) place(ctx context.Context, in *placeInput) (*created[PlacedView], error) {
	c := entrepot.CallerFrom(ctx)
	id := entrepot.NewID()
	cmd := &orderpb.Place{CustomerId: c.UserID, Notes: in.Body.Notes, HoldMs: s.Hold.Milliseconds()}
	if in.Key != "" {
		id = orderpb.KeyedID(c.UserID, in.Key)
	}
	cmd.CheckoutId = id
	var lines []line
	var unpriced error
	if !s.placed(ctx, in, id) {
		if lines, unpriced = s.price(ctx, in, id, cmd); unpriced != nil {
			if in.Key == "" {
				return nil, unpriced
			}
			// The same request, beside this one or before a crash, may be placing the
			// order and have emptied the cart: only the order knows.
			cmd.Groups = nil
		}
	}
	ctx, replayed := in.command(ctx, "place", in.RawBody)
	placed, err := grains.Ask[*orderpb.Placed](ctx, s.Asker, orderpb.Kind, id, cmd)
	switch {
	case err != nil && unpriced != nil && entrepot.CodeOf(err) == entrepot.CodeNotFound:
		return nil, unpriced // there is no such order
	case err != nil:
		return nil, nameLines(err, lines)
	}
	return placedOf(in, placed, replayed), nil
}

// placed reports whether a keyed request has placed its order already.
func (s *salesAPI) placed(ctx context.Context, in *placeInput, id entrepot.ID) bool {
	if in.Key == "" {
		return false
	}
	_, err := s.read(ctx, IDPath{id})
	return err == nil
}

func placedOf(in *placeInput, placed *orderpb.Placed, replayed *bool) *created[PlacedView] {
	views := make([]OrderView, 0, len(placed.Orders))
	for _, o := range placed.Orders {
		views = append(views, orderOf(o))
	}
	out := &created[PlacedView]{Replay: replay(replayed), Versioned: versioned(placed.Orders[0].Version), Location: in.below(views[0].ID)}
	out.Body.OrderView = views[0]
	if len(views) > 1 {
		out.Body.Orders = views
	}
	return out
}

// price fills in the command: what is bought, from whom, at which price.
func (s *salesAPI) price(ctx context.Context, in *placeInput, id entrepot.ID, cmd *orderpb.Place) ([]line, error) {
	lines, err := s.lines(ctx, in, cmd)
	if err != nil {
		return nil, err
	}
	if err := s.products(ctx, lines); err != nil {
		return nil, err
	}
	if lines, err = merge(lines); err != nil {
		return nil, err
	}
	if cmd.Groups, err = s.groups(ctx, id, lines); err != nil {
		return nil, err
	}
	if err := s.sources.fill(ctx, s.Asker, cmd.Groups, in.Body.ShippingAddress.Coordinates); err != nil {
		return nil, err
	}
	cmd.Shipping = in.Body.ShippingAddress.pb()
	cmd.Billing = in.Body.BillingAddress.pb()
	if cmd.Billing == nil {
		cmd.Billing = in.Body.ShippingAddress.pb()
	}
	return lines, checkTotal(in.Body.ExpectedTotal, cmd.Groups)
}

// line is one line on its way into an order; at is its place in the request or the cart.
type line struct {
	at                                 int
	wantProduct, wantVariant, wantShop entrepot.ID // as they were named
	quantity                           int64
	offer                              // once it was looked up
}

// lines are the request's items, or else the cart's.
func (s *salesAPI) lines(ctx context.Context, in *placeInput, cmd *orderpb.Place) ([]line, error) {
	var out []line
	for i, it := range in.Body.Items {
		out = append(out, line{at: i, wantProduct: it.ProductID, wantVariant: it.VariantID, wantShop: it.ShopID, quantity: it.Quantity})
	}
	if len(out) > 0 {
		return out, nil
	}
	cmd.FromCart = true
	cart, err := grains.Ask[*cartpb.Cart](ctx, s.Asker, cartpb.Kind, cmd.CustomerId, &cartpb.Get{})
	if err != nil {
		return nil, err
	}
	for i, it := range cart.Items {
		out = append(out, line{at: i, wantProduct: it.ProductId, wantVariant: it.VariantId, wantShop: it.ShopId, quantity: it.Quantity})
	}
	if len(out) == 0 {
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the cart is empty")
	}
	return out, nil
}

// products asks for the product of each line, some at a time, and settles its shop.
func (s *salesAPI) products(ctx context.Context, lines []line) error {
	return each(ctx, len(lines), func(ctx context.Context, i int) (err error) {
		l := &lines[i]
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
func (s *salesAPI) groups(ctx context.Context, id entrepot.ID, lines []line) ([]*orderpb.Group, error) {
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

// checkTotal refuses a total that is not the expected one, telling the new one.
func checkTotal(expected *entrepot.Amount, groups []*orderpb.Group) error {
	if expected == nil {
		return nil
	}
	currency := groups[0].Currency
	var total int64
	for _, g := range groups {
		if g.Currency != currency {
			return entrepot.Invalid("expectedTotal", "currency", "shops of several currencies have no one total")
		}
		t, err := order.Total(g)
		if err != nil {
			return err
		}
		if total += t; total > entrepot.MaxMinor {
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

// nameLines turns the variant ids that the order grain names into the request's fields.
func nameLines(err error, lines []line) error {
	if entrepot.CodeOf(err) != entrepot.CodeOutOfStock {
		return err
	}
	known := *entrepot.AsError(err)
	known.Fields = slices.Clone(known.Fields)
	for i, f := range known.Fields {
		variant, shop, _ := strings.Cut(f.Field, "@")
		for _, l := range lines {
			if l.variant.Id == variant && (shop == "" || shop == l.shopID) {
				known.Fields[i].Field = indexed("items", l.at, "quantity")
				break
			}
		}
	}
	return &known
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
	c, err := grains.Ask[*companypb.Company](ctx, a, companypb.Kind, company, &companypb.Get{})
	if err != nil {
		return 0, err
	}
	r.known.put(company, c.TaxBasisPoints, asked)
	return c.TaxBasisPoints, nil
}
