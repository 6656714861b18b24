package cart

import (
	"time"

	"entrepot"
	"entrepot/events"
)

// Times after which an unchanged cart is dealt with.
const (
	// DefaultIdle is the time after which a cart with lines is abandoned.
	DefaultIdle = 24 * time.Hour
	// GuestIdle is the time after which a guest's cart is emptied.
	GuestIdle = 30 * 24 * time.Hour
	// wakeSteps is the number of steps that an idle time is divided into. The wakeAt is
	// rounded up to a step, so that most additions do not move the cart in the index of
	// wake-ups.
	wakeSteps = 24
)

// wait sets the idle time of the cart; 0 leaves it unchanged.
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

// abandonedMs returns the time at which the cart is abandoned, or 0 for never.
func (s *State) abandonedMs() int64 {
	if len(s.Lines) == 0 || s.Told || s.Hand.active() {
		return 0
	}
	step := max(1, s.idle()/wakeSteps)
	return (s.UpdatedAt + s.idle() + step - 1) / step * step
}

// forgottenMs returns the time at which a guest's cart is emptied, or 0 for never.
func (s *State) forgottenMs() int64 {
	if !s.Guest || s.Hand.active() || len(s.Lines)+len(s.Saved)+len(s.Promos) == 0 {
		return 0
	}
	return s.UpdatedAt + GuestIdle.Milliseconds()
}

// WakeAt returns the earlier of both times.
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

// Wake announces an abandoned cart, and empties a forgotten one.
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
