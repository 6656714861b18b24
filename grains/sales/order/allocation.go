package order

import (
	"cmp"
	"slices"
	"strconv"

	"entrepot"
	"entrepot/events"
)

// Strategies by which a group's lines choose among its sources.
const (
	ByPriority = "priority" // in the order of the sources; nearest is an order that the edge makes
	MostStock  = "most_stock"
	Nearest    = "nearest"
)

// Allocation is the pieces of a line that come from one location.
type Allocation struct {
	LocationID entrepot.ID `json:"locationId"`
	Quantity   int64       `json:"quantity"`
}

// maxAttempts bounds how often a checkout plans anew because what was planned on
// was sold meanwhile.
const maxAttempts = 3

// Facts of the allocation.
type (
	allocated struct {
		events.Private
		attempt int64
		lines   map[entrepot.ID][][]Allocation // by order, a list a line
	}
	unallocated struct{ events.Private }
)

// Allocated takes the answer of the allocate step: where the pieces are to come
// from. It is saved before anything is reserved by it.
func (s *State) Allocated(t entrepot.Turn, c Allocated) ([]events.Event, error) {
	if t.Caller.Role != entrepot.System {
		return nil, entrepot.ErrNotFound
	}
	if s.Status != Placing || !s.unplanned() || c.Attempt != s.Attempt+1 {
		return nil, nil
	}
	if len(c.Missing) > 0 {
		return []events.Event{rejected{now: t.Now.UnixMilli(), missing: lacking(c.Missing)}}, nil
	}
	e := allocated{attempt: c.Attempt, lines: map[entrepot.ID][][]Allocation{}}
	for _, g := range c.Groups {
		for _, l := range g.Lines {
			e.lines[g.OrderID] = append(e.lines[g.OrderID], allocationsOf(l.Allocations))
		}
	}
	for _, g := range s.groups() {
		if len(g.Sources) > 0 && len(e.lines[g.OrderID]) != len(g.Lines) {
			return nil, entrepot.Errorf(entrepot.CodeInternal, "a plan of other lines than the order has")
		}
	}
	return []events.Event{e}, nil
}

// groups are those of the checkout, this order's first.
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

// unplanned reports whether it is still to be settled where the pieces come from.
func (s *State) unplanned() bool {
	return slices.ContainsFunc(s.groups(), func(g *Group) bool { return len(g.Sources) > 0 && len(g.Lines[0].Allocations) == 0 })
}

// allocate saves a plan, and under which id it is reserved.
func (s *State) allocate(e allocated) {
	s.Attempt, s.HoldID = e.attempt, attemptID(s.ID, e.attempt)
	for _, g := range s.groups() {
		for i, a := range e.lines[g.OrderID] {
			g.Lines[i].Allocations = a
		}
	}
}

// unallocate forgets a plan that could not be reserved.
func (s *State) unallocate() {
	for _, g := range s.groups() {
		for i := range g.Lines {
			g.Lines[i].Allocations = nil
		}
	}
}

// revivedID is the reservation id of an order that was paid after it had expired.
func revivedID(order entrepot.ID) entrepot.ID { return entrepot.DeriveID("again", order) }

// attemptID is the reservation id of an order's plan. One that was released bars
// its id, so every attempt has one of its own; the first has the order's.
func attemptID(order entrepot.ID, attempt int64) entrepot.ID {
	if attempt <= 1 {
		return order
	}
	return entrepot.DeriveID("attempt", order, strconv.FormatInt(attempt, 10))
}

// lacking are the lines that lack, each once.
func lacking(missing []MissingMsg) (out []Missing) {
	for _, m := range missing {
		lack := Missing{ProductID: m.ProductID, VariantID: m.VariantID, ShopID: m.ShopID, Wanted: m.Wanted}
		if at := slices.IndexFunc(out, func(o Missing) bool { return o.VariantID == lack.VariantID && o.ShopID == lack.ShopID }); at >= 0 {
			out[at].Wanted += lack.Wanted
			continue
		}
		out = append(out, lack)
	}
	return out
}

// place is a variant at a location.
type place struct{ variant, location entrepot.ID }

// level is what a place can give: from on-hand, and promised beyond it.
type level struct{ available, beyond int64 }

// plan settles where each line of a group comes from, and takes it off the levels.
// A line comes whole from the first location that has it, else from several in
// order, else it is promised beyond what is there where that is allowed.
func plan(g *Group, levels map[place]level) (lines [][]Allocation, lacks []Line) {
	for _, l := range g.Lines {
		sources := g.Sources
		if g.Strategy == MostStock {
			sources = slices.Clone(sources)
			slices.SortStableFunc(sources, func(a, b entrepot.ID) int {
				return cmp.Compare(levels[place{l.Variant(), b}].available, levels[place{l.Variant(), a}].available)
			})
		}
		from := allot(l, sources, levels)
		if from == nil {
			lacks = append(lacks, l)
			continue
		}
		for _, a := range from {
			at := place{l.Variant(), a.LocationID}
			v := levels[at]
			here := min(v.available, a.Quantity)
			levels[at] = level{v.available - here, v.beyond - (a.Quantity - here)}
		}
		lines = append(lines, from)
	}
	return lines, lacks
}

// allot is where one line comes from; nil when the sources have not enough.
func allot(l Line, sources []entrepot.ID, levels map[place]level) (from []Allocation) {
	has := func(source entrepot.ID) level { return levels[place{l.Variant(), source}] }
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

func allocationsOf(all []Allocation) (out []Allocation) {
	for _, a := range all {
		out = append(out, Allocation{a.LocationID, a.Quantity})
	}
	return out
}

func pbAllocations(all []Allocation) (out []Allocation) {
	for _, a := range all {
		out = append(out, Allocation{LocationID: a.LocationID, Quantity: a.Quantity})
	}
	return out
}
