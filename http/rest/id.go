package rest

import "github.com/danielgtaylor/huma/v2"

// ID is the id of an entity in an input: 24 hex digits. The kit refuses malformed ids
// before the handler runs.
type ID string

// Schema is a string of 24 hex digits.
func (ID) Schema(huma.Registry) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString, Pattern: "^[0-9a-f]{24}$", PatternDescription: "an id of 24 hex digits"}
	s.PrecomputeMessages()
	return s
}
