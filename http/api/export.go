package api

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"entrepot"
	"entrepot/grains/product"
	"entrepot/grains/product/productpb"
	"entrepot/persistence"

	"github.com/danielgtaylor/huma/v2"
)

type exportInput struct {
	CompanyID string `query:"companyId" pattern:"^[0-9a-f]{24}$" patternDescription:"an id of 24 hex digits" doc:"for super admins; others export their own company's"`
	Format    string `query:"format" enum:"csv,jsonl" default:"csv"`
}

// exportRow is a product as an import takes it.
type exportRow struct {
	SKU         string            `json:"sku"`
	Name        string            `json:"name"`
	Description string            `json:"description,omitempty"`
	Category    string            `json:"category,omitempty"`
	Brand       string            `json:"brand,omitempty"`
	Price       entrepot.Amount   `json:"price"`
	Currency    string            `json:"currency"`
	Status      string            `json:"status"`
	Image       string            `json:"image,omitempty"`
	ShopIDs     []string          `json:"shopIds"`
	Tags        []string          `json:"tags,omitempty"`
	Attributes  []AttributeBody   `json:"attributes,omitempty"`
	Options     []OptionBody      `json:"options,omitempty"`
	Variants    []exportedVariant `json:"variants,omitempty"`
	ShopPrices  []ShopPriceBody   `json:"shopPrices,omitempty"`
	Sale        *SaleView         `json:"sale,omitempty"`
	PublishAt   *Time             `json:"publishAt,omitempty"`
	UnpublishAt *Time             `json:"unpublishAt,omitempty"`
}

type exportedVariant struct {
	ID          entrepot.ID       `json:"id"`
	SKU         string            `json:"sku"`
	Options     map[string]string `json:"options"`
	Price       entrepot.Amount   `json:"price,omitempty"`
	Image       string            `json:"image,omitempty"`
	Barcode     string            `json:"barcode,omitempty"`
	WeightGrams int64             `json:"weightGrams,omitempty"`
	Inactive    bool              `json:"inactive,omitempty"`
}

func exportOf(p *productpb.Product) exportRow {
	r := exportRow{
		SKU: p.Sku, Name: p.Name, Description: p.Description, Category: p.Category, Brand: p.Brand, Price: amount(p.PriceMinor, p.Currency),
		Currency: p.Currency, Status: p.Status, Image: p.Image, ShopIDs: notNil(p.ShopIds), Tags: p.Tags,
		PublishAt: timeOrNone(p.PublishMs), UnpublishAt: timeOrNone(p.UnpublishMs),
	}
	for _, a := range p.Attributes {
		r.Attributes = append(r.Attributes, AttributeBody{a.Name, a.Value})
	}
	for _, o := range p.Options {
		r.Options = append(r.Options, OptionBody{o.Name, o.Values})
	}
	for _, v := range p.Variants {
		x := exportedVariant{ID: v.Id, SKU: v.Sku, Options: map[string]string{}, Image: v.Image, Barcode: v.Barcode, WeightGrams: v.WeightGrams, Inactive: v.Inactive}
		for _, o := range v.Options {
			x.Options[o.Name] = o.Value
		}
		if v.PriceMinor != nil {
			x.Price = amount(*v.PriceMinor, p.Currency)
		}
		r.Variants = append(r.Variants, x)
	}
	for _, x := range p.ShopPrices {
		r.ShopPrices = append(r.ShopPrices, ShopPriceBody{x.ShopId, x.VariantId, amount(x.PriceMinor, p.Currency)})
	}
	if p.Sale != nil {
		r.Sale = saleOf(p.Sale, p.Currency)
	}
	return r
}

