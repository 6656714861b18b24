package cart

import (
	"time"

	"entrepot"
	"entrepot/events"
)

// What time does to a cart that nobody changes.
const (
	// DefaultIdle is when a cart with lines counts as abandoned.
	DefaultIdle = 24 * time.Hour
	// GuestIdle is when a guest's cart is emptied.
	GuestIdle = 30 * 24 * time.Hour
	// wakeSteps makes wake-ups coarse: a cart being filled keeps its wakeAt for a
	// twenty-fourth of its idle time, so that an addition does not move it in the
	// database's index.
	wakeSteps = 24
)

// wait sets how long the cart may lie; 0 leaves it.
func (s *State) wait(idle int64) {
	switch {
	case idle == DefaultIdle.Milliseconds():
		s.Idle = 0
	case idle > 0:
		s.Idle = idle
	}
}

func (s *State) idle() int64 {
	if s.Idle > 0 {
		return s.Idle
	}
	return DefaultIdle.Milliseconds()
}

// abandonedMs is when the cart will be abandoned, or 0.
func (s *State) abandonedMs() int64 {
	if len(s.Lines) == 0 || s.Told || s.Hand.active() {
		return 0
	}
	step := max(1, s.idle()/wakeSteps)
	return (s.UpdatedAt + s.idle() + step - 1) / step * step
}

// forgottenMs is when a guest's cart will be emptied, or 0.
func (s *State) forgottenMs() int64 {
	if !s.Guest || s.Hand.active() || len(s.Lines)+len(s.Saved)+len(s.Promos) == 0 {
		return 0
	}
	return s.UpdatedAt + GuestIdle.Milliseconds()
}

// WakeAt is the earlier of both.
func (s *State) WakeAt() time.Time {
	at := s.abandonedMs()
	if forgotten := s.forgottenMs(); at == 0 || (forgotten != 0 && forgotten < at) {
		at = forgotten
	}
	if at == 0 {
		return time.Time{}
	}
	return time.UnixMilli(at).UTC()
}

// Wake tells of an abandoned cart, and empties a forgotten one.
func (s *State) Wake(t entrepot.Turn) (happened []events.Event) {
	due := func(at int64) bool { return at != 0 && t.Now.UnixMilli() >= at }
	if due(s.abandonedMs()) {
		happened = append(happened, s.abandoned(t))
	}
	if due(s.forgottenMs()) {
		happened = append(happened, s.update(t, content{}, ""))
	}
	return happened
}

func (s *State) abandoned(t entrepot.Turn) events.CartAbandoned {
	e := events.CartAbandoned{
		UserID: t.ID, Guest: s.Guest, Total: amount(s.Total(), s.Currency), Currency: s.Currency,
		UpdatedAt: time.UnixMilli(s.UpdatedAt).UTC(),
	}
	for i := range s.Lines {
		e.Items = append(e.Items, s.Lines[i].public(s.Currency))
	}
	return e
}
