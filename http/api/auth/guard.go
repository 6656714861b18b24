package auth

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"entrepot/http/edge"
)

// LoginGuard throttles wrong logins, by account and by address. An attempt takes
// a token of both and gives them back when it succeeds, so that attempts made at
// the same time count too.
type LoginGuard struct{ accounts, addresses *edge.Limiter }

// NewLoginGuard allows perAccount wrong logins of an account (0: 10) and
// perAddress of an address (0: 100), then one a minute and one every six seconds.
// Registrations count for the address. now is nil for the wall clock.
func NewLoginGuard(perAccount, perAddress int, now func() time.Time) *LoginGuard {
	if perAccount <= 0 {
		perAccount = 10
	}
	if perAddress <= 0 {
		perAddress = 100
	}
	return &LoginGuard{
		accounts:  edge.NewLimiter(perAccount, time.Minute, now),
		addresses: edge.NewLimiter(perAddress, 6*time.Second, now),
	}
}

// Limiters are what all gateways count together, by name.
func (g *LoginGuard) Limiters() map[string]*edge.Limiter {
	return map[string]*edge.Limiter{"login.account": g.accounts, "login.address": g.addresses}
}

// accountKey names an account where limiters are shared, without its address.
func accountKey(email string) string {
	h := sha256.Sum256([]byte(email))
	return hex.EncodeToString(h[:12])
}

// begin refuses with CodeRateLimited, or returns a function that gives the attempt back
// after a success.
func (g *LoginGuard) begin(email, ip string) (forgive func(), err error) {
	if g == nil {
		return func() {}, nil
	}
	email = accountKey(email)
	account, address := g.accounts.Take(email), g.addresses.Take(ip)
	switch {
	case account.OK && address.OK:
		return func() { g.accounts.Give(email); g.addresses.Give(ip) }, nil
	case account.OK: // the account is not to blame
		g.accounts.Give(email)
		return nil, edge.RateLimited(address.Reset)
	default:
		if address.OK {
			g.addresses.Give(ip)
		}
		return nil, edge.RateLimited(account.Reset)
	}
}

// beginFrom is begin where no account is known yet: it counts for the address alone.
func (g *LoginGuard) beginFrom(ip string) (forgive func(), err error) {
	if g == nil {
		return func() {}, nil
	}
	if address := g.addresses.Take(ip); !address.OK {
		return nil, edge.RateLimited(address.Reset)
	}
	return func() { g.addresses.Give(ip) }, nil
}