// lines are the row's lines of a CSV file, in the order of csvColumns: one, or one
// a variant, of which the first says what the product is.
func (r *exportRow) lines() [][]string {
	attributes := make([]string, len(r.Attributes))
	for i, a := range r.Attributes {
		attributes[i] = escaped(a.Name) + "=" + escaped(a.Value)
	}
	options := make([]string, len(r.Options))
	for i, o := range r.Options {
		options[i] = escaped(o.Name) + "=" + joinEscaped(o.Values, ",")
	}
	prices := make([]string, len(r.ShopPrices))
	for i, p := range r.ShopPrices {
		if prices[i] = p.ShopID + "=" + string(p.Price); p.VariantID != "" {
			prices[i] = p.ShopID + "/" + p.VariantID + "=" + string(p.Price)
		}
	}
	first := []string{
		r.SKU, r.Name, r.Description, r.Category, r.Brand, string(r.Price), r.Currency, r.Status, r.Image,
		joinEscaped(r.ShopIDs, "|"), joinEscaped(r.Tags, "|"), strings.Join(attributes, "|"), strings.Join(prices, "|"),
	}
	first = append(append(first, r.times()...), strings.Join(options, "|"))
	if len(r.Variants) == 0 {
		return [][]string{guardedLine(append(first, make([]string, len(csvColumns)-len(first))...))}
	}
	lines := make([][]string, len(r.Variants))
	for i := range r.Variants {
		of := make([]string, len(first))
		if of[0] = r.SKU; i == 0 {
			of = slices.Clone(first)
		}
		lines[i] = guardedLine(append(of, r.Variants[i].cells()...))
	}
	return lines
}

// times are the sale's cells, and when the product is published.
func (r *exportRow) times() []string {
	out := []string{"", "", "", "", cellOf(r.PublishAt), cellOf(r.UnpublishAt)}
	if s := r.Sale; s != nil {
		if out[0] = string(s.Price); s.Percent > 0 {
			out[1] = strconv.FormatInt(s.Percent, 10)
		}
		out[2], out[3] = cellOf(s.StartsAt), cellOf(s.EndsAt)
	}
	return out
}

func cellOf(t *Time) string {
	if t == nil {
		return ""
	}
	return time.UnixMilli(int64(*t)).UTC().Format("2006-01-02T15:04:05.000Z")
}

func (v *exportedVariant) cells() []string {
	var options []string
	for _, name := range slices.Sorted(maps.Keys(v.Options)) {
		options = append(options, escaped(name)+"="+escaped(v.Options[name]))
	}
	weight := ""
	if v.WeightGrams > 0 {
		weight = strconv.FormatInt(v.WeightGrams, 10)
	}
	return []string{v.ID, v.SKU, strings.Join(options, "|"), string(v.Price), v.Image, v.Barcode, weight, strconv.FormatBool(v.Inactive)}
}

func joinEscaped(list []string, separator string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = escaped(s)
	}
	return strings.Join(out, separator)
}

func guardedLine(cells []string) []string {
	for i := range cells {
		cells[i] = guarded(cells[i])
	}
	return cells
}

// export writes page after page as it is read: one is in memory at a time.
func (s *productAPI) export(ctx context.Context, in *exportInput) (*huma.StreamResponse, error) {
	company, err := companyFor(ctx, in.CompanyID)
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
			logError(ctx, s.Log, err) // the answer has begun: it ends without its last line
		}
	}}, nil
}

func (s *productAPI) exportPage(ctx context.Context, company entrepot.ID, cursor string) (entrepot.Page[exportRow], error) {
	q := persistence.Query{Limit: 100, Cursor: cursor, Where: []persistence.Cond{{
		Field: "status", Op: persistence.In, Values: []any{product.StatusActive, product.StatusDraft, product.StatusArchived},
	}}}
	return find(ctx, s.Stores.Ecommerce, product.Collection, entrepot.InCompany(company), q,
		func(p *product.State, _ *persistence.Document) exportRow { return exportOf(p.View()) })
}

func (s *productAPI) writeExport(ctx context.Context, company entrepot.ID, format string, page entrepot.Page[exportRow], to io.Writer) (err error) {
	table, lines := csv.NewWriter(to), json.NewEncoder(to)
	lines.SetEscapeHTML(false)
	write := func(r *exportRow) error { return lines.Encode(r) }
	if format == "csv" {
		write = func(r *exportRow) error {
			for _, line := range r.lines() {
				if err := table.Write(line); err != nil {
					return err
				}
			}
			return nil
		}
		if err := table.Write(csvColumns); err != nil {
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

// lastLine says that all was written. An import passes it over.
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
