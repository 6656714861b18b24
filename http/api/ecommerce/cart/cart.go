// Package cart is the HTTP interface of the cart of a customer or a guest.
package cart

import (
	"context"
	"net/http"
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/checkout"
	"entrepot/grains/ecommerce/cart"
	"entrepot/http/rest"
)

// Routes returns the cart's routes of the e-commerce service.
func Routes(d Deps) rest.Routes {
	s := &cartAPI{d}
	own, customer := rest.Only(entrepot.Customer).OrGuest(), rest.Only(entrepot.Customer)
	return rest.Routes{Service: "cart", List: []rest.Route{
		rest.Bind(
			rest.Route{ID: "get-cart", Method: http.MethodGet, Path: "/cart", Access: own, Summary: "Get cart"}, s.get,
		),
		rest.Bind(
			rest.Route{ID: "clear-cart", Method: http.MethodDelete, Path: "/cart", Access: own, Summary: "Empty cart"},
			s.clear,
		),
		rest.Bind(rest.Route{
			ID: "add-cart-item", Method: http.MethodPost, Keyed: true, Path: "/cart/items", Access: own,
			Status: http.StatusCreated, Summary: "Add cart item",
		}, s.add),
		rest.Bind(rest.Route{
			ID: "set-cart-item", Method: http.MethodPut, Path: "/cart/items/{id}", Access: own,
			Summary: "Set cart item quantity",
		}, s.set),
		rest.Bind(rest.Route{
			ID: "remove-cart-item", Method: http.MethodDelete, Path: "/cart/items/{id}", Access: own,
			Summary: "Remove cart item",
		}, s.remove),
		rest.Bind(rest.Route{
			ID: "save-cart-item", Method: http.MethodPost, Keyed: true, Path: "/cart/items/{id}/save", Access: own,
			Summary: "Save cart item for later",
		}, s.save),
		rest.Bind(rest.Route{
			ID: "restore-saved-item", Method: http.MethodPost, Keyed: true, Path: "/cart/saved/{id}/restore", Access: own,
			Summary: "Restore saved item",
			Doc:     "Uses the current price.",
		}, s.restore),
		rest.Bind(rest.Route{
			ID: "remove-saved-item", Method: http.MethodDelete, Path: "/cart/saved/{id}", Access: own,
			Summary: "Remove saved item",
		}, s.forget),
		rest.Bind(rest.Route{
			ID: "get-cart-summary", Method: http.MethodGet, Path: "/cart/summary", Access: own,
			Summary: "Get cart summary",
			Doc: "Returns each line with the current price and stock where they differ, the discounts of " +
				"promo codes, and the cost of an order. Changes and reserves nothing.",
		}, s.summary),
		rest.Bind(rest.Route{
			ID: "estimate-cart", Method: http.MethodPost, Path: "/cart/estimate", Access: own,
			Summary: "Estimate order of cart",
			Doc: "Uses the same computation as the order. Taxes follow the companies' rates; shipping follows " +
				"the shops' rules for the country and postal code, with the methods to choose from.",
		}, s.estimate),
		rest.Bind(rest.Route{
			ID: "add-promo-code", Method: http.MethodPost, Keyed: true, Path: "/cart/promo", Access: own,
			Summary: "Add promo code",
		}, s.addPromo),
		rest.Bind(rest.Route{
			ID: "remove-promo-code", Method: http.MethodDelete, Path: "/cart/promo/{code}", Access: own,
			Summary: "Remove promo code",
		}, s.removePromo),
		rest.Bind(rest.Route{
			ID: "open-guest-cart", Method: http.MethodPost, Path: "/cart/guest", Access: rest.Public,
			Status: http.StatusCreated, Summary: "Open guest cart",
			Doc: "Returns the token of the cart for the header Cart-Token. The token is shown once and not " +
				"stored. A guest cart is emptied after 30 days without changes.",
		}, s.open),
		rest.Bind(rest.Route{
			ID: "merge-guest-cart", Method: http.MethodPost, Keyed: true, Path: "/cart/merge", Access: customer,
			Summary: "Merge guest cart",
			Doc: "Moves the lines into the caller's cart at current prices and invalidates the token. " +
				"Repeating the request has no effect.",
		}, s.merge),
	}}
}

// Deps is the dependencies of the handlers.
type Deps struct {
	Asker   grains.Asker
	Pricing *checkout.Pricer
	Idle    time.Duration // idle time after which a cart is abandoned; 0: the cart's default
}

type cartAPI struct{ Deps }

// CartView is a cart as the API shows it.
type CartView struct {
	UserID    entrepot.ID     `json:"userId" doc:"of a guest: the cart's id"`
	Items     []CartItem      `json:"items"`
	Total     entrepot.Amount `json:"total"`
	Currency  string          `json:"currency,omitempty"`
	UpdatedAt rest.Time       `json:"updatedAt,omitzero"`

	Saved      []CartItem `json:"saved,omitempty" doc:"lines saved for later"`
	PromoCodes []string   `json:"promoCodes,omitempty"`
}

