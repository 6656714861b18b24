package grains

import (
	"testing"
	"time"
)

// What was asked once or twice leaves early, so that what an import or a crawler
// touches does not fill the memory.
func TestWhatIsSeldomUsedLeavesEarly(t *testing.T) {
	t.Parallel()
	start := time.Unix(1_800_000_000, 0)
	for _, x := range []struct {
		version int64
		uses    int
		idle    time.Duration // the host's
		stays   time.Duration // so long, and no longer
	}{
		{1, seldom, 5 * time.Minute, 5 * time.Minute},
		{1, 2, 5 * time.Minute, 5 * time.Minute / 16},
		{1, 1, time.Minute, seldomIdle},
		{1, 1, time.Second, time.Second},
		{0, seldom, 5 * time.Minute, time.Second},
	} {
		e := &entity{version: x.version, uses: x.uses, used: start}
		if e.idleSince(start.Add(x.stays-1), x.idle) || !e.idleSince(start.Add(x.stays), x.idle) {
			t.Errorf("%+v: it leaves at another time", x)
		}
	}
}
