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
	case shipped:
		s.Status, s.Sent = InTransit, f.UpdatedAt.UnixMilli()
		s.ship(f.parts)
		s.touch(s.Sent)
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

func (s *State) ship(parts []ShippedPart) {
	for _, p := range parts {
		if l := s.line(p.VariantID); l != nil {
			l.Shipped, l.UnitCost, l.Currency, l.Goods = p.Quantity, p.UnitCost, p.Currency, goodsOf(p.Goods)
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

// lose gives up what is still in transit, and names it.
func (s *State) lose() []events.TransferPart {
	lost := []events.TransferPart{}
	for i := range s.Lines {
		l := &s.Lines[i]
		if n := l.inTransit(); n > 0 {
			lost = append(lost, events.TransferPart{VariantID: l.VariantID, Quantity: n})
			l.Lost += n
		}
	}
	return lost
}

// bringBack returns what is in transit, but for some variants.
func (s *State) bringBack(but []string) {
	for i := range s.Lines {
		if !slices.Contains(but, s.Lines[i].VariantID) {
			s.Lines[i].Returned += s.Lines[i].inTransit()
		}
	}
}

// public is the transfer as events tell it.
func (s *State) public(now time.Time) events.Transfer {
	out := events.Transfer{
		TransferID: s.ID, CompanyID: s.CompanyID, FromID: s.FromID, ToID: s.ToID, Status: s.shown(), UpdatedAt: now,
	}
	for _, l := range s.Lines {
		out.Lines = append(out.Lines, events.TransferLine{
			ProductID: l.ProductID, VariantID: l.VariantID, SKU: l.SKU, Quantity: l.Quantity,
			Shipped: l.Shipped, Arrived: l.Arrived, Returned: l.Returned, Lost: l.Lost,
		})
	}
	return out
}

// shown is the status as others know it.
func (s *State) shown() string {
	switch s.Status {
	case reserving:
		return Shipping
	case freeing:
		return Draft
	default:
		return s.Status
	}
}

// Get answers the transfer to who runs either end.
func (s *State) Get(t entrepot.Turn, _ Get) (*Transfer, error) {
	if !s.sees(t.Caller) {
		return nil, entrepot.ErrNotFound
	}
	return s.View(), nil
}

// View is the whole transfer.
func (s *State) View() *Transfer {
	v := &Transfer{
		ID: s.ID, CompanyID: s.CompanyID, FromID: s.FromID, ToID: s.ToID, Status: s.shown(), Note: s.Note, Reason: s.Reason,
		CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt, ShippedAt: s.Sent, EndedAt: s.EndedAt, Version: s.Version,
	}
	if s.Sent != 0 {
		v.ShipmentID = s.ShipmentID()
	}
	for _, l := range s.Lines {
		v.Lines = append(v.Lines, LineView{
			ProductID: l.ProductID, VariantID: l.VariantID, SKU: l.SKU, Quantity: l.Quantity,
			Shipped: l.Shipped, Arrived: l.Arrived, Returned: l.Returned, Lost: l.Lost, InTransit: l.inTransit(),
			UnitCost: l.UnitCost, Currency: l.Currency, Goods: viewOf(l.Goods),
		})
	}
	for _, r := range s.Receipts {
		p := ReceiptView{ID: r.ID, Final: r.Final, By: r.By, At: r.At, Refused: slices.Clone(r.Refused), Booked: r.Booked}
		for _, part := range r.Parts {
			p.Parts = append(p.Parts, Part{VariantID: part.VariantID, Quantity: part.Quantity})
		}
		v.Receipts = append(v.Receipts, p)
	}
	return v
}

// sent answers Ship when everything is on its way, or why it is not.
func (s *State) sent(Ship) (*Transfer, bool, error) {
	switch s.Status {
	case reserving, freeing, Shipping:
		return nil, false, nil
	case Draft:
		return nil, true, s.lacking()
	default:
		return s.View(), true, nil
	}
}

// lacking names the lines that the source does not have.
func (s *State) lacking() error {
	err := entrepot.Errorf(entrepot.CodeOutOfStock, "the source lacks pieces; nothing was shipped")
	for i, l := range s.Lines {
		if slices.Contains(s.Missing, l.VariantID) {
			err.Fields = append(err.Fields, entrepot.FieldError{
				Field: lineField(i) + ".quantity", Rule: "available", Message: "the source has not so many available",
			})
		}
	}
	return err
}

// taken answers Receive when the receipt is in the destination's stock.
func (s *State) taken(c Receive) (*Transfer, bool, error) {
	r := s.receipt(c.ReceiptID)
	switch {
	case r == nil || !r.Booked:
		return nil, false, nil
	case len(r.Refused) > 0 && len(r.Refused) == len(r.Parts):
		return nil, true, entrepot.Errorf(entrepot.CodeConflict, "the destination's stock took nothing of it")
	default:
		return s.View(), true, nil
	}
}

// ended answers Cancel when the goods are back, or what of them the source did not take.
func (s *State) ended(Cancel) (*Transfer, bool, error) {
	if s.Status == InTransit {
		return nil, true, s.stuck()
	}
	return s.View(), s.Status == Cancelled, nil
}

// stuck names the lines that the source's stock has no room for.
func (s *State) stuck() error {
	err := entrepot.Errorf(entrepot.CodeConflict, "the source's stock did not take all of it back; the rest is in transit still")
	for i, l := range s.Lines {
		if slices.Contains(s.Stuck, l.VariantID) {
			err.Fields = append(err.Fields, entrepot.FieldError{
				Field: lineField(i), Rule: "room", Message: "the source's stock item holds as many pieces or lots as it may",
			})
		}
	}
	return err
}
