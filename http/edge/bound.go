package edge

import (
	"context"
	"net/http"
	"time"

	"entrepot"
)

// Sleep waits for d. If the context ends first, it returns the context's error.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Timeout gives every request a deadline, which bounds its calls to grains and stores.
func Timeout(d time.Duration) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			d := d
			if a := roomOf(r.Context()); a.Timeout > 0 {
				d = a.Timeout
				extend(w, d)
			}
			ctx, cancel := context.WithTimeout(r.Context(), d)
			defer cancel()
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}
}

// BodyLimit refuses bodies over maxBytes: at once if Content-Length says so, else while they are read.
func BodyLimit(maxBytes int64) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			maxBytes := maxBytes
			if a := roomOf(r.Context()); a.MaxBody > 0 {
				maxBytes = a.MaxBody
			}
			if r.ContentLength > maxBytes {
				w.Header().Set("Connection", "close") // the rest of the body is not read
				WriteProblem(w, r, TooLarge(maxBytes))
				return
			}
			if r.ContentLength < 0 {
				r.Body = http.MaxBytesReader(w, r.Body, maxBytes)
			}
			next.ServeHTTP(w, r)
		})
	}
}

// TooLarge returns the error of a body over its limit in bytes.
func TooLarge(maxBytes int64) *entrepot.Error {
	e := entrepot.Errorf(entrepot.CodeTooLarge, "the body is larger than %d bytes", maxBytes)
	e.Fields = []entrepot.FieldError{{Field: "body", Rule: "maxLength", Message: "too large"}}
	return e
}

// Room is the larger limits of a route, such as an upload.
type Room struct {
	MaxBody int64         // bytes; 0: the default
	Timeout time.Duration // 0: the default
}

type roomKey struct{}

// Allow gives requests the limits that allow returns for them. It precedes [Timeout] and [BodyLimit], which apply
// them. A proxy streams the bodies of such requests instead of buffering them.
func Allow(allow func(*http.Request) (Room, bool)) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if a, ok := allow(r); ok {
				r = r.WithContext(context.WithValue(r.Context(), roomKey{}, a))
			}
			next.ServeHTTP(w, r)
		})
	}
}

func roomOf(ctx context.Context) Room {
	a, _ := ctx.Value(roomKey{}).(Room)
	return a
}

// extend moves the connection's deadlines 10 s behind the request's deadline.
func extend(w http.ResponseWriter, d time.Duration) {
	c, at := http.NewResponseController(w), time.Now().Add(d+10*time.Second)
	_ = c.SetReadDeadline(at) // fails only for recorders in tests
	_ = c.SetWriteDeadline(at)
}
