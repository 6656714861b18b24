package search

import (
	"encoding/binary"
	"math"
	"slices"
	"strconv"

	"github.com/RoaringBitmap/roaring/v2"
)

// dimension is a property by which documents are filtered and counted. It maps values to documents
// and documents to values. Values are compared exactly as written.
type dimension struct {
	ids    map[string]uint32
	values []string
	docs   []*roaring.Bitmap // documents by value id
	alive  []int32           // number of documents by value id
	active []int32           // number of publicly visible documents by value id
	single []uint32          // by ordinal: 0 for no value, 1 + the value id for one, manyValues for more
	at     []span            // by ordinal: its values in all
	all    []uint32          // value ids of all ordinals, contiguous for fast counting
}

// manyValues marks a document with more than one value.
const manyValues = ^uint32(0)

// span is a range of a dimension's all.
type span struct{ from, n uint32 }

// of returns the value ids of an ordinal.
func (d *dimension) of(ordinal uint32) []uint32 {
	at := d.at[ordinal]
	return d.all[at.from : at.from+at.n]
}

func newDimension() *dimension { return &dimension{ids: map[string]uint32{}} }

func (d *dimension) add(ordinal uint32, active bool, values ...string) {
	for len(d.at) <= int(ordinal) {
		d.at, d.single = append(d.at, span{}), append(d.single, 0)
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
		d.single[ordinal] = 0
	case 1:
		d.single[ordinal] = ids[0] + 1
	default:
		d.single[ordinal] = manyValues
	}
	if old := d.at[ordinal]; old.n == uint32(len(ids)) && old.n > 0 { //nolint:gosec // a count of products in memory
		copy(d.all[old.from:], ids)
		d.all = d.all[:from]
		return
	}
	d.at[ordinal] = span{uint32(from), uint32(len(ids))} //nolint:gosec // a count of products in memory
}

// remove removes the values of an ordinal, if it has any.
func (d *dimension) remove(ordinal uint32, active bool) {
	if int(ordinal) >= len(d.single) || d.single[ordinal] == 0 {
		return
	}
	d.single[ordinal] = 0
	for _, id := range d.of(ordinal) {
		d.docs[id].Remove(ordinal)
		d.alive[id]--
		if active {
			d.active[id]--
		}
	}
}

// any adds the documents that have one of the values to an empty set and returns it.
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

// columns holds the properties of documents by ordinal.
type columns struct {
	docs                   []*Document // nil: removed
	alive, active, inStock bitset
	company, shop, status  *dimension
	category, brand, tag   *dimension
	attribute, currency    *dimension // attributes as name, zero byte, value
	steps                  *dimension // price steps, see stepOf
	stars                  *dimension // whole stars of the rating, as a digit
	stepBits               []stepBits // the price steps again, for 64 ordinals each
	price, created         []int64    // price: current
	newest                 []int64    // latest creation time for 64 ordinals each
	rating                 []float32
	popular                []float64
	names                  []float64       // leading bytes of names, in the same order
	keys                   []uint64        // leading bytes of ids, in the same order
	sales                  *roaring.Bitmap // documents whose price changes with time
	nextPriceChange        int64           // time of the next price change, Unix ms; 0: none
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
	c.names[ordinal], c.keys[ordinal] = float64(sortKey(d.Name)), sortKey(d.ID)
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

// sortKey returns the first eight bytes of a text as a number. Texts with different numbers have
// the same order as their numbers.
func sortKey(s string) uint64 {
	var b [8]byte
	copy(b[:], s)
	return binary.BigEndian.Uint64(b[:])
}

// reprice sets the current price of a document and the time of its next change.
func (c *columns) reprice(ordinal uint32, now int64) {
	d := c.docs[ordinal]
	c.price[ordinal] = d.Price.At(now)
	step := stepOf(c.price[ordinal])
	c.steps.remove(ordinal, d.Active)
	c.steps.add(ordinal, d.Active, stepValue(step))
	c.stepBits[ordinal/64].set(ordinal%64, step)
	change := d.Price.nextChange(now)
	if change == 0 {
		c.sales.Remove(ordinal)
		return
	}
	c.sales.Add(ordinal)
	if c.nextPriceChange == 0 || change < c.nextPriceChange {
		c.nextPriceChange = change
	}
}

// tick updates the prices of documents whose sale has begun or ended.
func (c *columns) tick(now int64) {
	if c.nextPriceChange == 0 || now < c.nextPriceChange {
		return
	}
	c.nextPriceChange = 0
	for _, ordinal := range c.sales.ToArray() {
		c.reprice(ordinal, now)
	}
}

// priceIn returns the current price of a document in a shop, or its general price for shop "".
func (c *columns) priceIn(ordinal uint32, shop string, now int64) int64 {
	if shop == "" {
		return c.price[ordinal]
	}
	if p, ok := c.docs[ordinal].ShopPrices[shop]; ok {
		return p.At(now)
	}
	return c.price[ordinal]
}
