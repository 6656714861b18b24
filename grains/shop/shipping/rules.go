package shipping

import (
	"slices"
	"strings"
	"time"

	"entrepot"
	"entrepot/events"
)

// clone returns a deep copy; nil of nil.
func (r *Rules) clone() *Rules {
	if r == nil {
		return nil
	}
	out := *r
	out.Zones = slices.Clone(r.Zones)
	for i := range out.Zones {
		z := &out.Zones[i]
		z.Countries, z.PostalCodes = slices.Clone(z.Countries), slices.Clone(z.PostalCodes)
		z.Methods = slices.Clone(z.Methods)
		for j := range z.Methods {
			m := &z.Methods[j]
			m.SubtotalSteps, m.PieceSteps = slices.Clone(m.SubtotalSteps), slices.Clone(m.PieceSteps)
		}
	}
	return &out
}

// normalized returns a copy with trimmed names and with postal codes as they are
// compared; nil of nil.
func (r *Rules) normalized() *Rules {
	out := r.clone()
	if out == nil {
		return nil
	}
	for i := range out.Zones {
		z := &out.Zones[i]
		z.Name = strings.TrimSpace(z.Name)
		for j, code := range z.PostalCodes {
			z.PostalCodes[j] = postal(code)
		}
		for j := range z.Methods {
			z.Methods[j].Name = strings.TrimSpace(z.Methods[j].Name)
		}
	}
	return out
}

// public returns the event that publishes the rules.
func (r *Rules) public(company, shop entrepot.ID, now time.Time) events.ShippingUpdated {
	amount := func(minor int64) entrepot.Amount {
		return entrepot.Money{Minor: minor, Currency: r.Currency}.Amount()
	}
	e := events.ShippingUpdated{
		CompanyID: company, ShopID: shop, Currency: r.Currency, Taxed: r.Taxed, UpdatedAt: now,
	}
	for _, z := range r.Zones {
		zone := events.ShippingZone{
			Name: z.Name, Countries: slices.Clone(z.Countries), PostalCodes: slices.Clone(z.PostalCodes),
		}
		for _, x := range z.Methods {
			method := events.ShippingMethod{ID: x.ID, Name: x.Name, Price: amount(x.Price)}
			if x.FreeFrom > 0 {
				method.FreeFrom = amount(x.FreeFrom)
			}
			for _, s := range x.SubtotalSteps {
				step := events.SubtotalStep{From: amount(s.From), Price: amount(s.Price)}
				method.SubtotalSteps = append(method.SubtotalSteps, step)
			}
			for _, s := range x.PieceSteps {
				method.PieceSteps = append(method.PieceSteps, events.PieceStep{From: s.From, Price: amount(s.Price)})
			}
			zone.Methods = append(zone.Methods, method)
		}
		e.Zones = append(e.Zones, zone)
	}
	return e
}
