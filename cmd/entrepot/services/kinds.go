package services

import (
	"entrepot/grains"
	"entrepot/grains/auth/access"
	"entrepot/grains/auth/apikey"
	"entrepot/grains/auth/invitation"
	"entrepot/grains/auth/mail"
	"entrepot/grains/auth/usage"
	"entrepot/grains/auth/user"
	"entrepot/grains/company/company"
	"entrepot/grains/company/companystats"
	"entrepot/grains/ecommerce/cart"
	"entrepot/grains/ecommerce/categories"
	"entrepot/grains/ecommerce/imports"
	"entrepot/grains/ecommerce/product"
	"entrepot/grains/ecommerce/promotion"
	"entrepot/grains/ecommerce/recommend"
	"entrepot/grains/ecommerce/review"
	"entrepot/grains/ecommerce/stockwatch"
	"entrepot/grains/ecommerce/wishlist"
	"entrepot/grains/inventory/purchase"
	"entrepot/grains/inventory/sourcing"
	"entrepot/grains/inventory/stock"
	"entrepot/grains/inventory/stocktake"
	"entrepot/grains/inventory/supplier"
	"entrepot/grains/inventory/transfer"
	"entrepot/grains/inventory/warehouse"
	"entrepot/grains/payment/payment"
	"entrepot/grains/sales/order"
	"entrepot/grains/sales/series"
	"entrepot/grains/shop/shipping"
	"entrepot/grains/shop/shop"
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
