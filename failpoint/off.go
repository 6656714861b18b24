//go:build !failpoints

// Package failpoint ends the process at named points, so that tests see what a
// crash there leaves behind. Without the build tag failpoints it does nothing
// and costs nothing.
package failpoint

// Hit is a point that a test may have the process end at; detail narrows it
// down: a kind of grain, a type of event.
func Hit(_, _ string) {}
