package api

import (
	"context"
	"net/http"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/cart/cartpb"

	"google.golang.org/protobuf/proto"
)

// Cart is the customer's cart, of the e-commerce service.
func Cart(d Deps) Routes {
	s := &cartAPI{}
	s.init(d)
	own, customer := Only(entrepot.Customer).OrGuest(), Only(entrepot.Customer)
	return Routes{"cart", []Route{
		route(Route{ID: "get-cart", Method: http.MethodGet, Path: "/cart", Access: own, Summary: "Read the cart"}, s.get),
		route(Route{ID: "clear-cart", Method: http.MethodDelete, Path: "/cart", Access: own, Summary: "Empty the cart"}, s.clear),
		route(Route{ID: "add-cart-item", Method: http.MethodPost, Keyed: true, Path: "/cart/items", Access: own, Status: http.StatusCreated, Summary: "Add to the cart"}, s.add),
		route(Route{ID: "set-cart-item", Method: http.MethodPut, Path: "/cart/items/{id}", Access: own, Summary: "Change a quantity; 0 removes the line"}, s.set),
		route(Route{ID: "remove-cart-item", Method: http.MethodDelete, Path: "/cart/items/{id}", Access: own, Summary: "Remove a line"}, s.remove),
		route(Route{ID: "save-cart-item", Method: http.MethodPost, Keyed: true, Path: "/cart/items/{id}/save", Access: own, Summary: "Save a line for later"}, s.save),
		route(Route{
			ID: "restore-saved-item", Method: http.MethodPost, Keyed: true, Path: "/cart/saved/{id}/restore", Access: own, Summary: "Put a saved line back",
			Doc: "At the price of now.",
		}, s.restore),
		route(Route{ID: "remove-saved-item", Method: http.MethodDelete, Path: "/cart/saved/{id}", Access: own, Summary: "Forget a saved line"}, s.forget),
		route(Route{
			ID: "get-cart-summary", Method: http.MethodGet, Path: "/cart/summary", Access: own, Summary: "Look at the cart as it is now",
			Doc: "Each line with the price and the pieces of now where they differ, what the promo codes give, and what an order would cost. Nothing is changed or reserved.",
		}, s.summary),
		route(Route{
			ID: "estimate-cart", Method: http.MethodPost, Path: "/cart/estimate", Access: own, Summary: "What the order of the cart would cost",
			Doc: "By the same computation as the order. Taxes are the companies' rates; shipping is by the shops' rules for the country and postal code, and lists the methods to choose from.",
		}, s.estimate),
		route(Route{ID: "add-promo-code", Method: http.MethodPost, Keyed: true, Path: "/cart/promo", Access: own, Summary: "Enter a promo code"}, s.addPromo),
		route(Route{ID: "remove-promo-code", Method: http.MethodDelete, Path: "/cart/promo/{code}", Access: own, Summary: "Take a promo code back"}, s.removePromo),
		route(Route{
			ID: "open-guest-cart", Method: http.MethodPost, Path: "/cart/guest", Access: Public, Status: http.StatusCreated, Summary: "Open a cart without an account",
			Doc: "Answers the token that stands for the cart in the header Cart-Token. It is shown once and kept nowhere. A guest's cart is emptied when it was not changed for 30 days.",
		}, s.open),
		route(Route{
			ID: "merge-guest-cart", Method: http.MethodPost, Keyed: true, Path: "/cart/merge", Access: customer, Summary: "Take a guest's cart over",
			Doc: "Its lines come into the caller's cart, at the prices of now, and its token opens nothing any more. Asked again it changes nothing.",
		}, s.merge),
	}}
}

type cartAPI struct{ pricing }

