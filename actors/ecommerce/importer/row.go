package importer

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"entrepot"
	"entrepot/http/api/ecommerce/form"
	"entrepot/http/rest"
)

// Bounds of a chunk of an import, which is held in memory.
const (
	chunkRows  = 500
	chunkBytes = 4 << 20 // a chunk ends with the row that exceeds it
	maxRow     = 1 << 20
)

// importRow is one row as a JSON object, or the error in it. A CSV row may describe one variant and
// declare options.
type importRow struct {
	number  int64 // counted from 1, without headings
	object  map[string]json.RawMessage
	options []form.OptionBody
	variant map[string]json.RawMessage
	err     error
}

// importChunk is a chunk of rows. The next chunk begins at offset, unless the file is done or
// broken.
type importChunk struct {
	rows    []importRow
	columns []string
	offset  int64
	done    bool
	broken  string
}

// readLines reads rows from lines of JSON objects.
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
		if line = bytes.TrimSpace(line); len(line) > 0 && !bytes.HasPrefix(line, []byte(`{"exported":`)) {
			row := importRow{number: first + int64(len(chunk.rows))}
			if rest.TooDeep(line) || json.Unmarshal(line, &row.object) != nil {
				row.err = entrepot.Invalid("row", "json", "must be a JSON object")
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
