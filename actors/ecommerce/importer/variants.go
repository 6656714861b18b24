package importer

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/ecommerce/product"
	"entrepot/grains/query"
	"entrepot/http/api/ecommerce/form"
)

// joined is the rows of a CSV file that describe a product and its variants, most often one row. They
// become one command, so that a product is never visible with some of its variants.
type joined struct {
	importRow                              // the number of the first row, with the cells of all
	variants  []map[string]json.RawMessage // of each row; nil: the row has none
	at        []int                        // for each resulting variant its row; -1: none
	last      bool                         // the last rows of the SKU in the chunk
}

// sending returns the options of the command to the product. Without [grains.Transient], the products
// of an import would stay in memory until they are idle for long.
func (j *joined) sending(id string) []grains.Option {
	own := []grains.Option{grains.As(id)}
	if j.last {
		own = append(own, grains.Transient)
	}
	return own
}

// joinRows joins the first row of a lane and the following rows with its variants. It returns their number.
func joinRows(rows []importRow, lane []int) (*joined, int) {
	j := &joined{importRow: rows[lane[0]]}
	j.object = maps.Clone(j.object)
	j.variants = append(j.variants, j.variant)
	n := 1
	for ; n < len(lane) && rows[lane[n]].goesOn(&j.importRow); n++ {
		r := &rows[lane[n]]
		for name, value := range r.object {
			if have, ok := j.object[name]; ok && string(have) != string(value) {
				j.err = entrepot.Invalid(query.Indexed("rows", n, name), "same", "must be empty or as in row %d, the product's first", j.number)
			}
			j.object[name] = value
		}
		j.options = append(j.options, r.options...)
		j.variants = append(j.variants, r.variant)
	}
	return j, n
}

// described reports whether the rows describe options or variants.
func (j *joined) described() bool {
	return len(j.options) > 0 || slices.ContainsFunc(j.variants, func(v map[string]json.RawMessage) bool { return v != nil })
}

// makeup sets the resulting options and variants of the object. A row changes the variant with its
// id, else with its SKU, else with its options, or adds one; no variant is removed. Options get
// new values.
func (j *joined) makeup(now *product.Product) error {
	var list []map[string]json.RawMessage
	var options []form.OptionBody
	if now != nil {
		r := form.BodyOf(now)
		options = r.Options
		for i := range r.Variants {
			v, err := fieldsOf(&r.Variants[i])
			if err != nil {
				return err
			}
			list = append(list, v)
			j.at = append(j.at, -1)
		}
	}
	for row, v := range j.variants {
		if v == nil {
			continue
		}
		i := variantIn(list, v)
		if i < 0 {
			v = maps.Clone(v)
			delete(v, "id") // a new variant gets its own
			list, j.at = append(list, v), append(j.at, row)
			continue
		}
		j.at[i] = row
		maps.Copy(list[i], v)
	}
	var err error
	if j.object["variants"], err = json.Marshal(list); err != nil {
		return err
	}
	j.object["options"], err = json.Marshal(optionsWith(slices.Concat(j.options, options), list))
	return err
}

func fieldsOf(v *form.VariantBody) (out map[string]json.RawMessage, err error) {
	b, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	return out, err
}

// variantIn returns the index of the variant that a row refers to; -1 if there is none.
func variantIn(list []map[string]json.RawMessage, v map[string]json.RawMessage) int {
	for _, name := range []string{"id", "sku"} {
		if v[name] == nil {
			continue
		}
		if i := slices.IndexFunc(list, func(w map[string]json.RawMessage) bool { return string(w[name]) == string(v[name]) }); i >= 0 {
			return i
		}
	}
	options := optionsOfVariant(v)
	return slices.IndexFunc(list, func(w map[string]json.RawMessage) bool {
		return len(options) > 0 && reflect.DeepEqual(optionsOfVariant(w), options)
	})
}

func optionsOfVariant(v map[string]json.RawMessage) (out map[string]string) {
	_ = json.Unmarshal(v["options"], &out) // the rule of the field refuses malformed options
	return out
}

// optionsWith returns the declared options followed by the options and values of the variants, each
// in their order.
func optionsWith(declared []form.OptionBody, variants []map[string]json.RawMessage) (out []form.OptionBody) {
	add := func(name, value string) {
		i := slices.IndexFunc(out, func(o form.OptionBody) bool { return o.Name == name })
		if i < 0 {
			i, out = len(out), append(out, form.OptionBody{Name: name})
		}
		if !slices.Contains(out[i].Values, value) {
			out[i].Values = append(out[i].Values, value)
		}
	}
	for _, o := range declared {
		for _, value := range o.Values {
			add(o.Name, value)
		}
	}
	for _, v := range variants {
		options := optionsOfVariant(v)
		for _, name := range slices.Sorted(maps.Keys(options)) {
			add(name, options[name])
		}
	}
	return out
}

// blames returns an error as reported for one of the rows: with the fields of that row by the names of
// their columns, or as the failure of another row.
func (j *joined) blames(row int, err error) error {
	if err == nil || !j.described() || len(entrepot.AsError(err).Fields) == 0 {
		return err
	}
	e := *entrepot.AsError(err)
	var own []entrepot.FieldError
	for _, f := range e.Fields {
		of, column := j.columnOf(f.Field)
		if of == row {
			own = append(own, entrepot.FieldError{Field: column, Rule: f.Rule, Message: f.Message})
		}
	}
	if e.Fields = own; len(own) == 0 {
		return entrepot.Errorf(e.Code, "another row of the product failed")
	}
	return &e
}

// columnOf returns the row and the column of a field: variants[2].weightGrams is variantWeightGrams
// in the row of the third variant.
func (j *joined) columnOf(field string) (row int, column string) {
	list, rest, _ := strings.Cut(field, "[")
	number, name, _ := strings.Cut(rest, "].")
	i, err := strconv.Atoi(number)
	switch {
	case err != nil || name == "":
		return 0, field
	case list == "rows":
		return i, name
	case list == "variants" && i < len(j.at) && j.at[i] >= 0:
		return j.at[i], "variant" + strings.ToUpper(name[:1]) + name[1:]
	default:
		return 0, field
	}
}
