package ecommerce

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"strconv"

	"entrepot"
	"entrepot/grains/ecommerce/product"
	"entrepot/grains/query"
	"entrepot/http/api/ecommerce/form"
	"entrepot/http/rest"
	"entrepot/persistence"

	"github.com/danielgtaylor/huma/v2"
)

type exportInput struct {
	CompanyID rest.ID `query:"companyId" doc:"for super admins; others export their own company's"`
	Format    string  `query:"format" enum:"csv,jsonl" default:"csv"`
}

// export writes page after page as it is read: one is in memory at a time.
func (s *productAPI) export(ctx context.Context, in *exportInput) (*huma.StreamResponse, error) {
	company, err := rest.CompanyFor(ctx, string(in.CompanyID))
	if err != nil {
		return nil, err
	}
	first, err := s.exportPage(ctx, company, "")
	if err != nil {
		return nil, err
	}
	contentType := "text/csv; charset=utf-8"
	if in.Format == "jsonl" {
		contentType = "application/jsonl"
	}
	return &huma.StreamResponse{Body: func(out huma.Context) {
		out.SetHeader("Content-Type", contentType)
		out.SetHeader("Content-Disposition", `attachment; filename="products.`+in.Format+`"`)
		out.SetStatus(http.StatusOK)
		if err := s.writeExport(ctx, company, in.Format, first, out.BodyWriter()); err != nil {
			rest.LogError(ctx, s.Log, err) // the answer has begun: it ends without its last line
		}
	}}, nil
}

func (s *productAPI) exportPage(ctx context.Context, company entrepot.ID, cursor string) (entrepot.Page[form.ProductBody], error) {
	q := persistence.Query{Limit: 100, Cursor: cursor, Where: []persistence.Cond{{
		Field: "status", Op: persistence.In, Values: []any{product.Active, product.Draft, product.Archived},
	}}}
	return query.Find(ctx, s.Store, product.Collection, entrepot.InCompany(company), q,
		func(p *product.Product, _ *persistence.Document) form.ProductBody { return form.BodyOf(p) })
}

func (s *productAPI) writeExport(ctx context.Context, company entrepot.ID, format string, page entrepot.Page[form.ProductBody], to io.Writer) (err error) {
	table, lines := csv.NewWriter(to), json.NewEncoder(to)
	lines.SetEscapeHTML(false)
	write := func(r *form.ProductBody) error { return lines.Encode(r) }
	if format == "csv" {
		write = func(r *form.ProductBody) error {
			for _, line := range r.Lines() {
				if err := table.Write(line); err != nil {
					return err
				}
			}
			return nil
		}
		if err := table.Write(form.Columns); err != nil {
			return err
		}
	}
	for n := 0; ; {
		for i := range page.Items {
			if err := write(&page.Items[i]); err != nil {
				return err
			}
		}
		n += len(page.Items)
		if page.NextCursor == "" {
			return lastLine(table, lines, format, n)
		}
		if page, err = s.exportPage(ctx, company, page.NextCursor); err != nil {
			return err
		}
	}
}

// lastLine marks the export as complete. An import skips it.
func lastLine(table *csv.Writer, lines *json.Encoder, format string, n int) error {
	if format == "jsonl" {
		return lines.Encode(map[string]int{"exported": n})
	}
	if err := table.Write([]string{"# exported", strconv.Itoa(n)}); err != nil {
		return err
	}
	table.Flush()
	return table.Error()
}
