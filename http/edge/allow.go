package edge

import (
	"context"
	"net/http"
	"time"
)

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
