//go:build zombie

package cluster

import "time"

// pauseLimit is a failpoint of test/e2e: the watchdog does not mind how long the
// process stood still, so that a member that was paused goes on serving what others
// have taken over, until they tell it. Only the compare-and-set is then in its way.
func pauseLimit(Config) time.Duration { return 0 }
