package rest

import (
	"strconv"
	"strings"

	"entrepot"
)

// IfMatch is the version of an entity that a change was made from. Without it
// the change applies to whatever version there is.
type IfMatch struct {
	Match string `header:"If-Match" maxLength:"64" example:"\"7\"" doc:"the ETag that was read; another current one answers 409"`
}

// Version is the expected version for the command; 0 for any.
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

// Target is the entity of the path and the version that a change to it was made from.
func (m IfMatch) Target(path IDPath) (id entrepot.ID, version int64, err error) {
	if id, err = path.EntityID(); err == nil {
		version, err = m.Version()
	}
	return id, version, err
}

// Versioned is the ETag of an answer: the version of the entity. Before its first
// change an entity has none, as nothing can be made from it.
type Versioned struct {
	ETag string `header:"ETag"`
}

func ETagOf(v int64) Versioned {
	if v == 0 {
		return Versioned{}
	}
	return Versioned{`"` + strconv.FormatInt(v, 10) + `"`}
}
