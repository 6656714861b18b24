// Package companystats is a company's figures, counted from the events of all
// services: read in one step however much the company sells.
//
// Commands: Count. Queries: Get. Persisted: the whole [State]. It publishes
// nothing: what it counts has been told.
package companystats

import (
	"cmp"
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
)

// State is the figures. The zero State has counted nothing.
type State struct {
	CompanyID entrepot.ID `json:"companyId,omitempty"`
	Shops     int64       `json:"shops,omitempty"`
	Products  int64       `json:"products,omitempty"`
	Staff     int64       `json:"staff,omitempty"`
	Orders    int64       `json:"orders,omitempty"`
	Cancelled int64       `json:"cancelled,omitempty"`
	Paid      int64       `json:"paid,omitempty"`
	Takings   []takings   `json:"takings,omitempty"` // by currency
	CreatedAt int64       `json:"created,omitempty"` // Unix ms
	UpdatedAt int64       `json:"updated,omitempty"` // when the newest counted event happened
}

type takings struct {
	Currency string `json:"c"`
	Revenue  int64  `json:"r,omitempty"`
	Refunded int64  `json:"b,omitempty"`
	Paid     int64  `json:"p,omitempty"`
}

type counted struct {
	events.Private
	Company        entrepot.ID
	What           string
	Minor          int64
	Currency       string
	HappenedMs, At int64
}

// Counts reports whether an event of the type says something of the figures.
func Counts(what string) bool { return slices.Contains(Bindings, what) }

// Bindings are the types of events that are counted.
var Bindings = []string{
	"shop.created", "shop.deleted", "product.created", "product.deleted", "user.registered", "user.deleted",
	"order.created", "order.cancelled", "payment.success", "payment.refunded",
}

// Count adds what one event says.
func (s *State) Count(t entrepot.Turn, c Count) ([]events.Event, error) {
	switch {
	case t.Caller.Role != entrepot.System:
		return nil, entrepot.ErrNotFound
	case !Counts(c.What):
		return nil, entrepot.Invalid("what", "enum", "is not counted")
	case c.Amount < 0:
		return nil, entrepot.Invalid("amountMinor", "minimum", "must not be negative")
	}
	return []events.Event{counted{
		Company: t.ID, What: c.What, Minor: c.Amount, Currency: c.Currency, HappenedMs: c.At, At: t.Now.UnixMilli(),
	}}, nil
}

// Apply changes the state by one fact.
func (s *State) Apply(e events.Event) {
	f, ok := e.(counted)
	if !ok {
		return
	}
	if s.CompanyID == "" {
		s.CompanyID, s.CreatedAt = f.Company, f.At
	}
	s.UpdatedAt = max(s.UpdatedAt, f.HappenedMs)
	switch f.What {
	case "shop.created":
		s.Shops++
	case "shop.deleted":
		s.Shops--
	case "product.created":
		s.Products++
	case "product.deleted":
		s.Products--
	case "user.registered":
		s.Staff++
	case "user.deleted":
		s.Staff--
	case "order.created":
		s.Orders++
	case "order.cancelled":
		s.Cancelled++
	case "payment.success":
		s.Paid++
		k := s.of(f.Currency)
		k.Paid++
		k.Revenue += f.Minor
	case "payment.refunded":
		s.of(f.Currency).Refunded += f.Minor
	}
}

func (s *State) of(currency string) *takings {
	i, ok := slices.BinarySearchFunc(s.Takings, currency, func(k takings, c string) int { return cmp.Compare(k.Currency, c) })
	if !ok {
		s.Takings = slices.Insert(s.Takings, i, takings{Currency: currency})
	}
	return &s.Takings[i]
}

// Get answers the figures to the company's admins and the platform.
func (s *State) Get(t entrepot.Turn, _ Get) (*Stats, error) {
	if !t.Caller.Administers(t.ID) {
		return nil, entrepot.ErrNotFound
	}
	return s.View(), nil
}

// View is the figures.
func (s *State) View() *Stats {
	v := &Stats{
		Shops: s.Shops, Products: s.Products, Staff: s.Staff, Orders: s.Orders, CancelledOrders: s.Cancelled,
		PaidOrders: s.Paid, UpdatedAt: s.UpdatedAt,
	}
	for _, k := range s.Takings {
		v.Takings = append(v.Takings, Takings{
			Currency: k.Currency, Revenue: k.Revenue, Refunded: k.Refunded, PaidOrders: k.Paid,
		})
	}
	return v
}

func (s *State) createdAt() time.Time { return time.UnixMilli(s.CreatedAt).UTC() }
