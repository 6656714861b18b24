package cart

import (
	"context"
	"slices"
	"strconv"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
)

// process is a merge, run by the customer's cart. A line is always in one of the
// two carts, whatever dies in between. A cart asks guests' carts, which ask none.
var process = []grains.Row[*State]{
	grains.Step("take", mergeIs(Taking), takeOver, (*State).handedOver),
	grains.Step("settle", mergeIs(Closing, Returning), settle, (*State).mergeEnded),
}

// mergeIs returns the due of a row that runs while a merge is in one of the phases.
// The element is the number of the merge, so that a merge after a refused one asks
// the guest's cart anew.
func mergeIs(phases ...string) func(*State) []string {
	return func(s *State) []string {
		if s.Merging == nil || !slices.Contains(phases, s.Merging.Phase) {
			return nil
		}
		return []string{strconv.FormatInt(s.Merging.Seq, 10)}
	}
}

// handover is the result of taking a guest's cart over; nil: no such cart, or
// another customer took it over.
type handover struct{ cart *Cart }

func takeOver(ctx context.Context, a grains.Asker, s *State, _ string) (handover, error) {
	guest, err := grains.Ask(ctx, a, Of(s.Merging.Guest), HandOver{To: s.ID, Seq: s.Merging.Seq})
	if entrepot.CodeOf(err) == entrepot.CodeNotFound {
		return handover{}, nil
	}
	return handover{guest}, err
}

// handedOver adds the guest's lines, all or none.
func (s *State) handedOver(t entrepot.Turn, got handover) ([]events.Event, error) {
	if got.cart == nil {
		return []events.Event{refused{}}, nil
	}
	next, err := s.with(got.cart, s.Merging.Prices)
	if err != nil {
		return []events.Event{refused{reason: entrepot.AsError(err).Message}}, nil
	}
	u := next.update(t, content{next.Lines, next.Saved, next.Promos}, "")
	u.MergedFrom = s.Merging.Guest
	return []events.Event{u, merged{}}, nil
}

func settle(ctx context.Context, a grains.Asker, s *State, _ string) (grains.Done, error) {
	m := s.Merging
	_, err := grains.Ask(ctx, a, Of(m.Guest), Settle{To: s.ID, Seq: m.Seq, Taken: m.Phase == Closing})
	return grains.Done{}, err
}

func (s *State) mergeEnded(entrepot.Turn, grains.Done) ([]events.Event, error) {
	return []events.Event{closed{}}, nil
}
