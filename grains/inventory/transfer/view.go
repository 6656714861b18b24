package transfer

import (
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
)

// Get returns the transfer to staff of either location and to admins.
func (s *State) Get(t entrepot.Turn, _ Get) (*Transfer, error) {
	if !s.SeenBy(t.Caller) {
		return nil, entrepot.ErrNotFound
	}
	return s.reply(), nil
}

func (s *State) reply() *Transfer {
	v := s.Transfer
	v.Lines, v.Receipts = slices.Clone(v.Lines), slices.Clone(v.Receipts)
	for i := range v.Lines {
		l := &v.Lines[i]
		l.Goods = slices.Clone(l.Goods)
		if l.UnitCost != nil {
			l.UnitCost = new(*l.UnitCost)
		}
	}
	for i := range v.Receipts {
		r := &v.Receipts[i]
		r.Parts, r.Refused = slices.Clone(r.Parts), slices.Clone(r.Refused)
	}
	return &v
}

// sent replies to Ship when the goods are in transit, or with the lines that lack pieces.
func (s *State) sent(Ship) (*Transfer, bool, error) {
	switch s.Status {
	case reserving, freeing, Shipping:
		return nil, false, nil
	case Draft:
		return nil, true, s.lacking()
	default:
		return s.reply(), true, nil
	}
}

// received replies to Receive when the receipt is booked.
func (s *State) received(c Receive) (*Transfer, bool, error) {
	r := s.receipt(c.ReceiptID)
	switch {
	case r == nil || !r.Booked:
		return nil, false, nil
	case len(r.Refused) > 0 && len(r.Refused) == len(r.Parts):
		return nil, true, entrepot.Errorf(entrepot.CodeConflict, "the stock of the destination refuses all of the receipt")
	default:
		return s.reply(), true, nil
	}
}

// cancelled replies to Cancel when the goods are back, or with the lines that the
// source refuses.
func (s *State) cancelled(Cancel) (*Transfer, bool, error) {
	if s.Status == InTransit {
		return nil, true, s.stuck()
	}
	return s.reply(), s.Status == Cancelled, nil
}

// lacking returns an error with the lines of which the source lacks pieces.
func (s *State) lacking() error {
	err := entrepot.Errorf(entrepot.CodeOutOfStock, "the source lacks pieces; nothing was shipped")
	for i, l := range s.Lines {
		if slices.Contains(s.Missing, l.VariantID) {
			err.Fields = append(err.Fields, entrepot.FieldError{
				Field: lineField(i) + ".quantity", Rule: "available", Message: "exceeds what is available at the source",
			})
		}
	}
	return err
}

// stuck returns an error with the lines for which the source has no room.
func (s *State) stuck() error {
	err := entrepot.Errorf(entrepot.CodeConflict, "the stock of the source refuses some lines; they are still in transit")
	for i, l := range s.Lines {
		if slices.Contains(s.Stuck, l.VariantID) {
			err.Fields = append(err.Fields, entrepot.FieldError{
				Field: lineField(i), Rule: "room", Message: "the stock item of the source holds as many pieces or lots as it may",
			})
		}
	}
	return err
}

// public returns the transfer as events publish it.
func (s *State) public(now time.Time) events.Transfer {
	out := events.Transfer{
		TransferID: s.ID, CompanyID: s.CompanyID, FromID: s.FromID, ToID: s.ToID, Status: s.PublicStatus(), UpdatedAt: now,
	}
	for _, l := range s.Lines {
		out.Lines = append(out.Lines, events.TransferLine{
			ProductID: l.ProductID, VariantID: l.VariantID, SKU: l.SKU, Quantity: l.Quantity,
			Shipped: l.Shipped, Arrived: l.Arrived, Returned: l.Returned, Lost: l.Lost,
		})
	}
	return out
}
