package rest

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"entrepot"
	"entrepot/http/edge"

	"github.com/danielgtaylor/huma/v2"
)

// Bounds of the bodies that are no JSON.
const (
	MaxImage  = 8 << 20
	MaxImport = 256 << 20
)

// rooms are the routes that may take more than a body of [edge.MaxBody] and
// the time of every request, by method and the path's last word below /products.
var rooms = map[string]edge.Room{
	"POST images":  {MaxBody: MaxImage, Timeout: time.Minute},
	"POST imports": {MaxBody: MaxImport, Timeout: 10 * time.Minute},
	"GET export":   {Timeout: 10 * time.Minute},
}

// Allow returns the extended bounds of a request's size and time, for the listeners.
func Allow(r *http.Request) (edge.Room, bool) {
	i := strings.LastIndexByte(r.URL.Path, '/')
	if i < 0 || !strings.Contains(r.URL.Path, "/products/") {
		return edge.Room{}, false
	}
	a, ok := rooms[r.Method+" "+r.URL.Path[i+1:]]
	return a, ok
}

// Upload is a body that the handler reads by itself, when it has the room for it.
type Upload struct {
	Reader io.Reader
	Type   string
}

// Resolve keeps the body's reader; huma calls it before the handler.
func (u *Upload) Resolve(ctx huma.Context) []error {
	u.Reader = ctx.BodyReader()
	u.Type, _, _ = strings.Cut(ctx.Header("Content-Type"), ";")
	u.Type = strings.TrimSpace(u.Type)
	return nil
}

// Read reads the whole body into memory.
func (u *Upload) Read(most int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(u.Reader, most+1))
	switch {
	case err != nil:
		return nil, BodyError(err)
	case int64(len(data)) > most:
		return nil, edge.TooLarge(most)
	case len(data) == 0:
		return nil, entrepot.Invalid("body", "required", "must be given")
	default:
		return data, nil
	}
}

// BodyError is what stopped the reading of a body.
func BodyError(err error) error {
	var tooLong *http.MaxBytesError
	if errors.As(err, &tooLong) {
		return edge.TooLarge(tooLong.Limit)
	}
	return entrepot.Invalid("body", "readable", "could not be read to its end")
}

// takes documents a body that is no JSON.
func takes(types ...string) *huma.RequestBody {
	b := &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{}}
	for _, t := range types {
		b.Content[t] = &huma.MediaType{}
	}
	return b
}
