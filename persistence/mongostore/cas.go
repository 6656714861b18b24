//go:build !nocas

package mongostore

import (
	"go.mongodb.org/mongo-driver/v2/bson"

	"entrepot/persistence"
)

// casFilter finds the document as the write expects it.
func casFilter(w *persistence.Write) bson.D {
	return bson.D{e("_id", idValue(w.Doc.ID)), e("version", w.Doc.Version-1)}
}
