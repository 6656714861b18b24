// Package usage shares the tokens that gateways spend, so that a rate limit holds
// for all gateways together. The platform has one such grain, which remembers the
// last seconds only.
//
// Commands: Report. Queries: Since. Persisted: the whole [State]. If it is lost,
// each gateway limits by itself for some seconds.
package usage

import (
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
)

// Limits of the memory.
const (
	Window   = 10 * time.Second // a gateway that is silent for longer misses reports
	maxItems = 1000             // of one report
	maxKept  = 10_000
)

// State holds the recent reports, oldest first.
type State struct {
	Number    int64   `json:"number,omitempty"` // of the last entry
	Entries   []entry `json:"entries,omitempty"`
	CreatedAt int64   `json:"created,omitempty"` // Unix ms
}

type entry struct {
	Number  int64  `json:"n"`
	At      int64  `json:"t"` // Unix ms
	Gateway string `json:"g"`
	Spent
}

type reported struct {
	events.Private
	At      int64
	Gateway string
	Spent   []Spent
}

// Report records what a gateway admitted. An empty report changes nothing.
func (s *State) Report(t entrepot.Turn, c Report) ([]events.Event, error) {
	if err := t.RequireSystem(); err != nil {
		return nil, err
	}
	switch {
	case c.Gateway == "":
		return nil, entrepot.Invalid("gateway", "required", "must be given")
	case len(c.Spent) > maxItems:
		return nil, entrepot.Invalid("spent", "maxItems", "must have at most %d items", maxItems)
	case len(c.Spent) == 0:
		return nil, nil
	}
	return []events.Event{reported{At: t.Now.UnixMilli(), Gateway: c.Gateway, Spent: slices.Clone(c.Spent)}}, nil
}

// others returns what the other gateways reported after a number. A number of 0,
// or of another history, starts from now.
func (s *State) others(gateway string, number int64) *Others {
	out := &Others{Number: s.Number}
	if number == 0 || number > s.Number {
		return out
	}
	for _, x := range s.Entries {
		if x.Number > number && x.Gateway != gateway {
			out.Spent = append(out.Spent, x.Spent)
		}
	}
	return out
}

func (s *State) reported(c Report) (*Others, bool, error) {
	return s.others(c.Gateway, c.Number), true, nil
}

// Since returns what the other gateways reported after a number.
func (s *State) Since(t entrepot.Turn, q Since) (*Others, error) {
	if err := t.RequireSystem(); err != nil {
		return nil, err
	}
	return s.others(q.Gateway, q.Number), nil
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
		s.Entries = append(s.Entries, entry{Number: s.Number, At: f.At, Gateway: f.Gateway, Spent: x})
	}
}
