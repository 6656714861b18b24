package user

import (
	"context"
	"strconv"

	"entrepot/grains"
	"entrepot/grains/access/accesspb"
	"entrepot/grains/user/userpb"

	"google.golang.org/protobuf/proto"
)

// steps tells the access grain of every withdrawal. A user asks Access, which asks nobody.
func steps(s *State) []grains.Step {
	out := make([]grains.Step, 0, len(s.Stale))
	for _, w := range s.Stale {
		cmd := &accesspb.Withdraw{UserId: s.ID, SessionId: w.Session, BeforeMs: w.Before, UntilMs: w.Until}
		number := w.Number
		out = append(out, grains.Step{
			Key: "withdraw:" + strconv.FormatInt(number, 10),
			Do: func(ctx context.Context, a grains.Asker) (proto.Message, error) {
				if _, err := a.Ask(ctx, accesspb.Kind, accesspb.ID, cmd); err != nil {
					return nil, err
				}
				return &userpb.Withdrawn{Number: number}, nil
			},
		})
	}
	return out
}
