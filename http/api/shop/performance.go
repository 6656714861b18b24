package shop

import (
	"context"
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/query"
	"entrepot/grains/shop/shop"
	"entrepot/http/rest"
	"entrepot/persistence"
)

// Performance is what a shop sold in a period, and day by day.
type Performance struct {
	ShopID   entrepot.ID `json:"shopId"`
	Timezone string      `json:"timezone" example:"Europe/Berlin"`
	From     string      `json:"from" format:"date" doc:"first day"`
	To       string      `json:"to" format:"date" doc:"last day"`
	SalesFigures
	Days []DayPerformance `json:"days" doc:"every day of the period, the first first"`
}

// DayPerformance is what a shop sold on a day.
type DayPerformance struct {
	Date string `json:"date" format:"date"`
	SalesFigures
}

// SalesFigures are counts of orders, and money by currency.
type SalesFigures struct {
	Orders          int64     `json:"orders" doc:"placed"`
	CancelledOrders int64     `json:"cancelledOrders"`
	PaidOrders      int64     `json:"paidOrders"`
	Sales           []Takings `json:"sales"`
}

// Takings are the money of one currency.
type Takings struct {
	Currency          string          `json:"currency" example:"EUR"`
	Revenue           entrepot.Amount `json:"revenue" doc:"captured payments, refunds not taken off"`
	Refunded          entrepot.Amount `json:"refunded"`
	PaidOrders        int64           `json:"paidOrders"`
	AverageOrderValue entrepot.Amount `json:"averageOrderValue" doc:"revenue of a paid order"`
}

func figuresOf(f *shop.Figures) SalesFigures {
	out := SalesFigures{Orders: f.Orders, CancelledOrders: f.Cancelled, PaidOrders: f.Paid, Sales: []Takings{}}
	for i := range f.Money {
		out.Sales = append(out.Sales, TakingsOf(&f.Money[i]))
	}
	return out
}

// TakingsOf returns takings as the API shows them.
func TakingsOf(t *shop.Takings) Takings {
	return Takings{t.Currency, rest.Amount(t.Revenue, t.Currency), rest.Amount(t.Refunded, t.Currency), t.Paid, rest.Amount(t.Average(), t.Currency)}
}

const (
	maxPerformanceDays = 366
	maxPerformanceRows = 100_000 // some seconds; a longer answer would only time out
)

type performanceInput struct {
	rest.IDPath
	From string `query:"from" format:"date" doc:"first day; default 29 days before to" example:"2026-06-01"`
	To   string `query:"to" format:"date" doc:"last day; default today, by the shop's clock" example:"2026-06-30"`
}

func (s *shopAPI) performance(ctx context.Context, in *performanceInput) (*rest.Answer[Performance], error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	v, err := grains.Ask(ctx, s.Asker, shop.Of(id), shop.Get{})
	if err != nil {
		return nil, err
	}
	if !entrepot.CallerFrom(ctx).MayReachShop(v.CompanyID, v.ID) {
		return nil, entrepot.ErrNotFound
	}
	z := v.Hours.Clock()
	from, to, err := in.period(s.Now().In(z))
	if err != nil {
		return nil, err
	}
	days, err := s.days(ctx, v, from, to, z)
	if err != nil {
		return nil, err
	}
	out := Performance{ShopID: id, Timezone: z.String(), From: from.Format(time.DateOnly), To: to.Format(time.DateOnly)}
	total := shop.Figures{}
	for i := range days {
		total.Merge(&days[i])
		out.Days = append(out.Days, DayPerformance{from.AddDate(0, 0, i).Format(time.DateOnly), figuresOf(&days[i])})
	}
	out.SalesFigures = figuresOf(&total)
	return rest.AnswerOf(out), nil
}

// period is the first and the last day, as midnights in UTC.
func (in *performanceInput) period(now time.Time) (from, to time.Time, err error) {
	y, m, d := now.Date()
	to = time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	if in.To != "" {
		if to, err = time.Parse(time.DateOnly, in.To); err != nil {
			return from, to, entrepot.Invalid("to", "date", "must be a date, such as 2026-06-30")
		}
	}
	from = to.AddDate(0, 0, -29)
	if in.From != "" {
		if from, err = time.Parse(time.DateOnly, in.From); err != nil {
			return from, to, entrepot.Invalid("from", "date", "must be a date, such as 2026-06-01")
		}
	}
	if n := to.Sub(from)/(24*time.Hour) + 1; n < 1 || n > maxPerformanceDays {
		return from, to, entrepot.Invalid("from", "range", "must be at or before to, and at most %d days", maxPerformanceDays)
	}
	return from, to, nil
}

// days are the figures of each day, read from the shop service's own rows.
func (s *shopAPI) days(ctx context.Context, v *shop.Shop, from, to time.Time, z *time.Location) ([]shop.Figures, error) {
	days := make([]shop.Figures, int(to.Sub(from)/(24*time.Hour))+1)
	q := persistence.Query{Limit: 100, Where: []persistence.Cond{
		{Field: persistence.CreatedAt, Op: persistence.Gte, Value: shop.Midnight(from, z)},
		{Field: persistence.CreatedAt, Op: persistence.Lt, Value: shop.Midnight(to.AddDate(0, 0, 1), z)},
	}}
	for range maxPerformanceRows / q.Limit {
		docs, next, err := s.Store.Find(ctx, shop.Sales, entrepot.InShops(v.CompanyID, []entrepot.ID{v.ID}), q)
		if err != nil {
			return nil, query.Unreadable(shop.Sales, err)
		}
		for i := range docs {
			y, m, d := docs[i].CreatedAt.In(z).Date()
			if day := int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Sub(from) / (24 * time.Hour)); day >= 0 && day < len(days) {
				days[day].Add(shop.SaleIn(docs[i].Fields))
			}
		}
		if q.Cursor = next; next == "" {
			return days, nil
		}
	}
	return nil, entrepot.Invalid("from", "range", "this shop sells so much that the period must be shorter")
}
