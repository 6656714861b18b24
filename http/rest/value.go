package rest

import (
	"time"

	"entrepot"

	"github.com/danielgtaylor/huma/v2"
)

// Amount returns minor units of a currency as the decimal of the API.
func Amount(minor int64, currency string) entrepot.Amount {
	return entrepot.Money{Minor: minor, Currency: currency}.Amount()
}

// TimeOrNone returns a moment in Unix ms for JSON, nil for 0.
func TimeOrNone(ms int64) *Time {
	if ms == 0 {
		return nil
	}
	t := Time(ms)
	return &t
}

// Time is a moment in Unix milliseconds, written as RFC 3339 in UTC.
type Time int64

// MarshalJSON writes "2026-01-31T12:00:00.000Z".
func (t Time) MarshalJSON() ([]byte, error) {
	b := make([]byte, 0, 26)
	b = append(b, '"')
	b = time.UnixMilli(int64(t)).UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z")
	return append(b, '"'), nil
}

// Schema is a string of the date-time format.
func (Time) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date-time", Examples: []any{"2026-01-31T12:00:00.000Z"}}
}

// TimeOf returns a moment for JSON; the zero time is 0.
func TimeOf(t time.Time) Time {
	if t.IsZero() {
		return 0
	}
	return Time(t.UnixMilli())
}

// Pricing is what an order costs, in its currency.
type Pricing struct {
	Subtotal entrepot.Amount `json:"subtotal"`
	Tax      entrepot.Amount `json:"tax"`
	Shipping entrepot.Amount `json:"shipping"`
	Discount entrepot.Amount `json:"discount"`
	Total    entrepot.Amount `json:"total"`
}

// Coordinates are a point on Earth in degrees (WGS 84).
type Coordinates struct {
	Lat float64 `json:"lat" minimum:"-90" maximum:"90" example:"53.5436"`
	Lng float64 `json:"lng" minimum:"-180" maximum:"180" example:"9.9663"`
}

// ShopLocation is where a shop is.
type ShopLocation struct {
	Address     string       `json:"address,omitempty" maxLength:"200" example:"Am Kai 1"`
	City        string       `json:"city,omitempty" maxLength:"100" example:"Hamburg"`
	State       string       `json:"state,omitempty" maxLength:"100" example:"Hamburg"`
	Country     string       `json:"country,omitempty" maxLength:"100" example:"DE"`
	Coordinates *Coordinates `json:"coordinates,omitempty"`
}
