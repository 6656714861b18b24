package importer

import (
	"context"
	"errors"
	"strconv"
	"time"

	"entrepot"
	"entrepot/grains/ecommerce/imports"
	"entrepot/grains/ecommerce/product"
	"entrepot/http/api/ecommerce/form"
	"entrepot/persistence"
)

// reportKept is the retention of the report of an import.
const reportKept = 30 * 24 * time.Hour

func outcomeOf(r *importRow, sku string, p *product.Product, there bool, err error) form.ImportRow {
	out := form.ImportRow{Row: r.number, SKU: clipped(sku, 64), Outcome: form.RowCreated}
	switch {
	case err != nil:
		e := entrepot.AsError(err)
		out.Outcome, out.Message, out.Errors = form.RowFailed, e.Message, e.Fields
	case there:
		out.Outcome, out.ProductID = form.RowUpdated, p.ID
	default:
		out.ProductID = p.ID
	}
	return out
}

func clipped(s string, n int) string {
	for i := range s {
		if i >= n {
			return s[:i]
		}
	}
	return s
}

// report saves the outcomes of the rows.
func (m *Importer) report(ctx context.Context, job *imports.Import, rows []form.ImportRow) error {
	now := m.Now().UTC()
	writes := make([]persistence.Write, 0, len(rows))
	for _, r := range rows {
		state, err := m.Store.Marshal(&r)
		if err != nil {
			return err
		}
		writes = append(writes, persistence.Write{Collection: imports.Rows, Doc: persistence.Document{
			ID: entrepot.DeriveID("import row", job.ID, strconv.FormatInt(r.Row, 10)), Version: 1, CompanyID: job.CompanyID, OwnerID: job.UserID,
			CreatedAt: now, UpdatedAt: now, WakeAt: now.Add(reportKept), Fields: []any{job.ID, r.Row, r.Outcome}, State: state,
		}})
	}
	if len(writes) == 0 {
		return nil
	}
	for _, err := range m.Store.Commit(ctx, writes) {
		if err != nil && !errors.Is(err, persistence.ErrStale) { // stale: it is told of already
			return err
		}
	}
	return nil
}
