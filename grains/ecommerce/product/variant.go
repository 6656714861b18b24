package product

import (
	"fmt"
	"slices"
	"strconv"

	"entrepot"
)

// Bounds of what a product consists of.
const (
	MaxVariants   = 200
	MaxOptions    = 5
	MaxValues     = 200 // of one option
	MaxAttributes = 100
	MaxTags       = 50
)

// Option is a choice that the variants differ by.
type Option struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
}

func (o Option) equal(p Option) bool { return o.Name == p.Name && slices.Equal(o.Values, p.Values) }

// Variant is one sellable form.
type StoredVariant struct {
	ID          entrepot.ID `json:"id"`
	SKU         string      `json:"sku"`
	Values      []string    `json:"values"`          // one of each option, in the options' order
	Price       *int64      `json:"price,omitempty"` // minor units; nil: the product's
	Image       string      `json:"image,omitempty"`
	Barcode     string      `json:"barcode,omitempty"`
	WeightGrams int64       `json:"weight,omitempty"` // grams
	Inactive    bool        `json:"inactive,omitempty"`
}

func (v StoredVariant) equal(w StoredVariant) bool {
	same := (v.Price == nil) == (w.Price == nil) && (v.Price == nil || *v.Price == *w.Price)
	return same && v.ID == w.ID && v.SKU == w.SKU && slices.Equal(v.Values, w.Values) &&
		v.Image == w.Image && v.Barcode == w.Barcode && v.WeightGrams == w.WeightGrams && v.Inactive == w.Inactive
}

// Attribute is one thing that is said of a product; a name may be said more than once.
type Attribute struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// variantsOf reads options and the variants they make. A variant keeps its id: the
// one that is given, else that of the present variant with the same values, else
// one derived from product and values. Whoever may name is free to give any id.
func (s *State) variantsOf(options []Option, variants []Variant, mayName bool) ([]Option, []StoredVariant, error) {
	opts, err := optionsOf(options)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case len(opts) == 0 && len(variants) > 0:
		return nil, nil, entrepot.Invalid("options", "required", "variants differ by options")
	case len(opts) > 0 && len(variants) == 0:
		return nil, nil, entrepot.Invalid("variants", "required", "options make variants: at least one must be given")
	case len(variants) > MaxVariants:
		return nil, nil, entrepot.Invalid("variants", "maxItems", "at most %d", MaxVariants)
	}
	reading := variantReader{s: s, options: opts, mayName: mayName, ids: map[string]bool{}, skus: map[string]bool{s.SKU: true}, combinations: map[string]bool{}}
	for _, v := range variants { // what is named is not derived again
		reading.ids[v.ID] = v.ID != ""
	}
	var out []StoredVariant
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
		return nil, entrepot.Invalid("options", "maxItems", "at most %d", MaxOptions)
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
			return nil, entrepot.Invalid(at+"values", "items", "1 to %d values", MaxValues)
		}
		if j := repeated(o.Values); j >= 0 {
			return nil, entrepot.Invalid(fmt.Sprintf("%svalues[%d]", at, j), "unique", "must be given, and once")
		}
		names[o.Name] = true
		out = append(out, Option{o.Name, slices.Clone(o.Values)})
	}
	return out, nil
}

// repeated is the place of the first text that is empty or was there before; -1 for none.
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

// variantReader reads one variant after the other and knows what is taken.
type variantReader struct {
	s                       *State
	options                 []Option
	mayName                 bool
	ids, skus, combinations map[string]bool
}

func (r *variantReader) read(at string, v Variant, before []Variant) (StoredVariant, error) {
	values, err := r.values(at, v.Options)
	if err != nil {
		return StoredVariant{}, err
	}
	combination := fmt.Sprintf("%q", values)
	switch {
	case r.combinations[combination]:
		return StoredVariant{}, entrepot.Invalid(at+"options", "unique", "another variant has these options")
	case v.SKU == "":
		return StoredVariant{}, entrepot.Invalid(at+"sku", "required", "must be given")
	case r.skus[v.SKU]:
		return StoredVariant{}, entrepot.Invalid(at+"sku", "unique", "the product or another variant has this SKU")
	case v.WeightGrams < 0:
		return StoredVariant{}, entrepot.Invalid(at+"weightGrams", "minimum", "must not be negative")
	}
	made := StoredVariant{SKU: v.SKU, Values: values, Image: v.Image, Barcode: v.Barcode, WeightGrams: v.WeightGrams, Inactive: v.Inactive}
	if v.Price != nil {
		if err := checkPrice(at+"price", *v.Price); err != nil {
			return StoredVariant{}, err
		}
		price := *v.Price
		made.Price = &price
	}
	if made.ID, err = r.id(at, v, values, before); err != nil {
		return StoredVariant{}, err
	}
	r.combinations[combination], r.skus[v.SKU] = true, true
	return made, nil
}

