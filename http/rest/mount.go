package rest

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"sync"
	"time"

	"entrepot"
	"entrepot/http/edge"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"
)

// bodyReadTimeout bounds the reading of a body. It is longer than a request may
// take: the deadline stays on the connection, and passing it would cancel the
// handler that runs.
const bodyReadTimeout = time.Minute

// NewEngine returns a gin engine that responds with problems to unknown paths and
// methods.
func NewEngine() *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	_ = e.SetTrustedProxies(nil) // cannot fail; the caller's address is the edge's to find
	e.RedirectTrailingSlash = false
	e.HandleMethodNotAllowed = true
	e.NoRoute(func(c *gin.Context) { edge.WriteProblem(c.Writer, c.Request, entrepot.ErrNotFound) })
	e.NoMethod(func(c *gin.Context) {
		p := edge.ProblemOf(c.Request.Context(), entrepot.Errorf(entrepot.CodeInvalid, "the path does not know this method"))
		p.Status = http.StatusMethodNotAllowed
		edge.WriteProblem(c.Writer, c.Request, p)
	})
	return e
}

// Mount puts services on an engine under each prefix ("" for a service's own
// port; "/api" and "/api/v1" for the gateway). Root routes are mounted once.
func Mount(engine *gin.Engine, log *slog.Logger, prefixes []string, services ...Routes) {
	mount(engine, log, prefixes, services)
}

// OpenAPI is the document of the services at prefix: OpenAPI 3.1, JSON.
func OpenAPI(prefix string, services ...Routes) ([]byte, error) {
	api := mount(NewEngine(), slog.Default(), []string{prefix}, services)
	doc, err := json.MarshalIndent(api.OpenAPI(), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("api: OpenAPI document: %w", err)
	}
	return append(doc, '\n'), nil
}

func mount(engine *gin.Engine, log *slog.Logger, prefixes []string, services []Routes) huma.API {
	teachHuma()
	api := humagin.New(engine, config())
	for i, prefix := range prefixes {
		for _, s := range services {
			for _, r := range s.List {
				if r.Root && i > 0 {
					continue
				}
				op := r.operation(s.Service, prefix, api, log)
				op.Hidden = i > 0 // one path of several is documented
				r.register(api, op, log)
			}
		}
	}
	for _, item := range api.OpenAPI().Paths {
		for _, op := range []*huma.Operation{item.Post, item.Put, item.Patch} {
			if op != nil && op.RequestBody != nil { // handlers that keep the raw body read JSON all the same
				delete(op.RequestBody.Content, "application/octet-stream")
			}
		}
	}
	return api
}

func config() huma.Config {
	registry := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	registry.RegisterTypeAlias(reflect.TypeFor[entrepot.Amount](), reflect.TypeFor[amountSchema]())
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Entrepôt", Version: "1.0.0",
				Description: "Multi-tenant e-commerce and inventory. Errors are RFC 9457 problems; lists are pages with a cursor; amounts are exact decimal numbers with a currency beside them.",
			},
			Components: &huma.Components{
				Schemas: registry,
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"bearer": {Type: "http", Scheme: "bearer", BearerFormat: "JWT", Description: "accessToken of POST /auth/login"},
				},
			},
		},
		Formats:       map[string]huma.Format{"application/json": jsonFormat, "json": jsonFormat},
		DefaultFormat: "application/json",
	}
}

// teachHuma sets what huma keeps in package variables: its errors are our
// problems, and names of fields are matched to the letter.
var teachHuma = sync.OnceFunc(func() {
	huma.ValidateStrictCasing = true
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		return problemOf(nil, status, msg, errs)
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, msg string, errs ...error) huma.StatusError {
		return problemOf(ctx, status, msg, errs)
	}
})
