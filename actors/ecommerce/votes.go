package ecommerce

import (
	"context"

	"entrepot"
	"entrepot/actors"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/ecommerce/review"
	"entrepot/persistence"
)

// Votes keeps the number of helpful votes in the reviews. Like [Ratings] it recounts and sets.
// The votes of a deleted review are removed.
func Votes(store persistence.Store, a grains.Asker) events.Handler {
	countVotes := func(ctx context.Context, batch []*events.Delivery) []error {
		return oncePerKey(ctx, batch, func(e *events.ReviewVoted) string {
			if e.ReviewID == "" {
				return ""
			}
			return review.VotesOf(e.ReviewID, e.WrittenAt.UnixMilli())
		}, func(ctx context.Context, given string, e *events.ReviewVoted) error {
			return recount(func() ([]int64, error) {
				where := []persistence.Cond{{Field: "given", Value: given}}
				n, err := store.Count(ctx, review.Votes, entrepot.AllTenants(), where, maxCounted)
				return []int64{int64(n)}, err
			}, func(counts []int64) error {
				set := review.SetHelpful{Count: counts[0], WrittenAt: e.WrittenAt.UnixMilli()}
				_, err := grains.Ask(ctx, a, review.Of(e.ReviewID), set)
				return err
			})
		})
	}
	votes := actors.Owned{
		Collection: review.Votes, Kind: review.VoteName,
		End: review.Unmark{},
	}
	removeVotes := actors.EachOf(func(ctx context.Context, d *events.Delivery) error {
		var e events.ReviewDeleted
		if err := d.Decode(&e); err != nil {
			return events.Permanent(err)
		}
		given := persistence.Cond{Field: "given", Value: review.VotesOf(e.ReviewID, e.CreatedAt.UnixMilli())}
		return votes.EndWhere(ctx, store, a, d, entrepot.AllTenants(), given)
	})
	return actors.Each(actors.On(countVotes, "review.voted"), actors.On(removeVotes, "review.deleted"))
}
