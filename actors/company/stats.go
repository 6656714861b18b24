package company

import (
	"entrepot"
	"entrepot/actors"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/company/companystats"
)

// Stats counts the events of all services in the figures of their companies. Events without a
// company, such as the registration of a customer, are skipped.
func Stats(a grains.Asker) events.Handler {
	return actors.CommandPerEvent(a, func(d *events.Delivery) (to grains.Ref, cmd any, err error) {
		if d.CompanyID == "" || !companystats.Counts(d.Type) {
			return to, nil, nil
		}
		c := companystats.Count{What: d.Type, At: d.OccurredAt.UnixMilli()}
		if d.Type == "payment.success" || d.Type == "payment.refunded" {
			var e events.PaymentSuccess // both types have its amount and currency
			if err := d.Decode(&e); err != nil {
				return to, nil, events.Permanent(err)
			}
			m, err := entrepot.ParseMoney("amount", string(e.Amount), e.Currency)
			if err != nil {
				return to, nil, events.Permanent(err)
			}
			c.Amount, c.Currency = m.Minor, m.Currency
		}
		return companystats.Of(d.CompanyID), c, nil
	})
}
