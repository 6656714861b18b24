// Package query reads for requests and reactions: pages of a service's own database,
// and single entities of other services, some at a time.
package query

import (
	"context"
	"errors"
	"fmt"

	"entrepot"
	"entrepot/persistence"
)

// Reader is the reading half of a persistence.Store.
type Reader interface {
	Unmarshal(data []byte, v any) error
	Load(ctx context.Context, c *persistence.Collection, id entrepot.ID) (*persistence.Document, error)
	Counter
	Find(
		ctx context.Context, c *persistence.Collection, scope entrepot.Scope, q persistence.Query,
	) (docs []persistence.Document, next string, err error)
}

// Counter counts documents, up to most. A service's store is one.
type Counter interface {
	Count(
		ctx context.Context, c *persistence.Collection, scope entrepot.Scope, where []persistence.Cond, most int,
	) (int, error)
}

// Find returns a page of a collection: each document decoded into an S and converted by
// view. An empty scope has an empty page.
func Find[S, V any](
	ctx context.Context, r Reader, c *persistence.Collection, scope entrepot.Scope, q persistence.Query,
	view func(*S, *persistence.Document) V,
) (entrepot.Page[V], error) {
	page := entrepot.Page[V]{Items: []V{}}
	if scope.Empty() {
		return page, nil
	}
	docs, next, err := r.Find(ctx, c, scope, q)
	if err != nil {
		return page, Unreadable(c, err)
	}
	page.NextCursor = next
	for i := range docs {
		var s S
		if err := r.Unmarshal(docs[i].State, &s); err != nil {
			return page, fmt.Errorf("query: document %s of %s: %w", docs[i].ID, c.Name, err)
		}
		page.Items = append(page.Items, view(&s, &docs[i]))
	}
	return page, nil
}

// UnreadableError is the error that a client gets for a failed read, with the cause
// for the log.
type UnreadableError struct {
	answer     *entrepot.Error
	Collection string
	Cause      error
}

func (e *UnreadableError) Error() string { return e.answer.Error() }

func (e *UnreadableError) Unwrap() error { return e.answer }

// Unreadable returns an unexpected database error as CodeUnavailable, because it is no
// defect of the program, and any other error as it is.
func Unreadable(c *persistence.Collection, err error) error {
	if entrepot.CodeOf(err) != entrepot.CodeInternal {
		return err
	}
	return &UnreadableError{entrepot.Unavailable("the list cannot be read right now"), c.Name, err}
}

// Absent returns the error of a failed Load: ErrNotFound, or [Unreadable].
func Absent(c *persistence.Collection, err error) error {
	if errors.Is(err, persistence.ErrNotFound) {
		return entrepot.ErrNotFound
	}
	return Unreadable(c, err)
}

// Where returns the conditions with one more, unless its value is empty.
func Where[S ~string](conds []persistence.Cond, field string, value S) []persistence.Cond {
	if value == "" {
		return conds
	}
	return append(conds, persistence.Cond{Field: field, Op: persistence.Eq, Value: string(value)})
}
