package rest

import (
	"context"
	"path"

	"entrepot"
	"entrepot/grains"

	"github.com/danielgtaylor/huma/v2"
)

// IDPath is the id in a path. One that is malformed names nothing, and so is
// not found like any other.
type IDPath struct {
	ID string `path:"id" example:"65a1b2c3d4e5f60718293a4b"`
}

func (p IDPath) EntityID() (entrepot.ID, error) { return ExistingID(p.ID) }

func ExistingID(id string) (entrepot.ID, error) {
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

// NewID is the id of what a keyed request makes: a retry makes the same.
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

// Replay tells that an answer is one given before.
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

// Here knows the path of a request, for the Location of what it creates.
type Here struct{ Base string }

// Resolve keeps the path; huma calls it before the handler.
func (h *Here) Resolve(ctx huma.Context) []error {
	u := ctx.URL()
	h.Base = u.Path
	return nil
}

// Below is the location of an entity in the collection that was posted to.
func (h *Here) Below(id string) string { return path.Join(h.Base, id) }

// Beside is the location of an entity beside the action that was posted to.
func (h *Here) Beside(id string) string { return path.Join(path.Dir(h.Base), id) }

// List is one page of a list.
type List[V any] struct {
	Body entrepot.Page[V]
}

// Answer is one entity.
type Answer[V any] struct {
	Replay
	Versioned
	Body V
}

func AnswerOf[V any](v V) *Answer[V] { return &Answer[V]{Body: v} }

// AnswerAt is an entity at a version.
func AnswerAt[V any](version int64, v V) *Answer[V] {
	return &Answer[V]{Versioned: ETagOf(version), Body: v}
}

// Created is one new entity and where it is.
type Created[V any] struct {
	Replay
	Versioned
	Location string `header:"Location"`
	Body     V
}

// NoContent is the answer of what has nothing to say: 204.
type NoContent struct{}
