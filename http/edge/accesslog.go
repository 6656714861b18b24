package edge

import (
	"bufio"
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"

	"entrepot"
)

// AccessLog writes one line a request: server errors as errors, refusals at
// info, success at debug unless logSuccess. A line that no one reads costs nothing.
func AccessLog(log *slog.Logger, logSuccess bool) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			start := time.Now()
			rec := &recorder{ResponseWriter: w}
			next.ServeHTTP(rec, r)
			level := levelOf(rec.status, logSuccess)
			if !log.Enabled(r.Context(), level) {
				return
			}
			logRequest(r.Context(), log, level, r, rec, time.Since(start))
		})
	}
}

func levelOf(status int, logSuccess bool) slog.Level {
	switch {
	case status >= 500:
		return slog.LevelWarn // the cause was logged where it was known
	case status >= 400 || logSuccess:
		return slog.LevelInfo
	default:
		return slog.LevelDebug
	}
}

func logRequest(ctx context.Context, log *slog.Logger, level slog.Level, r *http.Request, rec *recorder, took time.Duration) {
	c := entrepot.CallerFrom(ctx)
	log.LogAttrs(ctx, level, "request",
		slog.String("method", r.Method), slog.String("path", clip(r.URL.Path, 256)),
		slog.Int("status", rec.status), slog.Int64("bytes", rec.bytes),
		slog.Duration("took", took), slog.String("requestId", c.RequestID), slog.String("ip", c.IP))
}

// recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(b)
	r.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// Flush and Hijack are asked for by type, not through Unwrap, by gin and by proxies.
func (r *recorder) Flush() { _ = http.NewResponseController(r.ResponseWriter).Flush() }

// Hijack hands over the connection.
func (r *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if r.status == 0 {
		r.status = http.StatusSwitchingProtocols
	}
	return http.NewResponseController(r.ResponseWriter).Hijack()
}
