package services

import (
	"context"
	"log/slog"
	"time"

	"entrepot"
	auditactors "entrepot/actors/audit"
	"entrepot/grains"
	"entrepot/grains/checkout"
	"entrepot/grains/ecommerce/recommend"
	"entrepot/grains/inventory/stock"
	"entrepot/grains/query"
	"entrepot/http/api/audit"
	"entrepot/http/api/auth"
	"entrepot/http/api/company"
	"entrepot/http/api/ecommerce"
	"entrepot/http/api/inventory"
	"entrepot/http/api/payment"
	"entrepot/http/api/sales"
	"entrepot/http/api/shop"
	"entrepot/http/edge"
	"entrepot/http/rest"
	"entrepot/persistence/blob"
	"entrepot/persistence/blob/picture"
	"entrepot/persistence/search"
)

// Deps is what the services of a process share. Each row of the table passes on
// what its service needs.
type Deps struct {
	Asker grains.Asker
	// Stores returns the database of a service, nil if it is in another process.
	Stores func(service string) query.Reader

	Tokens    auth.Tokens
	TokenTTL  time.Duration  // of an access token, default 15 min
	Standing  *edge.Standing // refreshed after a withdrawal; nil: other members only
	Passwords *auth.Passwords
	Logins    *auth.LoginGuard // nil: logins are not throttled
	Seal      *edge.Seal       // of the tokens in mails and of second factors
	PublicURL string           // of the web site that mails link to, without a slash at the end
	ShowMails bool             // serve GET /auth/mails

	Lists    *ecommerce.ListCache // nil: product lists are not cached
	Search   *search.Index        // nil: nothing is found by text; lists come from the database
	Blobs    blob.Store           // nil: images and imports are not accepted
	Pictures *picture.Workshop
	// Similar returns up to n products like one, best first. nil: by content, from the database.
	Similar func(ctx context.Context, productID entrepot.ID, n int) ([]recommend.Scored, error)

	ErasureGrace time.Duration // how long a deleted company can be restored, default 30 days
	CartIdle     time.Duration // a cart unchanged for so long counts as abandoned; 0: the cart's default
	Hold         time.Duration // how long an unpaid order holds its stock; 0: the order's default

	Now func() time.Time // default time.Now
	Log *slog.Logger     // default slog.Default
}

func (d Deps) withDefaults() Deps {
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Log == nil {
		d.Log = slog.Default()
	}
	if d.TokenTTL <= 0 {
		d.TokenTTL = 15 * time.Minute
	}
	if d.ErasureGrace <= 0 {
		d.ErasureGrace = 30 * 24 * time.Hour
	}
	return d
}

func (d *Deps) store(service string) query.Reader {
	if d.Stores == nil {
		return nil
	}
	return d.Stores(service)
}

// pricing returns the computation of orders, estimates and cart summaries.
func (d *Deps) pricing() *checkout.Pricer {
	c := checkout.Config{Asker: d.Asker, Orders: d.store("sales"), Purchases: d.store("ecommerce"), Now: d.Now}
	if d.Standing != nil {
		c.Standing = d.Standing.Company
	}
	return checkout.New(c)
}

// AllRoutes returns the routes of all services. Zero Deps do for a document of them.
func AllRoutes(d Deps) []rest.Routes {
	var out []rest.Routes
	for _, s := range Table {
		if s.Routes != nil {
			out = append(out, s.Routes(d)...)
		}
	}
	return out
}

func authRoutes(d Deps) []rest.Routes {
	d = d.withDefaults()
	return auth.Routes(auth.Deps{
		Asker: d.Asker, Store: d.store("auth"), Tokens: d.Tokens, TokenTTL: d.TokenTTL, Standing: d.Standing, Passwords: d.Passwords,
		Logins: d.Logins, Seal: d.Seal, PublicURL: d.PublicURL, ShowMails: d.ShowMails, Now: d.Now, Log: d.Log,
	})
}

func companyRoutes(d Deps) []rest.Routes {
	d = d.withDefaults()
	return company.Routes(company.Deps{Asker: d.Asker, Store: d.store("company"), Standing: d.Standing, ErasureGrace: d.ErasureGrace})
}

func shopRoutes(d Deps) []rest.Routes {
	d = d.withDefaults()
	return shop.Routes(shop.Deps{Asker: d.Asker, Store: d.store("shop"), Standing: d.Standing, Now: d.Now})
}

func ecommerceRoutes(d Deps) []rest.Routes {
	d = d.withDefaults()
	return ecommerce.Routes(ecommerce.Deps{
		Asker: d.Asker, Store: d.store("ecommerce"), Lists: d.Lists, Search: d.Search, Blobs: d.Blobs, Pictures: d.Pictures,
		Similar: d.Similar, Pricing: d.pricing(), CartIdle: d.CartIdle, Now: d.Now, Log: d.Log,
	})
}

func salesRoutes(d Deps) []rest.Routes {
	return sales.Routes(sales.Deps{Asker: d.Asker, Store: d.store("sales"), Pricing: d.pricing(), Hold: d.Hold})
}

func paymentRoutes(d Deps) []rest.Routes {
	return payment.Routes(payment.Deps{Asker: d.Asker, Store: d.store("payment")})
}

func inventoryRoutes(d Deps) []rest.Routes {
	d = d.withDefaults()
	return inventory.Routes(inventory.Deps{
		Asker: d.Asker, Store: d.store("inventory"), Shops: d.store("shop"), Movements: stock.Movements, Now: d.Now,
	})
}

func auditRoutes(d Deps) []rest.Routes {
	return audit.Routes(audit.Deps{Store: d.store("audit"), AuditLogs: auditactors.Logs})
}
