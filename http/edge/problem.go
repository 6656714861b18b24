package edge

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"entrepot"
)

// responses maps error codes to HTTP.
var responses = map[entrepot.Code]struct {
	status int
	title  string
}{
	entrepot.CodeInvalid:         {http.StatusBadRequest, "The input breaks a rule"},
	entrepot.CodeUnauthenticated: {http.StatusUnauthorized, "Authentication is required"},
	entrepot.CodeTOTPRequired:    {http.StatusUnauthorized, "A second factor is required"},
	entrepot.CodeDeclined:        {http.StatusPaymentRequired, "The payment was declined"},
	entrepot.CodeForbidden:       {http.StatusForbidden, "The role may not do this"},
	entrepot.CodeSuspended:       {http.StatusForbidden, "The company is not in full standing"},
	entrepot.CodeNotFound:        {http.StatusNotFound, "No such resource"},
	entrepot.CodeConflict:        {http.StatusConflict, "The current state refuses this"},
	entrepot.CodeStale:           {http.StatusConflict, "The expected value is no longer current"},
	entrepot.CodeOutOfStock:      {http.StatusConflict, "Not enough in stock"},
	entrepot.CodePlanLimit:       {http.StatusForbidden, "The subscription allows no more"},
	entrepot.CodeTooLarge:        {http.StatusRequestEntityTooLarge, "The body is too large"},
	entrepot.CodeKeyReused:       {http.StatusUnprocessableEntity, "The Idempotency-Key was used with another body"},
	entrepot.CodeInFlight:        {http.StatusConflict, "A request with this Idempotency-Key is being executed"},
	entrepot.CodeRateLimited:     {http.StatusTooManyRequests, "Too many requests"},
	entrepot.CodeInternal:        {http.StatusInternalServerError, "Internal error"},
	entrepot.CodeUnavailable:     {http.StatusServiceUnavailable, "Not available right now"},
	entrepot.CodeUnknownOutcome:  {http.StatusServiceUnavailable, "The outcome is not known"},
}

// Status returns the HTTP status of a code; 500 for unknown codes.
func Status(code entrepot.Code) int {
	if a, ok := responses[code]; ok {
		return a.status
	}
	return http.StatusInternalServerError
}

// Problem is the body of an error response in application/problem+json (RFC 9457). It implements huma's
// StatusError, HeadersError and ContentTypeFilter.
type Problem struct {
	Type      string                `json:"type" example:"urn:entrepot:problem:invalid" doc:"URI of the kind of problem"`
	Title     string                `json:"title" doc:"Summary of the kind of problem"`
	Status    int                   `json:"status" example:"400" doc:"The HTTP status"`
	Detail    string                `json:"detail,omitempty" doc:"Explanation of this occurrence"`
	Code      entrepot.Code         `json:"code" example:"invalid" doc:"Machine-readable error code"`
	Errors    []entrepot.FieldError `json:"errors,omitempty" doc:"The invalid fields with the rules they break"`
	RequestID string                `json:"requestId,omitempty" doc:"Request id to quote in support requests"`

	retryAfter time.Duration
}

// ProblemOf returns the problem to show for err. An error that is no [entrepot.Error] becomes an internal problem
// without its text.
func ProblemOf(ctx context.Context, err error) *Problem {
	var known *Problem
	if errors.As(err, &known) {
		return known
	}
	e := entrepot.AsError(err)
	a, ok := responses[e.Code]
	if !ok {
		e, a = entrepot.Errorf(entrepot.CodeInternal, "internal error"), responses[entrepot.CodeInternal]
	}
	p := &Problem{
		Type: "urn:entrepot:problem:" + string(e.Code), Title: a.title, Status: a.status,
		Detail: e.Message, Code: e.Code, Errors: e.Fields,
		RequestID: entrepot.CallerFrom(ctx).RequestID, retryAfter: e.RetryAfter,
	}
	if p.retryAfter == 0 && (p.Status == http.StatusServiceUnavailable || p.Status == http.StatusTooManyRequests) {
		p.retryAfter = time.Second
	}
	return p
}

// Error returns the detail.
func (p *Problem) Error() string { return p.Detail }

// GetStatus returns the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType returns application/problem+json.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders returns Retry-After in whole seconds, and WWW-Authenticate for status 401 (RFC 9110).
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.FormatInt(int64((p.retryAfter+time.Second-1)/time.Second), 10))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	return h
}

// WriteProblem writes err as the response.
func WriteProblem(w http.ResponseWriter, r *http.Request, err error) {
	p := ProblemOf(r.Context(), err)
	h := w.Header()
	for k, v := range p.GetHeaders() {
		h[k] = v
	}
	h.Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // fails only if the client has disconnected
}

// LogUnknown logs an internal error, whose text the client does not see, with the request id. Errors with other codes
// are ordinary responses and are not logged.
func LogUnknown(ctx context.Context, log *slog.Logger, err error) {
	var p *Problem
	if log == nil || entrepot.CodeOf(err) != entrepot.CodeInternal || errors.As(err, &p) {
		return
	}
	log.ErrorContext(ctx, "internal error", "error", err, "requestId", entrepot.CallerFrom(ctx).RequestID)
}

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
