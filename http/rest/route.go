// Package rest is the kit of the HTTP interface: declarations of routes, inputs and
// outputs, paging, versions, Idempotency-Keys, problems and the OpenAPI document.
// It knows no service.
package rest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"slices"

	"entrepot"
	"entrepot/grains/query"
	"entrepot/http/edge"

	"github.com/danielgtaylor/huma/v2"
)

// Access declares the callers of a route. The zero value declares nothing, and a route
// without a declaration cannot be made.
type Access struct {
	declared    bool
	public      bool
	ignoreToken bool // even a token that does not verify
	anyStanding bool // also for staff of a company that is suspended or closed
	guests      bool // also for who shows the token of a guest's cart
	roles       []entrepot.Role
}

// The permissions of the role table. The entity checks the tenant besides.
var (
	// Public is for anyone; a token that is sent must verify.
	Public = Access{declared: true, public: true}
	// Open is for anyone, whatever token is sent: logging in again.
	Open = Access{declared: true, public: true, ignoreToken: true}
	// LoggedIn is for every role.
	LoggedIn = Only(entrepot.SuperAdmin, entrepot.CompanyAdmin, entrepot.ShopManager, entrepot.ShopStaff, entrepot.Customer)
	// Staff is for every role but customers.
	Staff = Only(entrepot.SuperAdmin, entrepot.CompanyAdmin, entrepot.ShopManager, entrepot.ShopStaff)
)

// Only admits the given roles.
func Only(roles ...entrepot.Role) Access { return Access{declared: true, roles: roles} }

// AnyStanding also admits staff of a suspended or closed company.
func (a Access) AnyStanding() Access { a.anyStanding = true; return a }

// OrGuest also admits guests with a Cart-Token.
func (a Access) OrGuest() Access { a.guests = true; return a }

// Guests reports whether a guest's Cart-Token opens the route.
func (a Access) Guests() bool { return a.guests }

// InAnyStanding reports whether staff of a suspended or closed company are admitted.
func (a Access) InAnyStanding() bool { return a.anyStanding }

// Roles returns the admitted roles; nil for everyone.
func (a Access) Roles() []entrepot.Role { return slices.Clone(a.roles) }

// check returns an error for callers without access; scope is the scope that API keys
// need.
func (a Access) check(ctx context.Context, scope string) error {
	if err := edge.TokenError(ctx); err != nil && !a.ignoreToken {
		return err
	}
	if a.public {
		return nil
	}
	c := entrepot.CallerFrom(ctx)
	role := c.Role
	switch {
	case c.Scopes != nil && !slices.Contains(c.Scopes, scope):
		return entrepot.Errorf(entrepot.CodeForbidden, "the API key lacks the scope %s", scope)
	case role == "" && a.guests && c.UserID != "":
		return nil
	case role == "" && a.guests:
		return entrepot.Errorf(entrepot.CodeUnauthenticated, "log in, or show the Cart-Token that POST /cart/guest gives")
	case role == "":
		return entrepot.Errorf(entrepot.CodeUnauthenticated, "log in first")
	case !slices.Contains(a.roles, role):
		return entrepot.Errorf(entrepot.CodeForbidden, "the role %s may not do this", role)
	default:
		return nil
	}
}

// Route is one operation.
type Route struct {
	ID      string // operation id, "get-product"
	Method  string
	Path    string // without the gateway's prefix: "/products/{id}"
	Summary string
	Doc     string
	Access  Access
	Status  int  // of success, default 200
	Root    bool // mounted at the path as it stands, without prefix
	Keyed   bool // takes an Idempotency-Key; its input embeds KeyHeader
	// Takes are the content types of a body that is no JSON; its input embeds Upload.
	Takes []string
	// Answers is the type of the JSON that a handler writes by itself.
	Answers reflect.Type

	register func(huma.API, huma.Operation, *slog.Logger)
	keys     *KeyStore // of a Keyed route; nil: only the entity remembers
}

// Routes are the operations of one service.
type Routes struct {
	Service string // tag in the OpenAPI document
	List    []Route
}

