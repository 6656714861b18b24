package api

import (
	"context"
	"net/http"
	"strings"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/order"
	"entrepot/grains/order/orderpb"
	"entrepot/persistence"
)

// Sales is the sales service. Placing an order is in checkout.go.
func Sales(d Deps) Routes {
	s := &salesAPI{}
	s.init(d)
	s.sources.init(s.Now)
	return Routes{"orders", []Route{
		route(Route{
			ID: "place-order", Method: http.MethodPost, Keyed: true, Path: "/orders", Access: Only(entrepot.Customer), Status: http.StatusCreated,
			Summary: "Place an order", Doc: "From the cart, or of the given items. Lines of several shops become one order a shop, all or none. Answered when the stock is reserved.",
		}, s.place),
		route(Route{
			ID: "list-orders", Method: http.MethodGet, Path: "/orders", Access: LoggedIn, Summary: "List orders",
			Doc: "Customers see their own, staff those of their shops.",
		}, s.list),
		route(Route{ID: "get-order", Method: http.MethodGet, Path: "/orders/{id}", Access: LoggedIn, Summary: "Read an order"}, s.get),
		route(Route{ID: "get-tracking", Method: http.MethodGet, Path: "/orders/{id}/tracking", Access: LoggedIn, Summary: "Where an order is"}, s.tracking),
		route(Route{
			ID: "cancel-order", Method: http.MethodPost, Keyed: true, Path: "/orders/{id}/cancel", Access: LoggedIn, Summary: "Cancel an order",
			Doc: "Stock and money go back by themselves.",
		}, s.cancel),
	}}
}

type salesAPI struct {
	pricing
	sources sources
}

// OrderView is an order as the API shows it.
type OrderView struct {
	ID              entrepot.ID    `json:"id"`
	OrderNumber     string         `json:"orderNumber"`
	CheckoutID      entrepot.ID    `json:"checkoutId"`
	CustomerID      entrepot.ID    `json:"customerId"`
	CompanyID       entrepot.ID    `json:"companyId"`
	ShopID          entrepot.ID    `json:"shopId"`
	Items           []OrderItem    `json:"items"`
	Currency        string         `json:"currency"`
	Pricing         Pricing        `json:"pricing"`
	PromoCodes      []string       `json:"promoCodes,omitempty"`
	ShippingMethod  *OrderShipping `json:"shippingMethod,omitempty" doc:"by the shop's rules of when it was ordered"`
	ShippingAddress *Address       `json:"shippingAddress,omitempty"`
	BillingAddress  *Address       `json:"billingAddress,omitempty"`
	Status          string         `json:"status" example:"pending"`
	PaymentStatus   string         `json:"paymentStatus" example:"pending"`
	PaymentID       entrepot.ID    `json:"paymentId,omitempty"`
	TrackingNumber  string         `json:"trackingNumber,omitempty"`
	Notes           string         `json:"notes,omitempty"`
	StatusHistory   []StatusChange `json:"statusHistory"`
	ExpiresAt       Time           `json:"expiresAt,omitzero" doc:"unpaid then: cancelled"`
	CreatedAt       Time           `json:"createdAt"`
	UpdatedAt       Time           `json:"updatedAt"`
}

// OrderShipping is how an order is sent. What it costs is in the pricing.
type OrderShipping struct {
	ID   string `json:"id" example:"standard"`
	Name string `json:"name" example:"Standard, 2 days"`
}

// OrderItem is one line of an order, at the price of the moment of ordering.
type OrderItem struct {
	ProductID   entrepot.ID     `json:"productId"`
	VariantID   entrepot.ID     `json:"variantId" doc:"the product's id when it has no variants"`
	Name        string          `json:"name"`
	SKU         string          `json:"sku"`
	Quantity    int64           `json:"quantity"`
	Price       entrepot.Amount `json:"price"`
	Subtotal    entrepot.Amount `json:"subtotal"`
	Discount    entrepot.Amount `json:"discount" doc:"of promo codes, off the whole line before tax"`
	Allocations []Allocation    `json:"allocations,omitempty" doc:"where the pieces come from; none: all from the shop"`
	Backordered int64           `json:"backordered,omitempty" doc:"of quantity, pieces that were not in stock when it was ordered: they are reserved and sent as goods come in"`
}

