package actors

import (
	"context"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/review"
	"entrepot/grains/review/reviewpb"
	"entrepot/persistence"

	"google.golang.org/protobuf/proto"
)

// Votes keeps what reviews say of how many find them helpful, as [Ratings] does
// of products and their stars: it counts the votes that stand and sets that. What
// a deleted review had is dropped.
func Votes(store persistence.Store, a grains.Asker) events.Handler {
	count := func(ctx context.Context, batch []*events.Delivery) []error {
		return byThing(ctx, batch, func(e *events.ReviewVoted) string {
			if e.ReviewID == "" {
				return ""
			}
			return review.VotesOf(e.ReviewID, e.WrittenAt.UnixMilli())
		}, func(ctx context.Context, given string, e *events.ReviewVoted) error {
			return settle(func() ([]int64, error) {
				n, err := store.Count(ctx, review.Votes, entrepot.AllTenants(), []persistence.Cond{{Field: "given", Value: given}}, mostReviews)
				return []int64{int64(n)}, err
			}, func(counts []int64) error {
				_, err := a.Ask(ctx, reviewpb.Kind, e.ReviewID, &reviewpb.SetHelpful{Count: counts[0], WrittenMs: e.WrittenAt.UnixMilli()})
				return err
			})
		})
	}
	given := belongings{in: review.Votes, kind: reviewpb.VoteKind, end: func() proto.Message { return &reviewpb.Unmark{} }}
	drop := eachOf(func(ctx context.Context, d *events.Delivery) error {
		var e events.ReviewDeleted
		if err := d.Decode(&e); err != nil {
			return events.Permanent(err)
		}
		where := []persistence.Cond{{Field: "given", Value: review.VotesOf(e.ReviewID, e.CreatedAt.UnixMilli())}}
		return endWhere(ctx, store, a, d, entrepot.AllTenants(), given, where)
	})
	return Each(On(count, "review.voted"), On(drop, "review.deleted"))
}