// CartView is a cart as the API shows it.
type CartView struct {
	UserID    entrepot.ID     `json:"userId" doc:"of a guest: the cart's id"`
	Items     []CartItem      `json:"items"`
	Total     entrepot.Amount `json:"total"`
	Currency  string          `json:"currency,omitempty"`
	UpdatedAt Time            `json:"updatedAt,omitzero"`

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

func cartOf(c *cartpb.Cart) CartView {
	v := CartView{
		UserID: c.UserId, Total: amount(c.TotalMinor, c.Currency), Currency: c.Currency,
		Items: make([]CartItem, 0, len(c.Items)), UpdatedAt: Time(c.UpdatedMs), PromoCodes: c.PromoCodes,
	}
	for _, i := range c.Items {
		v.Items = append(v.Items, cartItemOf(i))
	}
	for _, i := range c.Saved {
		v.Saved = append(v.Saved, cartItemOf(i))
	}
	return v
}

func cartItemOf(i *cartpb.Item) CartItem {
	return CartItem{
		ID: i.Id, ProductID: i.ProductId, VariantID: i.VariantId, ShopID: i.ShopId, CompanyID: i.CompanyId, Name: i.Name, Quantity: i.Quantity,
		Price: amount(i.PriceMinor, i.Currency), Subtotal: amount(i.PriceMinor*i.Quantity, i.Currency), Currency: i.Currency,
	}
}

// ask sends a command to the caller's own cart, which has the id of its user or of the guest's token.
func (s *cartAPI) ask(ctx context.Context, cmd proto.Message) (*cartpb.Cart, error) {
	return grains.Ask[*cartpb.Cart](ctx, s.Asker, cartpb.Kind, entrepot.CallerFrom(ctx).UserID, cmd)
}

func (s *cartAPI) answer(ctx context.Context, cmd proto.Message) (*answer[CartView], error) {
	c, err := s.ask(ctx, cmd)
	if err != nil {
		return nil, err
	}
	return answerAt(c.Version, cartOf(c)), nil
}

func (s *cartAPI) get(ctx context.Context, _ *struct{}) (*answer[CartView], error) {
	return s.answer(ctx, &cartpb.Get{})
}

func (s *cartAPI) clear(ctx context.Context, in *struct{ IfMatch }) (*answer[CartView], error) {
	version, err := in.version()
	if err != nil {
		return nil, err
	}
	return s.answer(ctx, &cartpb.Clear{ExpectedVersion: version})
}

type addItemInput struct {
	Here
	KeyHeader
	RawBody []byte
	Body    struct {
		ProductID string `json:"productId" pattern:"^[0-9a-f]{24}$" patternDescription:"an id of 24 hex digits"`
		VariantID string `json:"variantId,omitempty" pattern:"^[0-9a-f]{24}$" patternDescription:"an id of 24 hex digits" doc:"which of the product's variants, if it has any"`
		ShopID    string `json:"shopId,omitempty" pattern:"^[0-9a-f]{24}$" patternDescription:"an id of 24 hex digits" doc:"default: the first shop that sells it"`
		Quantity  int64  `json:"quantity" minimum:"1" maximum:"10000" example:"1"`
	}
}

// add takes price and name from the product, never from the client.
func (s *cartAPI) add(ctx context.Context, in *addItemInput) (*created[CartView], error) {
	o, err := s.selling.offered(ctx, s.Asker, "", in.Body.ProductID, in.Body.VariantID, in.Body.ShopID)
	if err != nil {
		return nil, err
	}
	p := o.product
	ctx, _ = in.command(ctx, "add", in.RawBody)
	c, err := s.ask(ctx, &cartpb.AddItem{
		ProductId: p.Id, VariantId: o.variant.Id, ShopId: o.shopID, CompanyId: p.CompanyId, Quantity: in.Body.Quantity,
		PriceMinor: o.price, Currency: p.Currency, Name: o.name(), AbandonAfterMs: s.CartIdle.Milliseconds(),
	})
	if err != nil {
		return nil, err
	}
	out := &created[CartView]{Versioned: versioned(c.Version), Body: cartOf(c)}
	for _, i := range c.Items {
		if i.VariantId == o.variant.Id && i.ShopId == o.shopID {
			out.Location = in.below(i.Id)
		}
	}
	return out, nil
}

type setItemInput struct {
	IDPath
	IfMatch
	Body struct {
		Quantity int64 `json:"quantity" minimum:"0" maximum:"10000" example:"2"`
	}
}

func (s *cartAPI) set(ctx context.Context, in *setItemInput) (*answer[CartView], error) {
	id, version, err := in.at(in.IDPath)
	if err != nil {
		return nil, err
	}
	return s.answer(ctx, &cartpb.SetQuantity{ItemId: id, Quantity: in.Body.Quantity, ExpectedVersion: version})
}

type removeItemInput struct {
	IDPath
	IfMatch
}

func (s *cartAPI) remove(ctx context.Context, in *removeItemInput) (*answer[CartView], error) {
	id, version, err := in.at(in.IDPath)
	if err != nil {
		return nil, err
	}
	return s.answer(ctx, &cartpb.RemoveItem{ItemId: id, ExpectedVersion: version})
}