// Allocation is the pieces of an order's line that come from one location.
type Allocation struct {
	LocationID entrepot.ID `json:"locationId"`
	Quantity   int64       `json:"quantity"`
}

func allocationsOf(l *orderpb.Line) (out []Allocation) {
	for _, a := range l.Allocations {
		out = append(out, Allocation{a.LocationId, a.Quantity})
	}
	return out
}

// Pricing is what an order costs, in its currency.
type Pricing struct {
	Subtotal entrepot.Amount `json:"subtotal"`
	Tax      entrepot.Amount `json:"tax"`
	Shipping entrepot.Amount `json:"shipping"`
	Discount entrepot.Amount `json:"discount"`
	Total    entrepot.Amount `json:"total"`
}

// StatusChange is one entry of an order's history.
type StatusChange struct {
	Status string `json:"status"`
	At     Time   `json:"at"`
	By     string `json:"by,omitempty"`
	Note   string `json:"note,omitempty"`
}

// Address is where goods or bills go.
type Address struct {
	Name       string `json:"name,omitempty" maxLength:"200" example:"Ada Lovelace"`
	Line1      string `json:"line1" minLength:"1" maxLength:"200" example:"Am Kai 1"`
	Line2      string `json:"line2,omitempty" maxLength:"200"`
	City       string `json:"city" minLength:"1" maxLength:"100" example:"Hamburg"`
	State      string `json:"state,omitempty" maxLength:"100"`
	PostalCode string `json:"postalCode,omitempty" maxLength:"20" example:"20457"`
	Country    string `json:"country" minLength:"2" maxLength:"100" example:"DE"`
	Phone      string `json:"phone,omitempty" maxLength:"40"`
	// Not kept with the order.
	Coordinates *Coordinates `json:"coordinates,omitempty" doc:"where that is, for shops that send from the nearest location"`
}

func (a *Address) pb() *orderpb.Address {
	if a == nil {
		return nil
	}
	return &orderpb.Address{
		Name: a.Name, Line1: a.Line1, Line2: a.Line2, City: a.City, State: a.State,
		PostalCode: a.PostalCode, Country: a.Country, Phone: a.Phone,
	}
}

func addressOf(a *orderpb.Address) *Address {
	if a == nil {
		return nil
	}
	return &Address{a.Name, a.Line1, a.Line2, a.City, a.State, a.PostalCode, a.Country, a.Phone, nil}
}

func orderOf(o *orderpb.Order) OrderView {
	m := func(minor int64) entrepot.Amount { return amount(minor, o.Currency) }
	v := OrderView{
		ID: o.Id, OrderNumber: o.OrderNumber, CheckoutID: o.CheckoutId, CustomerID: o.CustomerId,
		CompanyID: o.CompanyId, ShopID: o.ShopId, Currency: o.Currency,
		Items: make([]OrderItem, 0, len(o.Lines)), StatusHistory: make([]StatusChange, 0, len(o.History)),
		Pricing:         Pricing{m(o.SubtotalMinor), m(o.TaxMinor), m(o.ShippingMinor), m(o.DiscountMinor), m(o.TotalMinor)},
		ShippingAddress: addressOf(o.Shipping), BillingAddress: addressOf(o.Billing),
		Status: o.Status, PaymentStatus: o.PaymentStatus, PaymentID: o.PaymentId, TrackingNumber: o.TrackingNumber, Notes: o.Notes,
		ExpiresAt: Time(o.ExpiresMs), CreatedAt: Time(o.CreatedMs), UpdatedAt: Time(o.UpdatedMs),
	}
	for _, l := range o.Lines {
		v.Items = append(v.Items, OrderItem{l.ProductId, l.VariantId, l.Name, l.Sku, l.Quantity, m(l.PriceMinor), m(l.PriceMinor * l.Quantity), m(l.DiscountMinor), allocationsOf(l), l.Backordered})
	}
	if o.ShippingMethod != "" {
		v.ShippingMethod = &OrderShipping{o.ShippingMethod, o.ShippingMethodName}
	}
	for _, p := range o.Promotions {
		v.PromoCodes = append(v.PromoCodes, p.Code)
	}
	for _, h := range o.History {
		v.StatusHistory = append(v.StatusHistory, StatusChange{h.Status, Time(h.AtMs), h.By, h.Note})
	}
	return v
}

