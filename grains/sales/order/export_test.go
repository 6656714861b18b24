package order

import (
	"slices"
	"strconv"

	"entrepot"
	"entrepot/events"
)

// Level is the number of pieces of one product at a location, in the tests of the plan.
type Level struct{ Available, Beyond int64 }

// PlanForTest plans orders of one product one after the other; nil: refused.
func PlanForTest(
	strategy string, sources []entrepot.ID, has map[entrepot.ID]Level, wants []int64,
) (out [][]Allocation) {
	levels := map[place]*level{}
	for source, l := range has {
		levels[place{"p", source}] = &level{l.Available, l.Beyond}
	}
	for _, want := range wants {
		line := Line{ProductID: "p", VariantID: "p", Quantity: want}
		lines, _ := plan(&Group{Sources: sources, Strategy: strategy, Lines: []Line{line}}, levels)
		if len(lines) == 0 {
			lines = [][]Allocation{nil}
		}
		out = append(out, lines[0])
	}
	return out
}

// Allocated delivers a plan, which is dropped unless it is due, as by the host.
func (s *State) Allocated(
	t entrepot.Turn, attempt int64, lines map[entrepot.ID][][]Allocation,
) ([]events.Event, error) {
	if !slices.Contains(s.unplanned(), strconv.FormatInt(attempt, 10)) {
		return nil, nil
	}
	return s.allocated(t, allocation{lines: lines})
}

// Reserved delivers the refusal of a plan's reservations in the same way.
func (s *State) Reserved(t entrepot.Turn, attempt int64, missing ...Missing) ([]events.Event, error) {
	if !slices.Contains(s.unreserved(), strconv.FormatInt(attempt, 10)) {
		return nil, nil
	}
	return s.reserved(t, reservation{missing: missing})
}
