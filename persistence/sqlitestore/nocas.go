//go:build nocas

package sqlitestore

import "entrepot/persistence"

// atVersion is the negative control for test/e2e: its condition accepts a document at any version,
// so that a lost compare-and-set goes unnoticed. For the start-up probe it still works correctly.
func atVersion(c *persistence.Collection) string {
	if c.Name == persistence.ProbeCollection.Name {
		return "version = ?"
	}
	return "? IS NOT NULL"
}
