package shop

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"time"
	_ "time/tzdata" // the rules of all zones, for machines and images without them

	"entrepot"
	"entrepot/events"
)

// Limits of opening hours.
const (
	MaxSpans      = 50
	MaxExceptions = 400
)

// Hours are the opening hours of a shop, by the clock of its time zone.
//
// A span belongs to the day on which it begins. A span that closes at or before its
// opening time closes on the next day. An exception on a date replaces the spans that
// begin on that date; a span from the night before continues. A time that the clock
// skips is the moment of the change; a time that it shows twice opens at the first
// occurrence and closes at the second.
type Hours struct {
	Timezone   string                    `json:"timezone,omitempty"` // IANA name; empty: UTC
	Week       []events.OpeningSpan      `json:"week,omitempty"`
	Exceptions []events.OpeningException `json:"exceptions,omitempty"`
}

// horizon returns the number of days in which the next change is searched. Beyond the
// last exception all weeks are equal.
func (h *Hours) horizon(today time.Time) int {
	const week, year = 9, 370 // the days that the spans of a week can touch; the maximum
	last := today
	for _, e := range h.Exceptions {
		if d, err := time.Parse(time.DateOnly, e.Date); err == nil {
			last = later(last, d)
		}
	}
	return min(int(last.Sub(today)/(24*time.Hour))+week, year)
}

// span is an interval [from, to) of time.
type span struct{ from, to time.Time }

// Stated reports whether the shop has opening hours.
func (h *Hours) Stated() bool { return len(h.Week)+len(h.Exceptions) > 0 }

// At reports whether the shop is open at a moment, and returns the next change; zero
// for none within a year.
func (h *Hours) At(now time.Time) (open bool, next time.Time) {
	z, err := zone(h.Timezone)
	if err != nil || !h.Stated() {
		return false, time.Time{}
	}
	var until time.Time // the end of the adjoining spans that include now
	y, m, d := now.In(z).Date()
	today := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	for i := range h.horizon(today) + 2 {
		date := today.AddDate(0, 0, i-2)
		for _, s := range h.begin(date, z) {
			switch {
			case !s.to.After(now): // over
			case !s.from.After(now) || (!until.IsZero() && !s.from.After(until)):
				until = later(until, s.to)
			case !until.IsZero():
				return true, until
			default:
				return false, s.from
			}
		}
	}
	return !until.IsZero(), time.Time{}
}

// Open reports whether the shop is open at a moment.
func (h *Hours) Open(now time.Time) bool { open, _ := h.At(now); return open }

// begin returns the spans that begin on a date, in order.
func (h *Hours) begin(date time.Time, z *time.Location) []span {
	var out []span
	add := func(open, shut string) {
		from, _ := parseClock(open) // checked when it was set
		to, _ := parseClock(shut)
		if to <= from {
			to += 24 * 60
		}
		first, _ := moments(date, from, z)
		_, last := moments(date, to, z)
		if first.Before(last) {
			out = append(out, span{first, last})
		}
	}
	special, day := false, date.Format(time.DateOnly)
	for _, e := range h.Exceptions {
		if e.Date != day {
			continue
		}
		special = true
		if !e.Closed {
			add(e.Open, e.Close)
		}
	}
	if !special {
		for _, s := range h.Week {
			if s.Day == weekdays[date.Weekday()] {
				add(s.Open, s.Close)
			}
		}
	}
	slices.SortFunc(out, func(a, b span) int { return a.from.Compare(b.from) })
	return out
}

// moments returns the first and the last moment at which the clock of a zone shows a
// number of minutes after midnight of a date; the moment of the change for a time that
// the clock skips.
func moments(date time.Time, minutes int, z *time.Location) (first, last time.Time) {
	shown := date.Add(time.Duration(minutes) * time.Minute) // as if the zone were UTC
	// No clock differs by more than 14 hours from UTC, so these are before and after it.
	before, after := by(shown, shown.Add(-26*time.Hour), z), by(shown, shown.Add(26*time.Hour), z)
	isBefore, isAfter := shows(before, shown, z), shows(after, shown, z)
	switch {
	case isBefore && isAfter && after.Before(before):
		return after, before
	case isBefore && isAfter:
		return before, after
	case isBefore:
		return before, before
	case isAfter:
		return after, after
	default:
		change, _ := before.In(z).ZoneBounds()
		return change.UTC(), change.UTC()
	}
}

