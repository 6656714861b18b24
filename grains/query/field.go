package query

import (
	"strconv"

	"entrepot"
)

// Indexed returns the name of a field of a list's element: "items[2].productId".
func Indexed(list string, i int, field string) string {
	name := list + "[" + strconv.Itoa(i) + "]"
	if field != "" {
		name += "." + field
	}
	return name
}

// Missing returns the CodeNotFound error for something that a field names.
func Missing(field, message string) *entrepot.Error {
	return &entrepot.Error{
		Code: entrepot.CodeNotFound, Message: field + ": " + message,
		Fields: []entrepot.FieldError{{Field: field, Rule: "exists", Message: message}},
	}
}
