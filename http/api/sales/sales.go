package sales

import (
	"context"
	"net/http"
	"strings"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/query"
	"entrepot/grains/sales/order"
	"entrepot/http/rest"
	"entrepot/persistence"
)

// orderRoutes returns the routes of orders. checkout.go places them.
func orderRoutes(d Deps) rest.Routes {
	s := &salesAPI{d}
	return rest.Routes{Service: "orders", List: []rest.Route{
		rest.Bind(rest.Route{
			ID: "place-order", Method: http.MethodPost, Keyed: true, Path: "/orders",
			Access: rest.Only(entrepot.Customer), Status: http.StatusCreated, Summary: "Place order",
			Doc: "From the cart, or of the given items. Lines of several shops become one order a shop, all " +
				"or none. The response is sent once the stock is reserved.",
		}, s.place),
		rest.Bind(rest.Route{
			ID: "list-orders", Method: http.MethodGet, Path: "/orders", Access: rest.LoggedIn, Summary: "List orders",
			Doc: "Customers see their own, staff see those of their shops.",
		}, s.list),
		rest.Bind(rest.Route{
			ID: "get-order", Method: http.MethodGet, Path: "/orders/{id}", Access: rest.LoggedIn,
			Summary: "Get order",
		}, s.get),
		rest.Bind(rest.Route{
			ID: "get-tracking", Method: http.MethodGet, Path: "/orders/{id}/tracking", Access: rest.LoggedIn,
			Summary: "Track order",
		}, s.tracking),
		rest.Bind(rest.Route{
			ID: "cancel-order", Method: http.MethodPost, Keyed: true, Path: "/orders/{id}/cancel",
			Access: rest.LoggedIn, Summary: "Cancel order",
			Doc: "Stock is released and payments are refunded automatically.",
		}, s.cancel),
	}}
}

type salesAPI struct{ Deps }

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
	Pricing         rest.Pricing   `json:"pricing"`
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
	ExpiresAt       rest.Time      `json:"expiresAt,omitzero" doc:"an unpaid order is cancelled then"`
	CreatedAt       rest.Time      `json:"createdAt"`
	UpdatedAt       rest.Time      `json:"updatedAt"`
}

// OrderShipping is the shipping method of an order. Its price is in the pricing.
type OrderShipping struct {
	ID   string `json:"id" example:"standard"`
	Name string `json:"name" example:"Standard, 2 days"`
}

// OrderItem is one line of an order, at the price of when it was placed.
type OrderItem struct {
	ProductID   entrepot.ID        `json:"productId"`
	VariantID   entrepot.ID        `json:"variantId" doc:"the product's id when it has no variants"`
	Name        string             `json:"name"`
	SKU         string             `json:"sku"`
	Quantity    int64              `json:"quantity"`
	Price       entrepot.Amount    `json:"price"`
	Subtotal    entrepot.Amount    `json:"subtotal"`
	Discount    entrepot.Amount    `json:"discount" doc:"of promo codes, off the whole line before tax"`
	Allocations []order.Allocation `json:"allocations,omitempty" doc:"source locations; absent: the shop itself"`
	Backordered int64              `json:"backordered,omitempty" doc:"of quantity, pieces that were not in stock when it was ordered: they are reserved and sent as goods come in"`
}

// StatusChange is one entry of an order's history.
type StatusChange struct {
	Status string    `json:"status"`
	At     rest.Time `json:"at"`
	By     string    `json:"by,omitempty"`
	Note   string    `json:"note,omitempty"`
}

// Address is a shipping or billing address.
type Address struct {
	Name       string `json:"name,omitempty" maxLength:"200" example:"Ada Lovelace"`
	Line1      string `json:"line1" minLength:"1" maxLength:"200" example:"Am Kai 1"`
	Line2      string `json:"line2,omitempty" maxLength:"200"`
	City       string `json:"city" minLength:"1" maxLength:"100" example:"Hamburg"`
	State      string `json:"state,omitempty" maxLength:"100"`
	PostalCode string `json:"postalCode,omitempty" maxLength:"20" example:"20457"`
	Country    string `json:"country" minLength:"2" maxLength:"100" example:"DE"`
	Phone      string `json:"phone,omitempty" maxLength:"40"`
	// Coordinates are not stored with the order.
	Coordinates *rest.Coordinates `json:"coordinates,omitempty" doc:"location, for shops that ship from the nearest one"`
}

func (a *Address) stored() order.Address {
	return order.Address{
		Name: a.Name, Line1: a.Line1, Line2: a.Line2, City: a.City, State: a.State,
		PostalCode: a.PostalCode, Country: a.Country, Phone: a.Phone,
	}
}

func addressOf(a order.Address) *Address {
	if a == (order.Address{}) {
		return nil
	}
	return &Address{a.Name, a.Line1, a.Line2, a.City, a.State, a.PostalCode, a.Country, a.Phone, nil}
}

