package actors

import (
	"entrepot/events"
	"entrepot/grains/shop"
	"entrepot/persistence"
)

// Shops counts what shops sell: orders placed and cancelled, money taken and given back.
func Shops(store persistence.Store) events.Handler {
	return insert(store, shop.Sales, func(e *events.Envelope) (*persistence.Document, error) {
		s, counts, err := shop.SaleOf(e)
		if err != nil || !counts {
			return nil, err
		}
		state, err := store.Marshal(&struct{}{})
		return &persistence.Document{CompanyID: s.CompanyID, ShopID: s.ShopID, Fields: s.Fields(), State: state}, err
	})
}
