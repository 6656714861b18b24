package order

import (
	"cmp"
	"slices"
	"strconv"

	"entrepot"
	"entrepot/events"
)

// Strategies by which the lines of a group choose among its sources. The checkout
// sorts the sources of Nearest, so that the grain takes them in their order.
const (
	ByPriority = "priority" // in the order of the sources
	MostStock  = "most_stock"
	Nearest    = "nearest"
)

// Allocation is the pieces of a line that come from one location.
type Allocation struct {
	LocationID entrepot.ID `json:"locationId"`
	Quantity   int64       `json:"quantity"`
}

// maxAttempts is the maximum number of plans of a checkout. A plan fails when its
// stock is sold before it is reserved.
const maxAttempts = 3

// Facts of the allocation.
type (
	planned struct {
		events.Private
		attempt int64
		lines   map[entrepot.ID][][]Allocation // by order, a list a line
	}
	unplanned struct{ events.Private }
)

// groups returns the groups of the checkout, this order's first.
func (s *State) groups() []*Group {
	out := []*Group{&s.Group}
	for i := range s.Siblings {
		out = append(out, &s.Siblings[i].Group)
	}
	return out
}

// sourced reports whether any line may come from several locations.
func (s *State) sourced() bool {
	return slices.ContainsFunc(s.groups(), func(g *Group) bool { return len(g.Sources) > 0 })
}

// planned reports whether it is settled where all pieces come from.
func (s *State) planned() bool {
	return !slices.ContainsFunc(s.groups(), func(g *Group) bool {
		return len(g.Sources) > 0 && len(g.Lines[0].Allocations) == 0
	})
}

// allocate sets a plan, and the id of its reservations.
func (s *State) allocate(e planned) {
	s.Attempt, s.HoldID = e.attempt, attemptID(s.ID, e.attempt)
	for _, g := range s.groups() {
		for i, a := range e.lines[g.OrderID] {
			g.Lines[i].Allocations = a
		}
	}
}

// unallocate removes a plan that could not be reserved.
func (s *State) unallocate() {
	for _, g := range s.groups() {
		for i := range g.Lines {
			g.Lines[i].Allocations = nil
		}
	}
}

// revivedID returns the reservation id of an order that was paid after it expired.
func revivedID(order entrepot.ID) entrepot.ID { return entrepot.DeriveID("again", order) }

// attemptID returns the reservation id of an order's plan. A released id cannot be
// reserved again, so every attempt has its own; that of the first is the order's id.
func attemptID(order entrepot.ID, attempt int64) entrepot.ID {
	if attempt <= 1 {
		return order
	}
	return entrepot.DeriveID("attempt", order, strconv.FormatInt(attempt, 10))
}

// merged returns the missing lines, each variant of a shop once.
func merged(missing []Missing) (out []Missing) {
	for _, m := range missing {
		at := slices.IndexFunc(out, func(o Missing) bool { return o.VariantID == m.VariantID && o.ShopID == m.ShopID })
		if at < 0 {
			out = append(out, m)
			continue
		}
		out[at].Wanted += m.Wanted
	}
	return out
}

// place is a variant at a location.
type place struct{ variant, location entrepot.ID }

// level is the number of pieces that a place can give: on hand, and promised beyond.
type level struct{ available, beyond int64 }

// plan returns the places that each line of a group comes from, or the lines that
// lack, and takes the pieces off the levels. A line comes whole from the first
// location that has it, else from several in order, else from pieces promised beyond
// what is on hand.
func plan(g *Group, levels map[place]*level) (lines [][]Allocation, lacks []Line) {
	for _, l := range g.Lines {
		sources := g.Sources
		if g.Strategy == MostStock {
			sources = slices.Clone(sources)
			slices.SortStableFunc(sources, func(a, b entrepot.ID) int {
				return cmp.Compare(levels[place{l.VariantID, b}].available, levels[place{l.VariantID, a}].available)
			})
		}
		from := allot(l, sources, levels)
		if from == nil {
			lacks = append(lacks, l)
			continue
		}
		for _, a := range from {
			at := levels[place{l.VariantID, a.LocationID}]
			here := min(at.available, a.Quantity)
			at.available, at.beyond = at.available-here, at.beyond-(a.Quantity-here)
		}
		lines = append(lines, from)
	}
	return lines, lacks
}

// allot returns the places that one line comes from, or nil if the sources do not
// have enough.
func allot(l Line, sources []entrepot.ID, levels map[place]*level) (from []Allocation) {
	has := func(source entrepot.ID) *level { return levels[place{l.VariantID, source}] }
	for _, source := range sources {
		if has(source).available >= l.Quantity {
			return []Allocation{{source, l.Quantity}}
		}
	}
	rest := l.Quantity
	take := func(source entrepot.ID, most int64) {
		n := min(rest, most)
		if n <= 0 {
			return
		}
		rest -= n
		if at := slices.IndexFunc(from, func(a Allocation) bool { return a.LocationID == source }); at >= 0 {
			from[at].Quantity += n
			return
		}
		from = append(from, Allocation{source, n})
	}
	for _, source := range sources {
		take(source, has(source).available)
	}
	for _, source := range sources {
		take(source, has(source).beyond)
	}
	if rest > 0 {
		return nil
	}
	return from
}
