package transfer

import (
	"slices"

	"entrepot"
	"entrepot/events"
)

// Cancel gives a draft up; what is in transit goes back to the source first.
func (s *State) Cancel(t entrepot.Turn, c Cancel) ([]events.Event, error) {
	at := ""
	if s.Status != Draft {
		at = s.FromID
	}
	if err := s.mayAct(t.Caller, at, onlySource); err != nil {
		return nil, err
	}
	switch {
	case s.Status == Cancelled || s.Status == Returning:
		return nil, nil
	case s.Status == Draft:
		next := *s
		next.Status = Cancelled
		return []events.Event{events.TransferCancelled{Transfer: next.public(t.Now), Reason: c.Reason}}, nil
	case s.Status == InTransit && s.pending() != nil:
		return nil, entrepot.Unavailable("a receipt is being booked")
	case s.Status == InTransit:
		return []events.Event{returning{reason: c.Reason, at: t.Now.UnixMilli()}}, nil
	case s.Status == Received:
		return nil, entrepot.Errorf(entrepot.CodeConflict, "a transfer that is received cannot be cancelled")
	default:
		return nil, entrepot.Unavailable("the transfer is being shipped")
	}
}

// Returned takes the answer of the return step. What the source's stock refuses
// stays in transit: it is received, or cancelled again when there is room for it.
func (s *State) Returned(t entrepot.Turn, c Returned) ([]events.Event, error) {
	if t.Caller.Role != entrepot.System || s.Status != Returning || c.Attempt != s.Returns {
		return nil, nil
	}
	next := *s
	next.Status, next.Lines = Cancelled, slices.Clone(s.Lines)
	next.bringBack(c.Refused)
	if next.onTheWay() > 0 {
		next.Status = InTransit
		return []events.Event{heldBack{events.TransferUpdated{Transfer: next.public(t.Now), Note: s.Note}, slices.Clone(c.Refused)}}, nil
	}
	return []events.Event{events.TransferCancelled{Transfer: next.public(t.Now), Reason: s.Reason}}, nil
}
