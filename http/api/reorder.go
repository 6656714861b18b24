package api

import (
	"cmp"
	"context"
	"slices"

	"entrepot"
	"entrepot/grains/purchase"
	"entrepot/grains/purchase/purchasepb"
	"entrepot/grains/stock"
	"entrepot/grains/stock/stockpb"
	"entrepot/grains/supplier"
	"entrepot/grains/supplier/supplierpb"
	"entrepot/persistence"
)

// ReorderView is a stock item that should be bought.
type ReorderView struct {
	ItemID          entrepot.ID      `json:"itemId"`
	ProductID       entrepot.ID      `json:"productId"`
	VariantID       entrepot.ID      `json:"variantId"`
	CompanyID       entrepot.ID      `json:"companyId"`
	LocationID      entrepot.ID      `json:"locationId"`
	Available       int64            `json:"available"`
	Promised        int64            `json:"promised" doc:"backordered and owed: pieces that are sold and not there"`
	ReorderPoint    int64            `json:"reorderPoint"`
	ReorderQuantity int64            `json:"reorderQuantity"`
	OnOrder         int64            `json:"onOrder" doc:"still to come of purchase orders for the location"`
	Drafted         int64            `json:"drafted" doc:"in drafts of purchase orders for the location"`
	Suggested       int64            `json:"suggestedQuantity" doc:"0: enough is on its way"`
	Supplier        *ReorderSupplier `json:"supplier,omitempty" doc:"of those who sell it the cheapest, in the item's currency if one does; none: nobody offers it"`
}

// ReorderSupplier is who sells an item.
type ReorderSupplier struct {
	ID           entrepot.ID     `json:"id"`
	Name         string          `json:"name"`
	SupplierSKU  string          `json:"supplierSku,omitempty"`
	UnitCost     entrepot.Amount `json:"unitCost"`
	Currency     string          `json:"currency"`
	LeadTimeDays int64           `json:"leadTimeDays"`
	MinQuantity  int64           `json:"minQuantity,omitempty"`
}

type reorderListInput struct {
	ListParams
	CompanyFilter
	LocationID string `query:"locationId" pattern:"^[0-9a-f]{24}$" patternDescription:"an id of 24 hex digits"`
	SupplierID string `query:"supplierId" pattern:"^[0-9a-f]{24}$" patternDescription:"an id of 24 hex digits" doc:"only what this supplier offers, at its cost"`
}

// What one page of suggestions reads at most, in pages of 100: stock items that
// are low or out, open purchase orders of a location, suppliers of a company.
const (
	reorderReads  = 20
	openReads     = 20
	supplierReads = 10
)

func (s *logisticsAPI) listReorders(ctx context.Context, in *reorderListInput) (*paged[ReorderView], error) {
	page, err := s.reorders(ctx, in)
	return &paged[ReorderView]{page}, err
}

