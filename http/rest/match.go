package rest

import (
	"strconv"
	"strings"

	"entrepot"
)

// IfMatch is the version that a change is based on. Without it the change applies to
// any version.
type IfMatch struct {
	Match string `header:"If-Match" maxLength:"64" example:"\"7\"" doc:"the ETag as read; 409 if the entity has changed since"`
}

// Version returns the expected version for the command; 0 for any.
func (m IfMatch) Version() (int64, error) {
	if m.Match == "" || m.Match == "*" {
		return 0, nil
	}
	tag, ok := strings.CutPrefix(m.Match, `"`)
	tag, closed := strings.CutSuffix(tag, `"`)
	v, err := strconv.ParseInt(tag, 10, 64)
	if !ok || !closed || err != nil || v <= 0 {
		return 0, entrepot.Invalid("If-Match", "format", `must be an ETag as it was read, such as "7"`)
	}
	return v, nil
}

// Target returns the entity of the path and the version that a change to it is based
// on.
func (m IfMatch) Target(path IDPath) (id entrepot.ID, version int64, err error) {
	if id, err = path.EntityID(); err == nil {
		version, err = m.Version()
	}
	return id, version, err
}

// Versioned carries the version of the entity as the ETag of a response.
type Versioned struct {
	ETag string `header:"ETag"`
}

// ETagOf returns the ETag of a version; an entity without changes (0) has none.
func ETagOf(v int64) Versioned {
	if v == 0 {
		return Versioned{}
	}
	return Versioned{`"` + strconv.FormatInt(v, 10) + `"`}
}