type orderListInput struct {
	ListParams
	CompanyFilter
	Status string `query:"status" enum:"pending,confirmed,processing,shipped,delivered,completed,cancelled,returned"`
	Sort   string `query:"sort" enum:"-createdAt,createdAt" default:"-createdAt"`
}

func (s *salesAPI) list(ctx context.Context, in *orderListInput) (*paged[OrderView], error) {
	q := persistence.Query{Where: where(where(nil, "status", in.Status), persistence.CompanyID, in.CompanyID), Limit: in.Limit, Cursor: in.Cursor}
	q.Sort, q.Desc = strings.CutPrefix(in.Sort, "-")
	page, err := find(ctx, s.Stores.Sales, order.Collection, ownOrStaff(ctx), q,
		func(o *order.State, _ *persistence.Document) OrderView { return orderOf(o.View()) })
	return &paged[OrderView]{page}, err
}

// ownOrStaff is a customer's own documents, or those that staff reach.
func ownOrStaff(ctx context.Context) entrepot.Scope {
	c := entrepot.CallerFrom(ctx)
	if c.Role == entrepot.Customer {
		return entrepot.OwnedBy(c.UserID)
	}
	return entrepot.StaffScope(c)
}

func (s *salesAPI) read(ctx context.Context, p IDPath) (*orderpb.Order, error) {
	id, err := p.id()
	if err != nil {
		return nil, err
	}
	return grains.Ask[*orderpb.Order](ctx, s.Asker, orderpb.Kind, id, &orderpb.Get{})
}

func (s *salesAPI) get(ctx context.Context, in *struct{ IDPath }) (*answer[OrderView], error) {
	o, err := s.read(ctx, in.IDPath)
	if err != nil {
		return nil, err
	}
	return orderAnswer(o), nil
}

// orderAnswer is an order at its version, which a change may be made from.
func orderAnswer(o *orderpb.Order) *answer[OrderView] { return answerAt(o.Version, orderOf(o)) }

// Tracking is where an order is.
type Tracking struct {
	OrderID        entrepot.ID    `json:"orderId"`
	OrderNumber    string         `json:"orderNumber"`
	Status         string         `json:"status"`
	TrackingNumber string         `json:"trackingNumber,omitempty"`
	StatusHistory  []StatusChange `json:"statusHistory"`
	UpdatedAt      Time           `json:"updatedAt"`
}

func (s *salesAPI) tracking(ctx context.Context, in *struct{ IDPath }) (*answer[Tracking], error) {
	o, err := s.read(ctx, in.IDPath)
	if err != nil {
		return nil, err
	}
	v := orderOf(o)
	return answerOf(Tracking{v.ID, v.OrderNumber, v.Status, v.TrackingNumber, v.StatusHistory, v.UpdatedAt}), nil
}

type cancelInput struct {
	IDPath
	IfMatch
	KeyHeader
	Body *struct {
		Reason string `json:"reason,omitempty" maxLength:"500" example:"changed my mind"`
	}
}

func (s *salesAPI) cancel(ctx context.Context, in *cancelInput) (*answer[OrderView], error) {
	id, version, err := in.at(in.IDPath)
	if err != nil {
		return nil, err
	}
	cmd := &orderpb.Cancel{ExpectedVersion: version}
	if in.Body != nil {
		cmd.Reason = in.Body.Reason
	}
	ctx, _ = in.command(ctx, "cancel", []byte(cmd.Reason))
	o, err := grains.Ask[*orderpb.Order](ctx, s.Asker, orderpb.Kind, id, cmd)
	if err != nil {
		return nil, err
	}
	return orderAnswer(o), nil
}
