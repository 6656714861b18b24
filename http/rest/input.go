package rest

import (
	"context"
	"path"

	"entrepot"
	"entrepot/grains"

	"github.com/danielgtaylor/huma/v2"
)

// IDPath is the id in a path. A malformed id names no entity, so it is not found.
type IDPath struct {
	ID string `path:"id" example:"65a1b2c3d4e5f60718293a4b"`
}

// EntityID returns the id, or ErrNotFound if it is malformed.
func (p IDPath) EntityID() (entrepot.ID, error) { return ExistingID(p.ID) }

// ExistingID returns the id, or ErrNotFound if it is malformed.
func ExistingID(id string) (entrepot.ID, error) {
	if !entrepot.ValidID(id) {
		return "", entrepot.ErrNotFound
	}
	return id, nil
}

// ListParams are what every list takes.
type ListParams struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"maximal number of items"`
	Cursor string `query:"cursor" maxLength:"1024" doc:"nextCursor of the page before"`
}

// KeyHeader is the client's own name for a command, for safe repetition.
type KeyHeader struct {
	Key string `header:"Idempotency-Key" maxLength:"255" pattern:"^[!-~]+$" patternDescription:"visible ASCII" doc:"the same request with the same key gets the same answer for 24 hours, with Idempotent-Replayed: true; another request 422; while the first is being executed 409"`
}

// CompanyFilter narrows a list to one company; the scope of the caller holds besides.
type CompanyFilter struct {
	CompanyID ID `query:"companyId" doc:"of one company; for super admins"`
}

// maxKey is the length of a key in bytes.
const maxKey = 255

// NewID returns the id of the entity that a keyed request creates. A repeated request
// gets the same id.
func (k KeyHeader) NewID(ctx context.Context, use string) entrepot.ID {
	if k.Key == "" {
		return entrepot.NewID()
	}
	return entrepot.DeriveID("new", use, entrepot.CallerFrom(ctx).UserID, k.Key)
}

// Keyed returns the options that make a message the client's keyed command: its id
// is made of the use, the user and the key, and raw is the body by which the same key
// with another content is told apart. Without a key there are none.
func (k KeyHeader) Keyed(ctx context.Context, use string, raw []byte) []grains.Option {
	if k.Key == "" {
		return nil
	}
	id := entrepot.DeriveID(use, entrepot.CallerFrom(ctx).UserID, k.Key)
	return []grains.Option{grains.Keyed(id, grains.HashOf(raw))}
}

// Replay marks a response as a repetition of an earlier one.
type Replay struct {
	Replayed string `header:"Idempotent-Replayed"`
}

// ReplayOf returns the header of an answer, given before or not.
func ReplayOf(replayed bool) Replay {
	if replayed {
		return Replay{"true"}
	}
	return Replay{}
}

// Here holds the path of a request, to build the Location of what it creates.
type Here struct{ Base string }

// Resolve keeps the path; huma calls it before the handler.
func (h *Here) Resolve(ctx huma.Context) []error {
	u := ctx.URL()
	h.Base = u.Path
	return nil
}

// Below returns the location of an entity in the collection that was posted to.
func (h *Here) Below(id string) string { return path.Join(h.Base, id) }

// Beside returns the location of an entity next to the action that was posted to.
func (h *Here) Beside(id string) string { return path.Join(path.Dir(h.Base), id) }

// List is a response with one page of a list.
type List[V any] struct {
	Body entrepot.Page[V]
}

// Answer is a response with one entity.
type Answer[V any] struct {
	Replay
	Versioned
	Body V
}

// AnswerOf returns a response without a version.
func AnswerOf[V any](v V) *Answer[V] { return &Answer[V]{Body: v} }

// AnswerAt returns a response with the version of the entity as its ETag.
func AnswerAt[V any](version int64, v V) *Answer[V] {
	return &Answer[V]{Versioned: ETagOf(version), Body: v}
}

// Created is a response with a new entity and its location.
type Created[V any] struct {
	Replay
	Versioned
	Location string `header:"Location"`
	Body     V
}

// NoContent is an empty response: 204.
type NoContent struct{}
