package search

import (
	"slices"

	"github.com/RoaringBitmap/roaring/v2"
)

// dimension is one property that documents are chosen and counted by: which
// documents have a value, and which values a document has. Values are compared
// as they are written.
type dimension struct {
	ids    map[string]uint32
	values []string
	docs   []*roaring.Bitmap // by value
	at     []span            // of the values of an ordinal
	all    []uint32          // the values of all, one after the other: counting walks through memory
}

// span is a stretch of a dimension's values.
type span struct{ from, n uint32 }

// of are the values of an ordinal.
func (d *dimension) of(ordinal uint32) []uint32 {
	at := d.at[ordinal]
	return d.all[at.from : at.from+at.n]
}

func newDimension() *dimension { return &dimension{ids: map[string]uint32{}} }

func (d *dimension) add(ordinal uint32, values ...string) {
	for len(d.at) <= int(ordinal) {
		d.at = append(d.at, span{})
	}
	from := len(d.all)
	for _, v := range values {
		if v == "" {
			continue
		}
		id, ok := d.ids[v]
		if !ok {
			id = uint32(len(d.values)) //nolint:gosec // a count of products in memory
			d.ids[v] = id
			d.values = append(d.values, v)
			d.docs = append(d.docs, roaring.New())
		}
		if !slices.Contains(d.all[from:], id) {
			d.all = append(d.all, id)
			d.docs[id].Add(ordinal)
		}
	}
	ids := d.all[from:]
	if old := d.at[ordinal]; old.n == uint32(len(ids)) && old.n > 0 { //nolint:gosec // a count of products in memory
		copy(d.all[old.from:], ids)
		d.all = d.all[:from]
		return
	}
	d.at[ordinal] = span{uint32(from), uint32(len(ids))} //nolint:gosec // a count of products in memory
}

func (d *dimension) remove(ordinal uint32) {
	for _, id := range d.of(ordinal) {
		d.docs[id].Remove(ordinal)
	}
}

// any are the documents that have one of the values.
func (d *dimension) any(values ...string) *roaring.Bitmap {
	var have []*roaring.Bitmap
	for _, v := range values {
		if id, ok := d.ids[v]; ok {
			have = append(have, d.docs[id])
		}
	}
	switch len(have) {
	case 0:
		return roaring.New()
	case 1:
		return have[0]
	default:
		return roaring.FastOr(have...)
	}
}

// columns are the properties of documents by ordinal.
type columns struct {
	docs                   []*Document // nil: gone
	alive, active, inStock *roaring.Bitmap
	company, shop, status  *dimension
	category, brand, tag   *dimension
	attribute, currency    *dimension // attributes as name, a zero byte, value
	price, created         []int64    // price: now
	rating                 []float32
	popular                []float64
	sales                  *roaring.Bitmap // whose price changes with time
	nextTurn               int64           // when the first price changes, Unix ms; 0: none does
}

func newColumns() *columns {
	return &columns{
		alive: roaring.New(), active: roaring.New(), inStock: roaring.New(), sales: roaring.New(),
		company: newDimension(), shop: newDimension(), status: newDimension(), category: newDimension(),
		brand: newDimension(), tag: newDimension(), attribute: newDimension(), currency: newDimension(),
	}
}

func (c *columns) dimensions() []*dimension {
	return []*dimension{c.company, c.shop, c.status, c.category, c.brand, c.tag, c.attribute, c.currency}
}

func attributeKey(a Attribute) string { return a.Name + "\x00" + a.Value }

// set fills the columns of an ordinal.
func (c *columns) set(ordinal uint32, d *Document, now int64, popular float64, inStock bool) {
	for len(c.docs) <= int(ordinal) {
		c.docs, c.price, c.created = append(c.docs, nil), append(c.price, 0), append(c.created, 0)
		c.rating, c.popular = append(c.rating, 0), append(c.popular, 0)
	}
	if c.docs[ordinal] != nil {
		c.unset(ordinal)
	}
	c.docs[ordinal] = d
	c.alive.Add(ordinal)
	if d.Active {
		c.active.Add(ordinal)
	}
	if inStock {
		c.inStock.Add(ordinal)
	}
	c.company.add(ordinal, d.CompanyID)
	c.shop.add(ordinal, d.ShopIDs...)
	c.status.add(ordinal, d.Status)
	c.category.add(ordinal, append([]string{d.Category}, d.Path...)...)
	c.brand.add(ordinal, d.Brand)
	c.tag.add(ordinal, d.Tags...)
	c.currency.add(ordinal, d.Currency)
	traits := make([]string, 0, len(d.Attributes)+len(d.Options))
	for _, list := range [][]Attribute{d.Attributes, d.Options} {
		for _, a := range list {
			traits = append(traits, attributeKey(a))
		}
	}
	c.attribute.add(ordinal, traits...)
	c.created[ordinal], c.rating[ordinal], c.popular[ordinal] = d.CreatedMs, float32(d.rating()), popular
	c.reprice(ordinal, now)
}

func (c *columns) unset(ordinal uint32) {
	for _, d := range c.dimensions() {
		d.remove(ordinal)
	}
	for _, b := range []*roaring.Bitmap{c.alive, c.active, c.inStock, c.sales} {
		b.Remove(ordinal)
	}
	c.docs[ordinal] = nil
}

// reprice sets what a document costs now, and when that changes.
func (c *columns) reprice(ordinal uint32, now int64) {
	d := c.docs[ordinal]
	c.price[ordinal] = d.Price.At(now)
	turn := d.Price.turns(now)
	if turn == 0 {
		c.sales.Remove(ordinal)
		return
	}
	c.sales.Add(ordinal)
	if c.nextTurn == 0 || turn < c.nextTurn {
		c.nextTurn = turn
	}
}

// tick reprices what has begun or ceased to be on sale.
func (c *columns) tick(now int64) {
	if c.nextTurn == 0 || now < c.nextTurn {
		return
	}
	c.nextTurn = 0
	for _, ordinal := range c.sales.ToArray() {
		c.reprice(ordinal, now)
	}
}

// priceIn is what a document costs in a shop now; shop "": anywhere.
func (c *columns) priceIn(ordinal uint32, shop string, now int64) int64 {
	if shop == "" {
		return c.price[ordinal]
	}
	if p, ok := c.docs[ordinal].ShopPrices[shop]; ok {
		return p.At(now)
	}
	return c.price[ordinal]
}
