package rest

import (
	"encoding/base64"

	"entrepot"
	"entrepot/grains/ecommerce/cart"

	"github.com/danielgtaylor/huma/v2"
)

// cartTokenHeader is where a guest shows the token of the cart.
const cartTokenHeader = "Cart-Token"

// CartTokenBytes of randomness make a token: nobody guesses one.
const CartTokenBytes = 32

// asGuest makes a request without a login, which shows a guest's token, that of
// the guest: somebody without a role, whose id is the cart's.
func asGuest(ctx huma.Context) huma.Context {
	token := ctx.Header(cartTokenHeader)
	c := entrepot.CallerFrom(ctx.Context())
	if token == "" || c.Role != "" || !ValidCartToken(token) {
		return ctx
	}
	return huma.WithContext(ctx, entrepot.WithCaller(ctx.Context(), GuestCaller(c, token)))
}

func GuestCaller(c entrepot.Caller, token string) entrepot.Caller {
	return entrepot.Caller{UserID: cart.GuestID(token), RequestID: c.RequestID, IP: c.IP, UserAgent: c.UserAgent}
}

// ValidCartToken reports whether a token has the form of ours. Another names no cart.
func ValidCartToken(token string) bool {
	b, err := base64.RawURLEncoding.DecodeString(token)
	return err == nil && len(b) == CartTokenBytes
}
