package edge

import (
	"context"
	"net/http"
	"time"
)

// Room is what one route may take beyond what every other may: an upload.
type Room struct {
	MaxBody int64         // bytes; 0: the default
	Timeout time.Duration // 0: the default
}

type roomKey struct{}

// Allow lets the requests that allow knows take more. It comes before [Timeout]
// and [BodyLimit], which obey it. Such a body is not kept in memory on its way.
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

// extend moves the connection's own deadlines behind the request's.
func extend(w http.ResponseWriter, d time.Duration) {
	c, at := http.NewResponseController(w), time.Now().Add(d+10*time.Second)
	_ = c.SetReadDeadline(at) // a test's recorder has none
	_ = c.SetWriteDeadline(at)
}
