//go:build !zombie

package cluster

import "time"

// pauseLimit is the longest pause of this process after which it may go on serving.
func pauseLimit(c Config) time.Duration { return c.TTL + c.Grace }
