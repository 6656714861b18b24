package rest

import (
	"bytes"
	"crypto/sha256"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"entrepot"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"
)

// Remembering attaches the key store to the routes that take an Idempotency-Key.
func Remembering(keys *KeyStore, services []Routes) []Routes {
	if keys == nil {
		return services
	}
	for _, s := range services {
		for i := range s.List {
			if s.List[i].Keyed {
				s.List[i].keys = keys
			}
		}
	}
	return services
}

// remember executes a keyed request once, following
// draft-ietf-httpapi-idempotency-key-header-07: the same request gets the stored
// response, another request with the key gets 422, and a request whose first execution
// is still running gets 409. Keys are scoped to their user.
func remember(keys *KeyStore, log *slog.Logger) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		key, user := ctx.Header("Idempotency-Key"), entrepot.CallerFrom(ctx.Context()).UserID
		if !validKey(key) || user == "" { // no key, or one that the input's rules refuse
			next(ctx)
			return
		}
		c := humagin.Unwrap(ctx)
		body, err := io.ReadAll(c.Request.Body)
		c.Request.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), failing{err}))
		if err != nil { // too large, or gone: the reader of the input says so
			next(ctx)
			return
		}
		held, known, err := keys.begin(ctx.Context(), entrepot.DeriveID("idempotency", user, key), user, fingerprint(ctx, body))
		switch {
		case err != nil:
			LogError(ctx.Context(), log, err)
			writeProblem(ctx, err)
		case known != nil:
			repeat(c, known)
		default:
			execute(ctx, next, c, held, log)
		}
	}
}

// execute sends the response only after it is stored, so that a client that received it
// can rely on it.
func execute(ctx huma.Context, next func(huma.Context), c *gin.Context, held *heldKey, log *slog.Logger) {
	real := c.Writer
	w := &withheld{ResponseWriter: real, status: http.StatusOK}
	c.Writer = w
	defer func() { // also when the handler panics: the key is freed
		c.Writer = real
		if r := recover(); r != nil {
			_ = held.end(ctx.Context(), http.StatusInternalServerError, nil, nil) // else its lease frees it
			panic(r)
		}
	}()
	next(ctx)
	if err := held.end(ctx.Context(), w.status, w.Header(), w.body.Bytes()); err != nil {
		log.WarnContext(ctx.Context(), "an Idempotency-Key was not kept", "error", err,
			"requestId", entrepot.CallerFrom(ctx.Context()).RequestID)
	}
	real.WriteHeader(w.status)
	_, _ = real.Write(w.body.Bytes()) // the client is gone if this fails
}

// repeat sends a stored response.
func repeat(c *gin.Context, k *keyState) {
	h := c.Writer.Header()
	for name, v := range k.Header {
		h.Set(name, v)
	}
	h.Set("Idempotent-Replayed", "true")
	c.Writer.WriteHeader(k.Status)
	_, _ = c.Writer.Write(k.Body)
}

// fingerprint hashes a request. The versioned and the plain path of the API count as
// one.
func fingerprint(ctx huma.Context, body []byte) []byte {
	u, h := ctx.URL(), sha256.New()
	path := u.Path
	if rest, ok := strings.CutPrefix(path, "/api"); ok {
		path = strings.TrimPrefix(rest, "/v1")
	}
	for _, part := range []string{ctx.Method(), path, u.RawQuery} {
		_, _ = io.WriteString(h, part+"\n") // a hash does not fail
	}
	_, _ = h.Write(body)
	return h.Sum(nil)
}

func validKey(key string) bool {
	for i := range len(key) {
		if key[i] < '!' || key[i] > '~' {
			return false
		}
	}
	return key != "" && len(key) <= maxKey
}

// withheld is a response writer that buffers the response.
type withheld struct {
	gin.ResponseWriter
	status int
	body   bytes.Buffer
}

func (w *withheld) WriteHeader(status int)            { w.status = status }
func (w *withheld) WriteHeaderNow()                   {}
func (w *withheld) Write(b []byte) (int, error)       { return w.body.Write(b) }
func (w *withheld) WriteString(s string) (int, error) { return w.body.WriteString(s) }
func (w *withheld) Status() int                       { return w.status }
func (w *withheld) Size() int                         { return w.body.Len() }
func (w *withheld) Written() bool                     { return w.body.Len() > 0 }
func (w *withheld) Flush()                            {}

// failing ends a body with the error of its first reading.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	return 0, io.EOF
}