// values puts a variant's options into the order of the product's.
func (r *variantReader) values(at string, given []Attribute) ([]string, error) {
	out := make([]string, len(r.options))
	for _, g := range given {
		i := slices.IndexFunc(r.options, func(o Option) bool { return o.Name == g.Name })
		switch {
		case i < 0:
			return nil, entrepot.Invalid(at+"options", "option", "the product has no option %q", g.Name)
		case out[i] != "":
			return nil, entrepot.Invalid(at+"options", "unique", "%q is given twice", g.Name)
		case !slices.Contains(r.options[i].Values, g.Value):
			return nil, entrepot.Invalid(at+"options", "value", "%q is no value of %q", g.Value, g.Name)
		}
		out[i] = g.Value
	}
	if i := slices.Index(out, ""); i >= 0 {
		return nil, entrepot.Invalid(at+"options", "required", "a value of %q must be given", r.options[i].Name)
	}
	return out, nil
}

func (r *variantReader) id(at string, v Variant, values []string, before []Variant) (entrepot.ID, error) {
	if v.ID != "" {
		present := slices.ContainsFunc(r.s.Variants, func(w StoredVariant) bool { return w.ID == v.ID })
		switch {
		case !entrepot.ValidID(v.ID) || v.ID == r.s.ID:
			return "", entrepot.Invalid(at+"id", "id", "must be the id of a variant")
		case slices.ContainsFunc(before, func(w Variant) bool { return w.ID == v.ID }):
			return "", entrepot.Invalid(at+"id", "unique", "another variant has this id")
		case !present && !r.mayName && v.ID != derivedID(r.s.ID, values, 0):
			return "", entrepot.Invalid(at+"id", "exists", "the product has no variant of this id; a new one gets its own")
		}
		return v.ID, nil
	}
	for _, w := range r.s.Variants {
		if slices.Equal(w.Values, values) && !r.ids[w.ID] {
			r.ids[w.ID] = true
			return w.ID, nil
		}
	}
	for try := 0; ; try++ { // a variant that was renamed keeps the id its old values gave it
		if id := derivedID(r.s.ID, values, try); !r.ids[id] {
			r.ids[id] = true
			return id, nil
		}
	}
}

// derivedID is the id of the variant of a product with these values.
func derivedID(product entrepot.ID, values []string, try int) entrepot.ID {
	parts := append([]string{"variant", product}, values...)
	if try > 0 {
		parts = append(parts, "again", strconv.Itoa(try))
	}
	return entrepot.DeriveID(parts...)
}

func attributesOf(list []Attribute) (out []Attribute, err error) {
	if len(list) > MaxAttributes {
		return nil, entrepot.Invalid("attributes", "maxItems", "at most %d", MaxAttributes)
	}
	seen := map[Attribute]bool{}
	for i, a := range list {
		made := Attribute{a.Name, a.Value}
		switch {
		case a.Name == "":
			return nil, entrepot.Invalid(fmt.Sprintf("attributes[%d].name", i), "required", "must be given")
		case a.Value == "":
			return nil, entrepot.Invalid(fmt.Sprintf("attributes[%d].value", i), "required", "must be given")
		case seen[made]:
			return nil, entrepot.Invalid(fmt.Sprintf("attributes[%d]", i), "unique", "is said already")
		}
		seen[made] = true
		out = append(out, made)
	}
	return out, nil
}

func tagsOf(list []string) ([]string, error) {
	if len(list) > MaxTags {
		return nil, entrepot.Invalid("tags", "maxItems", "at most %d", MaxTags)
	}
	if i := repeated(list); i >= 0 {
		return nil, entrepot.Invalid(fmt.Sprintf("tags[%d]", i), "unique", "must be given, and once")
	}
	return orNil(slices.Clone(list)), nil
}