// CartItem is one line of a cart.
type CartItem struct {
	ID        string          `json:"id"`
	ProductID entrepot.ID     `json:"productId"`
	VariantID entrepot.ID     `json:"variantId" doc:"the product's id when it has no variants"`
	ShopID    entrepot.ID     `json:"shopId"`
	CompanyID entrepot.ID     `json:"companyId"`
	Name      string          `json:"name"`
	Quantity  int64           `json:"quantity"`
	Price     entrepot.Amount `json:"price"`
	Subtotal  entrepot.Amount `json:"subtotal"`
	Currency  string          `json:"currency"`
}

func cartOf(c *cart.Cart) CartView {
	v := CartView{
		UserID: c.UserID, Total: rest.Amount(c.Total, c.Currency), Currency: c.Currency,
		Items: make([]CartItem, 0, len(c.Items)), UpdatedAt: rest.Time(c.UpdatedAt), PromoCodes: c.PromoCodes,
	}
	for _, i := range c.Items {
		v.Items = append(v.Items, cartItemOf(i))
	}
	for _, i := range c.Saved {
		v.Saved = append(v.Saved, cartItemOf(i))
	}
	return v
}

func cartItemOf(i cart.Item) CartItem {
	return CartItem{
		ID: i.ID, ProductID: i.ProductID, VariantID: i.VariantID, ShopID: i.ShopID, CompanyID: i.CompanyID, Name: i.Name,
		Quantity: i.Quantity,
		Price:    rest.Amount(i.Price, i.Currency), Subtotal: rest.Amount(i.Price*i.Quantity, i.Currency), Currency: i.Currency,
	}
}

// ask sends a message to the caller's own cart.
func (s *cartAPI) ask(ctx context.Context, cmd grains.Message[*cart.Cart], o ...grains.Option) (*cart.Cart, error) {
	return grains.Ask(ctx, s.Asker, cart.Of(entrepot.CallerFrom(ctx).UserID), cmd, o...)
}

func (s *cartAPI) answer(
	ctx context.Context, cmd grains.Message[*cart.Cart], o ...grains.Option,
) (*rest.Answer[CartView], error) {
	c, err := s.ask(ctx, cmd, o...)
	if err != nil {
		return nil, err
	}
	return rest.AnswerAt(c.Version, cartOf(c)), nil
}

func (s *cartAPI) get(ctx context.Context, _ *struct{}) (*rest.Answer[CartView], error) {
	return s.answer(ctx, cart.Get{})
}

func (s *cartAPI) clear(ctx context.Context, in *struct{ rest.IfMatch }) (*rest.Answer[CartView], error) {
	version, err := in.Version()
	if err != nil {
		return nil, err
	}
	return s.answer(ctx, cart.Clear{ExpectedVersion: version})
}

type addItemInput struct {
	rest.Here
	rest.KeyHeader
	RawBody []byte
	Body    struct {
		ProductID rest.ID `json:"productId"`
		VariantID rest.ID `json:"variantId,omitempty" doc:"which of the product's variants, if it has any"`
		ShopID    rest.ID `json:"shopId,omitempty" doc:"default: the first shop that sells it"`
		Quantity  int64   `json:"quantity" minimum:"1" maximum:"10000" example:"1"`
	}
}

// add adds to the cart, at the price and with the name of the product, not the client's.
func (s *cartAPI) add(ctx context.Context, in *addItemInput) (*rest.Created[CartView], error) {
	o, err := s.Pricing.Offered(ctx, "", string(in.Body.ProductID), string(in.Body.VariantID), string(in.Body.ShopID))
	if err != nil {
		return nil, err
	}
	p := o.Product
	c, err := s.ask(ctx, cart.AddItem{
		ProductID: p.ID, VariantID: o.Variant.ID, ShopID: o.ShopID, CompanyID: p.CompanyID, Quantity: in.Body.Quantity,
		Price: o.Price, Currency: p.Currency, Name: o.Name(), AbandonAfterMs: s.Idle.Milliseconds(),
	}, in.Keyed(ctx, "add", in.RawBody)...)
	if err != nil {
		return nil, err
	}
	out := &rest.Created[CartView]{Versioned: rest.ETagOf(c.Version), Body: cartOf(c)}
	for _, i := range c.Items {
		if i.VariantID == o.Variant.ID && i.ShopID == o.ShopID {
			out.Location = in.Below(i.ID)
		}
	}
	return out, nil
}

type setItemInput struct {
	rest.IDPath
	rest.IfMatch
	Body struct {
		Quantity int64 `json:"quantity" minimum:"0" maximum:"10000" example:"2"`
	}
}

func (s *cartAPI) set(ctx context.Context, in *setItemInput) (*rest.Answer[CartView], error) {
	id, version, err := in.Target(in.IDPath)
	if err != nil {
		return nil, err
	}
	return s.answer(ctx, cart.SetQuantity{ItemID: id, Quantity: in.Body.Quantity, ExpectedVersion: version})
}

type removeItemInput struct {
	rest.IDPath
	rest.IfMatch
}

func (s *cartAPI) remove(ctx context.Context, in *removeItemInput) (*rest.Answer[CartView], error) {
	id, version, err := in.Target(in.IDPath)
	if err != nil {
		return nil, err
	}
	return s.answer(ctx, cart.RemoveItem{ItemID: id, ExpectedVersion: version})
}
