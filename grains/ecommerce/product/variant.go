package product

import (
	"fmt"
	"slices"
	"strconv"

	"entrepot"
)

// Bounds of the lists of a product.
const (
	MaxVariants   = 200
	MaxOptions    = 5
	MaxValues     = 200 // of one option
	MaxAttributes = 100
	MaxTags       = 50
)

func (o Option) equal(p Option) bool { return o.Name == p.Name && slices.Equal(o.Values, p.Values) }

func (v Variant) equal(w Variant) bool {
	return (v.Price == nil) == (w.Price == nil) && value(v.Price) == value(w.Price) &&
		v.ID == w.ID && v.SKU == w.SKU && slices.Equal(v.Options, w.Options) &&
		v.Image == w.Image && v.Barcode == w.Barcode && v.WeightGrams == w.WeightGrams && v.Inactive == w.Inactive
}

// variantsOf returns checked copies of options and their variants. The id of a variant is the given
// one, else that of the present variant with the same values, else derived from product and
// values. With mayName, any id may be given.
func (s *State) variantsOf(options []Option, variants []Variant, mayName bool) ([]Option, []Variant, error) {
	opts, err := optionsOf(options)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case len(opts) == 0 && len(variants) > 0:
		return nil, nil, entrepot.Invalid("options", "required", "must be given with variants")
	case len(opts) > 0 && len(variants) == 0:
		return nil, nil, entrepot.Invalid("variants", "required", "must be given with options, at least one")
	case len(variants) > MaxVariants:
		return nil, nil, entrepot.Invalid("variants", "maxItems", "must be at most %d", MaxVariants)
	}
	reading := variantReader{
		s: s, options: opts, mayName: mayName,
		ids: map[string]bool{}, skus: map[string]bool{s.SKU: true}, combinations: map[string]bool{},
	}
	for _, v := range variants { // a given id is not derived again
		reading.ids[v.ID] = v.ID != ""
	}
	var out []Variant
	for i, v := range variants {
		made, err := reading.read(fmt.Sprintf("variants[%d].", i), v, variants[:i])
		if err != nil {
			return nil, nil, err
		}
		out = append(out, made)
	}
	return opts, out, nil
}

func optionsOf(options []Option) (out []Option, err error) {
	if len(options) > MaxOptions {
		return nil, entrepot.Invalid("options", "maxItems", "must be at most %d", MaxOptions)
	}
	names := map[string]bool{}
	for i, o := range options {
		at := fmt.Sprintf("options[%d].", i)
		switch {
		case o.Name == "":
			return nil, entrepot.Invalid(at+"name", "required", "must be given")
		case names[o.Name]:
			return nil, entrepot.Invalid(at+"name", "unique", "another option has this name")
		case len(o.Values) == 0 || len(o.Values) > MaxValues:
			return nil, entrepot.Invalid(at+"values", "items", "must be 1 to %d values", MaxValues)
		}
		if j := repeated(o.Values); j >= 0 {
			return nil, entrepot.Invalid(fmt.Sprintf("%svalues[%d]", at, j), "unique", "must be given, each once")
		}
		names[o.Name] = true
		out = append(out, Option{o.Name, slices.Clone(o.Values)})
	}
	return out, nil
}

// repeated returns the index of the first text that is empty or a repetition; -1 if there is none.
func repeated(list []string) int {
	seen := make(map[string]bool, len(list))
	for i, v := range list {
		if v == "" || seen[v] {
			return i
		}
		seen[v] = true
	}
	return -1
}

// variantReader checks variants one by one. Its maps hold the ids, SKUs and combinations in use.
type variantReader struct {
	s                       *State
	options                 []Option
	mayName                 bool
	ids, skus, combinations map[string]bool
}

func (r *variantReader) read(at string, v Variant, before []Variant) (Variant, error) {
	options, err := r.inOrder(at, v.Options)
	if err != nil {
		return Variant{}, err
	}
	combination := fmt.Sprintf("%q", options)
	switch {
	case r.combinations[combination]:
		return Variant{}, entrepot.Invalid(at+"options", "unique", "another variant has these options")
	case v.SKU == "":
		return Variant{}, entrepot.Invalid(at+"sku", "required", "must be given")
	case r.skus[v.SKU]:
		return Variant{}, entrepot.Invalid(at+"sku", "unique", "the product or another variant has this SKU")
	case v.WeightGrams < 0:
		return Variant{}, entrepot.Invalid(at+"weightGrams", "minimum", "must not be negative")
	}
	made := v
	made.Options = options
	if v.Price != nil {
		if err := checkPrice(at+"price", *v.Price); err != nil {
			return Variant{}, err
		}
		price := *v.Price
		made.Price = &price
	}
	if made.ID, err = r.id(at, v, valuesOf(options), before); err != nil {
		return Variant{}, err
	}
	r.combinations[combination], r.skus[v.SKU] = true, true
	return made, nil
}

