package shop

import (
	"entrepot/actors"
	"entrepot/events"
	"entrepot/grains/shop/shop"
	"entrepot/persistence"
)

// Sales records the sales of shops in [shop.Sales]: orders placed and cancelled, payments
// received and refunded.
func Sales(store persistence.Store) events.Handler {
	return actors.Insert(store, shop.Sales, func(d *events.Delivery) (*persistence.Document, error) {
		s, counts, err := shop.SaleOf(&d.Envelope)
		if err != nil || !counts {
			return nil, err
		}
		state, err := store.Marshal(&struct{}{})
		return &persistence.Document{CompanyID: s.CompanyID, ShopID: s.ShopID, Fields: s.Fields(), State: state}, err
	})
}