// Bind binds a handler to the declaration of its route. Errors of the handler become
// problems. It panics if the declaration is incomplete.
func Bind[I, O any](r Route, h func(context.Context, *I) (*O, error)) Route {
	if !r.Access.declared {
		panic(fmt.Sprintf("api: the route %s declares no permission", r.ID))
	}
	if _, takes := reflect.TypeFor[I]().FieldByName("KeyHeader"); takes != r.Keyed {
		panic(fmt.Sprintf("api: the route %s is Keyed: %v, its input takes a key: %v", r.ID, r.Keyed, takes))
	}
	r.register = func(api huma.API, op huma.Operation, log *slog.Logger) {
		huma.Register(api, op, func(ctx context.Context, in *I) (*O, error) {
			out, err := h(ctx, in)
			if err != nil {
				LogError(ctx, log, err)
				return nil, edge.ProblemOf(ctx, err)
			}
			return out, nil
		})
	}
	return r
}

// LogError logs the causes that the client does not get to see.
func LogError(ctx context.Context, log *slog.Logger, err error) {
	var u *query.UnreadableError
	if errors.As(err, &u) {
		log.WarnContext(ctx, "not answered", "collection", u.Collection, "error", u.Cause,
			"requestId", entrepot.CallerFrom(ctx).RequestID)
		return
	}
	edge.LogUnknown(ctx, log, err)
}

// guard checks access before the input is parsed.
func guard(a Access, scope string) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		if a.guests {
			ctx = asGuest(ctx)
		}
		if err := a.check(ctx.Context(), scope); err != nil {
			writeProblem(ctx, err)
			return
		}
		if err := a.checkStanding(ctx.Context(), ctx.Method()); err != nil {
			writeProblem(ctx, err)
			return
		}
		next(ctx)
	}
}

// checkStanding refuses changes by staff of a suspended company, and everything by
// staff of a closed one, except on routes open to any standing.
func (a Access) checkStanding(ctx context.Context, method string) error {
	standing := edge.StandingOf(ctx)
	switch {
	case standing == entrepot.StandingFull, a.public, a.anyStanding:
		return nil
	case standing == entrepot.StandingReadOnly && (method == http.MethodGet || method == http.MethodHead):
		return nil
	case standing == entrepot.StandingReadOnly:
		return entrepot.Errorf(entrepot.CodeSuspended, "the company is suspended: its staff may read, and change nothing")
	default:
		return entrepot.Errorf(entrepot.CodeSuspended, "the company is closed")
	}
}

// Scope returns the scope that API keys need for the route: "products:read".
func (r Route) Scope(service string) string {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return service + ":read"
	}
	return service + ":write"
}

// operation returns huma's form of the route at a prefix.
func (r Route) operation(service, prefix string, api huma.API, log *slog.Logger) huma.Operation {
	if r.Root {
		prefix = ""
	}
	op := huma.Operation{
		OperationID: r.ID, Method: r.Method, Path: prefix + r.Path, Summary: r.Summary, Description: r.Doc,
		Tags: []string{service}, DefaultStatus: r.Status,
		MaxBodyBytes: edge.MaxBody + 1, BodyReadTimeout: bodyReadTimeout,
		RejectUnknownQueryParameters: true,
		Middlewares:                  huma.Middlewares{guard(r.Access, r.Scope(service))},
		Extensions:                   map[string]any{"x-roles": rolesOf(r.Access), "x-scope": r.Scope(service)},
	}
	if r.keys != nil {
		op.Middlewares = append(op.Middlewares, remember(r.keys, log))
	}
	if op.DefaultStatus == 0 {
		op.DefaultStatus = http.StatusOK
	}
	if !r.Access.public {
		op.Security = []map[string][]string{{"bearer": {}}}
	}
	if r.Takes != nil {
		op.RequestBody = takes(r.Takes...)
	}
	if r.Answers != nil {
		schema := api.OpenAPI().Components.Schemas.Schema(r.Answers, true, r.ID)
		op.Responses = map[string]*huma.Response{"200": {
			Description: "OK", Content: map[string]*huma.MediaType{"application/json": {Schema: schema}},
		}}
	}
	return op
}

func rolesOf(a Access) []string {
	if a.public {
		return []string{"anyone"}
	}
	out := make([]string, len(a.roles))
	for i, r := range a.roles {
		out[i] = string(r)
	}
	return out
}
