package shop

import (
	"reflect"
	"testing"
	"time"

	"entrepot"
	"entrepot/events"
)

func TestWhatAnEventSaysOfASale(t *testing.T) {
	t.Parallel()
	order := `{"orderId":"o","companyId":"c","shopId":"s","total":5.00,"currency":"EUR"}`
	paid := `{"paymentId":"p","companyId":"c","shopId":"s","amount":19.90,"currency":"EUR"}`
	for name, c := range map[string]struct {
		typ, data string
		want      Sale
		counts    bool
		bad       bool
	}{
		"an order":             {"order.created", order, Sale{"s", "c", "order.created", entrepot.Money{}}, true, false},
		"cancelled":            {"order.cancelled", order, Sale{"s", "c", "order.cancelled", entrepot.Money{}}, true, false},
		"confirmed":            {"order.confirmed", order, Sale{}, false, false},
		"paid":                 {"payment.success", paid, Sale{"s", "c", "payment.success", entrepot.Money{Minor: 1990, Currency: "EUR"}}, true, false},
		"refunded":             {"payment.refunded", paid, Sale{"s", "c", "payment.refunded", entrepot.Money{Minor: 1990, Currency: "EUR"}}, true, false},
		"yen have no cents":    {"payment.success", `{"shopId":"s","amount":500,"currency":"JPY"}`, Sale{"s", "", "payment.success", entrepot.Money{Minor: 500, Currency: "JPY"}}, true, false},
		"of no shop":           {"order.created", `{"companyId":"c"}`, Sale{}, false, false},
		"an amount that is no": {"payment.success", `{"shopId":"s","amount":1.999,"currency":"EUR"}`, Sale{}, false, true},
		"no JSON":              {"order.created", `[]`, Sale{}, false, true},
	} {
		s, counts, err := SaleOf(&events.Envelope{Type: c.typ, Data: []byte(c.data)})
		if counts != c.counts || (err != nil) != c.bad || (counts && s != c.want) {
			t.Errorf("%s: %+v, %v, %v", name, s, counts, err)
		}
		if counts {
			if back := SaleIn(s.Fields()); back.What != s.What || back.Money != s.Money {
				t.Errorf("%s came back as %+v", name, back)
			}
		}
	}
}

func TestFigures(t *testing.T) {
	t.Parallel()
	var a, b Figures
	for _, s := range []Sale{{What: "order.created"}, {What: "payment.success", Money: entrepot.Money{Minor: 100, Currency: "EUR"}}, {What: "payment.success", Money: entrepot.Money{Minor: 101, Currency: "EUR"}}} {
		a.Add(&s)
	}
	for _, s := range []Sale{{What: "order.created"}, {What: "order.cancelled"}, {What: "payment.refunded", Money: entrepot.Money{Minor: 100, Currency: "EUR"}}, {What: "payment.success", Money: entrepot.Money{Minor: 9, Currency: "CHF"}}} {
		b.Add(&s)
	}
	a.Merge(&b)
	want := Figures{Orders: 2, Cancelled: 1, Paid: 3, Money: []Takings{{"CHF", 1, 9, 0}, {"EUR", 2, 201, 100}}}
	if !reflect.DeepEqual(a, want) {
		t.Errorf("%+v", a)
	}
	if avg := a.Money[1].Average(); avg != 101 {
		t.Errorf("an average of %d", avg)
	}
	if (&Takings{Refunded: 5}).Average() != 0 {
		t.Error("an average of nothing")
	}
}

// Days of 23, 24 and 25 hours, and one that begins at 01:00 (Beirut, 2026-03-29).
func TestMidnight(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, date, want string }{
		{"Europe/Brussels", "2026-03-29", "2026-03-28T23:00:00Z"},
		{"Europe/Brussels", "2026-03-30", "2026-03-29T22:00:00Z"},
		{"Europe/Brussels", "2026-10-26", "2026-10-25T23:00:00Z"},
		{"Asia/Beirut", "2026-03-29", "2026-03-28T22:00:00Z"},
		{"", "2026-03-29", "2026-03-29T00:00:00Z"},
	} {
		date, _ := time.Parse(time.DateOnly, c.date)
		if got := Midnight(date, (&Hours{Timezone: c.zone}).Clock()); !got.Equal(moment(t, c.want)) {
			t.Errorf("%s in %s begins at %v", c.date, c.zone, got)
		}
	}
}