func orderOf(o *order.Order) OrderView {
	m := func(minor int64) entrepot.Amount { return rest.Amount(minor, o.Currency) }
	v := OrderView{
		ID: o.ID, OrderNumber: o.Number, CheckoutID: o.CheckoutID, CustomerID: o.CustomerID,
		CompanyID: o.CompanyID, ShopID: o.ShopID, Currency: o.Currency,
		Items: make([]OrderItem, 0, len(o.Lines)), StatusHistory: make([]StatusChange, 0, len(o.History)),
		Pricing: rest.Pricing{
			Subtotal: m(o.Subtotal), Tax: m(o.Tax), Shipping: m(o.Totals.Shipping), Discount: m(o.Discount), Total: m(o.Total),
		},
		ShippingAddress: addressOf(o.ShippingAddress), BillingAddress: addressOf(o.BillingAddress),
		Status: o.Status, PaymentStatus: o.PaymentStatus, PaymentID: o.PaymentID,
		TrackingNumber: o.TrackingNumber, Notes: o.Notes,
		CreatedAt: rest.Time(o.CreatedAt), UpdatedAt: rest.Time(o.UpdatedAt),
	}
	if o.Status == order.Pending {
		v.ExpiresAt = rest.Time(o.ExpiresAt)
	}
	for _, l := range o.Lines {
		v.Items = append(v.Items, OrderItem{
			ProductID: l.ProductID, VariantID: l.VariantID, Name: l.Name, SKU: l.SKU, Quantity: l.Quantity,
			Price: m(l.Price), Subtotal: m(l.Price * l.Quantity), Discount: m(l.Discount),
			Allocations: l.Allocations, Backordered: l.Backordered,
		})
	}
	if o.Method.ID != "" {
		v.ShippingMethod = &OrderShipping{o.Method.ID, o.Method.Name}
	}
	for _, p := range o.Promotions {
		v.PromoCodes = append(v.PromoCodes, p.Code)
	}
	for _, h := range o.History {
		v.StatusHistory = append(v.StatusHistory, StatusChange{h.Status, rest.Time(h.At), h.By, h.Note})
	}
	return v
}

type orderListInput struct {
	rest.ListParams
	rest.CompanyFilter
	Status string `query:"status" enum:"pending,confirmed,processing,shipped,delivered,completed,cancelled,returned"`
	Sort   string `query:"sort" enum:"-createdAt,createdAt" default:"-createdAt"`
}

func (s *salesAPI) list(ctx context.Context, in *orderListInput) (*rest.List[OrderView], error) {
	q := persistence.Query{
		Where: query.Where(query.Where(nil, "status", in.Status), persistence.CompanyID, in.CompanyID), Limit: in.Limit,
		Cursor: in.Cursor,
	}
	q.Sort, q.Desc = strings.CutPrefix(in.Sort, "-")
	page, err := query.Find(ctx, s.Store, order.Collection, rest.OwnOrStaff(ctx), q,
		func(o *order.Order, _ *persistence.Document) OrderView { return orderOf(o) })
	return &rest.List[OrderView]{Body: page}, err
}

func (s *salesAPI) read(ctx context.Context, p rest.IDPath) (*order.Order, error) {
	id, err := p.EntityID()
	if err != nil {
		return nil, err
	}
	return grains.Ask(ctx, s.Asker, order.Of(id), order.Get{})
}

func (s *salesAPI) get(ctx context.Context, in *struct{ rest.IDPath }) (*rest.Answer[OrderView], error) {
	o, err := s.read(ctx, in.IDPath)
	if err != nil {
		return nil, err
	}
	return orderAnswer(o), nil
}

// orderAnswer returns an order with its version as the ETag.
func orderAnswer(o *order.Order) *rest.Answer[OrderView] {
	return rest.AnswerAt(o.Version, orderOf(o))
}

// Tracking is the status of an order for its recipient.
type Tracking struct {
	OrderID        entrepot.ID    `json:"orderId"`
	OrderNumber    string         `json:"orderNumber"`
	Status         string         `json:"status"`
	TrackingNumber string         `json:"trackingNumber,omitempty"`
	StatusHistory  []StatusChange `json:"statusHistory"`
	UpdatedAt      rest.Time      `json:"updatedAt"`
}

func (s *salesAPI) tracking(ctx context.Context, in *struct{ rest.IDPath }) (*rest.Answer[Tracking], error) {
	o, err := s.read(ctx, in.IDPath)
	if err != nil {
		return nil, err
	}
	v := orderOf(o)
	return rest.AnswerOf(Tracking{v.ID, v.OrderNumber, v.Status, v.TrackingNumber, v.StatusHistory, v.UpdatedAt}), nil
}

type cancelInput struct {
	rest.IDPath
	rest.IfMatch
	rest.KeyHeader
	Body *struct {
		Reason string `json:"reason,omitempty" maxLength:"500" example:"changed my mind"`
	}
}

func (s *salesAPI) cancel(ctx context.Context, in *cancelInput) (*rest.Answer[OrderView], error) {
	id, version, err := in.Target(in.IDPath)
	if err != nil {
		return nil, err
	}
	cmd := order.Cancel{ExpectedVersion: version}
	if in.Body != nil {
		cmd.Reason = in.Body.Reason
	}
	o, err := grains.Ask(ctx, s.Asker, order.Of(id), cmd, in.Keyed(ctx, "cancel", []byte(cmd.Reason))...)
	if err != nil {
		return nil, err
	}
	return orderAnswer(o), nil
}
