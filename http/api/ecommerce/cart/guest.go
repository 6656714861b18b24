package cart

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"slices"

	"entrepot"
	"entrepot/grains/ecommerce/cart"
	"entrepot/grains/query"
	"entrepot/http/rest"
)

// GuestCart is a new cart with its token, which no other reply contains.
type GuestCart struct {
	Token string   `json:"token" doc:"for the header Cart-Token; treat it like a password"`
	Cart  CartView `json:"cart"`
}

func (s *cartAPI) open(ctx context.Context, _ *struct{}) (*rest.Created[GuestCart], error) {
	secret := make([]byte, rest.CartTokenBytes)
	_, _ = rand.Read(secret) // crypto/rand.Read never fails
	token := base64.RawURLEncoding.EncodeToString(secret)
	ctx = entrepot.WithCaller(ctx, rest.GuestCaller(entrepot.CallerFrom(ctx), token))
	c, err := s.ask(ctx, cart.Open{})
	if err != nil {
		return nil, err
	}
	return &rest.Created[GuestCart]{Location: "/cart", Body: GuestCart{token, cartOf(c)}}, nil
}

type mergeInput struct {
	rest.KeyHeader
	RawBody []byte
	Body    struct {
		Token string `json:"token" minLength:"1" maxLength:"100" doc:"the guest's Cart-Token"`
	}
}

// merge takes the guest's cart over. The grain keeps each line in one of the two
// carts, whatever happens meanwhile.
func (s *cartAPI) merge(ctx context.Context, in *mergeInput) (*rest.Answer[CartView], error) {
	if !rest.ValidCartToken(in.Body.Token) {
		return nil, entrepot.Invalid("token", "token", "must be the token of a guest's cart")
	}
	guest := rest.GuestCaller(entrepot.CallerFrom(ctx), in.Body.Token)
	prices, err := s.prices(entrepot.WithCaller(ctx, guest))
	if err != nil {
		return nil, err
	}
	c, err := s.ask(ctx, cart.Merge{GuestID: guest.UserID, Prices: prices})
	switch {
	case entrepot.CodeOf(err) == entrepot.CodeNotFound:
		return nil, query.Missing("token", "no such cart, or another account took it over")
	case err != nil:
		return nil, err
	}
	return rest.AnswerAt(c.Version, cartOf(c)), nil
}

// prices returns the current prices of the caller's lines. A product that is no
// longer sold is left out: it keeps its price, and the checkout refuses it. A cart
// that cannot be read has none.
func (s *cartAPI) prices(ctx context.Context) ([]cart.Price, error) {
	c, err := s.ask(ctx, cart.Get{})
	switch {
	case entrepot.CodeOf(err) == entrepot.CodeNotFound:
		return nil, nil
	case err != nil:
		return nil, err
	}
	found := make([]cart.Price, len(c.Items))
	err = query.Each(ctx, len(c.Items), func(ctx context.Context, i int) error {
		it := c.Items[i]
		o, err := s.Pricing.Offered(ctx, "", it.ProductID, it.VariantID, it.ShopID)
		if err == nil && o.Product.Currency == it.Currency {
			found[i] = cart.Price{ItemID: it.ID, Price: o.Price}
		}
		return unlessRefused(err)
	})
	return slices.DeleteFunc(found, func(p cart.Price) bool { return p.ItemID == "" }), err
}

// unlessRefused returns nil for an error that is about the request, and any other
// error as it is.
func unlessRefused(err error) error {
	switch entrepot.CodeOf(err) {
	case entrepot.CodeNotFound, entrepot.CodeInvalid, entrepot.CodeConflict:
		return nil
	default:
		return err
	}
}

// Saved for later.

type cartLineInput struct {
	rest.IDPath
	rest.KeyHeader
}

func (s *cartAPI) save(ctx context.Context, in *cartLineInput) (*rest.Answer[CartView], error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	return s.answer(ctx, cart.SaveItem{ItemID: id}, in.Keyed(ctx, "save", []byte(id))...)
}

func (s *cartAPI) restore(ctx context.Context, in *cartLineInput) (*rest.Answer[CartView], error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	c, err := s.ask(ctx, cart.Get{})
	if err != nil {
		return nil, err
	}
	for _, it := range c.Saved {
		if it.ID != id {
			continue
		}
		o, err := s.Pricing.Offered(ctx, "", it.ProductID, it.VariantID, it.ShopID)
		if err != nil {
			return nil, err
		}
		return s.answer(ctx, cart.RestoreItem{
			ItemID: id, Price: o.Price, Currency: o.Product.Currency, Name: o.Name(),
		}, in.Keyed(ctx, "restore", []byte(id))...)
	}
	return nil, entrepot.ErrNotFound
}

func (s *cartAPI) forget(ctx context.Context, in *struct{ rest.IDPath }) (*rest.Answer[CartView], error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	return s.answer(ctx, cart.RemoveSaved{ItemID: id})
}
