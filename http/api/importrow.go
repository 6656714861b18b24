package api

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"entrepot"

	"github.com/danielgtaylor/huma/v2"
)

// Bounds of a chunk of an import: what is in memory at a time.
const (
	chunkRows  = 500
	chunkBytes = 4 << 20 // a chunk ends with the row that passes it
	maxRow     = 1 << 20
)

// importRow is one row as a JSON object, or why it is none.
type importRow struct {
	number int64 // counted from 1, headings not among them
	object map[string]json.RawMessage
	err    error
}

// importChunk is what was read: the next chunk begins at offset, unless the file
// is done or cannot be read on.
type importChunk struct {
	rows    []importRow
	columns []string
	offset  int64
	done    bool
	broken  string
}

// csvColumns are the columns of a file of comma separated values, as it is
// exported. shopIds, tags and attributes hold several with | between.
var csvColumns = []string{"sku", "name", "description", "category", "brand", "price", "currency", "status", "image", "shopIds", "tags", "attributes"}

// readCSV reads rows from a blob that begins at offset; columns are nil at the
// file's beginning, where they stand.
func readCSV(r io.Reader, offset, first int64, columns []string) importChunk {
	limited := &io.LimitedReader{R: r, N: chunkBytes + maxRow + 1}
	c := csv.NewReader(bufio.NewReaderSize(limited, 64<<10))
	c.FieldsPerRecord, c.ReuseRecord = -1, true
	chunk := importChunk{offset: offset, columns: columns}
	if columns == nil {
		if chunk.columns, chunk.broken = headings(c); chunk.broken != "" {
			return chunk
		}
	}
	for len(chunk.rows) < chunkRows && c.InputOffset() < chunkBytes {
		cells, err := c.Read()
		switch {
		case limited.N <= 0:
			chunk.broken = fmt.Sprintf("row %d is larger than %d bytes", first+int64(len(chunk.rows)), maxRow)
			return chunk
		case errors.Is(err, io.EOF):
			chunk.done = true
			return chunk
		case err != nil:
			chunk.broken = fmt.Sprintf("row %d: %s", first+int64(len(chunk.rows)), csvError(err))
			return chunk
		}
		chunk.offset = offset + c.InputOffset()
		row := importRow{number: first + int64(len(chunk.rows))}
		row.object, row.err = objectOf(chunk.columns, cells)
		chunk.rows = append(chunk.rows, row)
	}
	return chunk
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
		if !slices.Contains(csvColumns, columns[i]) {
			return nil, fmt.Sprintf("column %d: must be one of %s", i+1, strings.Join(csvColumns, ", "))
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

var decimal = regexp.MustCompile(`^[0-9]{1,16}(\.[0-9]{1,8})?$`)

// objectOf makes a JSON object of a row's cells; an empty cell is nothing.
func objectOf(columns, cells []string) (map[string]json.RawMessage, error) {
	if len(cells) != len(columns) {
		return nil, entrepot.Invalid("row", "columns", "has %d cells, the first line %d", len(cells), len(columns))
	}
	out := map[string]json.RawMessage{}
	for i, name := range columns {
		cell := plain(cells[i])
		var v any = cell
		switch {
		case cell == "":
			continue
		case name == "price" && decimal.MatchString(cell):
			v = json.RawMessage(strings.TrimLeft(cell[:len(cell)-1], "0") + cell[len(cell)-1:])
			if strings.HasPrefix(string(v.(json.RawMessage)), ".") {
				v = json.RawMessage("0" + string(v.(json.RawMessage)))
			}
		case name == "shopIds" || name == "tags":
			v = strings.Split(cell, "|")
		case name == "attributes":
			v = attributesIn(cell)
		}
		b, err := json.Marshal(v)
		if err != nil {
			return nil, entrepot.Invalid(name, "text", "cannot be read")
		}
		out[name] = b
	}
	return out, nil
}

func attributesIn(cell string) (out []map[string]string) {
	for _, pair := range strings.Split(cell, "|") {
		name, value, _ := strings.Cut(pair, "=")
		out = append(out, map[string]string{"name": name, "value": value})
	}
	return out
}

// A spreadsheet runs cells that begin like these. Exported they have an
// apostrophe before them, which an import takes off again.
const formulas = "=+-@\t\r"

func guarded(cell string) string {
	if cell != "" && (strings.ContainsRune(formulas, rune(cell[0])) || (cell[0] == '\'' && len(cell) > 1)) {
		return "'" + cell
	}
	return cell
}

func plain(cell string) string {
	if len(cell) > 1 && cell[0] == '\'' && (strings.ContainsRune(formulas, rune(cell[1])) || cell[1] == '\'') {
		return cell[1:]
	}
	return cell
}

// readLines reads rows of a JSON object a line.
func readLines(r io.Reader, offset, first int64) importChunk {
	chunk := importChunk{offset: offset}
	lines := bufio.NewReaderSize(r, maxRow)
	for read := 0; len(chunk.rows) < chunkRows && read < chunkBytes; {
		line, err := lines.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			chunk.broken = fmt.Sprintf("row %d is larger than %d bytes", first+int64(len(chunk.rows)), maxRow)
			return chunk
		}
		if err != nil && !errors.Is(err, io.EOF) {
			chunk.broken = "the file could not be read"
			return chunk
		}
		read += len(line)
		chunk.offset += int64(len(line))
		if line = bytes.TrimSpace(line); len(line) > 0 {
			row := importRow{number: first + int64(len(chunk.rows))}
			if depth(line) > maxDepth || json.Unmarshal(line, &row.object) != nil {
				row.err = entrepot.Invalid("row", "json", "is no JSON object")
			}
			chunk.rows = append(chunk.rows, row)
		}
		if err != nil {
			chunk.done = true
			return chunk
		}
	}
	return chunk
}

// rowRules validate rows by the same schemas as the bodies of requests.
type rowRules struct {
	registry        huma.Registry
	creates, change *huma.Schema
}

func newRowRules() *rowRules {
	teachHuma()
	r := config().Components.Schemas
	return &rowRules{r, r.Schema(reflect.TypeFor[productBody](), true, ""), r.Schema(reflect.TypeFor[productChange](), true, "")}
}

// into checks a row and reads it; an error names all that is wrong.
func (r *rowRules) into(schema *huma.Schema, object map[string]json.RawMessage, body any) error {
	data, err := json.Marshal(object)
	if err != nil {
		return entrepot.Invalid("row", "json", "is no JSON object")
	}
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		return entrepot.Invalid(hugeNumber(data), "maximum", "is a number too large")
	}
	result := &huma.ValidateResult{}
	huma.Validate(r.registry, schema, huma.NewPathBuffer([]byte{}, 0), huma.ModeWriteToServer, v, result)
	if len(result.Errors) > 0 {
		e := &entrepot.Error{Code: entrepot.CodeInvalid, Message: "the row breaks a rule"}
		for _, err := range result.Errors[:min(len(result.Errors), 10)] {
			e.Fields = append(e.Fields, fieldError(err))
		}
		return e
	}
	if err := json.Unmarshal(data, body); err != nil {
		return entrepot.Invalid("row", "type", "has a value that does not fit")
	}
	return nil
}
