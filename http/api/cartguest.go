package api

import (
	"context"
	"crypto/rand"
	"encoding/base64"

	"entrepot"
	"entrepot/grains/cart/cartpb"

	"github.com/danielgtaylor/huma/v2"
)

// cartTokenHeader is where a guest shows the token of the cart.
const cartTokenHeader = "Cart-Token"

// cartTokenBytes of randomness make a token: nobody guesses one.
const cartTokenBytes = 32

// asGuest makes a request without a login, which shows a guest's token, that of
// the guest: somebody without a role, whose id is the cart's.
func asGuest(ctx huma.Context) huma.Context {
	token := ctx.Header(cartTokenHeader)
	c := entrepot.CallerFrom(ctx.Context())
	if token == "" || c.Role != "" || !validCartToken(token) {
		return ctx
	}
	return huma.WithContext(ctx, entrepot.WithCaller(ctx.Context(), guestOf(c, token)))
}

func guestOf(c entrepot.Caller, token string) entrepot.Caller {
	return entrepot.Caller{UserID: cartpb.GuestID(token), RequestID: c.RequestID, IP: c.IP, UserAgent: c.UserAgent}
}

// validCartToken reports whether a token has the form of ours. Another names no cart.
func validCartToken(token string) bool {
	b, err := base64.RawURLEncoding.DecodeString(token)
	return err == nil && len(b) == cartTokenBytes
}

// GuestCart is a new cart and the one time that its token is shown.
type GuestCart struct {
	Token string   `json:"token" doc:"for the header Cart-Token; treat it like a password"`
	Cart  CartView `json:"cart"`
}

func (s *cartAPI) open(ctx context.Context, _ *struct{}) (*created[GuestCart], error) {
	secret := make([]byte, cartTokenBytes)
	_, _ = rand.Read(secret) // crypto/rand.Read never fails
	token := base64.RawURLEncoding.EncodeToString(secret)
	ctx = entrepot.WithCaller(ctx, guestOf(entrepot.CallerFrom(ctx), token))
	c, err := s.ask(ctx, &cartpb.Open{})
	if err != nil {
		return nil, err
	}
	return &created[GuestCart]{Location: "/cart", Body: GuestCart{token, cartOf(c)}}, nil
}

type mergeInput struct {
	KeyHeader
	RawBody []byte
	Body    struct {
		Token string `json:"token" minLength:"1" maxLength:"100" doc:"the guest's Cart-Token"`
	}
}

// merge takes the guest's cart over. The cart's grain sees to it that its lines
// are in one of the two carts, whatever happens meanwhile.
func (s *cartAPI) merge(ctx context.Context, in *mergeInput) (*answer[CartView], error) {
	if !validCartToken(in.Body.Token) {
		return nil, entrepot.Invalid("token", "token", "must be the token of a guest's cart")
	}
	guest := guestOf(entrepot.CallerFrom(ctx), in.Body.Token)
	prices, err := s.prices(entrepot.WithCaller(ctx, guest))
	if err != nil {
		return nil, err
	}
	c, err := s.ask(ctx, &cartpb.Merge{GuestId: guest.UserID, Prices: prices})
	switch {
	case entrepot.CodeOf(err) == entrepot.CodeNotFound:
		return nil, missing("token", "no such cart, or another account took it over")
	case err != nil:
		return nil, err
	}
	return answerAt(c.Version, cartOf(c)), nil
}

// prices are those of now of the caller's lines. What is not sold any more keeps
// its price; checkout refuses it. A cart that cannot be read has none.
func (s *cartAPI) prices(ctx context.Context) ([]*cartpb.Price, error) {
	c, err := s.ask(ctx, &cartpb.Get{})
	switch {
	case entrepot.CodeOf(err) == entrepot.CodeNotFound:
		return nil, nil
	case err != nil:
		return nil, err
	}
	found := make([]*cartpb.Price, len(c.Items))
	err = each(ctx, len(c.Items), func(ctx context.Context, i int) error {
		it := c.Items[i]
		o, err := s.selling.offered(ctx, s.Asker, "", it.ProductId, it.VariantId, it.ShopId)
		if err == nil && o.product.Currency == it.Currency {
			found[i] = &cartpb.Price{ItemId: it.Id, PriceMinor: o.price}
		}
		return unlessRefused(err)
	})
	out := found[:0]
	for _, p := range found {
		if p != nil {
			out = append(out, p)
		}
	}
	return out, err
}

// unlessRefused is an error that says nothing about what was asked for.
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
	IDPath
	KeyHeader
}

func (s *cartAPI) save(ctx context.Context, in *cartLineInput) (*answer[CartView], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	ctx, _ = in.command(ctx, "save", []byte(id))
	return s.answer(ctx, &cartpb.SaveItem{ItemId: id})
}

func (s *cartAPI) restore(ctx context.Context, in *cartLineInput) (*answer[CartView], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	c, err := s.ask(ctx, &cartpb.Get{})
	if err != nil {
		return nil, err
	}
	for _, it := range c.Saved {
		if it.Id != id {
			continue
		}
		o, err := s.selling.offered(ctx, s.Asker, "", it.ProductId, it.VariantId, it.ShopId)
		if err != nil {
			return nil, err
		}
		ctx, _ = in.command(ctx, "restore", []byte(id))
		return s.answer(ctx, &cartpb.RestoreItem{ItemId: id, PriceMinor: o.price, Currency: o.product.Currency, Name: o.name()})
	}
	return nil, entrepot.ErrNotFound
}

func (s *cartAPI) forget(ctx context.Context, in *struct{ IDPath }) (*answer[CartView], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	return s.answer(ctx, &cartpb.RemoveSaved{ItemId: id})
}
