package transfer

import (
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
)

// Apply changes the state by one fact.
func (s *State) Apply(e events.Event) {
	switch f := e.(type) {
	case events.TransferCreated:
		s.ID, s.CompanyID, s.FromID, s.ToID = f.TransferID, f.CompanyID, f.FromID, f.ToID
		s.Status, s.CreatedAt = Draft, f.UpdatedAt.UnixMilli()
		s.draft(&f.Transfer, f.Note)
	case events.TransferUpdated:
		s.draft(&f.Transfer, f.Note)
	case begun:
		s.Attempt++
		s.Status, s.Begun, s.Missing = reserving, f.at, nil
		s.touch(f.at)
	case turned:
		s.Status, s.Missing = f.status, f.missing
		s.touch(f.at)
	case departed:
		s.Status, s.ShippedAt = InTransit, f.UpdatedAt.UnixMilli()
		s.ship(f.parts)
		s.touch(s.ShippedAt)
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
		s.arrive(f.Parts)
		s.touch(f.UpdatedAt.UnixMilli())
	case events.TransferReceived:
		s.lose()
		s.Reason = f.Reason
		s.end(Received, f.UpdatedAt)
	case returning:
		s.Status, s.Reason, s.Stuck = Returning, f.reason, nil
		s.touch(f.at)
	case heldBack:
		s.bringBack(f.refused)
		s.Status, s.Reason, s.Stuck = InTransit, "", f.refused
		s.Returns++
		s.touch(f.UpdatedAt.UnixMilli())
	case events.TransferCancelled:
		s.bringBack(nil)
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

func (s *State) draft(f *events.Transfer, note string) {
	s.Note, s.Lines, s.Missing = note, nil, nil
	for _, l := range f.Lines {
		s.Lines = append(s.Lines, Line{ProductID: l.ProductID, VariantID: l.VariantID, SKU: l.SKU, Quantity: l.Quantity})
	}
	s.touch(f.UpdatedAt.UnixMilli())
}

func (s *State) ship(parts []departure) {
	for _, p := range parts {
		if l := s.line(p.variantID); l != nil {
			l.Shipped, l.UnitCost, l.Currency, l.Goods = p.quantity, unitCost(p.goods), p.currency, slices.Clone(p.goods)
		}
	}
}

func (s *State) arrive(parts []events.TransferPart) {
	for _, p := range parts {
		if l := s.line(p.VariantID); l != nil {
			l.Arrived += p.Quantity
		}
	}
}

// lose marks what is still in transit as lost, and returns it.
func (s *State) lose() []events.TransferPart {
	lost := []events.TransferPart{}
	for i := range s.Lines {
		l := &s.Lines[i]
		if n := l.InTransit(); n > 0 {
			lost = append(lost, events.TransferPart{VariantID: l.VariantID, Quantity: n})
			l.Lost += n
		}
	}
	return lost
}

// bringBack returns what is in transit, except some variants.
func (s *State) bringBack(except []entrepot.ID) {
	for i := range s.Lines {
		l := &s.Lines[i]
		if !slices.Contains(except, l.VariantID) {
			l.Returned += l.InTransit()
		}
	}
}