func (s *logisticsAPI) reorders(ctx context.Context, in *reorderListInput) (entrepot.Page[ReorderView], error) {
	out := entrepot.Page[ReorderView]{Items: []ReorderView{}}
	b := buying{api: s, only: in.SupplierID, coming: map[entrepot.ID]map[entrepot.ID]coming{}, offers: map[entrepot.ID]map[entrepot.ID][]selling{}}
	q := persistence.Query{Desc: true, Cursor: in.Cursor, Where: where(where(nil, persistence.ShopID, in.LocationID), persistence.CompanyID, in.CompanyID)}
	q.Where = append(q.Where, persistence.Cond{Field: "alert", Op: persistence.In, Values: []any{stock.Low, stock.Out}})
	for range reorderReads {
		q.Limit = in.Limit - len(out.Items)
		low, err := find(ctx, s.Stores.Inventory, stock.Collection, entrepot.StaffScope(entrepot.CallerFrom(ctx)), q,
			func(st *stock.State, _ *persistence.Document) *stockpb.Item { return st.Brief() })
		if err != nil {
			return out, err
		}
		for _, i := range low.Items {
			v, meant, err := b.suggest(ctx, i)
			if err != nil {
				return out, err
			}
			if meant {
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

// buying is what is known of purchases while one page is made.
type buying struct {
	api    *logisticsAPI
	only   entrepot.ID                               // supplier; empty for all
	coming map[entrepot.ID]map[entrepot.ID]coming    // by location and variant
	offers map[entrepot.ID]map[entrepot.ID][]selling // by company and variant
}

type coming struct{ ordered, drafted int64 }

type selling struct {
	*supplierpb.Offer
	from *supplierpb.Supplier
}

// suggest answers what to buy of an item; not meant is one that has no reorder
// point, being out of stock only, or that the wanted supplier does not sell.
func (b *buying) suggest(ctx context.Context, i *stockpb.Item) (v ReorderView, meant bool, err error) {
	if i.ReorderPoint == 0 || i.Available > i.ReorderPoint {
		return v, false, nil
	}
	offers, err := b.offersOf(ctx, i.CompanyId)
	if err != nil {
		return v, false, err
	}
	best := cheapest(offers[i.VariantId], i.Currency)
	if b.only != "" && best == nil {
		return v, false, nil
	}
	open, err := b.comingTo(ctx, i.CompanyId, i.LocationId)
	if err != nil {
		return v, false, err
	}
	v = ReorderView{
		ItemID: i.Id, ProductID: i.ProductId, VariantID: i.VariantId, CompanyID: i.CompanyId, LocationID: i.LocationId,
		Available: i.Available, Promised: i.Backordered + i.Owed, ReorderPoint: i.ReorderPoint, ReorderQuantity: i.ReorderQuantity,
		OnOrder: open[i.VariantId].ordered, Drafted: open[i.VariantId].drafted,
	}
	least := int64(1)
	if best != nil {
		d := best.from.Details
		v.Supplier = &ReorderSupplier{best.from.Id, d.Name, best.Sku, amount(best.CostMinor, d.Currency), d.Currency, d.LeadDays, best.MinQuantity}
		least = max(least, best.MinQuantity)
	}
	if n := v.wanted(); n > 0 {
		v.Suggested = min(max(n, least), purchase.MaxQuantity)
	}
	return v, true, nil
}

// wanted is the reorder quantity, or without one what lifts the item above its
// reorder point, and what is promised beyond on-hand, less what is on its way.
func (v *ReorderView) wanted() int64 {
	n := v.ReorderQuantity
	if n == 0 {
		n = v.ReorderPoint + 1 - v.Available
	}
	return n + v.Promised - v.OnOrder - v.Drafted
}

// cheapest compares costs within a currency only: the item's own comes first.
func cheapest(offers []selling, currency string) *selling {
	if len(offers) == 0 {
		return nil
	}
	foreign := func(o selling) int {
		if o.from.Details.Currency == currency {
			return 0
		}
		return 1
	}
	best := slices.MinFunc(offers, func(a, b selling) int {
		return cmp.Or(
			cmp.Compare(foreign(a), foreign(b)), cmp.Compare(a.from.Details.Currency, b.from.Details.Currency),
			cmp.Compare(a.CostMinor, b.CostMinor), cmp.Compare(a.from.Details.LeadDays, b.from.Details.LeadDays), cmp.Compare(a.from.Id, b.from.Id),
		)
	})
	return &best
}

// comingTo is what open purchase orders bring to a location, the newest 2,000.
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
		page, err := find(ctx, b.api.Stores.Inventory, purchase.Collection, entrepot.InCompany(company), q,
			func(p *purchase.State, _ *persistence.Document) *purchasepb.Purchase { return p.View() })
		if err != nil {
			return nil, err
		}
		for _, p := range page.Items {
			for _, l := range p.Terms.Lines {
				c, n := out[l.VariantId], max(0, l.Quantity-l.Received)
				if p.Status == purchase.Draft {
					c.drafted += n
				} else {
					c.ordered += n
				}
				out[l.VariantId] = c
			}
		}
		if q.Cursor = page.NextCursor; q.Cursor == "" {
			break
		}
	}
	b.coming[location] = out
	return out, nil
}

// offersOf is what a company's active suppliers sell, by variant.
func (b *buying) offersOf(ctx context.Context, company entrepot.ID) (map[entrepot.ID][]selling, error) {
	if known := b.offers[company]; known != nil {
		return known, nil
	}
	out := map[entrepot.ID][]selling{}
	q := persistence.Query{Limit: 100, Where: []persistence.Cond{
		{Field: "isDeleted", Op: persistence.Eq, Value: false}, {Field: "isActive", Op: persistence.Eq, Value: true},
	}}
	for range supplierReads {
		page, err := find(ctx, b.api.Stores.Inventory, supplier.Collection, entrepot.InCompany(company), q,
			func(p *supplier.State, _ *persistence.Document) *supplierpb.Supplier { return p.View() })
		if err != nil {
			return nil, err
		}
		for _, from := range page.Items {
			if b.only != "" && from.Id != b.only {
				continue
			}
			for _, o := range from.Details.Offers {
				out[o.VariantId] = append(out[o.VariantId], selling{o, from})
			}
		}
		if q.Cursor = page.NextCursor; q.Cursor == "" {
			break
		}
	}
	b.offers[company] = out
	return out, nil
}

type reorderInput struct {
	Here
	KeyHeader
	RawBody []byte
	Body    struct {
		SupplierID string   `json:"supplierId" pattern:"^[0-9a-f]{24}$" patternDescription:"an id of 24 hex digits"`
		LocationID string   `json:"locationId" pattern:"^[0-9a-f]{24}$" patternDescription:"an id of 24 hex digits"`
		ItemIDs    []string `json:"itemIds,omitempty" maxItems:"200" doc:"of the suggestions; default: all"`
	}
}

// reorder drafts a purchase order of what is suggested for a location and sold by
// a supplier. A draft counts as drafted, so that the next one does not buy it again.
func (s *logisticsAPI) reorder(ctx context.Context, in *reorderInput) (*created[PurchaseView], error) {
	b := &in.Body
	use := purchaseInput{Here: in.Here, KeyHeader: in.KeyHeader, RawBody: in.RawBody}
	if in.Key != "" { // made before: what is suggested now is without it
		p, err := s.askPurchase(ctx, in.newID(ctx, "purchase"), &purchasepb.Get{})
		if err == nil {
			return &created[PurchaseView]{Replay: Replay{"true"}, Versioned: versioned(p.Version), Location: in.beside("purchase-orders/" + p.Id), Body: purchaseOf(p)}, nil
		}
		if entrepot.CodeOf(err) != entrepot.CodeNotFound {
			return nil, err
		}
	}
	at, err := locateOwn(ctx, s.Asker, "locationId", b.LocationID)
	if err != nil {
		return nil, err
	}
	use.Body.SupplierID, use.Body.LocationID = b.SupplierID, at.ID
	list := reorderListInput{ListParams: ListParams{Limit: 100}, CompanyFilter: CompanyFilter{at.CompanyID}, LocationID: at.ID, SupplierID: b.SupplierID}
	for range reorderReads {
		page, err := s.reorders(ctx, &list)
		if err != nil {
			return nil, err
		}
		for i := range page.Items {
			v := &page.Items[i]
			if v.Suggested == 0 || (len(b.ItemIDs) > 0 && !slices.Contains(b.ItemIDs, v.ItemID)) || len(use.Body.Lines) == purchase.MaxLines {
				continue
			}
			want := PurchaseWant{ProductID: v.ProductID, Quantity: v.Suggested}
			if v.VariantID != v.ProductID {
				want.VariantID = v.VariantID
			}
			use.Body.Lines = append(use.Body.Lines, want)
		}
		if list.Cursor = page.NextCursor; list.Cursor == "" || len(use.Body.Lines) == purchase.MaxLines {
			break
		}
	}
	if len(use.Body.Lines) == 0 {
		return nil, entrepot.Errorf(entrepot.CodeConflict, "nothing of this supplier is suggested for the location")
	}
	out, err := s.createPurchase(ctx, &use)
	if err == nil {
		out.Location = in.beside("purchase-orders/" + out.Body.ID)
	}
	return out, err
}
