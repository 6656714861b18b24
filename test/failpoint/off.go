//go:build !failpoints

// Package failpoint kills the process at named points, so that tests can examine the state that a
// crash leaves behind. Without the build tag failpoints, [Hit] does nothing and costs nothing.
package failpoint

// Hit marks a point at which a test may kill the process. detail narrows it down, for example to a
// kind of grain or a type of event.
func Hit(_, _ string) {}
