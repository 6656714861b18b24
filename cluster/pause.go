//go:build !zombie

package cluster

import "time"

// pauseLimit is how long this process may stand still before it fences itself.
func pauseLimit(c Config) time.Duration { return c.TTL + c.Grace }
