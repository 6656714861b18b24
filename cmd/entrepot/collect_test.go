package main

import "testing"

func TestGarbageIsBounded(t *testing.T) {
	t.Parallel()
	for live, want := range map[uint64]int{0: 300, 20: 300, 64: 300, 96: 200, 192: 100, 300: 64, 4000: 50} {
		if got := garbagePercent(live << 20); got != want {
			t.Errorf("%d MiB live: %d, want %d", live, got, want)
		}
	}
}
