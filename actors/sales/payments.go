package sales

import (
	"entrepot"
	"entrepot/actors"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/order/orderpb"

	"google.golang.org/protobuf/proto"
)

// Payments reports the success or failure of a payment to its order.
func Payments(a grains.Asker) events.Handler {
	return actors.CommandPerEvent(a, func(d *events.Delivery) (string, entrepot.ID, proto.Message, error) {
		switch d.Type {
		case "payment.success":
			var e events.PaymentSuccess
			if err := d.Decode(&e); err != nil {
				return "", "", nil, events.Permanent(err)
			}
			m, err := entrepot.ParseMoney("amount", string(e.Amount), e.Currency)
			if err != nil {
				return "", "", nil, events.Permanent(err)
			}
			paid := &orderpb.Paid{PaymentId: e.PaymentID, AmountMinor: m.Minor, Currency: m.Currency}
			return orderpb.Kind, e.OrderID, paid, nil
		case "payment.failed":
			var e events.PaymentFailed
			if err := d.Decode(&e); err != nil {
				return "", "", nil, events.Permanent(err)
			}
			return orderpb.Kind, e.OrderID, &orderpb.PaymentFailed{PaymentId: e.PaymentID, Reason: e.Reason}, nil
		}
		return "", "", nil, nil
	})
}
