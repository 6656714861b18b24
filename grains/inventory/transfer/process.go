package transfer

import (
	"slices"
	"strconv"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
)

// process takes the goods out of one stock and brings them into the other. The
// calls are in steps.go. A transfer asks stock items, which ask no grain.
//
// Nothing leaves the source before all lines are reserved there, so a shipment is
// all or nothing without ever taking pieces back.
var process = []grains.Row[*State]{
	grains.Step("reserve", in(reserving, (*State).ShipmentID), reserve, (*State).reserved), // shipping, or freeing
	grains.Step("ship", in(Shipping, (*State).ShipmentID), ship, (*State).shipped),         // in transit, or draft
	grains.Step("receipt", (*State).unbooked, book, (*State).booked),                       // received, if nothing is left

	// Compensation: reservations and goods go back.
	grains.Step("free", in(freeing, (*State).ShipmentID), free, (*State).freed),                // draft
	grains.Step("return", in(Returning, (*State).returnAttempt), bringBack, (*State).returned), // cancelled, or in transit
}

// in is due in a status, once for the element that of returns.
func in(status string, of func(*State) string) func(*State) []string {
	return func(s *State) []string {
		if s.Status != status {
			return nil
		}
		return []string{of(s)}
	}
}

// unbooked returns the ids of the receipts that are still to be booked.
func (s *State) unbooked() (out []string) {
	for i := range s.Receipts {
		if !s.Receipts[i].Booked {
			out = append(out, s.Receipts[i].ID)
		}
	}
	return out
}

// returnAttempt tells the attempts to bring goods back from each other; "" is the first.
func (s *State) returnAttempt() string {
	if s.Returns == 0 {
		return ""
	}
	return strconv.FormatInt(s.Returns, 10)
}

// reserved notes that the lines are reserved, but for the variants that lack pieces.
func (s *State) reserved(t entrepot.Turn, missing []entrepot.ID) ([]events.Event, error) {
	next := turned{status: Shipping, at: t.Now.UnixMilli()}
	if len(missing) > 0 {
		next.status, next.missing = freeing, missing
	}
	return []events.Event{next}, nil
}

// freed notes that nothing is reserved any more.
func (s *State) freed(t entrepot.Turn, _ struct{}) ([]events.Event, error) {
	return []events.Event{turned{status: Draft, missing: s.Missing, at: t.Now.UnixMilli()}}, nil
}

// shipped notes what left the source. When the reservations expired and all their
// pieces went to others, nothing did, and the transfer is a draft again.
func (s *State) shipped(t entrepot.Turn, parts []departure) ([]events.Event, error) {
	next := s.clone()
	next.Status = InTransit
	next.ship(parts)
	if next.inTransit() == 0 {
		back := turned{status: Draft, at: t.Now.UnixMilli()}
		for _, l := range s.Lines {
			back.missing = append(back.missing, l.VariantID)
		}
		return []events.Event{back}, nil
	}
	return []events.Event{departed{
		TransferShipped: events.TransferShipped{Transfer: next.public(t.Now), ShipmentID: s.ShipmentID()}, parts: parts,
	}}, nil
}

// booked notes a receipt in the stock of the destination. The last one ends the
// transfer with what is lost.
func (s *State) booked(t entrepot.Turn, b booking) ([]events.Event, error) {
	r := s.receipt(b.receiptID)
	isRefused := func(p events.TransferPart) bool { return slices.Contains(b.refused, p.VariantID) }
	parts := slices.DeleteFunc(slices.Clone(r.Parts), isRefused)
	next := s.clone()
	next.arrive(parts)
	facts := []events.Event{refused{booking: b, at: t.Now.UnixMilli()}}
	if len(parts) > 0 {
		facts[0] = partlyReceived{
			TransferPartlyReceived: events.TransferPartlyReceived{
				Transfer: next.public(t.Now), ReceiptID: r.ID, Parts: parts,
			},
			refused: b.refused,
		}
	}
	if (r.Final && len(b.refused) == 0) || next.inTransit() == 0 {
		lost := next.lose()
		next.Status = Received
		facts = append(facts, events.TransferReceived{Transfer: next.public(t.Now), Discrepancies: lost, Reason: r.Reason})
	}
	return facts, nil
}

// returned notes that the goods are back at the source, but for the variants that its
// stock refuses. Those stay in transit, to be received or cancelled again.
func (s *State) returned(t entrepot.Turn, refused []entrepot.ID) ([]events.Event, error) {
	next := s.clone()
	next.Status = Cancelled
	next.bringBack(refused)
	if next.inTransit() > 0 {
		next.Status = InTransit
		return []events.Event{heldBack{events.TransferUpdated{Transfer: next.public(t.Now), Note: s.Note}, refused}}, nil
	}
	return []events.Event{events.TransferCancelled{Transfer: next.public(t.Now), Reason: s.Reason}}, nil
}
