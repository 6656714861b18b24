package shop

import (
	"fmt"
	"testing"
	"time"

	"entrepot"
	"entrepot/events"

	"pgregory.net/rapid"
)

func daily(open, shut string) (week []events.OpeningSpan) {
	for _, d := range weekdays {
		week = append(week, events.OpeningSpan{Day: d, Open: open, Close: shut})
	}
	return week
}

func moment(t testing.TB, s string) time.Time {
	t.Helper()
	if s == "" {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestWhenAShopIsOpen(t *testing.T) {
	t.Parallel()
	office := Hours{Timezone: "Europe/Brussels", Week: []events.OpeningSpan{
		{Day: "monday", Open: "09:00", Close: "12:00"},
		{Day: "monday", Open: "13:00", Close: "18:00"},
		{Day: "friday", Open: "20:00", Close: "02:00"},
	}, Exceptions: []events.OpeningException{
		{Date: "2026-12-21", Closed: true, Reason: "stocktaking"},
		{Date: "2026-12-25", Open: "10:00", Close: "11:00"},
		{Date: "2026-12-25", Open: "11:00", Close: "12:00"},
		{Date: "2026-12-27", Open: "08:00", Close: "24:00"},
	}}
	night := func(zone, open, shut string) Hours { return Hours{Timezone: zone, Week: daily(open, shut)} }
	const brussels, york = "Europe/Brussels", "America/New_York"
	for _, c := range []struct {
		name  string
		hours Hours
		now   string
		open  bool
		next  string
	}{
		{name: "before it opens", hours: office, now: "2026-06-01T08:59:59+02:00", next: "2026-06-01T09:00:00+02:00"},
		{name: "as it opens", hours: office, now: "2026-06-01T09:00:00+02:00", open: true, next: "2026-06-01T12:00:00+02:00"},
		{name: "as it closes", hours: office, now: "2026-06-01T12:00:00+02:00", next: "2026-06-01T13:00:00+02:00"},
		{name: "until friday", hours: office, now: "2026-06-01T18:00:00+02:00", next: "2026-06-05T20:00:00+02:00"},
		{name: "overnight", hours: office, now: "2026-06-06T01:59:00+02:00", open: true, next: "2026-06-06T02:00:00+02:00"},
		{name: "over the weekend", hours: office, now: "2026-06-06T02:00:00+02:00", next: "2026-06-08T09:00:00+02:00"},
		{name: "closed by exception", hours: office, now: "2026-12-21T10:00:00+01:00", next: "2026-12-25T10:00:00+01:00"},
		{name: "spans that touch are one", hours: office, now: "2026-12-25T10:30:00+01:00", open: true, next: "2026-12-25T12:00:00+01:00"},
		{name: "an exception replaces the night", hours: office, now: "2026-12-25T21:00:00+01:00", next: "2026-12-27T08:00:00+01:00"},
		{name: "to midnight", hours: office, now: "2026-12-27T23:59:59+01:00", open: true, next: "2026-12-28T00:00:00+01:00"},
		{name: "no hours", hours: Hours{}, now: "2026-06-01T12:00:00Z"},
		{name: "always", hours: night(york, "00:00", "24:00"), now: "2026-06-01T12:00:00Z", open: true},
		{name: "always, in two shifts", hours: Hours{Timezone: york, Week: append(daily("06:00", "18:00"), daily("18:00", "06:00")...)}, now: "2026-11-01T12:00:00Z", open: true},
		{name: "never but once", hours: Hours{Timezone: "UTC", Exceptions: []events.OpeningException{{Date: "2026-12-01", Open: "10:00", Close: "11:00"}}}, now: "2026-06-01T00:00:00Z", next: "2026-12-01T10:00:00Z"},
		{name: "never again", hours: Hours{Timezone: "UTC", Exceptions: []events.OpeningException{{Date: "2026-12-01", Open: "10:00", Close: "11:00"}}}, now: "2026-12-01T11:00:00Z"},
		// 2026-03-29: 02:00 +01:00 becomes 03:00 +02:00 in Brussels.
		{name: "an hour less of the night", hours: night(brussels, "22:00", "05:00"), now: "2026-03-28T21:00:00Z", open: true, next: "2026-03-29T03:00:00Z"},
		{name: "opens when skipped", hours: night(brussels, "02:30", "05:00"), now: "2026-03-29T00:59:59Z", next: "2026-03-29T01:00:00Z"},
		{name: "closes when skipped", hours: night(brussels, "01:00", "02:30"), now: "2026-03-29T00:30:00Z", open: true, next: "2026-03-29T01:00:00Z"},
		{name: "all of it skipped", hours: night(brussels, "02:10", "02:50"), now: "2026-03-29T00:30:00Z", next: "2026-03-30T00:10:00Z"},
		// 2026-10-25: 03:00 +02:00 becomes 02:00 +01:00 in Brussels.
		{name: "an hour more of the night", hours: night(brussels, "22:00", "05:00"), now: "2026-10-24T20:00:00Z", open: true, next: "2026-10-25T04:00:00Z"},
		{name: "opens at the first", hours: night(brussels, "02:30", "05:00"), now: "2026-10-25T00:00:00Z", next: "2026-10-25T00:30:00Z"},
		{name: "closes at the second", hours: night(brussels, "01:00", "02:30"), now: "2026-10-25T00:45:00Z", open: true, next: "2026-10-25T01:30:00Z"},
		{name: "the day after as ever", hours: night(brussels, "09:00", "17:00"), now: "2026-10-25T20:00:00Z", next: "2026-10-26T08:00:00Z"},
		// Half an hour only: 02:00 +10:30 becomes 02:30 +11:00 on 2026-10-04 on Lord Howe Island.
		{name: "half an hour skipped", hours: night("Australia/Lord_Howe", "02:15", "05:00"), now: "2026-10-03T15:00:00Z", next: "2026-10-03T15:30:00Z"},
		// The whole of 2011-12-30 did not happen in Samoa.
		{name: "a date that was not", hours: night("Pacific/Apia", "09:00", "17:00"), now: "2011-12-30T04:00:00Z", next: "2011-12-30T19:00:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if err := c.hours.check(); err != nil {
				t.Fatal(err)
			}
			open, next := c.hours.At(moment(t, c.now))
			if want := moment(t, c.next); open != c.open || !next.Equal(want) {
				t.Errorf("at %s open is %v until %v; want %v until %v", c.now, open, next, c.open, want)
			}
		})
	}
}

