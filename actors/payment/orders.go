package payment

import (
	"entrepot"
	"entrepot/actors"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/payment/paymentpb"

	"google.golang.org/protobuf/proto"
)

// Orders opens the payment of every new order.
func Orders(a grains.Asker) events.Handler {
	return actors.CommandPerEvent(a, func(d *events.Delivery) (string, entrepot.ID, proto.Message, error) {
		if d.Type != "order.created" {
			return "", "", nil, nil
		}
		var e events.OrderCreated
		if err := d.Decode(&e); err != nil {
			return "", "", nil, events.Permanent(err)
		}
		m, err := entrepot.ParseMoney("total", string(e.Total), e.Currency)
		if err != nil {
			return "", "", nil, events.Permanent(err)
		}
		return paymentpb.Kind, paymentpb.ID(e.OrderID), &paymentpb.Open{
			OrderId: e.OrderID, CustomerId: e.CustomerID, CompanyId: e.CompanyID, ShopId: e.ShopID,
			AmountMinor: m.Minor, Currency: m.Currency,
		}, nil
	})
}
