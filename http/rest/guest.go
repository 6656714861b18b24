package rest

import (
	"encoding/base64"

	"entrepot"
	"entrepot/grains/ecommerce/cart"

	"github.com/danielgtaylor/huma/v2"
)

// cartTokenHeader carries the token of a guest's cart.
const cartTokenHeader = "Cart-Token"

// CartTokenBytes is the number of random bytes of a token, too many to guess.
const CartTokenBytes = 32

// asGuest gives a request without a login but with a valid Cart-Token the guest as its
// caller: a caller without a role, with the cart's id as its user id.
func asGuest(ctx huma.Context) huma.Context {
	token := ctx.Header(cartTokenHeader)
	c := entrepot.CallerFrom(ctx.Context())
	if token == "" || c.Role != "" || !ValidCartToken(token) {
		return ctx
	}
	return huma.WithContext(ctx, entrepot.WithCaller(ctx.Context(), GuestCaller(c, token)))
}

// GuestCaller returns the guest with the token, in the request of c.
func GuestCaller(c entrepot.Caller, token string) entrepot.Caller {
	return entrepot.Caller{UserID: cart.GuestID(token), RequestID: c.RequestID, IP: c.IP, UserAgent: c.UserAgent}
}

// ValidCartToken reports whether a token has the form of a Cart-Token.
func ValidCartToken(token string) bool {
	b, err := base64.RawURLEncoding.DecodeString(token)
	return err == nil && len(b) == CartTokenBytes
}
