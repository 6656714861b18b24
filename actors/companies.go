package actors

import (
	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/companystats"
	"entrepot/grains/companystats/companystatspb"

	"google.golang.org/protobuf/proto"
)

// Companies counts the figures of companies from the events of all services.
func Companies(a grains.Asker) events.Handler {
	return perEvent(a, func(d *events.Delivery) (kind string, id entrepot.ID, cmd proto.Message, err error) {
		if d.CompanyID == "" || !companystats.Counts(d.Type) {
			return "", "", nil, nil // of a customer, or of nobody
		}
		c := &companystatspb.Count{What: d.Type, AtMs: d.OccurredAt.UnixMilli()}
		if d.Type == "payment.success" || d.Type == "payment.refunded" {
			var e events.PaymentSuccess // reads what both have: the amount that moved
			if err := d.Decode(&e); err != nil {
				return "", "", nil, events.Permanent(err)
			}
			m, err := entrepot.ParseMoney("amount", string(e.Amount), e.Currency)
			if err != nil {
				return "", "", nil, events.Permanent(err)
			}
			c.AmountMinor, c.Currency = m.Minor, m.Currency
		}
		return companystatspb.Kind, d.CompanyID, c, nil
	})
}
