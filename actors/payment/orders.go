package payment

import (
	"entrepot"
	"entrepot/actors"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/payment/payment"
)

// Orders opens the payment of every new order.
func Orders(a grains.Asker) events.Handler {
	return actors.CommandPerEvent(a, func(d *events.Delivery) (to grains.Ref, cmd any, err error) {
		if d.Type != "order.created" {
			return to, nil, nil
		}
		var e events.OrderCreated
		if err := d.Decode(&e); err != nil {
			return to, nil, events.Permanent(err)
		}
		m, err := entrepot.ParseMoney("total", string(e.Total), e.Currency)
		if err != nil {
			return to, nil, events.Permanent(err)
		}
		return payment.Of(payment.ID(e.OrderID)), payment.Open{
			OrderID: e.OrderID, CustomerID: e.CustomerID, CompanyID: e.CompanyID, ShopID: e.ShopID,
			Amount: m.Minor, Currency: m.Currency,
		}, nil
	})
}
