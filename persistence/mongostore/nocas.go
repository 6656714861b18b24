//go:build nocas

package mongostore

import (
	"go.mongodb.org/mongo-driver/v2/bson"

	"entrepot/persistence"
)

// casFilter is the negative control for test/e2e: it selects the document at any version, so that a
// lost compare-and-set goes unnoticed. For the start-up probe it still works correctly.
func casFilter(w *persistence.Write) bson.D {
	if w.Collection.Name == persistence.ProbeCollection.Name {
		return bson.D{e("_id", idValue(w.Doc.ID)), e("version", w.Doc.Version-1)}
	}
	return bson.D{e("_id", idValue(w.Doc.ID))}
}
