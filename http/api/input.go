package api

import (
	"context"
	"errors"
	"fmt"
	"path"

	"entrepot"
	"entrepot/grains"
	"entrepot/persistence"

	"github.com/danielgtaylor/huma/v2"
)

// IDPath is the id in a path. One that is malformed names nothing, and so is
// not found like any other.
type IDPath struct {
	ID string `path:"id" example:"65a1b2c3d4e5f60718293a4b"`
}

func (p IDPath) id() (entrepot.ID, error) { return existing(p.ID) }

func existing(id string) (entrepot.ID, error) {
	if !entrepot.ValidID(id) {
		return "", entrepot.ErrNotFound
	}
	return id, nil
}

// ListParams are what every list takes.
type ListParams struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"how many at most"`
	Cursor string `query:"cursor" maxLength:"1024" doc:"nextCursor of the page before"`
}

// KeyHeader is the client's own name for a command, so that it may be sent again.
type KeyHeader struct {
	Key string `header:"Idempotency-Key" maxLength:"255" pattern:"^[!-~]+$" patternDescription:"visible ASCII" doc:"the same request with the same key gets the same answer for 24 hours, with Idempotent-Replayed: true; another request 422; while the first is being executed 409"`
}

// CompanyFilter narrows a list to one company; the scope of the caller holds besides.
type CompanyFilter struct {
	CompanyID string `query:"companyId" pattern:"^[0-9a-f]{24}$" patternDescription:"an id of 24 hex digits" doc:"of one company; for super admins"`
}

// maxKey is the length of a key in bytes.
const maxKey = 255

// newID is the id of what a keyed request makes: a retry makes the same.
func (k KeyHeader) newID(ctx context.Context, use string) entrepot.ID {
	if k.Key == "" {
		return entrepot.NewID()
	}
	return entrepot.DeriveID("new", use, entrepot.CallerFrom(ctx).UserID, k.Key)
}

// command returns a context whose next Ask is the client's keyed command, and
// where to read afterwards whether it had been executed before; raw is the body,
// to tell the same key with another content. Without a key the context is ctx.
func (k KeyHeader) command(ctx context.Context, use string, raw []byte) (context.Context, *bool) {
	replayed := new(bool)
	if k.Key == "" {
		return ctx, replayed
	}
	user := entrepot.CallerFrom(ctx).UserID
	return grains.WithCommand(ctx, grains.CommandID{
		ID: entrepot.DeriveID(use, user, k.Key), Keyed: true, Hash: grains.HashOf(raw), Replayed: replayed,
	}), replayed
}

// Replay tells that an answer is one given before.
type Replay struct {
	Replayed string `header:"Idempotent-Replayed"`
}

func replay(was *bool) Replay {
	if *was {
		return Replay{"true"}
	}
	return Replay{}
}

// Here knows the path of a request, for the Location of what it creates.
type Here struct{ at string }

// Resolve keeps the path; huma calls it before the handler.
func (h *Here) Resolve(ctx huma.Context) []error {
	u := ctx.URL()
	h.at = u.Path
	return nil
}

// below is the location of an entity in the collection that was posted to.
func (h *Here) below(id string) string { return path.Join(h.at, id) }

// beside is the location of an entity beside the action that was posted to.
func (h *Here) beside(id string) string { return path.Join(path.Dir(h.at), id) }

// find answers a page of a collection, each document's state S seen through view.
func find[S, V any](ctx context.Context, r Reader, c *persistence.Collection, scope entrepot.Scope, q persistence.Query, view func(*S, *persistence.Document) V) (entrepot.Page[V], error) {
	page := entrepot.Page[V]{Items: []V{}}
	if scope.Empty() {
		return page, nil
	}
	docs, next, err := r.Find(ctx, c, scope, q)
	if err != nil {
		return page, unreadable(c, err)
	}
	page.NextCursor = next
	for i := range docs {
		var s S
		if err := r.Unmarshal(docs[i].State, &s); err != nil {
			return page, fmt.Errorf("api: document %s of %s: %w", docs[i].ID, c.Name, err)
		}
		page.Items = append(page.Items, view(&s, &docs[i]))
	}
	return page, nil
}

// unreadable: a database that does not answer is not a defect of ours.
func unreadable(c *persistence.Collection, err error) error {
	if entrepot.CodeOf(err) != entrepot.CodeInternal {
		return err
	}
	return &unreadableError{entrepot.Unavailable("the list cannot be read right now"), c.Name, err}
}

// unreadableError is what the client is told, and the cause that an operator
// wants to know.
type unreadableError struct {
	answer     *entrepot.Error
	collection string
	cause      error
}

func (e *unreadableError) Error() string { return e.answer.Error() }
func (e *unreadableError) Unwrap() error { return e.answer }

// absent is the error of a document that was not loaded.
func absent(c *persistence.Collection, err error) error {
	if errors.Is(err, persistence.ErrNotFound) {
		return entrepot.ErrNotFound
	}
	return unreadable(c, err)
}

// where adds a condition unless its value is empty.
func where(conds []persistence.Cond, field, value string) []persistence.Cond {
	if value == "" {
		return conds
	}
	return append(conds, persistence.Cond{Field: field, Op: persistence.Eq, Value: value})
}

// paged is one page of a list.
type paged[V any] struct {
	Body entrepot.Page[V]
}

// answer is one entity.
type answer[V any] struct {
	Replay
	Versioned
	Body V
}

func answerOf[V any](v V) *answer[V] { return &answer[V]{Body: v} }

// answerAt is an entity at a version.
func answerAt[V any](version int64, v V) *answer[V] {
	return &answer[V]{Versioned: versioned(version), Body: v}
}

// created is one new entity and where it is.
type created[V any] struct {
	Replay
	Versioned
	Location string `header:"Location"`
	Body     V
}

// nothing is the answer of what has nothing to say: 204.
type nothing struct{}