func TestHoursRules(t *testing.T) {
	t.Parallel()
	week := func(day, open, shut string) Hours {
		return Hours{Timezone: "Europe/Brussels", Week: []events.OpeningSpan{{Day: "monday", Open: "09:00", Close: "10:00"}, {Day: day, Open: open, Close: shut}}}
	}
	but := func(e ...events.OpeningException) Hours {
		return Hours{Timezone: "Europe/Brussels", Exceptions: e}
	}
	for name, c := range map[string]struct {
		hours Hours
		field string
	}{
		"none":                     {Hours{}, ""},
		"only a zone":              {Hours{Timezone: "Asia/Tokyo"}, ""},
		"no zone":                  {Hours{Week: daily("09:00", "10:00")}, "timezone"},
		"a zone that is not":       {Hours{Timezone: "Europe/Atlantis"}, "timezone"},
		"the machine's zone":       {Hours{Timezone: "Local"}, "timezone"},
		"a path":                   {Hours{Timezone: "../../etc/passwd"}, "timezone"},
		"too many":                 {Hours{Timezone: "UTC", Week: make([]events.OpeningSpan, MaxSpans+1)}, "operatingHours"},
		"too many exceptions":      {Hours{Timezone: "UTC", Exceptions: make([]events.OpeningException, MaxExceptions+1)}, "hoursExceptions"},
		"overnight":                {week("friday", "22:00", "04:00"), ""},
		"no day":                   {week("Friday", "22:00", "04:00"), "operatingHours[1].day"},
		"opens after the day":      {week("friday", "24:00", "04:00"), "operatingHours[1].open"},
		"opens at no minute":       {week("friday", "09:60", "12:00"), "operatingHours[1].open"},
		"not a clock":              {week("friday", "9:00 ", "12:00"), "operatingHours[1].open"},
		"closes after the day":     {week("friday", "09:00", "24:01"), "operatingHours[1].close"},
		"open for no time":         {week("friday", "09:00", "09:00"), "operatingHours[1].close"},
		"an exception":             {but(events.OpeningException{Date: "2028-02-29", Closed: true}), ""},
		"a date that is not":       {but(events.OpeningException{Date: "2027-02-29", Closed: true}), "hoursExceptions[0].date"},
		"closed for a time":        {but(events.OpeningException{Date: "2027-02-28", Closed: true, Open: "09:00"}), "hoursExceptions[0].closed"},
		"neither closed nor open":  {but(events.OpeningException{Date: "2027-02-28"}), "hoursExceptions[0].open"},
		"closed and open the same": {but(events.OpeningException{Date: "2027-02-28", Closed: true}, events.OpeningException{Date: "2027-02-28", Open: "09:00", Close: "10:00"}), "hoursExceptions[1].date"},
	} {
		err := c.hours.check()
		if c.field == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if entrepot.CodeOf(err) != entrepot.CodeInvalid || entrepot.AsError(err).Fields[0].Field != c.field {
			t.Errorf("%s: %v, want %s", name, err, c.field)
		}
	}
}

// TestNextIsTheNextChange: between now and what At says is next nothing changes,
// and there it does. Zones change their clocks in the weeks that are drawn.
func TestNextIsTheNextChange(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		clock := rapid.Custom(func(t *rapid.T) string {
			return fmt.Sprintf("%02d:%02d", rapid.IntRange(0, 23).Draw(t, "hour"), rapid.SampledFrom([]int{0, 15, 30}).Draw(t, "minute"))
		})
		h := Hours{Timezone: rapid.SampledFrom([]string{"Europe/Brussels", "America/New_York", "Australia/Lord_Howe", "UTC", "Pacific/Apia"}).Draw(t, "zone")}
		for range rapid.IntRange(1, 8).Draw(t, "spans") {
			h.Week = append(h.Week, events.OpeningSpan{Day: rapid.SampledFrom(weekdays[:]).Draw(t, "day"), Open: clock.Draw(t, "open"), Close: clock.Draw(t, "close")})
		}
		if h.check() != nil {
			return
		}
		start := rapid.SampledFrom([]string{"2026-03-26", "2026-10-22", "2026-03-06", "2026-10-30", "2026-04-02", "2026-10-01", "2026-06-10"}).Draw(t, "week")
		day, _ := time.Parse(time.DateOnly, start)
		now := day.Add(time.Duration(rapid.IntRange(0, 7*24*4).Draw(t, "quarter")) * 15 * time.Minute)
		open, next := h.At(now)
		if next.IsZero() {
			return
		}
		if !next.After(now) || h.Open(next) == open {
			t.Fatalf("%v at %v is said to change at %v", open, now, next)
		}
		for at := now; at.Before(next); at = at.Add(15 * time.Minute) {
			if h.Open(at) != open {
				t.Fatalf("changed at %v, before %v", at, next)
			}
		}
	})
}
