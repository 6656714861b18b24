package transfer

import (
	"slices"

	"entrepot"
	"entrepot/events"
)

// Receipt is what came in at once.
type Receipt struct {
	ID      entrepot.ID           `json:"id"`
	Parts   []events.TransferPart `json:"parts,omitempty"`
	Final   bool                  `json:"final,omitempty"`
	Reason  string                `json:"reason,omitempty"`
	By      entrepot.ID           `json:"by,omitempty"`
	At      int64                 `json:"at"`
	Booked  bool                  `json:"booked,omitempty"`
	Refused []string              `json:"refused,omitempty"` // variants that the destination's stock did not take
}

// Receive begins to bring parts in at the destination. More than is in transit
// is refused: what comes besides is found by a stock adjustment there.
func (s *State) Receive(t entrepot.Turn, c Receive) ([]events.Event, error) {
	if err := s.mayAct(t.Caller, s.ToID, onlyTarget); err != nil {
		return nil, err
	}
	if s.receipt(c.ReceiptID) != nil {
		return nil, nil
	}
	switch {
	case s.Status != InTransit:
		return nil, entrepot.Errorf(entrepot.CodeConflict, "a transfer that is %s cannot be received", s.shown())
	case s.pending() != nil:
		return nil, entrepot.Unavailable("another receipt is being booked")
	case len(s.Receipts) >= MaxReceipts:
		return nil, entrepot.Errorf(entrepot.CodeConflict, "a transfer has at most %d receipts", MaxReceipts)
	case len(c.Parts) == 0 && !c.Final:
		return nil, entrepot.Invalid("lines", "length", "name what has arrived, or that nothing more will")
	}
	r := Receipt{ID: c.ReceiptID, Final: c.Final, Reason: c.Reason, By: t.Caller.UserID, At: t.Now.UnixMilli()}
	known := map[entrepot.ID]bool{}
	for i, p := range c.Parts {
		field := lineField(i)
		l := s.line(p.VariantID)
		switch {
		case l == nil:
			return nil, entrepot.Invalid(field+".variantId", "exists", "is in no line of the transfer")
		case known[p.VariantID]:
			return nil, entrepot.Invalid(field+".variantId", "unique", "stands in an earlier line already")
		case p.Quantity < 1 || p.Quantity > l.inTransit():
			return nil, entrepot.Invalid(field+".quantity", "range", "must be 1 to the %d that are in transit", l.inTransit())
		}
		known[p.VariantID] = true
		r.Parts = append(r.Parts, events.TransferPart{VariantID: p.VariantID, Quantity: p.Quantity})
	}
	return []events.Event{receiving{Receipt: r}}, nil
}

// Booked takes the answer of a receipt's step. The last receipt ends the
// transfer, with what is lost.
func (s *State) Booked(t entrepot.Turn, c Booked) ([]events.Event, error) {
	r := s.receipt(c.ReceiptID)
	if t.Caller.Role != entrepot.System || r == nil || r.Booked {
		return nil, nil
	}
	parts := slices.DeleteFunc(slices.Clone(r.Parts), func(p events.TransferPart) bool { return slices.Contains(c.Refused, p.VariantID) })
	next := *s
	next.Lines = slices.Clone(s.Lines)
	next.arrive(parts)
	var facts []events.Event
	if len(parts) > 0 {
		facts = append(facts, booked{
			TransferPartlyReceived: events.TransferPartlyReceived{Transfer: next.public(t.Now), ReceiptID: r.ID, Parts: parts}, refused: c.Refused,
		})
	} else {
		facts = append(facts, refused{id: r.ID, refused: c.Refused, at: t.Now.UnixMilli()})
	}
	if (r.Final && len(c.Refused) == 0) || next.onTheWay() == 0 {
		lost := next.lose()
		next.Status = Received
		facts = append(facts, events.TransferReceived{Transfer: next.public(t.Now), Discrepancies: lost, Reason: r.Reason})
	}
	return facts, nil
}

func (s *State) receipt(id entrepot.ID) *Receipt {
	for i := range s.Receipts {
		if s.Receipts[i].ID == id {
			return &s.Receipts[i]
		}
	}
	return nil
}

// pending is the receipt that is being booked, if any.
func (s *State) pending() *Receipt {
	for i := range s.Receipts {
		if !s.Receipts[i].Booked {
			return &s.Receipts[i]
		}
	}
	return nil
}
