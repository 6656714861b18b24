package order

import (
	"context"
	"slices"
	"sync"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/inventory/stock"
)

// levelsAtOnce is how many stock items a plan asks side by side.
const levelsAtOnce = 16

// allocate reads what the sources have and plans by it. Nothing is held by it:
// what is sold meanwhile is found out when the plan is reserved.
func allocate(s *State) func(context.Context, grains.Asker) (any, error) {
	groups, attempt := s.checkout(), s.Attempt+1
	return func(ctx context.Context, a grains.Asker) (any, error) {
		levels, err := levelsOf(ctx, a, groups)
		if err != nil {
			return nil, err
		}
		answer := Allocated{Attempt: attempt}
		for _, g := range groups {
			if len(g.Sources) == 0 {
				continue
			}
			lines, lacks := plan(&g, levels)
			for _, l := range lacks {
				answer.Missing = append(answer.Missing, MissingMsg{
					ProductID: l.ProductID, VariantID: l.Variant(), ShopID: g.ShopID, Wanted: l.Quantity,
				})
			}
			planned := AllocatedGroup{OrderID: g.OrderID}
			for _, from := range lines {
				planned.Lines = append(planned.Lines, AllocatedLine{Allocations: pbAllocations(from)})
			}
			answer.Groups = append(answer.Groups, planned)
		}
		return answer, nil
	}
}

// checkout are the groups as they are now, for a step that outlives the state's turn.
func (s *State) checkout() (out []Group) {
	for _, g := range s.groups() {
		lines := slices.Clone(g.Lines) // the state's change when a plan is saved
		out = append(out, *g)
		out[len(out)-1].Lines = lines
	}
	return out
}

// levelsOf asks every place that a group may be sourced from. What is not there has nothing.
func levelsOf(ctx context.Context, a grains.Asker, groups []Group) (map[place]level, error) {
	levels := map[place]level{}
	var places []place
	for _, g := range groups {
		for _, l := range g.Lines {
			for _, source := range g.Sources {
				at := place{l.Variant(), source}
				if _, asked := levels[at]; !asked {
					levels[at] = level{}
					places = append(places, at)
				}
			}
		}
	}
	found, errs, slots := make([]level, len(places)), make([]error, len(places)), make(chan struct{}, levelsAtOnce)
	var wg sync.WaitGroup
	for i, at := range places {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			v, err := grains.Ask(ctx, a, stock.Of(stock.ID(at.variant, at.location)), stock.Get{})
			if entrepot.CodeOf(err) == entrepot.CodeNotFound {
				return
			}
			found[i], errs[i] = level{v.Available, v.Promisable - v.Available}, err
		})
	}
	wg.Wait()
	for i, at := range places {
		if errs[i] != nil {
			return nil, errs[i]
		}
		levels[at] = found[i]
	}
	return levels, nil
}

// asker tells apart the calls for two orders of a checkout to one stock item: a
// warehouse may serve both their shops.
func (h hold) asker(a grains.Asker) grains.Asker {
	if !h.planned {
		return a
	}
	return grains.Distinct(a, h.id)
}
