package ecommerce

import (
	"context"

	"entrepot"
	"entrepot/actors"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/cart"
	"entrepot/grains/cart/cartpb"
	"entrepot/grains/categories"
	"entrepot/grains/categories/categoriespb"
	"entrepot/grains/product"
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

	"google.golang.org/protobuf/proto"
)

// Entities that end with their company.
var (
	products = actors.Owned{
		Collection: product.Collection, Kind: productpb.Kind,
		End: func() proto.Message { return &productpb.Delete{} },
	}
	categoryTrees = actors.Owned{
		Collection: categories.Collection, Kind: categoriespb.Kind,
		End: func() proto.Message { return &categoriespb.Clear{} },
	}
	reviews = actors.Owned{
		Collection: review.Collection, Kind: reviewpb.Kind,
		End: func() proto.Message { return &reviewpb.Delete{} },
	}
	promoCodes = actors.Owned{
		Collection: promotion.Collection, Kind: promotionpb.Kind,
		End: func() proto.Message { return &promotionpb.Delete{} },
	}
)

// Entities that end with their user, or lose their name: reviews, votes and uses of promo codes
// go on counting.
var (
	wishlists = actors.Owned{
		Collection: wishlist.Collection, Kind: wishlistpb.Kind,
		End: func() proto.Message { return &wishlistpb.Erase{} },
	}
	watches = actors.Owned{
		Collection: stockwatch.Collection, Kind: stockwatchpb.Kind,
		End: func() proto.Message { return &stockwatchpb.Erase{} },
	}
	carts = actors.Owned{
		Collection: cart.Collection, Kind: cartpb.Kind,
		End: func() proto.Message { return &cartpb.Erase{} },
	}
	promoUses = actors.Owned{
		Collection: promotion.Uses, Kind: promotionpb.UseKind,
		End: func() proto.Message { return &promotionpb.Erase{} },
	}
	reviewAuthors = actors.Owned{
		Collection: review.Collection, Kind: reviewpb.Kind,
		End: func() proto.Message { return &reviewpb.Anonymise{} },
	}
	voters = actors.Owned{
		Collection: review.Votes, Kind: reviewpb.VoteKind,
		End: func() proto.Message { return &reviewpb.Forget{} },
	}
)

// CompanyDeleted deletes the products, categories, reviews and promo codes of a deleted company.
func CompanyDeleted(store persistence.Store, a grains.Asker) events.Handler {
	return actors.OnCompanyDeleted(store, a, products, categoryTrees, reviews, promoCodes)
}

// CustomerDeleted erases the cart, the wishlist and the stock watches of a deleted customer, and
// anonymises the customer's reviews, votes and uses of promo codes.
func CustomerDeleted(store persistence.Store, a grains.Asker) events.Handler {
	return actors.On(actors.EachOf(func(ctx context.Context, d *events.Delivery) error {
		var e events.UserDeleted
		switch err := d.Decode(&e); {
		case err != nil:
			return events.Permanent(err)
		case e.UserID == "":
			return nil
		}
		return actors.EndAll(ctx, store, a, d, entrepot.OwnedBy(e.UserID),
			wishlists, watches, carts, promoUses, reviewAuthors, voters)
	}), "user.deleted")
}
