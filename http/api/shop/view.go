package shop

import (
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains/shop/shop"
	"entrepot/http/rest"
)

// ShopView is a shop as the API shows it; its staff is shown to staff only.
type ShopView struct {
	ID          entrepot.ID       `json:"id"`
	Name        string            `json:"name"`
	CompanyID   entrepot.ID       `json:"companyId"`
	Location    rest.ShopLocation `json:"location"`
	ContactInfo ShopContact       `json:"contactInfo,omitzero"`
	ShopHours
	OpenNow    *bool         `json:"openNow,omitempty" doc:"for shops with operating hours"`
	NextChange *rest.Time    `json:"nextChange,omitempty" doc:"when it closes or opens next, if it does within a year"`
	Distance   *float64      `json:"distance,omitempty" doc:"kilometres from near"`
	ManagerID  entrepot.ID   `json:"managerId,omitempty"`
	StaffIDs   []entrepot.ID `json:"staffIds,omitempty"`
	IsActive   bool          `json:"isActive"`
	CreatedAt  rest.Time     `json:"createdAt"`
	UpdatedAt  rest.Time     `json:"updatedAt"`
}

func pointOf(l *rest.ShopLocation) *events.Point {
	if l.Coordinates == nil {
		return nil
	}
	return &events.Point{Lat: l.Coordinates.Lat, Lng: l.Coordinates.Lng}
}

// ShopContact is how a shop is reached.
type ShopContact struct {
	Email   string `json:"email,omitempty" maxLength:"254" pattern:"^[^@\\s]+@[^@\\s]+$" patternDescription:"an e-mail address" example:"harbour@example.com"`
	Phone   string `json:"phone,omitempty" maxLength:"40" example:"+49 40 123456"`
	Website string `json:"website,omitempty" maxLength:"500" pattern:"^https?://[^\\s]+$" patternDescription:"a web address" example:"https://example.com/harbour"`
}

// ShopHours are when a shop is open, by the clock of its time zone.
type ShopHours struct {
	Timezone        string             `json:"timezone,omitempty" maxLength:"64" doc:"IANA name; needed with hours" example:"Europe/Berlin"`
	OperatingHours  []OpeningSpan      `json:"operatingHours,omitempty" maxItems:"50"`
	HoursExceptions []OpeningException `json:"hoursExceptions,omitempty" maxItems:"400" doc:"each replaces the weekly hours that begin on its date"`
}

// OpeningSpan is a time the shop is open every week.
type OpeningSpan struct {
	Day   string `json:"day" enum:"monday,tuesday,wednesday,thursday,friday,saturday,sunday" doc:"day of opening"`
	Open  string `json:"open" pattern:"^([01][0-9]|2[0-3]):[0-5][0-9]$" patternDescription:"a time from 00:00 to 23:59" example:"09:00"`
	Close string `json:"close" pattern:"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$" patternDescription:"a time from 00:00 to 24:00" doc:"earlier than open: on the day after" example:"18:30"`
}

// OpeningException is a date with other hours.
type OpeningException struct {
	Date   string `json:"date" format:"date" example:"2026-12-24"`
	Closed bool   `json:"closed,omitempty" doc:"instead of open and close"`
	Open   string `json:"open,omitempty" maxLength:"5" example:"09:00"`
	Close  string `json:"close,omitempty" maxLength:"5" example:"14:00"`
	Reason string `json:"reason,omitempty" maxLength:"200" example:"Christmas Eve"`
}

func (h *ShopHours) hours() shop.Hours {
	out := shop.Hours{Timezone: h.Timezone}
	for _, s := range h.OperatingHours {
		out.Week = append(out.Week, events.OpeningSpan(s))
	}
	for _, e := range h.HoursExceptions {
		out.Exceptions = append(out.Exceptions, events.OpeningException(e))
	}
	return out
}

func (b *ShopBody) details() shop.Details {
	l := &b.Location
	return shop.Details{
		Name: b.Name, Address: l.Address, City: l.City, Region: l.State, Country: l.Country, Point: pointOf(l),
		Contact: events.ShopContact(b.ContactInfo), Hours: b.hours(),
	}
}

// view returns a shop as the API shows it now.
func (s *shopAPI) view(v *shop.Shop) ShopView { return ShopOf(v, s.Now()) }

// ShopOf returns a shop as the API shows it at a time.
func ShopOf(v *shop.Shop, now time.Time) ShopView {
	out := ShopView{
		ID: v.ID, Name: v.Name, CompanyID: v.CompanyID, ManagerID: v.ManagerID, StaffIDs: v.StaffIDs,
		Location:    rest.ShopLocation{Address: v.Address, City: v.City, State: v.Region, Country: v.Country},
		ContactInfo: ShopContact(v.Contact),
		ShopHours:   ShopHours{Timezone: v.Hours.Timezone},
		IsActive:    v.IsActive, CreatedAt: rest.Time(v.CreatedAt), UpdatedAt: rest.Time(v.UpdatedAt),
	}
	if p := v.Point; p != nil {
		out.Location.Coordinates = &rest.Coordinates{Lat: p.Lat, Lng: p.Lng}
	}
	for _, w := range v.Hours.Week {
		out.OperatingHours = append(out.OperatingHours, OpeningSpan(w))
	}
	for _, e := range v.Hours.Exceptions {
		out.HoursExceptions = append(out.HoursExceptions, OpeningException(e))
	}
	if v.Hours.Stated() {
		open, next := v.Hours.At(now)
		out.OpenNow = &open
		if at := rest.TimeOf(next); at != 0 {
			out.NextChange = &at
		}
	}
	return out
}

func (v *ShopView) distanceTo(from events.Point) float64 {
	return shop.Distance(from, events.Point{Lat: v.Location.Coordinates.Lat, Lng: v.Location.Coordinates.Lng})
}
