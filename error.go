package entrepot

import (
	"errors"
	"fmt"
	"time"
)

// Code classifies an error for programs. Codes are sent between members; only the HTTP edge maps
// them to a status.
type Code string

// Error codes. Every error that is not an [*Error] counts as [CodeInternal]: it is logged with its
// request id and its text is never returned.
const (
	CodeInvalid         Code = "invalid"           // the input breaks a rule; Fields names the field
	CodeUnauthenticated Code = "unauthenticated"   // no valid token
	CodeTOTPRequired    Code = "totp_required"     // the password is right; the second factor is missing
	CodeForbidden       Code = "forbidden"         // the role may not do this
	CodeSuspended       Code = "company_suspended" // the caller's company is not in full standing
	CodeNotFound        Code = "not_found"         // absent, or owned by another tenant; callers cannot tell which
	CodeConflict        Code = "conflict"          // the entity's state refuses the command
	CodeStale           Code = "stale"             // an If-Match or expected value is no longer current
	CodeOutOfStock      Code = "out_of_stock"      // Fields names the lines that are short
	CodeKeyReused       Code = "key_reused"        // an Idempotency-Key was reused with another body
	CodeInFlight        Code = "request_in_flight" // the first request with this Idempotency-Key is still running
	CodeDeclined        Code = "payment_declined"  // the payment provider refused
	CodePlanLimit       Code = "plan_limit"        // the company's subscription plan is exhausted
	CodeTooLarge        Code = "too_large"         // body or array over its limit
	CodeRateLimited     Code = "rate_limited"      // over a rate limit; retry after RetryAfter
	CodeUnavailable     Code = "unavailable"       // not executed; retry after RetryAfter
	CodeUnknownOutcome  Code = "outcome_unknown"   // may have been executed; retry with the same key
	CodeInternal        Code = "internal"          // a bug in Entrepôt
)

// FieldError describes one broken rule of one input field. Message is written for people.
type FieldError struct {
	Field   string `json:"field"`
	Rule    string `json:"rule"`
	Message string `json:"message"`
}

// Error is the only error type that grains return. Message is shown to API users, so it never
// contains another tenant's data or the text of an underlying error.
type Error struct {
	Code       Code
	Message    string
	Fields     []FieldError
	RetryAfter time.Duration // for CodeRateLimited and CodeUnavailable
}

// Error returns the code, the message and the field errors as one line.
func (e *Error) Error() string {
	s := string(e.Code) + ": " + e.Message
	for _, f := range e.Fields {
		s += "; " + f.Field + ": " + f.Message
	}
	return s
}

// Is reports whether target is an Error with the same code, so that errors.Is(err,
// entrepot.ErrNotFound) holds for any message.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// ErrNotFound is returned both for absent resources and for those of other tenants, so that callers
// cannot tell the two apart.
var ErrNotFound = &Error{Code: CodeNotFound, Message: "no such resource"}

// Errorf returns an Error with the given code and formatted message.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Invalid returns a CodeInvalid error about one field and the rule it breaks.
func Invalid(field, rule, format string, args ...any) *Error {
	m := fmt.Sprintf(format, args...)
	return &Error{
		Code: CodeInvalid, Message: field + ": " + m,
		Fields: []FieldError{{Field: field, Rule: rule, Message: m}},
	}
}

// CheckVersion returns a CodeStale error if expected (from If-Match) differs from the current
// version. An expected version of 0 matches any version.
func CheckVersion(expected, current int64) error {
	if expected == 0 || expected == current {
		return nil
	}
	m := fmt.Sprintf("expected version %d, current version is %d", expected, current)
	return &Error{Code: CodeStale, Message: m, Fields: []FieldError{{Field: "If-Match", Rule: "current", Message: m}}}
}

// Unavailable returns a CodeUnavailable error: the command was not executed and may be retried
// after one second.
func Unavailable(format string, args ...any) *Error {
	return &Error{Code: CodeUnavailable, Message: fmt.Sprintf(format, args...), RetryAfter: time.Second}
}

// CodeOf returns the code of err: CodeInternal if it wraps no Error, "" if it is nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}

// AsError returns the Error that err wraps. Any other error becomes CodeInternal without its text.
func AsError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Code: CodeInternal, Message: "internal error"}
}
