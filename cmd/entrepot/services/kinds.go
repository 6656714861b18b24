package services

import (
	"entrepot/grains"
	"entrepot/grains/access"
	"entrepot/grains/apikey"
	"entrepot/grains/cart"
	"entrepot/grains/categories"
	"entrepot/grains/company"
	"entrepot/grains/companystats"
	"entrepot/grains/imports"
	"entrepot/grains/invitation"
	"entrepot/grains/mail"
	"entrepot/grains/order"
	"entrepot/grains/payment"
	"entrepot/grains/product"
	"entrepot/grains/promotion"
	"entrepot/grains/purchase"
	"entrepot/grains/recommend"
	"entrepot/grains/review"
	"entrepot/grains/series"
	"entrepot/grains/shipping"
	"entrepot/grains/shop"
	"entrepot/grains/sourcing"
	"entrepot/grains/stock"
	"entrepot/grains/stocktake"
	"entrepot/grains/stockwatch"
	"entrepot/grains/supplier"
	"entrepot/grains/transfer"
	"entrepot/grains/usage"
	"entrepot/grains/user"
	"entrepot/grains/warehouse"
	"entrepot/grains/wishlist"
)

// The kinds of grains by service; a new kind is one entry here.
var (
	authKinds      = []func() *grains.Kind{user.Kind, access.Kind, invitation.Kind, apikey.Kind, usage.Kind, mail.Kind}
	companyKinds   = []func() *grains.Kind{company.Kind, companystats.Kind}
	shopKinds      = []func() *grains.Kind{shop.Kind, shipping.Kind}
	ecommerceKinds = []func() *grains.Kind{
		product.Kind, categories.Kind, promotion.Kind, promotion.UseKind, imports.Kind, cart.Kind, wishlist.Kind,
		review.Kind, review.VoteKind, stockwatch.Kind, recommend.AffinityKind, recommend.TrendingKind, recommend.TasteKind,
	}
	salesKinds     = []func() *grains.Kind{order.Kind, series.Kind}
	paymentKinds   = []func() *grains.Kind{payment.Kind}
	inventoryKinds = []func() *grains.Kind{
		stock.Kind, warehouse.Kind, sourcing.Kind, transfer.Kind, stocktake.Kind, supplier.Kind, purchase.Kind,
	}
)
