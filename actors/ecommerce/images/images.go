// Package images removes the image files of deleted products.
package images

import (
	"context"

	"entrepot/events"
	"entrepot/http/api/ecommerce/form"
	"entrepot/persistence/blob"
	"entrepot/persistence/blob/picture"
)

// Forget returns a handler that removes the images of deleted products. Failed removals
// are tried again.
func Forget(blobs blob.Store) events.Handler {
	return func(ctx context.Context, batch []*events.Delivery) []error {
		results := make([]error, len(batch))
		for i, told := range batch {
			var e events.ProductDeleted
			if err := told.Decode(&e); err != nil {
				results[i] = events.Permanent(err)
				continue
			}
			for _, id := range e.Images {
				for _, width := range append([]int{0}, picture.Widths...) {
					if err := blobs.Delete(ctx, form.ImageKey(id, width)); err != nil {
						results[i] = err
					}
				}
			}
		}
		return results
	}
}
