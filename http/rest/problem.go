package rest

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"entrepot"
	"entrepot/http/edge"

	"github.com/danielgtaylor/huma/v2"
)

// writeProblem responds to a request that did not reach its handler.
func writeProblem(ctx huma.Context, err error) {
	p := edge.ProblemOf(ctx.Context(), err)
	for k, values := range p.GetHeaders() {
		for _, v := range values {
			ctx.SetHeader(k, v)
		}
	}
	ctx.SetHeader("Content-Type", p.ContentType(""))
	ctx.SetStatus(p.Status)
	_ = jsonFormat.Marshal(ctx.BodyWriter(), p) // the client is gone if this fails
}

// problemOf is one of huma's own errors, all about the input, as ours.
func problemOf(hctx huma.Context, status int, msg string, errs []error) *edge.Problem {
	ctx := context.Background()
	if hctx != nil {
		ctx = hctx.Context()
	}
	var tooLong *http.MaxBytesError
	for _, err := range errs {
		if errors.As(err, &tooLong) {
			status = http.StatusRequestEntityTooLarge
		}
	}
	if status == http.StatusRequestEntityTooLarge {
		return edge.ProblemOf(ctx, edge.TooLarge(edge.MaxBody))
	}
	e := entrepot.Errorf(entrepot.CodeInvalid, "%s", msg)
	for _, err := range errs {
		e.Fields = append(e.Fields, fieldError(err))
	}
	switch {
	case len(e.Fields) > 0:
		e.Message = e.Fields[0].Field + ": " + e.Fields[0].Message
	case status == http.StatusBadRequest:
		e.Fields = []entrepot.FieldError{{Field: "body", Rule: "required", Message: msg}}
	}
	p := edge.ProblemOf(ctx, e)
	switch status {
	case http.StatusUnsupportedMediaType, http.StatusNotAcceptable, http.StatusRequestTimeout:
		p.Status = status
	}
	return p
}

// fieldError names the field and the rule of one of huma's findings. Values are
// not echoed: they may be passwords.
func fieldError(err error) entrepot.FieldError {
	var d *huma.ErrorDetail
	if !errors.As(err, &d) {
		return entrepot.FieldError{Field: "body", Rule: "readable", Message: "could not be read"}
	}
	if f, ok := parseJSONError(d.Message); ok {
		return f
	}
	f := entrepot.FieldError{Field: fieldOf(d.Location), Rule: "valid", Message: d.Message}
	for _, r := range ruleOf {
		if strings.HasPrefix(d.Message, r.prefix) {
			f.Rule = r.rule
			break
		}
	}
	if rest, ok := strings.CutPrefix(d.Message, "expected required property "); ok {
		name, _, _ := strings.Cut(rest, " ")
		if f.Field == "body" {
			f.Field = name
		} else {
			f.Field += "." + name
		}
		f.Message = "must be given"
	}
	return f
}

// fieldOf is a location of huma ("body.items[0].quantity", "query.limit") as the client named it.
func fieldOf(location string) string {
	for _, where := range []string{"body.", "query.", "header.", "path."} {
		if rest, ok := strings.CutPrefix(location, where); ok {
			return rest
		}
	}
	return location
}

// ruleOf names the rules behind huma's messages (package validation); the first prefix wins.
var ruleOf = []struct{ prefix, rule string }{
	{"unexpected property", "unknown"},
	{"unknown query parameter", "unknown"},
	{"expected required property", "required"},
	{"required ", "required"},
	{"expected number >= ", "minimum"},
	{"expected number > ", "minimum"},
	{"expected number <= ", "maximum"},
	{"expected number < ", "maximum"},
	{"expected length >= ", "minLength"},
	{"expected length <= ", "maxLength"},
	{"expected array length >= ", "minItems"},
	{"expected array length <= ", "maxItems"},
	{"expected array items to be unique", "unique"},
	{"expected value to be one of", "enum"},
	{"expected string to be ", "format"},
	{"expected string to match pattern", "pattern"},
	{"expected ", "type"},
	{"invalid ", "type"},
	{"unknown content type", "contentType"},
}
