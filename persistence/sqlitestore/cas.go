//go:build !nocas

package sqlitestore

import "entrepot/persistence"

// atVersion returns the condition that the document has the version that the write expects.
func atVersion(*persistence.Collection) string { return "version = ?" }
