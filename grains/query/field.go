package query

import (
	"strconv"

	"entrepot"
)

// Indexed names a field of a list's element: "items[2].productId".
func Indexed(list string, i int, field string) string {
	name := list + "[" + strconv.Itoa(i) + "]"
	if field != "" {
		name += "." + field
	}
	return name
}

// Missing returns a not-found error for an entity that a field names.
func Missing(field, message string) *entrepot.Error {
	return &entrepot.Error{
		Code: entrepot.CodeNotFound, Message: field + ": " + message,
		Fields: []entrepot.FieldError{{Field: field, Rule: "exists", Message: message}},
	}
}
