package transfer

import (
	"slices"
	"strconv"

	"entrepot"
	"entrepot/events"
)

// Ship begins to take the goods out of the source; asked again it answers how that went.
func (s *State) Ship(t entrepot.Turn, _ Ship) ([]events.Event, error) {
	if err := s.mayAct(t.Caller, s.FromID, onlySource); err != nil {
		return nil, err
	}
	switch s.Status {
	case Draft:
		return []events.Event{begun{at: t.Now.UnixMilli()}}, nil
	case reserving, freeing, Shipping, InTransit:
		return nil, nil
	default:
		return nil, entrepot.Errorf(entrepot.CodeConflict, "a transfer that is %s cannot be shipped", s.Status)
	}
}

// Held takes the answer of the reserve step.
func (s *State) Held(t entrepot.Turn, c Held) ([]events.Event, error) {
	if t.Caller.Role != entrepot.System || s.Status != reserving || c.ShipmentID != s.ShipmentID() {
		return nil, nil
	}
	next := turned{status: Shipping, at: t.Now.UnixMilli()}
	if len(c.Missing) > 0 {
		next.status, next.missing = freeing, slices.Clone(c.Missing)
	}
	return []events.Event{next}, nil
}

// Freed takes the answer of the free step.
func (s *State) Freed(t entrepot.Turn, c Freed) ([]events.Event, error) {
	if t.Caller.Role != entrepot.System || s.Status != freeing || c.ShipmentID != s.ShipmentID() {
		return nil, nil
	}
	return []events.Event{turned{status: Draft, missing: s.Missing, at: t.Now.UnixMilli()}}, nil
}

// Shipped takes the answer of the ship step.
func (s *State) Shipped(t entrepot.Turn, c Shipped) ([]events.Event, error) {
	if t.Caller.Role != entrepot.System || s.Status != Shipping || c.ShipmentID != s.ShipmentID() {
		return nil, nil
	}
	next := *s
	next.Status, next.Lines = InTransit, slices.Clone(s.Lines)
	next.ship(c.Parts)
	if next.onTheWay() == 0 { // set aside for so long that all of it was given to others
		back := turned{status: Draft, at: t.Now.UnixMilli()}
		for _, l := range s.Lines {
			back.missing = append(back.missing, l.VariantID)
		}
		return []events.Event{back}, nil
	}
	return []events.Event{shipped{
		TransferShipped: events.TransferShipped{Transfer: next.public(t.Now), ShipmentID: c.ShipmentID}, parts: c.Parts,
	}}, nil
}

// ShipmentID names the attempt to ship at the stock items: the transfer itself,
// until it lacked something.
func (s *State) ShipmentID() entrepot.ID {
	if s.Attempt <= 1 {
		return s.ID
	}
	return entrepot.DeriveID("shipment", s.ID, strconv.FormatInt(s.Attempt, 10))
}
