package shop

import (
	"strings"

	"entrepot"
	"entrepot/events"
)

// Details is a shop's description of itself.
type Details struct {
	Name    string             `json:"name,omitempty"`
	Address string             `json:"address,omitempty"`
	City    string             `json:"city,omitempty"`
	Region  string             `json:"state,omitempty"`
	Country string             `json:"country,omitempty"`
	Point   *events.Point      `json:"point,omitempty"` // nil: unknown
	Contact events.ShopContact `json:"contact,omitzero"`
	Hours   Hours              `json:"hours,omitzero"`
}

func (d *Details) check() error {
	if strings.TrimSpace(d.Name) == "" {
		return entrepot.Invalid("name", "required", "must be given")
	}
	if err := checkPoint(d.Point); err != nil {
		return err
	}
	return d.Hours.check()
}

// publish sets the details of an event's shop.
func (d *Details) publish(s *events.Shop) {
	c := d.clone()
	s.Name, s.ContactInfo = c.Name, c.Contact
	s.Location = events.Location{
		Address: c.Address, City: c.City, State: c.Region, Country: c.Country, Coordinates: c.Point,
	}
	s.Timezone, s.OperatingHours, s.HoursExceptions = c.Hours.Timezone, c.Hours.Week, c.Hours.Exceptions
}

// published returns the details of an event's shop.
func published(s *events.Shop) Details {
	l := s.Location
	d := Details{
		Name: s.Name, Address: l.Address, City: l.City, Region: l.State, Country: l.Country, Point: l.Coordinates,
		Contact: s.ContactInfo,
		Hours:   Hours{Timezone: s.Timezone, Week: s.OperatingHours, Exceptions: s.HoursExceptions},
	}
	return d.clone()
}

// clone returns a deep copy, with nil for empty lists.
func (d *Details) clone() Details {
	c := *d
	if d.Point != nil {
		p := *d.Point
		c.Point = &p
	}
	c.Hours.Week = append([]events.OpeningSpan(nil), d.Hours.Week...)
	c.Hours.Exceptions = append([]events.OpeningException(nil), d.Hours.Exceptions...)
	return c
}
