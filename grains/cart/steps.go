package cart

import (
	"context"
	"strconv"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/cart/cartpb"

	"google.golang.org/protobuf/proto"
)

// steps are a merge's calls, from the customer's cart to the guest's and never
// back. A merge has its number in its steps' keys: after one that was refused the
// guest's cart is asked anew.
func steps(s *State) []grains.Step {
	m := s.Merging
	switch {
	case m == nil:
		return nil
	case m.Phase == Taking:
		return []grains.Step{{Key: "take:" + strconv.FormatInt(m.Seq, 10), Do: take(s.ID, *m)}}
	default:
		return []grains.Step{{Key: "settle:" + strconv.FormatInt(m.Seq, 10), Do: settle(s.ID, *m)}}
	}
}

func take(to entrepot.ID, m Merging) func(context.Context, grains.Asker) (proto.Message, error) {
	return func(ctx context.Context, a grains.Asker) (proto.Message, error) {
		guest, err := grains.Ask[*cartpb.Cart](ctx, a, cartpb.Kind, m.Guest, &cartpb.Handover{To: to, Seq: m.Seq})
		if entrepot.CodeOf(err) == entrepot.CodeNotFound {
			return &cartpb.Handed{Seq: m.Seq, Unknown: true}, nil
		}
		return &cartpb.Handed{Seq: m.Seq, Cart: guest}, err
	}
}

func settle(to entrepot.ID, m Merging) func(context.Context, grains.Asker) (proto.Message, error) {
	return func(ctx context.Context, a grains.Asker) (proto.Message, error) {
		_, err := a.Ask(ctx, cartpb.Kind, m.Guest, &cartpb.Settle{To: to, Seq: m.Seq, Taken: m.Phase == Closing})
		return &cartpb.Settled{Seq: m.Seq}, err
	}
}
