package importer

import (
	"context"
	"errors"

	"entrepot"
	"entrepot/actors"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/ecommerce/imports"
	"entrepot/grains/ecommerce/product"
	"entrepot/http/api/ecommerce/form"
	"entrepot/persistence"
)

// removeFile removes the file of an import that has ended.
func (m *Importer) removeFile(ctx context.Context, d *events.Delivery) error {
	var e events.ImportEnded
	if err := d.Decode(&e); err != nil {
		return events.Permanent(err)
	}
	return m.Blobs.Delete(ctx, form.FileKey(e.ImportID))
}

// erase ends the imports of a deleted company and removes their files.
func (m *Importer) erase(ctx context.Context, d *events.Delivery) error {
	var e events.CompanyDeleted
	if err := d.Decode(&e); err != nil {
		return events.Permanent(err)
	}
	ctx = actors.AsSystem(ctx, d)
	for q := (persistence.Query{Limit: 100}); ; {
		docs, next, err := m.Store.Find(ctx, imports.Collection, entrepot.InCompany(e.CompanyID), q)
		if err != nil {
			return err
		}
		for i := range docs {
			if err := m.eraseOne(ctx, &docs[i]); err != nil {
				return err
			}
		}
		if q.Cursor = next; next == "" {
			return nil
		}
	}
}

func (m *Importer) eraseOne(ctx context.Context, d *persistence.Document) error {
	if d.Value(imports.Collection, "status") != imports.Done {
		job, err := grains.Ask(ctx, m.Asker, imports.Of(d.ID), imports.Erase{}, grains.Transient)
		if err != nil {
			return err
		}
		if job.Erased { // now, or in an earlier delivery
			if err := m.undo(ctx, job); err != nil {
				return err
			}
		}
	}
	return m.Blobs.Delete(ctx, form.FileKey(d.ID))
}

// undo deletes the products that were created by the chunk that was due when the company was deleted:
// the deletion of the company's products may have run before they existed.
func (m *Importer) undo(ctx context.Context, job *imports.Import) error {
	first := job.Created + job.Updated + job.Failed + 1
	for row := first; row < first+chunkRows+product.MaxVariants; row++ {
		id := importedID(job.ID, row)
		doc, err := m.Store.Load(ctx, product.Collection, id)
		if errors.Is(err, persistence.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if doc.Value(product.Collection, "status") == product.Deleted {
			continue
		}
		_, err = grains.Ask(ctx, m.Asker, product.Of(id), product.Delete{}, grains.Transient)
		if err != nil && entrepot.CodeOf(err) != entrepot.CodeNotFound {
			return err
		}
	}
	return nil
}
