package importer

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"entrepot"
	"entrepot/grains/ecommerce/product"
	"entrepot/http/api/ecommerce/form"
)

// readCSV reads rows from a blob that begins at offset. columns are nil at the beginning of the file,
// whose first line has them. The rows of one product's variants stay in one chunk, unless they
// exceed the variants that a product may have.
func readCSV(r io.Reader, offset, first int64, columns []string) importChunk {
	limited := &io.LimitedReader{R: r, N: chunkBytes + 2*maxRow + 1}
	c := csv.NewReader(bufio.NewReaderSize(limited, 64<<10))
	c.FieldsPerRecord, c.ReuseRecord = -1, true
	chunk := importChunk{offset: offset, columns: columns}
	if columns == nil {
		if chunk.columns, chunk.broken = headings(c); chunk.broken != "" {
			return chunk
		}
	}
	for {
		full := len(chunk.rows) >= chunkRows || c.InputOffset() >= chunkBytes
		if full && (len(chunk.rows) >= chunkRows+product.MaxVariants || c.InputOffset() >= chunkBytes+maxRow) {
			return chunk
		}
		before := c.InputOffset()
		cells, err := c.Read()
		row := importRow{number: first + int64(len(chunk.rows))}
		switch {
		case errors.Is(err, io.EOF) && limited.N > 0:
			chunk.done = true
			return chunk
		case full && (err != nil || limited.N <= 0):
			return chunk // the next chunk will see
		case limited.N <= 0 || c.InputOffset()-before > maxRow:
			chunk.broken = fmt.Sprintf("row %d is larger than %d bytes", row.number, maxRow)
			return chunk
		case err != nil:
			chunk.broken = fmt.Sprintf("row %d: %s", row.number, csvError(err))
			return chunk
		}
		if len(cells) != 2 || cells[0] != "# exported" { // how an export ends
			row.read(chunk.columns, cells)
			if full && !row.goesOn(&chunk.rows[len(chunk.rows)-1]) {
				return chunk
			}
			chunk.rows = append(chunk.rows, row)
		}
		chunk.offset = offset + c.InputOffset()
	}
}

func csvError(err error) string {
	var p *csv.ParseError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return "could not be read"
}

func headings(c *csv.Reader) ([]string, string) {
	cells, err := c.Read()
	if err != nil {
		return nil, "the first line must name the columns"
	}
	columns := slices.Clone(cells)
	columns[0] = strings.TrimPrefix(columns[0], "\uFEFF")
	for i, name := range columns {
		columns[i] = strings.TrimSpace(name)
		if !slices.Contains(form.Columns, columns[i]) {
			return nil, fmt.Sprintf("column %d: must be one of %s", i+1, strings.Join(form.Columns, ", "))
		}
		if slices.Contains(columns[:i], columns[i]) {
			return nil, fmt.Sprintf("column %d: %s is there twice", i+1, columns[i])
		}
	}
	if !slices.Contains(columns, "sku") {
		return nil, "there must be a column sku"
	}
	return columns, ""
}

// goesOn reports whether a row describes another variant of the previous row's product.
func (r *importRow) goesOn(before *importRow) bool {
	return r.variant != nil && r.err == nil && before.err == nil && string(r.object["sku"]) == string(before.object["sku"]) && r.object["sku"] != nil
}

// read converts the cells of a row to JSON. Empty cells are left out.
func (r *importRow) read(columns, cells []string) {
	if len(cells) != len(columns) {
		r.err = entrepot.Invalid("row", "columns", "has %d cells, the first line %d", len(cells), len(columns))
		return
	}
	r.object = map[string]json.RawMessage{}
	sale := map[string]json.RawMessage{}
	for i, name := range columns {
		cell := form.Plain(cells[i])
		if cell == "" {
			continue
		}
		if name == "options" {
			r.options = optionsIn(cell)
			continue
		}
		value, err := json.Marshal(valueIn(name, cell))
		if err != nil {
			r.err = entrepot.Invalid(name, "text", "cannot be read")
			return
		}
		if of, ok := strings.CutPrefix(name, "variant"); ok {
			if r.variant == nil {
				r.variant = map[string]json.RawMessage{}
			}
			r.variant[afterPrefix(of)] = value
		} else if of, ok := strings.CutPrefix(name, "sale"); ok {
			sale[afterPrefix(of)] = value
		} else {
			r.object[name] = value
		}
	}
	if len(sale) > 0 {
		r.object["sale"], r.err = json.Marshal(sale)
	}
}

// afterPrefix returns the field in the name of a column: weightGrams of variantWeightGrams.
func afterPrefix(s string) string {
	return strings.ToLower(s[:1]) + s[1:]
}

// valueIn returns the value of a cell. A malformed one stays a text, which the rule of the field
// refuses.
func valueIn(name, cell string) any {
	switch name {
	case "price", "salePrice", "salePercent", "variantPrice", "variantWeightGrams":
		return numberIn(cell)
	case "variantInactive":
		if cell == "true" || cell == "false" {
			return cell == "true"
		}
	case "shopIds", "tags":
		out := form.Parts(cell, '|')
		for i := range out {
			out[i] = form.Unescaped(out[i])
		}
		return out
	case "attributes":
		return attributesIn(cell)
	case "variantOptions":
		out := map[string]string{}
		for _, a := range attributesIn(cell) {
			out[a.Name] = a.Value
		}
		return out
	case "shopPrices":
		var out []map[string]any
		for _, a := range attributesIn(cell) {
			shop, variant, ok := strings.Cut(a.Name, "/")
			price := map[string]any{"shopId": shop, "price": numberIn(a.Value)}
			if ok {
				price["variantId"] = variant
			}
			out = append(out, price)
		}
		return out
	}
	return cell
}

var decimal = regexp.MustCompile(`^[0-9]{1,16}(\.[0-9]{1,8})?$`)

func numberIn(cell string) any {
	if !decimal.MatchString(cell) {
		return cell
	}
	n := strings.TrimLeft(cell[:len(cell)-1], "0") + cell[len(cell)-1:]
	if strings.HasPrefix(n, ".") {
		n = "0" + n
	}
	return json.RawMessage(n)
}

// attributesIn parses name=value|name=value.
func attributesIn(cell string) (out []form.AttributeBody) {
	for _, pair := range form.Parts(cell, '|') {
		name := form.Parts(pair, '=')[0]
		value := strings.TrimPrefix(pair[len(name):], "=")
		out = append(out, form.AttributeBody{Name: form.Unescaped(name), Value: form.Unescaped(value)})
	}
	return out
}

// optionsIn parses name=value,value|name=value,value.
func optionsIn(cell string) (out []form.OptionBody) {
	for _, pair := range form.Parts(cell, '|') {
		name := form.Parts(pair, '=')[0]
		o := form.OptionBody{Name: form.Unescaped(name)}
		for _, v := range form.Parts(strings.TrimPrefix(pair[len(name):], "="), ',') {
			o.Values = append(o.Values, form.Unescaped(v))
		}
		out = append(out, o)
	}
	return out
}