// by returns when the clock shows a time, with the offset of the zone at a moment.
func by(shown, moment time.Time, z *time.Location) time.Time {
	_, offset := moment.In(z).Zone()
	return shown.Add(-time.Duration(offset) * time.Second)
}

// shows reports whether the clock shows a time at t.
func shows(t, shown time.Time, z *time.Location) bool {
	_, offset := t.In(z).Zone()
	return t.Add(time.Duration(offset) * time.Second).Equal(shown)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

var weekdays = [7]string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}

// check returns the error of the first broken rule. Fields are those of the API.
func (h *Hours) check() error {
	if _, err := zone(h.Timezone); err != nil {
		return entrepot.Invalid("timezone", "timezone", "must be the name of an IANA time zone such as Europe/Brussels")
	}
	switch {
	case h.Timezone == "" && h.Stated():
		return entrepot.Invalid("timezone", "required", "must be given with opening hours")
	case len(h.Week) > MaxSpans:
		return entrepot.Invalid("operatingHours", "maxItems", "must have at most %d spans", MaxSpans)
	case len(h.Exceptions) > MaxExceptions:
		return entrepot.Invalid("hoursExceptions", "maxItems", "must have at most %d exceptions", MaxExceptions)
	}
	for i, s := range h.Week {
		if !slices.Contains(weekdays[:], s.Day) {
			return entrepot.Invalid(at("operatingHours", i, "day"), "enum",
				"must be monday, tuesday, wednesday, thursday, friday, saturday or sunday")
		}
		if err := checkSpan("operatingHours", i, s.Open, s.Close); err != nil {
			return err
		}
	}
	return h.checkExceptions()
}

func (h *Hours) checkExceptions() error {
	const field = "hoursExceptions"
	closed, open := map[string]bool{}, map[string]bool{}
	for i, e := range h.Exceptions {
		if _, err := time.Parse(time.DateOnly, e.Date); err != nil {
			return entrepot.Invalid(at(field, i, "date"), "date", "must be a date such as 2026-12-24")
		}
		if !e.Closed {
			if err := checkSpan(field, i, e.Open, e.Close); err != nil {
				return err
			}
			open[e.Date] = true
		} else {
			if e.Open != "" || e.Close != "" {
				return entrepot.Invalid(at(field, i, "closed"), "exclusive", "must be false when open and close are given")
			}
			closed[e.Date] = true
		}
		if closed[e.Date] && open[e.Date] {
			return entrepot.Invalid(at(field, i, "date"), "unique", "must not be both closed and open")
		}
	}
	return nil
}

func checkSpan(field string, i int, open, shut string) error {
	from, okFrom := parseClock(open)
	to, okTo := parseClock(shut)
	switch {
	case !okFrom || from == 24*60:
		return entrepot.Invalid(at(field, i, "open"), "time", "must be a time from 00:00 to 23:59")
	case !okTo:
		return entrepot.Invalid(at(field, i, "close"), "time", "must be a time from 00:00 to 24:00")
	case from == to:
		return entrepot.Invalid(at(field, i, "close"), "range", "must differ from open; the whole day is 00:00 to 24:00")
	default:
		return nil
	}
}

// parseClock reads "09:30" as minutes after midnight.
func parseClock(s string) (minutes int, ok bool) {
	if len(s) != 5 || s[2] != ':' {
		return 0, false
	}
	for _, i := range []int{0, 1, 3, 4} {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	hour, minute := int(s[0]-'0')*10+int(s[1]-'0'), int(s[3]-'0')*10+int(s[4]-'0')
	minutes = hour*60 + minute
	return minutes, minute < 60 && minutes <= 24*60
}

func at(list string, i int, field string) string { return fmt.Sprintf("%s[%d].%s", list, i, field) }

// zones caches the loaded zones, because reading a zone's rules takes longest.
var zones sync.Map // string → *time.Location

func zone(name string) (*time.Location, error) {
	if z, ok := zones.Load(name); ok {
		return z.(*time.Location), nil
	}
	if name == "Local" { // the zone of this machine
		return nil, entrepot.Invalid("timezone", "timezone", "must be an IANA time zone")
	}
	z, err := time.LoadLocation(cmp.Or(name, "UTC"))
	if err != nil {
		return nil, err
	}
	zones.Store(name, z)
	return z, nil
}
