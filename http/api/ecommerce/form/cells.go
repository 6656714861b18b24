package form

import (
	"strings"
)

// Columns are the columns of a file of comma separated values, as it is
// exported. Rows that share a sku are one product; those with a variant's columns
// describe a variant each.
var Columns = []string{
	"sku", "name", "description", "category", "brand", "price", "currency", "status", "image", "shopIds", "tags", "attributes", "shopPrices",
	"salePrice", "salePercent", "saleStartsAt", "saleEndsAt", "publishAt", "unpublishAt", "options",
	"variantId", "variantSku", "variantOptions", "variantPrice", "variantImage", "variantBarcode", "variantWeightGrams", "variantInactive",
}

// In a cell with several values | stands between them, = after a name and a comma
// between an option's values. One that is meant as it is has a \ before it.
const separators = `|=,\`

func escaped(s string) string {
	if !strings.ContainsAny(s, separators) {
		return s
	}
	var b strings.Builder
	for _, c := range s {
		if strings.ContainsRune(separators, c) {
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// Unescaped returns a part of a cell without the escapes of its separators.
func Unescaped(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && strings.IndexByte(separators, s[i+1]) >= 0 {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// Parts are what separators that are not escaped separate, escaped still.
func Parts(s string, separator byte) (out []string) {
	from := 0
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && strings.IndexByte(separators, s[i+1]) >= 0:
			i++
		case s[i] == separator:
			out, from = append(out, s[from:i]), i+1
		}
	}
	return append(out, s[from:])
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

// Plain returns a cell without the quote that keeps spreadsheets from reading it as a formula.
func Plain(cell string) string {
	if len(cell) > 1 && cell[0] == '\'' && (strings.ContainsRune(formulas, rune(cell[1])) || cell[1] == '\'') {
		return cell[1:]
	}
	return cell
}
