package cart

import (
	"context"
	"strconv"

	"entrepot"
	"entrepot/grains"
)

// steps are a merge's calls, from the customer's cart to the guest's and never
// back. A merge has its number in its steps' keys: after one that was refused the
// guest's cart is asked anew.
func steps(s *State) []grains.OldStep {
	m := s.Merging
	switch {
	case m == nil:
		return nil
	case m.Phase == Taking:
		return []grains.OldStep{{Key: "take:" + strconv.FormatInt(m.Seq, 10), Do: take(s.ID, *m)}}
	default:
		return []grains.OldStep{{Key: "settle:" + strconv.FormatInt(m.Seq, 10), Do: settle(s.ID, *m)}}
	}
}

func take(to entrepot.ID, m Merging) func(context.Context, grains.Asker) (any, error) {
	return func(ctx context.Context, a grains.Asker) (any, error) {
		guest, err := grains.Ask(ctx, a, Of(m.Guest), HandOver{To: to, Seq: m.Seq})
		if entrepot.CodeOf(err) == entrepot.CodeNotFound {
			return Handed{Seq: m.Seq, Unknown: true}, nil
		}
		return Handed{Seq: m.Seq, Cart: guest}, err
	}
}

func settle(to entrepot.ID, m Merging) func(context.Context, grains.Asker) (any, error) {
	return func(ctx context.Context, a grains.Asker) (any, error) {
		_, err := grains.Ask(ctx, a, Of(m.Guest), Settle{To: to, Seq: m.Seq, Taken: m.Phase == Closing})
		return Settled{Seq: m.Seq}, err
	}
}
