// Package companystats counts a company's figures from the events of all services,
// so that they are read in one step however much the company sells.
//
// Commands: Count. Queries: Get. Persisted: the whole [State]. It publishes
// nothing, because it only counts published events.
package companystats

import (
	"cmp"
	"slices"

	"entrepot"
	"entrepot/events"
)

// State holds the figures. The zero State has counted nothing.
type State struct {
	CompanyID entrepot.ID `json:"companyId,omitempty"`
	Stats
	CreatedAt int64 `json:"created,omitempty"` // Unix ms
}

// counted is a Count of a company, recorded at a time.
type counted struct {
	events.Private
	Count
	CompanyID  entrepot.ID
	RecordedAt int64 // Unix ms
}

// Counts reports whether events of the type are counted.
func Counts(what string) bool { return slices.Contains(Bindings, what) }

// Bindings lists the types of events that are counted.
var Bindings = []string{
	"shop.created", "shop.deleted", "product.created", "product.deleted", "user.registered", "user.deleted",
	"order.created", "order.cancelled", "payment.success", "payment.refunded",
}

// Count adds one event to the figures.
func (s *State) Count(t entrepot.Turn, c Count) ([]events.Event, error) {
	if err := t.RequireSystem(); err != nil {
		return nil, err
	}
	switch {
	case !Counts(c.What):
		return nil, entrepot.Invalid("what", "enum", "must be one of the counted events")
	case c.Amount < 0:
		return nil, entrepot.Invalid("amount", "minimum", "must be at least 0")
	}
	return []events.Event{counted{Count: c, CompanyID: t.ID, RecordedAt: t.Now.UnixMilli()}}, nil
}

// Get returns the figures to the company's admins and the platform.
func (s *State) Get(t entrepot.Turn, _ Get) (*Stats, error) {
	if !t.Caller.Administers(t.ID) {
		return nil, entrepot.ErrNotFound
	}
	return s.stats(), nil
}

// stats returns a copy of the figures.
func (s *State) stats() *Stats {
	v := s.Stats
	v.Takings = slices.Clone(v.Takings)
	return &v
}

// Apply changes the state by one fact.
func (s *State) Apply(e events.Event) {
	f, ok := e.(counted)
	if !ok {
		return
	}
	if s.CompanyID == "" {
		s.CompanyID, s.CreatedAt = f.CompanyID, f.RecordedAt
	}
	s.UpdatedAt = max(s.UpdatedAt, f.At)
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
		s.CancelledOrders++
	case "payment.success":
		s.PaidOrders++
		k := s.takings(f.Currency)
		k.Paid++
		k.Revenue += f.Amount
	case "payment.refunded":
		s.takings(f.Currency).Refunded += f.Amount
	}
}

// takings returns the sums of a currency, which it adds if they are new.
func (s *State) takings(currency string) *Takings {
	byCurrency := func(k Takings, c string) int { return cmp.Compare(k.Currency, c) }
	i, ok := slices.BinarySearchFunc(s.Takings, currency, byCurrency)
	if !ok {
		s.Takings = slices.Insert(s.Takings, i, Takings{Currency: currency})
	}
	return &s.Takings[i]
}
