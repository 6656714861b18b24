package search

import (
	"encoding/binary"
	"math"
	"slices"
	"strconv"

	"github.com/RoaringBitmap/roaring/v2"
)

// dimension is one property that documents are chosen and counted by: which
// documents have a value, and which values a document has. Values are compared
// as they are written.
type dimension struct {
	ids    map[string]uint32
	values []string
	docs   []*roaring.Bitmap // by value
	alive  []int32           // how many documents have a value
	active []int32           // and how many of them everybody may see
	only   []uint32          // by ordinal: 1 + the value of a document that has one, 0 for none, several for more
	at     []span            // of the values of an ordinal that has several
	all    []uint32          // the values of those, one after the other: counting walks through memory
}

// several stands for the values of a document that has more than one.
const several = ^uint32(0)

// span is a stretch of a dimension's values.
type span struct{ from, n uint32 }

// of are the values of an ordinal.
func (d *dimension) of(ordinal uint32) []uint32 {
	at := d.at[ordinal]
	return d.all[at.from : at.from+at.n]
}

func newDimension() *dimension { return &dimension{ids: map[string]uint32{}} }

func (d *dimension) add(ordinal uint32, active bool, values ...string) {
	for len(d.at) <= int(ordinal) {
		d.at, d.only = append(d.at, span{}), append(d.only, 0)
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
			d.alive, d.active = append(d.alive, 0), append(d.active, 0)
		}
		if !slices.Contains(d.all[from:], id) {
			d.all = append(d.all, id)
			d.docs[id].Add(ordinal)
			d.alive[id]++
			if active {
				d.active[id]++
			}
		}
	}
	ids := d.all[from:]
	switch len(ids) {
	case 0:
		d.only[ordinal] = 0
	case 1:
		d.only[ordinal] = ids[0] + 1
	default:
		d.only[ordinal] = several
	}
	if old := d.at[ordinal]; old.n == uint32(len(ids)) && old.n > 0 { //nolint:gosec // a count of products in memory
		copy(d.all[old.from:], ids)
		d.all = d.all[:from]
		return
	}
	d.at[ordinal] = span{uint32(from), uint32(len(ids))} //nolint:gosec // a count of products in memory
}

// remove forgets the values of an ordinal, if it has some.
func (d *dimension) remove(ordinal uint32, active bool) {
	if int(ordinal) >= len(d.only) || d.only[ordinal] == 0 {
		return
	}
	d.only[ordinal] = 0
	for _, id := range d.of(ordinal) {
		d.docs[id].Remove(ordinal)
		d.alive[id]--
		if active {
			d.active[id]--
		}
	}
}

// any are the documents that have one of the values, added to an empty set.
func (d *dimension) any(into bitset, values ...string) bitset {
	var many []*roaring.Bitmap
	for _, v := range values {
		if id, ok := d.ids[v]; ok {
			many = append(many, d.docs[id])
		}
	}
	switch len(many) {
	case 0:
	case 1:
		many[0].WriteDenseTo(into)
	default:
		roaring.FastOr(many...).WriteDenseTo(into)
	}
	return into
}

// columns are the properties of documents by ordinal.
type columns struct {
	docs                   []*Document // nil: gone
	alive, active, inStock bitset
	company, shop, status  *dimension
	category, brand, tag   *dimension
	attribute, currency    *dimension // attributes as name, a zero byte, value
	steps                  *dimension // of the price, stepOf
	stars                  *dimension // the whole stars of the rating, as a digit
	stepBits               []stepBits // and once more, by 64 ordinals
	price, created         []int64    // price: now
	newest                 []int64    // of 64 ordinals: none was created later
	rating                 []float32
	popular                []float64
	names                  []float64       // how names begin, in their order
	keys                   []uint64        // how ids begin, in their order
	sales                  *roaring.Bitmap // whose price changes with time
	nextTurn               int64           // when the first price changes, Unix ms; 0: none does
}

