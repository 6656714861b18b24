package shipping

import (
	"slices"
	"strings"
	"time"

	"entrepot"
	"entrepot/events"
)

// RulesOf are the rules of a message, with codes as they are compared; nil for none.
func RulesOf(r *Rules) *Rules {
	if r == nil {
		return nil
	}
	out := &Rules{Currency: r.Currency, Taxed: r.Taxed}
	for _, z := range r.Zones {
		zone := Zone{Name: strings.TrimSpace(z.Name), Countries: slices.Clone(z.Countries)}
		for _, p := range z.PostalCodes {
			zone.PostalCodes = append(zone.PostalCodes, postal(p))
		}
		for _, m := range z.Methods {
			zone.Methods = append(zone.Methods, Method{
				ID: m.ID, Name: strings.TrimSpace(m.Name), Price: m.Price, FreeFrom: m.FreeFrom,
				SubtotalSteps: stepsOf(m.SubtotalSteps), PieceSteps: stepsOf(m.PieceSteps),
			})
		}
		out.Zones = append(out.Zones, zone)
	}
	return out
}

func stepsOf(steps []Step) (out []Step) {
	for _, s := range steps {
		out = append(out, Step{s.From, s.Price})
	}
	return out
}

func (r *Rules) pb() *Rules {
	out := &Rules{Currency: r.Currency, Taxed: r.Taxed}
	for _, z := range r.Zones {
		zone := Zone{Name: z.Name, Countries: slices.Clone(z.Countries), PostalCodes: slices.Clone(z.PostalCodes)}
		for _, m := range z.Methods {
			zone.Methods = append(zone.Methods, Method{
				ID: m.ID, Name: m.Name, Price: m.Price, FreeFrom: m.FreeFrom,
				SubtotalSteps: pbSteps(m.SubtotalSteps), PieceSteps: pbSteps(m.PieceSteps),
			})
		}
		out.Zones = append(out.Zones, zone)
	}
	return out
}

func pbSteps(steps []Step) (out []Step) {
	for _, s := range steps {
		out = append(out, Step{From: s.From, Price: s.Price})
	}
	return out
}

// public is the rules as the event tells them.
func (r *Rules) public(company, shop entrepot.ID, now time.Time) events.ShippingUpdated {
	m := func(minor int64) entrepot.Amount { return entrepot.Money{Minor: minor, Currency: r.Currency}.Amount() }
	e := events.ShippingUpdated{CompanyID: company, ShopID: shop, Currency: r.Currency, Taxed: r.Taxed, UpdatedAt: now}
	for _, z := range r.Zones {
		zone := events.ShippingZone{Name: z.Name, Countries: slices.Clone(z.Countries), PostalCodes: slices.Clone(z.PostalCodes)}
		for _, x := range z.Methods {
			method := events.ShippingMethod{ID: x.ID, Name: x.Name, Price: m(x.Price)}
			if x.FreeFrom > 0 {
				method.FreeFrom = m(x.FreeFrom)
			}
			for _, s := range x.SubtotalSteps {
				method.SubtotalSteps = append(method.SubtotalSteps, events.SubtotalStep{From: m(s.From), Price: m(s.Price)})
			}
			for _, s := range x.PieceSteps {
				method.PieceSteps = append(method.PieceSteps, events.PieceStep{From: s.From, Price: m(s.Price)})
			}
			zone.Methods = append(zone.Methods, method)
		}
		e.Zones = append(e.Zones, zone)
	}
	return e
}
