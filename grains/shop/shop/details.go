package shop

import (
	"slices"
	"strings"

	"entrepot"
	"entrepot/events"
)

// Details are what a shop says of itself.
type Details struct {
	Name    string             `json:"name,omitempty"`
	Address string             `json:"address,omitempty"`
	City    string             `json:"city,omitempty"`
	Region  string             `json:"state,omitempty"`
	Country string             `json:"country,omitempty"`
	Point   *events.Point      `json:"point,omitempty"` // nil: not told
	Contact events.ShopContact `json:"contact,omitzero"`
	Hours   Hours              `json:"hours,omitzero"`
}

func detailsOf(c Create) Details {
	d := Details{
		Name: c.Name, Address: c.Address, City: c.City, Region: c.State, Country: c.Country,
		Contact: events.ShopContact{Email: c.Contact.Email, Phone: c.Contact.Phone, Website: c.Contact.Website},
		Hours:   HoursOf(c.Hours),
	}
	if p := c.Point; p != nil {
		d.Point = &events.Point{Lat: p.Lat, Lng: p.Lng}
	}
	return d
}

// HoursOf are the hours of a message.
func HoursOf(m OpeningHours) Hours {
	h := Hours{Timezone: m.Timezone}
	for _, s := range m.Week {
		h.Week = append(h.Week, events.OpeningSpan{Day: s.Day, Open: s.Open, Close: s.Close})
	}
	for _, e := range m.Exceptions {
		h.Exceptions = append(h.Exceptions, events.OpeningException{Date: e.Date, Closed: e.Closed, Open: e.Open, Close: e.Close, Reason: e.Reason})
	}
	return h
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

// tell puts the details into an event's shop.
func (d *Details) tell(s *events.Shop) {
	s.Name, s.ContactInfo = d.Name, d.Contact
	s.Location = events.Location{Address: d.Address, City: d.City, State: d.Region, Country: d.Country, Coordinates: clonePoint(d.Point)}
	s.Timezone, s.OperatingHours, s.HoursExceptions = d.Hours.Timezone, slices.Clone(d.Hours.Week), slices.Clone(d.Hours.Exceptions)
}

// told is the other way round.
func told(s *events.Shop) Details {
	l := s.Location
	return Details{
		Name: s.Name, Address: l.Address, City: l.City, Region: l.State, Country: l.Country, Point: clonePoint(l.Coordinates), Contact: s.ContactInfo,
		Hours: Hours{Timezone: s.Timezone, Week: slices.Clone(s.OperatingHours), Exceptions: slices.Clone(s.HoursExceptions)},
	}
}

// show puts the details into an answer.
func (d *Details) show(v *Shop) {
	v.Name, v.Address, v.City, v.State, v.Country = d.Name, d.Address, d.City, d.Region, d.Country
	v.Contact = Contact{Email: d.Contact.Email, Phone: d.Contact.Phone, Website: d.Contact.Website}
	v.Hours = OpeningHours{Timezone: d.Hours.Timezone}
	if d.Point != nil {
		v.Point = &Point{Lat: d.Point.Lat, Lng: d.Point.Lng}
	}
	for _, s := range d.Hours.Week {
		v.Hours.Week = append(v.Hours.Week, Span{Day: s.Day, Open: s.Open, Close: s.Close})
	}
	for _, e := range d.Hours.Exceptions {
		v.Hours.Exceptions = append(v.Hours.Exceptions, Exception{Date: e.Date, Closed: e.Closed, Open: e.Open, Close: e.Close, Reason: e.Reason})
	}
}

func clonePoint(p *events.Point) *events.Point {
	if p == nil {
		return nil
	}
	c := *p
	return &c
}
