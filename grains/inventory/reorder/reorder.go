// Package reorder computes what to buy: the stock items at or below their reorder
// point, less the pieces on order, with the cheapest offer of a supplier.
package reorder

import (
	"cmp"
	"context"
	"slices"

	"entrepot"
	"entrepot/grains/inventory/purchase"
	"entrepot/grains/inventory/stock"
	"entrepot/grains/inventory/supplier"
	"entrepot/grains/query"
	"entrepot/persistence"
)

// Bounds of the reads for one page of suggestions, in pages of 100.
const (
	reorderReads  = 20 // stock items with an alert
	openReads     = 20 // open purchase orders of a location
	supplierReads = 10 // suppliers of a company
)

// Query selects the suggestions of one page.
type Query struct {
	CompanyID, LocationID entrepot.ID // "": all that the caller may read
	SupplierID            entrepot.ID // "": the cheapest offer of any supplier
	Limit                 int
	Cursor                string
}

// Suggestion is a stock item at or below its reorder point, and the quantity to buy.
type Suggestion struct {
	ItemID, ProductID, VariantID, CompanyID, LocationID entrepot.ID

	Available       int64
	Promised        int64 // backordered and owed pieces
	ReorderPoint    int64
	ReorderQuantity int64
	OnOrder         int64  // still to be received of ordered purchases for the location
	Drafted         int64  // in drafts of purchases for the location
	Quantity        int64  // to buy; 0: enough is on order
	Offer           *Offer // the cheapest, preferably in the item's currency; nil: none
}

// Offer is the offer of a supplier for an item.
type Offer struct {
	supplier.Offer
	From *supplier.Supplier
}

// Find returns a page of suggestions from the database of the inventory service. It
// may have fewer than in.Limit although there is a next page.
func Find(ctx context.Context, store query.Reader, in Query) (entrepot.Page[Suggestion], error) {
	out := entrepot.Page[Suggestion]{Items: []Suggestion{}}
	b := buying{
		store: store, only: in.SupplierID,
		coming: map[entrepot.ID]map[entrepot.ID]coming{}, offers: map[entrepot.ID]map[entrepot.ID][]Offer{},
	}
	q := persistence.Query{Desc: true, Cursor: in.Cursor}
	q.Where = query.Where(query.Where(nil, persistence.ShopID, in.LocationID), persistence.CompanyID, in.CompanyID)
	q.Where = append(q.Where, persistence.Cond{Field: "alert", Op: persistence.In, Values: []any{stock.Low, stock.Out}})
	for range reorderReads {
		q.Limit = in.Limit - len(out.Items)
		low, err := query.Find(ctx, store, stock.Collection, entrepot.StaffScope(entrepot.CallerFrom(ctx)), q,
			func(r *stock.Record, _ *persistence.Document) *stock.Item { return r.Item() })
		if err != nil {
			return out, err
		}
		for _, i := range low.Items {
			v, ok, err := b.suggest(ctx, i)
			if err != nil {
				return out, err
			}
			if ok {
				out.Items = append(out.Items, v)
			}
		}
		q.Cursor, out.NextCursor = low.NextCursor, low.NextCursor
		if low.NextCursor == "" || len(out.Items) == in.Limit {
			break
		}
	}
	return out, nil
}

// buying caches purchases and offers while one page is made.
type buying struct {
	store  query.Reader
	only   entrepot.ID                             // supplier; "": all
	coming map[entrepot.ID]map[entrepot.ID]coming  // by location and variant
	offers map[entrepot.ID]map[entrepot.ID][]Offer // by company and variant
}

type coming struct{ ordered, drafted int64 }

// suggest returns the suggestion for an item. It returns false for items without a
// reorder point, and for those that the wanted supplier does not sell.
func (b *buying) suggest(ctx context.Context, i *stock.Item) (v Suggestion, ok bool, err error) {
	if i.ReorderPoint == 0 || i.Available > i.ReorderPoint {
		return v, false, nil
	}
	offers, err := b.offersOf(ctx, i.CompanyID)
	if err != nil {
		return v, false, err
	}
	best := cheapest(offers[i.VariantID], i.Currency)
	if b.only != "" && best == nil {
		return v, false, nil
	}
	open, err := b.comingTo(ctx, i.CompanyID, i.LocationID)
	if err != nil {
		return v, false, err
	}
	v = Suggestion{
		ItemID: i.ID, ProductID: i.ProductID, VariantID: i.VariantID, CompanyID: i.CompanyID, LocationID: i.LocationID,
		Available: i.Available, Promised: i.Backordered + i.Owing,
		ReorderPoint: i.ReorderPoint, ReorderQuantity: i.ReorderQuantity,
		OnOrder: open[i.VariantID].ordered, Drafted: open[i.VariantID].drafted,
	}
	least := int64(1)
	if best != nil {
		v.Offer = best
		least = max(least, best.MinQuantity)
	}
	if n := v.wanted(); n > 0 {
		v.Quantity = min(max(n, least), purchase.MaxQuantity)
	}
	return v, true, nil
}

