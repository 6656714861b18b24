// Package usage is where gateways tell each other what they let through, so that
// a rate limit holds for all of them together. There is one such grain in the
// platform; it knows the last seconds only.
//
// Commands: Report. Queries: Since. Persisted: the whole [State]; after a loss of it limits are
// for some seconds each gateway's own.
package usage

import (
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
)

// Bounds of what is remembered.
const (
	Window   = 10 * time.Second // a gateway that was silent for longer has missed something
	maxItems = 1000             // of one report
	maxKept  = 10_000
)

// State is what was reported lately, oldest first.
type State struct {
	Number    int64   `json:"number,omitempty"` // of the last entry
	Entries   []entry `json:"entries,omitempty"`
	CreatedAt int64   `json:"created,omitempty"` // Unix ms
}

type entry struct {
	Number  int64   `json:"n"`
	At      int64   `json:"t"` // Unix ms
	Gateway string  `json:"g"`
	Limiter string  `json:"l"`
	Key     string  `json:"k"`
	Tokens  float64 `json:"x"`
}

type reported struct {
	events.Private
	At      int64
	Gateway string
	Spent   []entry
}

// Report takes over what a gateway let through. A report of nothing changes nothing.
func (s *State) Report(t entrepot.Turn, c Report) ([]events.Event, error) {
	switch {
	case t.Caller.Role != entrepot.System:
		return nil, entrepot.ErrNotFound
	case c.Gateway == "":
		return nil, entrepot.Invalid("gateway", "required", "must be given")
	case len(c.Spent) > maxItems:
		return nil, entrepot.Invalid("spent", "maxItems", "at most %d", maxItems)
	case len(c.Spent) == 0:
		return nil, nil
	}
	r := reported{At: t.Now.UnixMilli(), Gateway: c.Gateway}
	for _, x := range c.Spent {
		r.Spent = append(r.Spent, entry{Limiter: x.Limiter, Key: x.Key, Tokens: x.Tokens})
	}
	return []events.Event{r}, nil
}

// Apply changes the state by one fact.
func (s *State) Apply(e events.Event) {
	f, ok := e.(reported)
	if !ok {
		return
	}
	if s.CreatedAt == 0 {
		s.CreatedAt = f.At
	}
	old := 0
	for old < len(s.Entries) && s.Entries[old].At <= f.At-Window.Milliseconds() {
		old++
	}
	s.Entries = slices.Delete(s.Entries, 0, max(old, len(s.Entries)+len(f.Spent)-maxKept))
	for _, x := range f.Spent {
		s.Number++
		x.Number, x.At, x.Gateway = s.Number, f.At, f.Gateway
		s.Entries = append(s.Entries, x)
	}
}

// others is what the other gateways reported after a number. Who asks for the
// first time, or knows another history, begins now.
func (s *State) others(gateway string, number int64) *Others {
	out := &Others{Number: s.Number}
	if number == 0 || number > s.Number {
		return out
	}
	for _, x := range s.Entries {
		if x.Number > number && x.Gateway != gateway {
			out.Spent = append(out.Spent, Spent{Limiter: x.Limiter, Key: x.Key, Tokens: x.Tokens})
		}
	}
	return out
}

func (s *State) reported(c Report) (*Others, bool, error) {
	return s.others(c.Gateway, c.Number), true, nil
}

// Since answers a gateway that has nothing to tell.
func (s *State) Since(t entrepot.Turn, q Since) (*Others, error) {
	if t.Caller.Role != entrepot.System {
		return nil, entrepot.ErrNotFound
	}
	return s.others(q.Gateway, q.Number), nil
}
