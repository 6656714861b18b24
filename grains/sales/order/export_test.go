package order

import "entrepot"

// Level is what a location has of one product, as the tests of the plan say it.
type Level struct{ Available, Beyond int64 }

// PlanForTest plans orders of one product one after the other; nil: refused.
func PlanForTest(strategy string, sources []entrepot.ID, has map[entrepot.ID]Level, wants []int64) (out [][]Allocation) {
	levels := map[place]level{}
	for source, l := range has {
		levels[place{"p", source}] = level{l.Available, l.Beyond}
	}
	for _, want := range wants {
		g := &Group{Sources: sources, Strategy: strategy, Lines: []Line{{ProductID: "p", Quantity: want}}}
		lines, _ := plan(g, levels)
		if len(lines) == 0 {
			lines = [][]Allocation{nil}
		}
		out = append(out, lines[0])
	}
	return out
}