// wanted returns the reorder quantity (without one, the pieces that lift the item above
// its reorder point) and the promised pieces, less the ordered and drafted ones.
func (v *Suggestion) wanted() int64 {
	n := v.ReorderQuantity
	if n == 0 {
		n = v.ReorderPoint + 1 - v.Available
	}
	return n + v.Promised - v.OnOrder - v.Drafted
}

// cheapest returns the cheapest offer in the given currency, or else in the first other
// one; nil if there are no offers. It compares costs within one currency only.
func cheapest(offers []Offer, currency string) *Offer {
	if len(offers) == 0 {
		return nil
	}
	foreign := func(o Offer) int {
		if o.From.Currency == currency {
			return 0
		}
		return 1
	}
	best := slices.MinFunc(offers, func(a, b Offer) int {
		return cmp.Or(
			cmp.Compare(foreign(a), foreign(b)), cmp.Compare(a.From.Currency, b.From.Currency),
			cmp.Compare(a.Cost, b.Cost), cmp.Compare(a.From.LeadDays, b.From.LeadDays), cmp.Compare(a.From.ID, b.From.ID),
		)
	})
	return &best
}

// comingTo returns the pieces of open purchase orders for a location by variant, of the
// newest 2,000 orders.
func (b *buying) comingTo(ctx context.Context, company, location entrepot.ID) (map[entrepot.ID]coming, error) {
	if known := b.coming[location]; known != nil {
		return known, nil
	}
	out := map[entrepot.ID]coming{}
	q := persistence.Query{Desc: true, Limit: 100, Where: []persistence.Cond{
		{Field: persistence.ShopID, Op: persistence.Eq, Value: location},
		{Field: "status", Op: persistence.In, Values: []any{purchase.Draft, purchase.Ordered, purchase.PartiallyReceived}},
	}}
	for range openReads {
		page, err := query.Find(ctx, b.store, purchase.Collection, entrepot.InCompany(company), q,
			func(p *purchase.Purchase, _ *persistence.Document) *purchase.Purchase { return p })
		if err != nil {
			return nil, err
		}
		for _, p := range page.Items {
			for _, l := range p.Lines {
				c, n := out[l.VariantID], max(0, l.Quantity-l.Received)
				if p.PublicStatus() == purchase.Draft {
					c.drafted += n
				} else {
					c.ordered += n
				}
				out[l.VariantID] = c
			}
		}
		if q.Cursor = page.NextCursor; q.Cursor == "" {
			break
		}
	}
	b.coming[location] = out
	return out, nil
}

// offersOf returns the offers of a company's active suppliers by variant.
func (b *buying) offersOf(ctx context.Context, company entrepot.ID) (map[entrepot.ID][]Offer, error) {
	if known := b.offers[company]; known != nil {
		return known, nil
	}
	out := map[entrepot.ID][]Offer{}
	q := persistence.Query{Limit: 100, Where: []persistence.Cond{
		{Field: "isDeleted", Op: persistence.Eq, Value: false}, {Field: "isActive", Op: persistence.Eq, Value: true},
	}}
	for range supplierReads {
		page, err := query.Find(ctx, b.store, supplier.Collection, entrepot.InCompany(company), q,
			func(s *supplier.Supplier, _ *persistence.Document) *supplier.Supplier { return s })
		if err != nil {
			return nil, err
		}
		for _, from := range page.Items {
			if b.only != "" && from.ID != b.only {
				continue
			}
			for _, o := range from.Offers {
				out[o.VariantID] = append(out[o.VariantID], Offer{o, from})
			}
		}
		if q.Cursor = page.NextCursor; q.Cursor == "" {
			break
		}
	}
	b.offers[company] = out
	return out, nil
}
