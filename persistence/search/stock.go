package search

import (
	"slices"

	"entrepot"
)

// Stock is the quantity of a product available at a location after a stock movement.
type Stock struct {
	ItemID, ProductID, LocationID entrepot.ID
	Available                     int64
	Movement                      int64       // an earlier movement never replaces a later one
	VariantID                     entrepot.ID // "": the product itself
}

// productStock holds the stock items of a product.
type productStock struct{ items []Stock }

// any reports whether the product is available at the location, or anywhere if the location is "".
func (p *productStock) any(location entrepot.ID) bool {
	if p == nil {
		return false
	}
	for i := range p.items {
		if p.items[i].Available > 0 && (location == "" || p.items[i].LocationID == location) {
			return true
		}
	}
	return false
}

// SetStock stores stock levels, ignoring those older than the stored ones.
func (ix *Index) SetStock(levels ...Stock) {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	for _, s := range levels {
		p := ix.stock[s.ProductID]
		if p == nil {
			p = &productStock{}
			ix.stock[s.ProductID] = p
		}
		if !p.take(s) {
			continue
		}
		if ordinal, ok := ix.core.ordinal[s.ProductID]; ok {
			ix.core.setStock(ordinal, p.any(""))
		}
	}
}

func (p *productStock) take(s Stock) bool {
	for i := range p.items {
		if p.items[i].ItemID == s.ItemID {
			if p.items[i].Movement >= s.Movement {
				return false
			}
			p.items[i] = s
			return true
		}
	}
	p.items = append(p.items, s)
	return true
}

func (c *columns) setStock(ordinal uint32, is bool) {
	if is {
		c.inStock.add(ordinal)
	} else {
		c.inStock.remove(ordinal)
	}
}

// InStock reports whether the product is available anywhere. known is false if the index does not
// contain the product.
func (ix *Index) InStock(id entrepot.ID) (is, known bool) {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	_, known = ix.core.ordinal[id]
	return ix.stock[id].any(""), known
}

// StockOf returns the known stock levels of a product by location. known is false if the index does
// not contain the product.
func (ix *Index) StockOf(id entrepot.ID) (levels []Stock, known bool) {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	if p := ix.stock[id]; p != nil {
		levels = slices.Clone(p.items)
	}
	_, known = ix.core.ordinal[id]
	return levels, known
}
