//go:build nocas

package sqlitestore

import "entrepot/persistence"

// atVersion is the negative control of test/e2e: a document at any version will
// do, so that a lost compare-and-set goes unnoticed. Only the start-up probe still
// finds a database that works.
func atVersion(c *persistence.Collection) string {
	if c.Name == persistence.ProbeCollection.Name {
		return "version = ?"
	}
	return "? IS NOT NULL"
}