func newColumns() *columns {
	return &columns{
		sales: roaring.New(), stars: newDimension(), steps: newDimension(),
		company: newDimension(), shop: newDimension(), status: newDimension(), category: newDimension(),
		brand: newDimension(), tag: newDimension(), attribute: newDimension(), currency: newDimension(),
	}
}

func (c *columns) dimensions() []*dimension {
	return []*dimension{c.company, c.shop, c.status, c.category, c.brand, c.tag, c.attribute, c.currency, c.stars, c.steps}
}

func attributeKey(a Attribute) string { return a.Name + "\x00" + a.Value }

// set fills the columns of an ordinal.
func (c *columns) set(ordinal uint32, d *Document, now int64, popular float64, inStock bool) {
	for len(c.docs) <= int(ordinal) {
		c.docs, c.price, c.created = append(c.docs, nil), append(c.price, 0), append(c.created, 0)
		c.rating, c.popular = append(c.rating, 0), append(c.popular, 0)
		c.names, c.keys = append(c.names, 0), append(c.keys, 0)
	}
	for len(c.alive) < wordsFor(len(c.docs)) {
		c.alive, c.active, c.inStock = append(c.alive, 0), append(c.active, 0), append(c.inStock, 0)
		c.stepBits, c.newest = append(c.stepBits, stepBits{}), append(c.newest, math.MinInt64)
	}
	if c.docs[ordinal] != nil {
		c.unset(ordinal)
	}
	c.docs[ordinal] = d
	c.alive.add(ordinal)
	if d.Active {
		c.active.add(ordinal)
	}
	c.setStock(ordinal, inStock)
	c.company.add(ordinal, d.Active, d.CompanyID)
	c.shop.add(ordinal, d.Active, d.ShopIDs...)
	c.status.add(ordinal, d.Active, d.Status)
	c.category.add(ordinal, d.Active, append([]string{d.Category}, d.Path...)...)
	c.brand.add(ordinal, d.Active, d.Brand)
	c.tag.add(ordinal, d.Active, d.Tags...)
	c.currency.add(ordinal, d.Active, d.Currency)
	traits := make([]string, 0, len(d.Attributes)+len(d.Options))
	for _, list := range [][]Attribute{d.Attributes, d.Options} {
		for _, a := range list {
			traits = append(traits, attributeKey(a))
		}
	}
	c.attribute.add(ordinal, d.Active, traits...)
	c.created[ordinal], c.rating[ordinal], c.popular[ordinal] = d.CreatedMs, float32(d.rating()), popular
	c.newest[ordinal/64] = max(c.newest[ordinal/64], d.CreatedMs)
	c.names[ordinal], c.keys[ordinal] = float64(beginning(d.Name)), beginning(d.ID)
	c.stars.add(ordinal, d.Active, strconv.Itoa(int(c.rating[ordinal])))
	c.reprice(ordinal, now)
}

func (c *columns) unset(ordinal uint32) {
	for _, d := range c.dimensions() {
		d.remove(ordinal, c.active.has(ordinal))
	}
	for _, b := range []bitset{c.alive, c.active, c.inStock} {
		b.remove(ordinal)
	}
	c.sales.Remove(ordinal)
	c.docs[ordinal] = nil
}

// beginning is the first eight bytes of a text as a number: where two of them
// differ the texts are in the same order.
func beginning(s string) uint64 {
	var b [8]byte
	copy(b[:], s)
	return binary.BigEndian.Uint64(b[:])
}

// reprice sets what a document costs now, and when that changes.
func (c *columns) reprice(ordinal uint32, now int64) {
	d := c.docs[ordinal]
	c.price[ordinal] = d.Price.At(now)
	step := stepOf(c.price[ordinal])
	c.steps.remove(ordinal, d.Active)
	c.steps.add(ordinal, d.Active, stepValue(step))
	c.stepBits[ordinal/64].set(ordinal%64, step)
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
