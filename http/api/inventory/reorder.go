package inventory

import (
	"context"
	"slices"

	"entrepot"
	"entrepot/grains/inventory/purchase"
	"entrepot/grains/inventory/reorder"
	"entrepot/http/rest"
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
	Supplier        *ReorderSupplier `json:"supplier,omitempty" doc:"the cheapest, preferably in the item's currency; absent: no supplier offers it"`
}

// ReorderSupplier is the supplier of an item.
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
	rest.ListParams
	rest.CompanyFilter
	LocationID rest.ID `query:"locationId"`
	SupplierID rest.ID `query:"supplierId" doc:"only what this supplier offers, at its cost"`
}

func (s *logisticsAPI) listReorders(ctx context.Context, in *reorderListInput) (*rest.List[ReorderView], error) {
	page, err := s.reorders(ctx, in)
	out := &rest.List[ReorderView]{Body: entrepot.Page[ReorderView]{Items: make([]ReorderView, len(page.Items)), NextCursor: page.NextCursor}}
	for i := range page.Items {
		out.Body.Items[i] = reorderOf(&page.Items[i])
	}
	return out, err
}

func (s *logisticsAPI) reorders(ctx context.Context, in *reorderListInput) (entrepot.Page[reorder.Suggestion], error) {
	return reorder.Find(ctx, s.Store, reorder.Query{
		CompanyID: string(in.CompanyID), LocationID: string(in.LocationID), SupplierID: string(in.SupplierID), Limit: in.Limit, Cursor: in.Cursor,
	})
}

func reorderOf(r *reorder.Suggestion) ReorderView {
	v := ReorderView{
		ItemID: r.ItemID, ProductID: r.ProductID, VariantID: r.VariantID, CompanyID: r.CompanyID, LocationID: r.LocationID,
		Available: r.Available, Promised: r.Promised, ReorderPoint: r.ReorderPoint, ReorderQuantity: r.ReorderQuantity,
		OnOrder: r.OnOrder, Drafted: r.Drafted, Suggested: r.Quantity,
	}
	if o := r.Offer; o != nil {
		d := o.From.Details
		v.Supplier = &ReorderSupplier{o.From.ID, d.Name, o.SKU, rest.Amount(o.Cost, d.Currency), d.Currency, d.LeadDays, o.MinQuantity}
	}
	return v
}

type reorderInput struct {
	rest.Here
	rest.KeyHeader
	RawBody []byte
	Body    struct {
		SupplierID rest.ID  `json:"supplierId"`
		LocationID rest.ID  `json:"locationId"`
		ItemIDs    []string `json:"itemIds,omitempty" maxItems:"200" doc:"of the suggestions; default: all"`
	}
}

// reorderPages bounds how many pages of suggestions one purchase order is drafted from.
const reorderPages = 20

// reorder drafts a purchase order of what is suggested for a location and sold by
// a supplier. A draft counts as drafted, so that the next one does not buy it again.
func (s *logisticsAPI) reorder(ctx context.Context, in *reorderInput) (*rest.Created[PurchaseView], error) {
	b := &in.Body
	use := purchaseInput{Here: in.Here, KeyHeader: in.KeyHeader, RawBody: in.RawBody}
	if in.Key != "" { // made before: what is suggested now is without it
		p, err := s.askPurchase(ctx, in.NewID(ctx, "purchase"), purchase.Get{})
		if err == nil {
			return &rest.Created[PurchaseView]{Replay: rest.Replay{Replayed: "true"}, Versioned: rest.ETagOf(p.Version), Location: in.Beside("purchase-orders/" + p.ID), Body: purchaseOf(p)}, nil
		}
		if entrepot.CodeOf(err) != entrepot.CodeNotFound {
			return nil, err
		}
	}
	at, err := locateOwn(ctx, s.Asker, "locationId", string(b.LocationID))
	if err != nil {
		return nil, err
	}
	use.Body.SupplierID, use.Body.LocationID = b.SupplierID, rest.ID(at.ID)
	list := reorderListInput{ListParams: rest.ListParams{Limit: 100}, CompanyFilter: rest.CompanyFilter{CompanyID: rest.ID(at.CompanyID)}, LocationID: rest.ID(at.ID), SupplierID: b.SupplierID}
	for range reorderPages {
		page, err := s.reorders(ctx, &list)
		if err != nil {
			return nil, err
		}
		for i := range page.Items {
			v := &page.Items[i]
			if v.Quantity == 0 || (len(b.ItemIDs) > 0 && !slices.Contains(b.ItemIDs, v.ItemID)) || len(use.Body.Lines) == purchase.MaxLines {
				continue
			}
			want := PurchaseWant{ProductID: rest.ID(v.ProductID), Quantity: v.Quantity}
			if v.VariantID != v.ProductID {
				want.VariantID = rest.ID(v.VariantID)
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
		out.Location = in.Beside("purchase-orders/" + out.Body.ID)
	}
	return out, err
}