// inOrder returns a variant's options in the order of the product's.
func (r *variantReader) inOrder(at string, given []Attribute) ([]Attribute, error) {
	out := make([]Attribute, len(r.options))
	for _, g := range given {
		i := slices.IndexFunc(r.options, func(o Option) bool { return o.Name == g.Name })
		switch {
		case i < 0:
			return nil, entrepot.Invalid(at+"options", "option", "the product has no option %q", g.Name)
		case out[i].Value != "":
			return nil, entrepot.Invalid(at+"options", "unique", "%q is given twice", g.Name)
		case !slices.Contains(r.options[i].Values, g.Value):
			return nil, entrepot.Invalid(at+"options", "value", "%q is not a value of %q", g.Value, g.Name)
		}
		out[i] = g
	}
	missing := func(a Attribute) bool { return a.Value == "" }
	if i := slices.IndexFunc(out, missing); i >= 0 {
		return nil, entrepot.Invalid(at+"options", "required", "a value of %q must be given", r.options[i].Name)
	}
	return out, nil
}

func (r *variantReader) id(at string, v Variant, values []string, before []Variant) (entrepot.ID, error) {
	if v.ID != "" {
		present := slices.ContainsFunc(r.s.Variants, func(w Variant) bool { return w.ID == v.ID })
		switch {
		case !entrepot.ValidID(v.ID) || v.ID == r.s.ID:
			return "", entrepot.Invalid(at+"id", "id", "must be the id of a variant")
		case slices.ContainsFunc(before, func(w Variant) bool { return w.ID == v.ID }):
			return "", entrepot.Invalid(at+"id", "unique", "another variant has this id")
		case !present && !r.mayName && v.ID != derivedID(r.s.ID, values, 0):
			return "", entrepot.Invalid(at+"id", "exists",
				"must be the id of a variant of the product, or empty for a new one")
		}
		return v.ID, nil
	}
	for _, w := range r.s.Variants {
		if slices.Equal(valuesOf(w.Options), values) && !r.ids[w.ID] {
			r.ids[w.ID] = true
			return w.ID, nil
		}
	}
	for try := 0; ; try++ { // a renamed variant keeps the id of its old values
		if id := derivedID(r.s.ID, values, try); !r.ids[id] {
			r.ids[id] = true
			return id, nil
		}
	}
}

func valuesOf(options []Attribute) []string {
	out := make([]string, len(options))
	for i, o := range options {
		out[i] = o.Value
	}
	return out
}

// derivedID returns the id of the variant of a product with these values.
func derivedID(product entrepot.ID, values []string, try int) entrepot.ID {
	parts := append([]string{"variant", product}, values...)
	if try > 0 {
		parts = append(parts, "again", strconv.Itoa(try))
	}
	return entrepot.DeriveID(parts...)
}

func attributesOf(list []Attribute) (out []Attribute, err error) {
	if len(list) > MaxAttributes {
		return nil, entrepot.Invalid("attributes", "maxItems", "must be at most %d", MaxAttributes)
	}
	seen := map[Attribute]bool{}
	for i, a := range list {
		switch {
		case a.Name == "":
			return nil, entrepot.Invalid(fmt.Sprintf("attributes[%d].name", i), "required", "must be given")
		case a.Value == "":
			return nil, entrepot.Invalid(fmt.Sprintf("attributes[%d].value", i), "required", "must be given")
		case seen[a]:
			return nil, entrepot.Invalid(fmt.Sprintf("attributes[%d]", i), "unique", "is given twice")
		}
		seen[a] = true
		out = append(out, a)
	}
	return out, nil
}

func tagsOf(list []string) ([]string, error) {
	if len(list) > MaxTags {
		return nil, entrepot.Invalid("tags", "maxItems", "must be at most %d", MaxTags)
	}
	if i := repeated(list); i >= 0 {
		return nil, entrepot.Invalid(fmt.Sprintf("tags[%d]", i), "unique", "must be given, each once")
	}
	return orNil(slices.Clone(list)), nil
}
