package sales

import (
	"entrepot"
	"entrepot/actors"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/sales/order"
)

// Payments reports the success or failure of a payment to its order.
func Payments(a grains.Asker) events.Handler {
	return actors.CommandPerEvent(a, func(d *events.Delivery) (to grains.Ref, cmd any, err error) {
		switch d.Type {
		case "payment.success":
			var e events.PaymentSuccess
			if err := d.Decode(&e); err != nil {
				return to, nil, events.Permanent(err)
			}
			m, err := entrepot.ParseMoney("amount", string(e.Amount), e.Currency)
			if err != nil {
				return to, nil, events.Permanent(err)
			}
			paid := order.PaymentReceived{PaymentID: e.PaymentID, Amount: m.Minor, Currency: m.Currency}
			return order.Of(e.OrderID), paid, nil
		case "payment.failed":
			var e events.PaymentFailed
			if err := d.Decode(&e); err != nil {
				return to, nil, events.Permanent(err)
			}
			return order.Of(e.OrderID), order.PaymentFailed{PaymentID: e.PaymentID, Reason: e.Reason}, nil
		}
		return to, nil, nil
	})
}
