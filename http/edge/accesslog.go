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

// AccessLog logs one line per request: status 5xx as a warning, 4xx at info, the rest at debug, or at info if
// logSuccess is set. A disabled level costs nothing.
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
		return slog.LevelWarn // the cause is logged as an error where it occurs
	case status >= 400 || logSuccess:
		return slog.LevelInfo
	default:
		return slog.LevelDebug
	}
}

func logRequest(
	ctx context.Context, log *slog.Logger, level slog.Level, r *http.Request, rec *recorder, took time.Duration,
) {
	c := entrepot.CallerFrom(ctx)
	log.LogAttrs(ctx, level, "request",
		slog.String("method", r.Method), slog.String("path", clip(r.URL.Path, 256)),
		slog.Int("status", rec.status), slog.Int64("bytes", rec.bytes),
		slog.Duration("took", took), slog.String("requestId", c.RequestID), slog.String("ip", c.IP))
}

// recorder records the status and size of a response.
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

// Flush sends the buffered data. Gin and proxies find Flush and Hijack by type assertion, not through Unwrap.
func (r *recorder) Flush() { _ = http.NewResponseController(r.ResponseWriter).Flush() }

// Hijack lets the caller take over the connection.
func (r *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if r.status == 0 {
		r.status = http.StatusSwitchingProtocols
	}
	return http.NewResponseController(r.ResponseWriter).Hijack()
}
