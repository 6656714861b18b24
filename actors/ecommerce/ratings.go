package ecommerce

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"entrepot"
	"entrepot/actors"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/ecommerce/product"
	"entrepot/grains/ecommerce/review"
	"entrepot/persistence"
)

// Ratings keeps the counts of approved reviews by number of stars in the products. It recounts
// and sets all five, so repeated and reordered events do no harm. The events of a product in
// one batch cost one recount.
func Ratings(store persistence.Store, a grains.Asker) events.Handler {
	return actors.On(func(ctx context.Context, batch []*events.Delivery) []error {
		// All review events have the productId of ReviewUpdated.
		return oncePerKey(ctx, batch, func(e *events.ReviewUpdated) entrepot.ID { return e.ProductID },
			func(ctx context.Context, productID entrepot.ID, _ *events.ReviewUpdated) error {
				return recountStars(ctx, store, a, productID)
			})
	}, "review.updated", "review.approved", "review.rejected", "review.deleted")
}

// concurrentKeys bounds the calls that oncePerKey makes at the same time.
const concurrentKeys = 16

// oncePerKey calls do once for each key of the batch, with the key's last event. Events that
// cannot be decoded, or have an empty key, fail for good.
func oncePerKey[E any, P interface {
	*E
	events.Event
}](
	ctx context.Context, batch []*events.Delivery, keyOf func(*E) string,
	do func(ctx context.Context, key string, last *E) error,
) []error {
	results := make([]error, len(batch))
	byKey, decoded := map[string][]int{}, make([]E, len(batch))
	for i, d := range batch {
		err := d.Decode(P(&decoded[i]))
		key := keyOf(&decoded[i])
		if err != nil || key == "" {
			results[i] = actors.Malformed(d, err, "id of the review or product")
			continue
		}
		byKey[key] = append(byKey[key], i)
	}
	keys := slices.Collect(maps.Keys(byKey))
	_ = actors.FanOut(ctx, concurrentKeys, keys, func(ctx context.Context, key string) error {
		at := byKey[key]
		last := at[len(at)-1]
		err := do(actors.AsSystem(ctx, batch[last]), key, &decoded[last])
		for _, i := range at {
			results[i] = err
		}
		return nil // the errors are in results
	})
	return results
}

// maxRecounts bounds the recounts of one delivery.
const maxRecounts = 5

// errCountChanges asks for another delivery.
var errCountChanges = fmt.Errorf("reviews or votes changed during %d recounts", maxRecounts)

// recountStars sets the counts of a product's stars. An event follows the write it reports, so
// the count includes at least that write. When two members recount at once, the last to set also
// counts last, and sees the writes of both.
func recountStars(ctx context.Context, store persistence.Store, a grains.Asker, productID entrepot.ID) error {
	count := func() ([]int64, error) { return countStars(ctx, store, productID) }
	return recount(count, func(counts []int64) error {
		_, err := grains.Ask(ctx, a, product.Of(productID), product.SetRating{Counts: counts})
		return err
	})
}

// recount counts and sets until the stored count matches a new count. The counted entity may have
// been deleted; then there is nothing to do.
func recount(count func() ([]int64, error), set func([]int64) error) error {
	counts, err := count()
	for range maxRecounts {
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
	return errCountChanges
}

// maxCounted bounds a count of reviews with one number of stars, and of the votes for a review.
const maxCounted = 10_000_000

// countStars counts a product's approved reviews of 1 to 5 stars.
func countStars(ctx context.Context, store persistence.Store, productID entrepot.ID) ([]int64, error) {
	counts := make([]int64, 5)
	for i := range counts {
		n, err := store.Count(ctx, review.Collection, entrepot.AllTenants(), []persistence.Cond{
			{Field: "productId", Value: productID},
			{Field: "status", Value: review.Approved},
			{Field: "stars", Value: int64(i + 1)},
		}, maxCounted)
		if err != nil {
			return nil, err
		}
		counts[i] = int64(n)
	}
	return counts, nil
}
