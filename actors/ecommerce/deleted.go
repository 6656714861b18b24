package ecommerce

import (
	"context"

	"entrepot"
	"entrepot/actors"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/ecommerce/cart"
	"entrepot/grains/ecommerce/categories"
	"entrepot/grains/ecommerce/product"
	"entrepot/grains/ecommerce/promotion"
	"entrepot/grains/ecommerce/review"
	"entrepot/grains/ecommerce/stockwatch"
	"entrepot/grains/ecommerce/wishlist"
	"entrepot/persistence"
)

// Entities that end with their company.
var (
	products = actors.Owned{
		Collection: product.Collection, Kind: product.Name,
		End: product.Delete{},
	}
	categoryTrees = actors.Owned{
		Collection: categories.Collection, Kind: categories.Name,
		End: categories.Clear{},
	}
	reviews = actors.Owned{
		Collection: review.Collection, Kind: review.Name,
		End: review.Delete{},
	}
	promoCodes = actors.Owned{
		Collection: promotion.Collection, Kind: promotion.Name,
		End: promotion.Delete{},
	}
)

// Entities that end with their user, or lose their name: reviews, votes and uses of promo codes
// go on counting.
var (
	wishlists = actors.Owned{
		Collection: wishlist.Collection, Kind: wishlist.Name,
		End: wishlist.Erase{},
	}
	watches = actors.Owned{
		Collection: stockwatch.Collection, Kind: stockwatch.Name,
		End: stockwatch.Erase{},
	}
	carts = actors.Owned{
		Collection: cart.Collection, Kind: cart.Name,
		End: cart.Erase{},
	}
	promoUses = actors.Owned{
		Collection: promotion.Uses, Kind: promotion.UseName,
		End: promotion.Erase{},
	}
	reviewAuthors = actors.Owned{
		Collection: review.Collection, Kind: review.Name,
		End: review.Anonymise{},
	}
	voters = actors.Owned{
		Collection: review.Votes, Kind: review.VoteName,
		End: review.Forget{},
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
