package purchase

import (
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
)

// Apply changes the state by one fact.
func (s *State) Apply(e events.Event) {
	switch f := e.(type) {
	case drafted:
		s.ID, s.CompanyID, s.LocationID = f.PurchaseOrderID, f.CompanyID, f.LocationID
		s.SupplierID, s.SupplierName, s.Currency = f.SupplierID, f.SupplierName, f.Currency
		s.Status, s.CreatedAt, s.Terms = Draft, f.UpdatedAt.UnixMilli(), f.terms
		s.touch(s.CreatedAt)
	case changed:
		s.Terms = f.terms
		s.touch(f.UpdatedAt.UnixMilli())
	case begun:
		s.Status, s.Begun = ordering, f.at
		s.touch(f.at)
	case events.PurchaseOrderOrdered:
		s.Status, s.Number = Ordered, f.Number
		s.touch(f.UpdatedAt.UnixMilli())
	case receiving:
		s.Receipts = append(s.Receipts, f.Receipt)
		s.touch(f.At)
	case refused:
		r := s.receipt(f.id)
		r.Booked, r.Refused = true, f.refused
		s.touch(f.at)
	case booked:
		r := s.receipt(f.ReceiptID)
		r.Booked, r.Refused = true, f.refused
		s.take(f.Parts)
		s.Status = PartiallyReceived
		s.touch(f.UpdatedAt.UnixMilli())
	case events.PurchaseOrderReceived:
		s.end(Received, f.UpdatedAt)
	case events.PurchaseOrderCancelled:
		s.Reason = f.Reason
		s.end(Cancelled, f.UpdatedAt)
	}
}

func (s *State) touch(at int64) {
	s.UpdatedAt = at
	s.Version++
}

func (s *State) end(status string, at time.Time) {
	s.Status, s.EndedAt = status, at.UnixMilli()
	s.touch(s.EndedAt)
}

func (s *State) take(parts []events.PurchasePart) {
	for _, p := range parts {
		if l := s.line(p.VariantID); l != nil {
			l.Received += p.Quantity
		}
	}
}

// public is the purchase order as events tell it.
func (s *State) public(now time.Time) events.PurchaseOrder {
	out := events.PurchaseOrder{
		PurchaseOrderID: s.ID, CompanyID: s.CompanyID, LocationID: s.LocationID, SupplierID: s.SupplierID, SupplierName: s.SupplierName,
		Number: s.Number, Status: s.shown(), Currency: s.Currency, UpdatedAt: now,
	}
	for _, l := range s.Lines {
		out.Lines = append(out.Lines, events.PurchaseLine{
			ProductID: l.ProductID, VariantID: l.VariantID, SKU: l.SKU, SupplierSKU: l.SupplierSKU, Quantity: l.Quantity, Received: l.Received,
			UnitCost: entrepot.Money{Minor: l.UnitCost, Currency: s.Currency}.Amount(),
		})
	}
	return out
}

// Get answers the purchase order to who works in the location, and the admins above.
func (s *State) Get(t entrepot.Turn, _ Get) (*Purchase, error) {
	if s.ID == "" || !t.Caller.MayReachShop(s.CompanyID, s.LocationID) {
		return nil, entrepot.ErrNotFound
	}
	return s.View(), nil
}

// View is the whole purchase order.
func (s *State) View() *Purchase {
	v := &Purchase{
		ID: s.ID, CompanyID: s.CompanyID, LocationID: s.LocationID, SupplierID: s.SupplierID, SupplierName: s.SupplierName,
		Number: s.Number, Status: s.shown(), Currency: s.Currency, Reason: s.Reason,
		Terms:     Terms{Note: s.Note, ExpectedAt: s.ExpectedAt, TolerancePercent: s.TolerancePercent},
		CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt, OrderedAt: s.Begun, EndedAt: s.EndedAt, Version: s.Version,
	}
	for _, l := range s.Lines {
		v.Terms.Lines = append(v.Terms.Lines, Line{
			ProductID: l.ProductID, VariantID: l.VariantID, SKU: l.SKU, SupplierSKU: l.SupplierSKU, Quantity: l.Quantity, UnitCost: l.UnitCost, Received: l.Received,
		})
	}
	for _, r := range s.Receipts {
		p := ReceiptMsg{ID: r.ID, Final: r.Final, By: r.By, At: r.At, Booked: r.Booked, Refused: slices.Clone(r.Refused)}
		for _, part := range r.Parts {
			p.Parts = append(p.Parts, PartInput{VariantID: part.VariantID, Quantity: part.Quantity, UnitCost: &part.UnitCost, Batch: part.Batch, ExpiresOn: part.ExpiresOn})
		}
		v.Receipts = append(v.Receipts, p)
	}
	return v
}

// numbered answers Order when there is a number.
func (s *State) numbered(Order) (*Purchase, bool, error) {
	return s.View(), s.Status != ordering, nil
}

// taken answers Receive when the delivery is in stock.
func (s *State) taken(c Receive) (*Purchase, bool, error) {
	r := s.receipt(c.ReceiptID)
	switch {
	case r == nil || !r.Booked:
		return nil, false, nil
	case len(r.Refused) > 0 && len(r.Refused) == len(r.Parts):
		return nil, true, entrepot.Errorf(entrepot.CodeConflict, "the stock took nothing of it")
	default:
		return s.View(), true, nil
	}
}
