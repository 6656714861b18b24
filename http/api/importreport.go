package api

import (
	"context"
	"errors"
	"strconv"
	"time"

	"entrepot"
	"entrepot/grains/imports"
	"entrepot/grains/imports/importspb"
	"entrepot/grains/product/productpb"
	"entrepot/persistence"
)

// The outcomes of a row.
const (
	rowCreated = "created"
	rowUpdated = "updated"
	rowFailed  = "failed"
)

// reportKept is how long the report of an import can be read.
const reportKept = 30 * 24 * time.Hour

// ImportRow is what became of a row of an import.
type ImportRow struct {
	Row       int64                 `json:"row" doc:"counted from 1, without headings"`
	SKU       string                `json:"sku,omitempty"`
	Outcome   string                `json:"outcome" example:"failed" doc:"created, updated or failed"`
	ProductID entrepot.ID           `json:"productId,omitempty"`
	Message   string                `json:"message,omitempty"`
	Errors    []entrepot.FieldError `json:"errors,omitempty"`
}

func outcomeOf(r *importRow, sku string, p *productpb.Product, there bool, err error) ImportRow {
	out := ImportRow{Row: r.number, SKU: clipped(sku, 64), Outcome: rowCreated}
	switch {
	case err != nil:
		e := entrepot.AsError(err)
		out.Outcome, out.Message, out.Errors = rowFailed, e.Message, e.Fields
	case there:
		out.Outcome, out.ProductID = rowUpdated, p.Id
	default:
		out.ProductID = p.Id
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

// report keeps what became of the rows.
func (m *Importer) report(ctx context.Context, job *importspb.Import, rows []ImportRow) error {
	now := m.Now().UTC()
	writes := make([]persistence.Write, 0, len(rows))
	for _, r := range rows {
		state, err := m.store.Marshal(&r)
		if err != nil {
			return err
		}
		writes = append(writes, persistence.Write{Collection: imports.Rows, Doc: persistence.Document{
			ID: entrepot.DeriveID("import row", job.Id, strconv.FormatInt(r.Row, 10)), Version: 1, CompanyID: job.CompanyId, OwnerID: job.UserId,
			CreatedAt: now, UpdatedAt: now, WakeAt: now.Add(reportKept), Fields: []any{job.Id, r.Row, r.Outcome}, State: state,
		}})
	}
	if len(writes) == 0 {
		return nil
	}
	for _, err := range m.store.Commit(ctx, writes) {
		if err != nil && !errors.Is(err, persistence.ErrStale) { // stale: it is told of already
			return err
		}
	}
	return nil
}
