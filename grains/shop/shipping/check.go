package shipping

import (
	"fmt"
	"slices"
	"strings"

	"entrepot"
)

// The bounds of rules.
const (
	MaxZones   = 50
	MaxMethods = 10   // of a zone
	MaxSteps   = 20   // of a method
	MaxPostal  = 1000 // beginnings of postal codes in all
	maxName    = 100
	maxID      = 40
	maxCode    = 12
	// maxPrice keeps an order's total within what amounts may be.
	maxPrice = entrepot.MaxMinor / 100
)

func (r *Rules) check() error {
	switch {
	case !entrepot.ValidCurrency(r.Currency):
		return entrepot.Invalid("currency", "currency", "must be an ISO 4217 code such as EUR")
	case len(r.Zones) == 0 || len(r.Zones) > MaxZones:
		return entrepot.Invalid("zones", "length", "must be 1 to %d zones", MaxZones)
	}
	taken, postal := map[string]int{}, 0
	for i := range r.Zones {
		z, at := &r.Zones[i], fmt.Sprintf("zones[%d].", i)
		if err := z.check(at); err != nil {
			return err
		}
		if postal += len(z.PostalCodes); postal > MaxPostal {
			return entrepot.Invalid(at+"postalCodes", "maxItems", "at most %d in all zones", MaxPostal)
		}
		for _, place := range z.places() {
			if other, is := taken[place]; is {
				return entrepot.Invalid(at+"countries", "unique", "%s is in zones[%d] already", named(place), other)
			}
			taken[place] = i
		}
	}
	return nil
}

// places are what a zone claims: country and beginning of postal codes; "" for everywhere else.
func (z *Zone) places() (out []string) {
	if len(z.Countries) == 0 {
		return []string{""}
	}
	for _, country := range z.Countries {
		if len(z.PostalCodes) == 0 {
			out = append(out, country)
		}
		for _, code := range z.PostalCodes {
			out = append(out, country+" "+code)
		}
	}
	return out
}

func named(place string) string {
	if place == "" {
		return "everywhere else"
	}
	return place
}

func (z *Zone) check(at string) error {
	if err := checkName(at+"name", z.Name); err != nil {
		return err
	}
	for i, c := range z.Countries {
		if !isCountry(c) {
			return entrepot.Invalid(fmt.Sprintf("%scountries[%d]", at, i), "country", "must be an ISO 3166-1 code of two capitals such as DE")
		}
	}
	if len(z.PostalCodes) > 0 && len(z.Countries) == 0 {
		return entrepot.Invalid(at+"postalCodes", "countries", "are of the countries of a zone, and it names none")
	}
	for i, p := range z.PostalCodes {
		if p == "" || len(p) > maxCode || strings.Trim(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
			return entrepot.Invalid(fmt.Sprintf("%spostalCodes[%d]", at, i), "postalCode", "must be the beginning of a postal code: 1 to %d letters and digits", maxCode)
		}
	}
	if len(z.Methods) == 0 || len(z.Methods) > MaxMethods {
		return entrepot.Invalid(at+"methods", "length", "must be 1 to %d methods", MaxMethods)
	}
	for i := range z.Methods {
		m, in := &z.Methods[i], fmt.Sprintf("%smethods[%d].", at, i)
		if err := m.check(in); err != nil {
			return err
		}
		if slices.ContainsFunc(z.Methods[:i], func(o Method) bool { return o.ID == m.ID }) {
			return entrepot.Invalid(in+"id", "unique", "the zone has a method %s already", m.ID)
		}
	}
	return nil
}

func (m *Method) check(at string) error {
	if !validID(m.ID) {
		return entrepot.Invalid(at+"id", "id", "must be 1 to %d lower-case letters, digits and dashes", maxID)
	}
	if err := checkName(at+"name", m.Name); err != nil {
		return err
	}
	switch {
	case m.Price < 0 || m.Price > maxPrice:
		return entrepot.Invalid(at+"price", "range", "must be non-negative and not that large")
	case m.FreeFrom < 0 || m.FreeFrom > entrepot.MaxMinor:
		return entrepot.Invalid(at+"freeFrom", "range", "must be non-negative and not that large")
	case len(m.SubtotalSteps) > 0 && len(m.PieceSteps) > 0:
		return entrepot.Invalid(at+"pieceSteps", "exclusive", "a price goes by the subtotal or by the pieces")
	}
	if err := checkSteps(at+"subtotalSteps", m.SubtotalSteps); err != nil {
		return err
	}
	return checkSteps(at+"pieceSteps", m.PieceSteps)
}

func checkSteps(field string, steps []Step) error {
	if len(steps) > MaxSteps {
		return entrepot.Invalid(field, "maxItems", "at most %d steps", MaxSteps)
	}
	last := int64(0)
	for i, s := range steps {
		at := fmt.Sprintf("%s[%d].", field, i)
		switch {
		case s.From <= last || s.From > entrepot.MaxMinor:
			return entrepot.Invalid(at+"from", "ascending", "must be positive and more than that of the step before")
		case s.Price < 0 || s.Price > maxPrice:
			return entrepot.Invalid(at+"price", "range", "must be non-negative and not that large")
		}
		last = s.From
	}
	return nil
}

func checkName(field, name string) error {
	if strings.TrimSpace(name) == "" || len(name) > 4*maxName {
		return entrepot.Invalid(field, "length", "must be 1 to %d characters", maxName)
	}
	return nil
}

func validID(id string) bool {
	if id == "" || len(id) > maxID {
		return false
	}
	for i := range len(id) {
		if c := id[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}
