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

// joined are the rows of a file of comma separated values that describe a product
// and its variants together; most often it is one row. They are taken as one
// command, so that a product is never seen with some of its variants.
type joined struct {
	importRow                              // of the first row's number, with the cells of all
	variants  []map[string]json.RawMessage // of each row; nil: it describes none
	at        []int                        // the row of each variant of the product that results; -1: of none
	last      bool                         // of its SKU in the chunk: its product is not asked again soon
}

// sending are the options of the one command to the rows' product. Without [grains.Transient] the
// products of an import would fill the memory until they have been idle for long.
func (j *joined) sending(id string) []grains.Option {
	own := []grains.Option{grains.As(id)}
	if j.last {
		own = append(own, grains.Transient)
	}
	return own
}

// joinRows takes the first row and those after it that go on with its variants.
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

// described reports whether rows say something of options or variants.
func (j *joined) described() bool {
	return len(j.options) > 0 || slices.ContainsFunc(j.variants, func(v map[string]json.RawMessage) bool { return v != nil })
}

// makeup sets the resulting options and variants. A row updates the variant with its
// id, else its SKU, else its options, or adds one; none is removed. New option values
// are added.
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
			delete(v, "id") // a new one gets its own
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

// variantIn is the place of the variant that a row means; -1: none.
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
	_ = json.Unmarshal(v["options"], &out) // what is none is refused by its rule
	return out
}

// optionsWith joins what is declared, in its order, with the values of variants
// in theirs.
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

// blames returns an error for the report of one of the rows: the faults of that row by
// their columns, or that another row of the product failed.
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

// columnOf finds the row and the column of a field: variants[2].weightGrams is
// variantWeightGrams of the row that the third variant is from.
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
