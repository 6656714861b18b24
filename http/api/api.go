// Package api is the HTTP interface: one file a service, its routes on top and
// its handlers below. A handler binds and checks the input, sends a command to
// a grain or asks the service's own database for a list, and shapes the answer.
// Rules of the business are not here; the grain checks the tenant again.
package api

import (
	"context"
	"log/slog"
	"time"

	"entrepot"
	"entrepot/blob"
	"entrepot/blob/picture"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/http/edge"
	"entrepot/persistence"
	"entrepot/search"
)

// Deps is what the handlers need from outside. The wiring fills in what the
// mounted services use; a constructor of routes only keeps it.
type Deps struct {
	Asker  grains.Asker
	Stores Stores
	// AuditLogs and Movements hold an events.Envelope as their documents' state.
	// AuditLogs has the fields userId, action, resource, resourceId (String);
	// Movements has itemId (String) and movement (Int), scoped to the
	// company and shop of the item.
	AuditLogs *persistence.Collection
	Movements *persistence.Collection

	Tokens    Tokens
	TokenTTL  time.Duration  // of an access token, default 15 min
	Standing  *edge.Standing // told at once of what is withdrawn here; nil: nothing is
	Passwords *Passwords
	Logins    *LoginGuard   // nil: logins are not throttled
	Seal      *edge.Seal    // of the tokens in mails and of second factors
	PublicURL string        // of the web site that mails link to, without a slash at the end
	ShowMails bool          // GET /auth/mails
	Lists     *ListCache    // nil: product lists are not cached
	Search    *search.Index // nil: nothing is found by text; lists come from the database
	Blobs     blob.Store    // of the e-commerce service; nil: images and imports are not taken
	Pictures  *picture.Workshop
	// Similar answers up to n products like one, best first; it may name products
	// that are not for sale or another company's. nil: by content, from the database.
	Similar func(ctx context.Context, productID entrepot.ID, n int) ([]SimilarHit, error)
	Broker  BrokerStatus

	// Checks reports the parts that the service at hand needs to serve; nil: none.
	Checks func(ctx context.Context, service string) []Check
	// Services reports every service of the platform, for GET /health/all.
	Services func(ctx context.Context) []ServiceHealth

	// ErasureGrace is how long a deleted company can be restored, default 30 days.
	ErasureGrace time.Duration

	CartIdle time.Duration // unchanged for so long, a cart counts as abandoned; 0: the cart's default

	Hold time.Duration    // how long an unpaid order holds its stock; 0: the order's default
	Now  func() time.Time // default time.Now
	Log  *slog.Logger     // default slog.Default
}

// Stores are the databases that lists are read from.
type Stores struct {
	Auth, Company, Shop, Ecommerce, Sales, Payment, Inventory, Audit Reader
}

// Reader is the reading half of a persistence.Store.
type Reader interface {
	Unmarshal(data []byte, v any) error
	Load(ctx context.Context, c *persistence.Collection, id entrepot.ID) (*persistence.Document, error)
	Counter
	Find(ctx context.Context, c *persistence.Collection, scope entrepot.Scope, q persistence.Query) (docs []persistence.Document, next string, err error)
}

// Tokens makes and verifies access tokens; *edge.Keys is one.
type Tokens interface {
	edge.Verifier
	Sign(c edge.Claims) (token string, expires time.Time, err error)
	JWKS() edge.JWKS
}

// BrokerStatus is what the health page asks of an events.Broker.
type BrokerStatus interface {
	Status(ctx context.Context) ([]events.QueueStatus, error)
}

func (d Deps) withDefaults() Deps {
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.TokenTTL <= 0 {
		d.TokenTTL = 15 * time.Minute
	}
	if d.ErasureGrace <= 0 {
		d.ErasureGrace = 30 * 24 * time.Hour
	}
	if d.Log == nil {
		d.Log = slog.Default()
	}
	return d
}
