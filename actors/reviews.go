package actors

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/cart"
	"entrepot/grains/cart/cartpb"
	"entrepot/grains/product/productpb"
	"entrepot/grains/promotion"
	"entrepot/grains/promotion/promotionpb"
	"entrepot/grains/review"
	"entrepot/grains/review/reviewpb"
	"entrepot/grains/stockwatch"
	"entrepot/grains/stockwatch/stockwatchpb"
	"entrepot/grains/wishlist"
	"entrepot/grains/wishlist/wishlistpb"
	"entrepot/persistence"

	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"
)

// Shoppers forgets a customer who is no more: the cart, the wishlist and what was
// waited for end, uses of promo codes, reviews and votes on them lose whose they are.
func Shoppers(store persistence.Store, a grains.Asker) events.Handler {
	wishes := belongings{in: wishlist.Collection, kind: wishlistpb.Kind, end: func() proto.Message { return &wishlistpb.Erase{} }}
	watches := belongings{in: stockwatch.Collection, kind: stockwatchpb.Kind, end: func() proto.Message { return &stockwatchpb.Erase{} }}
	baskets := belongings{in: cart.Collection, kind: cartpb.Kind, end: func() proto.Message { return &cartpb.Erase{} }}
	uses := belongings{in: promotion.Uses, kind: promotionpb.UseKind, end: func() proto.Message { return &promotionpb.Erase{} }}
	votes := belongings{in: review.Votes, kind: reviewpb.VoteKind, end: func() proto.Message { return &reviewpb.Forget{} }}
	opinions := belongings{in: review.Collection, kind: reviewpb.Kind, end: func() proto.Message { return &reviewpb.Anonymise{} }}
	return On(func(ctx context.Context, batch []*events.Delivery) []error {
		results := make([]error, len(batch))
		for i, d := range batch {
			var e events.UserDeleted
			switch err := d.Decode(&e); {
			case err != nil:
				results[i] = events.Permanent(err)
			case e.UserID != "":
				results[i] = endAll(ctx, store, a, d, entrepot.OwnedBy(e.UserID), wishes, watches, baskets, uses, opinions, votes)
			}
		}
		return results
	}, "user.deleted")
}

// Ratings keeps what products say of their approved reviews: how many of each
// number of stars. It counts the reviews again and sets all of it, so it does
// not matter how often an event comes, or in which order. Events of a product
// that come together are one count.
func Ratings(store persistence.Store, a grains.Asker) events.Handler {
	return On(func(ctx context.Context, batch []*events.Delivery) []error {
		// ReviewUpdated reads what all events of reviews have.
		return byThing(ctx, batch, func(e *events.ReviewUpdated) entrepot.ID { return e.ProductID },
			func(ctx context.Context, product entrepot.ID, _ *events.ReviewUpdated) error {
				return recount(ctx, store, a, product)
			})
	}, "review.updated", "review.approved", "review.rejected", "review.deleted")
}

// byThing does something once for each thing that events of a batch are of, with
// the last of them.
func byThing[E any, P interface {
	*E
	events.Event
}](
	ctx context.Context, batch []*events.Delivery, of func(*E) string, do func(ctx context.Context, thing string, last *E) error,
) []error {
	results := make([]error, len(batch))
	things, read := map[string][]int{}, make([]E, len(batch))
	for i, d := range batch {
		err := d.Decode(P(&read[i]))
		thing := of(&read[i])
		if err != nil || thing == "" {
			results[i] = events.Permanent(fmt.Errorf("%s of nothing: %w", d.Type, err))
			continue
		}
		things[thing] = append(things[thing], i)
	}
	var g errgroup.Group
	g.SetLimit(ends)
	for thing, at := range things {
		g.Go(func() error {
			last := at[len(at)-1]
			d := batch[last]
			err := do(entrepot.WithCaller(grains.WithTrace(ctx, d.TraceParent), entrepot.SystemCaller(d.ID)), thing, &read[last])
			for _, i := range at {
				results[i] = err
			}
			return nil
		})
	}
	_ = g.Wait() // errors are in the results
	return results
}

// recounts is how often in one delivery a count may turn out to be of the past.
const recounts = 5

// errCountMoves asks for another delivery.
var errCountMoves = errors.New("reviews or votes change faster than they are counted")

// recount sets what there is of each number of stars. An event comes after the
// write it tells of, so a count sees at least that; and of two members that count
// at once, whoever sets last looks last and sees both.
func recount(ctx context.Context, store persistence.Store, a grains.Asker, product entrepot.ID) error {
	count := func() ([]int64, error) { return stars(ctx, store, product) }
	return settle(count, func(counts []int64) error {
		_, err := a.Ask(ctx, productpb.Kind, product, &productpb.SetRating{Counts: counts})
		return err
	})
}

// settle counts, sets, and counts again until what was set is what there is. What
// it was counted for may be gone, and the counts with it.
func settle(count func() ([]int64, error), set func([]int64) error) error {
	counts, err := count()
	for range recounts {
		if err != nil {
			return err
		}
		if err = set(counts); entrepot.CodeOf(err) == entrepot.CodeNotFound {
			return nil
		}
		if err != nil {
			return err
		}
		var now []int64
		if now, err = count(); err == nil && slices.Equal(now, counts) {
			return nil
		}
		counts = now
	}
	return errCountMoves
}

// mostReviews bounds a count of one number of stars.
const mostReviews = 10_000_000

// stars counts a product's approved reviews of 1 to 5 stars.
func stars(ctx context.Context, store persistence.Store, product entrepot.ID) ([]int64, error) {
	counts := make([]int64, 5)
	for i := range counts {
		n, err := store.Count(ctx, review.Collection, entrepot.AllTenants(), []persistence.Cond{
			{Field: "productId", Value: product}, {Field: "status", Value: review.Approved}, {Field: "stars", Value: int64(i + 1)},
		}, mostReviews)
		if err != nil {
			return nil, err
		}
		counts[i] = int64(n)
	}
	return counts, nil
}
