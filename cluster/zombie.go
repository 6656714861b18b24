//go:build zombie

package cluster

import "time"

// pauseLimit is a failpoint of test/e2e: it turns the watchdog off. A member that was paused then goes on
// serving grains that others have taken over, until they notify it, and only the compare-and-set stops it.
func pauseLimit(Config) time.Duration { return 0 }
