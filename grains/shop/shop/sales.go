package shop

import (
	"cmp"
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
)

// Sale is the contribution of one event to a shop's performance.
type Sale struct {
	ShopID    entrepot.ID
	CompanyID entrepot.ID
	What      string         // the event's type
	Money     entrepot.Money // captured or refunded; zero for events of orders
}

// Fields returns the values of the fields of [Sales].
func (s *Sale) Fields() []any {
	if s.Money.Currency == "" {
		return []any{s.What, nil, nil}
	}
	return []any{s.What, s.Money.Minor, s.Money.Currency}
}

// SaleIn returns the sale of the values of [Sale.Fields].
func SaleIn(fields []any) *Sale {
	s := &Sale{}
	if len(fields) == 3 {
		s.What, _ = fields[0].(string)
		s.Money.Minor, _ = fields[1].(int64)
		s.Money.Currency, _ = fields[2].(string)
	}
	return s
}

// SaleOf reads an event; false for events that do not count. An error means that the
// event will never be readable.
func SaleOf(e *events.Envelope) (Sale, bool, error) {
	switch e.Type {
	case "order.created", "order.cancelled":
		var o events.OrderCancelled // has the fields that all events of orders share
		if err := e.Decode(&o); err != nil {
			return Sale{}, false, err
		}
		return Sale{ShopID: o.ShopID, CompanyID: o.CompanyID, What: e.Type}, o.ShopID != "", nil
	case "payment.success", "payment.refunded":
		var p events.PaymentSuccess // has the fields that both share
		if err := e.Decode(&p); err != nil {
			return Sale{}, false, err
		}
		m, err := entrepot.ParseMoney("amount", string(p.Amount), p.Currency)
		return Sale{p.ShopID, p.CompanyID, e.Type, m}, p.ShopID != "" && err == nil, err
	default:
		return Sale{}, false, nil
	}
}

// Figures are the sales of a shop in a period.
type Figures struct {
	Orders    int64 // placed
	Cancelled int64
	Paid      int64
	Money     []Takings // by currency
}

// Takings holds the sums of one currency, in minor units.
type Takings struct {
	Currency string
	Paid     int64 // orders
	Revenue  int64 // captured
	Refunded int64
}

// Average returns the average revenue of a paid order, rounded half up; 0 without one.
func (t *Takings) Average() int64 {
	if t.Paid == 0 {
		return 0
	}
	return (t.Revenue + t.Paid/2) / t.Paid
}

// Add counts one sale.
func (f *Figures) Add(s *Sale) {
	switch s.What {
	case "order.created":
		f.Orders++
	case "order.cancelled":
		f.Cancelled++
	case "payment.success":
		f.Paid++
		t := f.of(s.Money.Currency)
		t.Paid++
		t.Revenue += s.Money.Minor
	case "payment.refunded":
		f.of(s.Money.Currency).Refunded += s.Money.Minor
	}
}

// Merge adds the figures of another period.
func (f *Figures) Merge(o *Figures) {
	f.Orders, f.Cancelled, f.Paid = f.Orders+o.Orders, f.Cancelled+o.Cancelled, f.Paid+o.Paid
	for _, m := range o.Money {
		t := f.of(m.Currency)
		t.Paid, t.Revenue, t.Refunded = t.Paid+m.Paid, t.Revenue+m.Revenue, t.Refunded+m.Refunded
	}
}

// of returns the sums of a currency, which it adds if they are new.
func (f *Figures) of(currency string) *Takings {
	byCurrency := func(t Takings, c string) int { return cmp.Compare(t.Currency, c) }
	i, ok := slices.BinarySearchFunc(f.Money, currency, byCurrency)
	if !ok {
		f.Money = slices.Insert(f.Money, i, Takings{Currency: currency})
	}
	return &f.Money[i]
}

// Clock returns the shop's time zone; UTC if it has none.
func (h *Hours) Clock() *time.Location {
	z, err := zone(h.Timezone)
	if err != nil {
		return time.UTC
	}
	return z
}

// Midnight returns when a date begins in a zone; the moment of the change if the clock
// skips midnight.
func Midnight(date time.Time, z *time.Location) time.Time {
	first, _ := moments(date, 0, z)
	return first
}
