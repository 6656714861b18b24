package purchase

import (
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
)

// Get returns the purchase order to staff of the location and to admins.
func (s *State) Get(t entrepot.Turn, _ Get) (*Purchase, error) {
	if !s.seenBy(t.Caller) {
		return nil, entrepot.ErrNotFound
	}
	return s.reply(), nil
}

func (s *State) reply() *Purchase {
	v := s.Purchase
	v.Lines, v.Receipts = slices.Clone(v.Lines), slices.Clone(v.Receipts)
	for i := range v.Receipts {
		r := &v.Receipts[i]
		r.Parts, r.Refused = slices.Clone(r.Parts), slices.Clone(r.Refused)
		for j := range r.Parts {
			r.Parts[j].UnitCost = new(*r.Parts[j].UnitCost)
		}
	}
	return &v
}

// ordered replies to Order when the purchase order has its number.
func (s *State) ordered(Order) (*Purchase, bool, error) {
	return s.reply(), s.Status != ordering, nil
}

// received replies to Receive when the receipt is booked.
func (s *State) received(c Receive) (*Purchase, bool, error) {
	r := s.receipt(c.ReceiptID)
	switch {
	case r == nil || !r.Booked:
		return nil, false, nil
	case len(r.Refused) > 0 && len(r.Refused) == len(r.Parts):
		return nil, true, entrepot.Errorf(entrepot.CodeConflict, "the stock items refuse all of the delivery")
	default:
		return s.reply(), true, nil
	}
}

// public returns the purchase order as events publish it.
func (s *State) public(now time.Time) events.PurchaseOrder {
	out := events.PurchaseOrder{
		PurchaseOrderID: s.ID, CompanyID: s.CompanyID, LocationID: s.LocationID, SupplierID: s.SupplierID,
		SupplierName: s.SupplierName, Number: s.Number, Status: s.PublicStatus(), Currency: s.Currency, UpdatedAt: now,
	}
	for _, l := range s.Lines {
		out.Lines = append(out.Lines, events.PurchaseLine{
			ProductID: l.ProductID, VariantID: l.VariantID, SKU: l.SKU, SupplierSKU: l.SupplierSKU,
			Quantity: l.Quantity, Received: l.Received,
			UnitCost: entrepot.Money{Minor: l.UnitCost, Currency: s.Currency}.Amount(),
		})
	}
	return out
}
