//go:build !nocas

package mongostore

import (
	"go.mongodb.org/mongo-driver/v2/bson"

	"entrepot/persistence"
)

// casFilter selects the document at the version that the write expects.
func casFilter(w *persistence.Write) bson.D {
	return bson.D{e("_id", idValue(w.Doc.ID)), e("version", w.Doc.Version-1)}
}
