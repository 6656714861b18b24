package entrepot

import (
	"errors"
	"fmt"
	"time"
)

// Code says what went wrong in a word that a program can act on. A code
// survives the wire between members; the edge alone maps it to an HTTP status.
type Code string

// The codes. Anything that is not an [*Error] is [CodeInternal]: logged with
// its request id, and never shown.
const (
	CodeInvalid         Code = "invalid"           // the input breaks a rule; Fields names it
	CodeUnauthenticated Code = "unauthenticated"   // no valid token
	CodeTOTPRequired    Code = "totp_required"     // the password is right; the second factor is missing
	CodeForbidden       Code = "forbidden"         // the role may not do this
	CodeSuspended       Code = "company_suspended" // the caller's company is not in full standing
	CodeNotFound        Code = "not_found"         // absent, or another tenant's: never told apart
	CodeConflict        Code = "conflict"          // the entity's state refuses the command
	CodeStale           Code = "stale"             // an If-Match or expected value is no longer current
	CodeOutOfStock      Code = "out_of_stock"      // Fields names the lines that lack
	CodeKeyReused       Code = "key_reused"        // an Idempotency-Key with another body
	CodeInFlight        Code = "request_in_flight" // an Idempotency-Key whose first request has no answer yet
	CodeDeclined        Code = "payment_declined"  // the payment provider refused
	CodePlanLimit       Code = "plan_limit"        // the company's subscription allows no more
	CodeTooLarge        Code = "too_large"         // body or array over its limit
	CodeRateLimited     Code = "rate_limited"      // over a rate; RetryAfter says when
	CodeUnavailable     Code = "unavailable"       // not executed; retry after RetryAfter
	CodeUnknownOutcome  Code = "outcome_unknown"   // may have been executed; retry with the same key
	CodeInternal        Code = "internal"          // a defect of ours
)

// FieldError names one field of the input, the rule it breaks, and says it to a person.
type FieldError struct {
	Field   string `json:"field"`
	Rule    string `json:"rule"`
	Message string `json:"message"`
}

// Error is the only error a grain answers with. Its Message is for the user of
// the API and never holds another tenant's data or a cause from below.
type Error struct {
	Code       Code
	Message    string
	Fields     []FieldError
	RetryAfter time.Duration // for CodeRateLimited and CodeUnavailable
}

// Error returns the code, the message and the fields it names.
func (e *Error) Error() string {
	s := string(e.Code) + ": " + e.Message
	for _, f := range e.Fields {
		s += "; " + f.Field + ": " + f.Message
	}
	return s
}

// Is reports whether target is an Error of the same code, so that
// errors.Is(err, entrepot.ErrNotFound) works whatever the message.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// ErrNotFound is answered for what is absent and for what belongs to another
// tenant alike, so that neither can be told from the other.
var ErrNotFound = &Error{Code: CodeNotFound, Message: "no such resource"}

// Errorf makes an Error of a code.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Invalid is a CodeInvalid error about one field.
func Invalid(field, rule, format string, args ...any) *Error {
	m := fmt.Sprintf(format, args...)
	return &Error{Code: CodeInvalid, Message: field + ": " + m, Fields: []FieldError{{Field: field, Rule: rule, Message: m}}}
}

// CheckVersion refuses a change that was made from another version than the
// current one; expected 0 is any. Commands carry what If-Match said.
func CheckVersion(expected, current int64) error {
	if expected == 0 || expected == current {
		return nil
	}
	m := fmt.Sprintf("expected %d, the current version is %d", expected, current)
	return &Error{Code: CodeStale, Message: m, Fields: []FieldError{{Field: "If-Match", Rule: "current", Message: m}}}
}

// Unavailable says that a command was not executed and when to try again.
func Unavailable(format string, args ...any) *Error {
	return &Error{Code: CodeUnavailable, Message: fmt.Sprintf(format, args...), RetryAfter: time.Second}
}

// CodeOf is the code of err: CodeInternal for whatever is not an Error, "" for nil.
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

// AsError is err as an Error. Anything unknown becomes CodeInternal without its text.
func AsError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Code: CodeInternal, Message: "internal error"}
}
