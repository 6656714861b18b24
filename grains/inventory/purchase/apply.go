package purchase

import (
	"time"

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
		s.Status, s.OrderedAt = ordering, f.at
		s.touch(f.at)
	case events.PurchaseOrderOrdered:
		s.Status, s.Number = Ordered, f.Number
		s.touch(f.UpdatedAt.UnixMilli())
	case receiving:
		s.Receipts = append(s.Receipts, f.Receipt)
		s.touch(f.At)
	case refused:
		r := s.receipt(f.receiptID)
		r.Booked, r.Refused = true, f.refused
		s.touch(f.at)
	case partlyReceived:
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
