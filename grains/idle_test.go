package grains

import (
	"testing"
	"time"

	"entrepot/events"
)

// resting is a state that has ended or not.
type resting bool

func (resting) Apply(events.Event) {}
func (resting) Index() Index       { return Index{} }
func (r resting) Ended() bool      { return bool(r) }

// Grains that were used once or twice, or that have ended, leave early, so that neither an import, a crawler
// nor many orders fill the memory.
func TestSeldomUsedGrainsLeaveEarly(t *testing.T) {
	t.Parallel()
	start := time.Unix(1_800_000_000, 0)
	for _, x := range []struct {
		version int64
		uses    int
		ended   bool
		idle    time.Duration // the host's
		stays   time.Duration // exactly so long
	}{
		{1, seldom, false, 5 * time.Minute, 5 * time.Minute},
		{1, 2, false, 5 * time.Minute, 5 * time.Minute / 16},
		{1, 1, false, time.Minute, seldomIdle},
		{1, 1, false, time.Second, time.Second},
		{0, seldom, false, 5 * time.Minute, time.Second},
		{1, seldom, true, 5 * time.Minute, endedIdle},
		{1, 1, true, time.Hour, endedIdle},
	} {
		e := &entity{version: x.version, uses: x.uses, used: start, state: resting(x.ended)}
		if e.idleSince(start.Add(x.stays-1), x.idle) || !e.idleSince(start.Add(x.stays), x.idle) {
			t.Errorf("%+v: the grain leaves at another time", x)
		}
	}
}
