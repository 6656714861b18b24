package shipping

import (
	"fmt"
	"slices"
	"strings"

	"entrepot"
)

// Limits of rules.
const (
	MaxZones   = 50
	MaxMethods = 10   // of a zone
	MaxSteps   = 20   // of a method
	MaxPostal  = 1000 // prefixes of postal codes, in all zones
	maxName    = 100
	maxID      = 40
	maxCode    = 12
	// maxPrice keeps an order's total within [entrepot.MaxMinor].
	maxPrice = entrepot.MaxMinor / 100
)

// check returns the error of the first broken rule.
func (r *Rules) check() error {
	switch {
	case !entrepot.ValidCurrency(r.Currency):
		return entrepot.Invalid("currency", "currency", "must be an ISO 4217 code such as EUR")
	case len(r.Zones) == 0 || len(r.Zones) > MaxZones:
		return entrepot.Invalid("zones", "length", "must have 1 to %d zones", MaxZones)
	}
	taken, postal := map[string]int{}, 0
	for i := range r.Zones {
		z, at := &r.Zones[i], fmt.Sprintf("zones[%d].", i)
		if err := z.check(at); err != nil {
			return err
		}
		if postal += len(z.PostalCodes); postal > MaxPostal {
			return entrepot.Invalid(at+"postalCodes", "maxItems", "must have at most %d in all zones", MaxPostal)
		}
		for _, place := range z.places() {
			if other, ok := taken[place]; ok {
				return entrepot.Invalid(at+"countries", "unique", "%s is in zones[%d] already", placeName(place), other)
			}
			taken[place] = i
		}
	}
	return nil
}

// places lists what a zone covers: a country, or a country and a prefix of postal
// codes; "" for everywhere else.
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

func placeName(place string) string {
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
			return entrepot.Invalid(fmt.Sprintf("%scountries[%d]", at, i), "country",
				"must be an ISO 3166-1 code of two capitals such as DE")
		}
	}
	if len(z.PostalCodes) > 0 && len(z.Countries) == 0 {
		return entrepot.Invalid(at+"postalCodes", "countries", "need countries in the same zone")
	}
	for i, p := range z.PostalCodes {
		if p == "" || len(p) > maxCode || strings.Trim(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
			return entrepot.Invalid(fmt.Sprintf("%spostalCodes[%d]", at, i), "postalCode",
				"must be the beginning of a postal code: 1 to %d letters and digits", maxCode)
		}
	}
	if len(z.Methods) == 0 || len(z.Methods) > MaxMethods {
		return entrepot.Invalid(at+"methods", "length", "must have 1 to %d methods", MaxMethods)
	}
	for i := range z.Methods {
		m, in := &z.Methods[i], fmt.Sprintf("%smethods[%d].", at, i)
		if err := m.check(in); err != nil {
			return err
		}
		if slices.ContainsFunc(z.Methods[:i], func(o Method) bool { return o.ID == m.ID }) {
			return entrepot.Invalid(in+"id", "unique", "must differ from the other methods of the zone; %s is used twice", m.ID)
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
		return entrepot.Invalid(at+"price", "range", "must be from 0 to %d minor units", int64(maxPrice))
	case m.FreeFrom < 0 || m.FreeFrom > entrepot.MaxMinor:
		return entrepot.Invalid(at+"freeFrom", "range", "must be from 0 to %d minor units", int64(entrepot.MaxMinor))
	case len(m.SubtotalSteps) > 0 && len(m.PieceSteps) > 0:
		return entrepot.Invalid(at+"pieceSteps", "exclusive", "must be absent when subtotalSteps are given")
	}
	if err := checkSteps(at+"subtotalSteps", m.SubtotalSteps); err != nil {
		return err
	}
	return checkSteps(at+"pieceSteps", m.PieceSteps)
}

func checkSteps(field string, steps []Step) error {
	if len(steps) > MaxSteps {
		return entrepot.Invalid(field, "maxItems", "must have at most %d steps", MaxSteps)
	}
	last := int64(0)
	for i, s := range steps {
		at := fmt.Sprintf("%s[%d].", field, i)
		switch {
		case s.From <= last || s.From > entrepot.MaxMinor:
			return entrepot.Invalid(at+"from", "ascending", "must be positive and larger than that of the step before")
		case s.Price < 0 || s.Price > maxPrice:
			return entrepot.Invalid(at+"price", "range", "must be from 0 to %d minor units", int64(maxPrice))
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
