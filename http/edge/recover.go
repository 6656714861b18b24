package edge

import (
	"log/slog"
	"net/http"
	"runtime/debug"

	"entrepot"
)

// Recover turns a panic into an internal problem, and logs it with the request id and the stack.
func Recover(log *slog.Logger) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() {
				v := recover()
				if v == nil {
					return
				}
				if v == http.ErrAbortHandler { //nolint:errorlint // net/http compares its sentinel the same way
					panic(v)
				}
				log.Error("panic in a handler", "panic", v, "path", clip(r.URL.Path, 256),
					"requestId", entrepot.CallerFrom(r.Context()).RequestID, "stack", string(debug.Stack()))
				WriteProblem(w, r, entrepot.Errorf(entrepot.CodeInternal, "internal error"))
			}()
			next.ServeHTTP(w, r)
		})
	}
}
