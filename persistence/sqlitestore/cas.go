//go:build !nocas

package sqlitestore

import "entrepot/persistence"

// atVersion is the condition that a document is as the write expects it.
func atVersion(*persistence.Collection) string { return "version = ?" }
