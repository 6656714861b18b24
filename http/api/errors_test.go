package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/http/api/apitest"
)

// refusing answers every command with an error, or panics.
type refusing struct {
	err    error
	panics bool
}

func (r refusing) Ask(context.Context, grains.Ref, any, ...grains.Option) (grains.Answer, error) {
	if r.panics {
		panic("the secret of the panic")
	}
	return grains.Answer{}, r.err
}

// TestErrorsOfGrains: every code has its status; what has none is hidden and logged.
func TestErrorsOfGrains(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	for code, status := range map[entrepot.Code]int{
		entrepot.CodeInvalid: 400, entrepot.CodeUnauthenticated: 401, entrepot.CodeDeclined: 402, entrepot.CodeForbidden: 403,
		entrepot.CodeNotFound: 404, entrepot.CodeConflict: 409, entrepot.CodeStale: 409, entrepot.CodeOutOfStock: 409,
		entrepot.CodeTooLarge: 413, entrepot.CodeKeyReused: 422, entrepot.CodeRateLimited: 429,
		entrepot.CodeUnavailable: 503, entrepot.CodeUnknownOutcome: 503,
	} {
		w.Deps.Asker = refusing{err: fmt.Errorf("wrapped: %w", &entrepot.Error{Code: code, Message: "why"})}
		w.Mount()
		r := w.Want(t, status, "customer", "GET", "/api/cart", nil)
		if r.Text("code") != string(code) || r.Text("detail") != "why" {
			t.Errorf("%s answered %s", code, r.Raw)
		}
		if retry := r.Header.Get("Retry-After"); (retry != "") != (status == 503 || status == 429) {
			t.Errorf("%s: Retry-After %q", code, retry)
		}
	}
	if lines := w.Errors.Taken(); len(lines) > 0 {
		t.Errorf("logged as errors: %q", lines)
	}
	for _, a := range []refusing{{err: errors.New("the secret of the database")}, {panics: true}} {
		w.Deps.Asker = a
		w.Mount()
		r := w.Want(t, http.StatusInternalServerError, "customer", "GET", "/api/cart", nil, "X-Request-Id", "request-42")
		if strings.Contains(string(r.Raw), "secret") || r.Text("code") != "internal" {
			t.Errorf("answered %s", r.Raw)
		}
		if lines := w.Errors.Taken(); len(lines) != 1 || !strings.Contains(lines[0], "request-42") || !strings.Contains(lines[0], "secret") {
			t.Errorf("logged %q", lines)
		}
	}
}

// TestDeadline: a handler that is out of time answers, and is no defect.
func TestDeadline(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "/api/cart", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+w.Tokens["customer"])
	if r := w.Send(t, req); r.Status != http.StatusServiceUnavailable {
		t.Errorf("answered %d %s", r.Status, r.Raw)
	}
}
