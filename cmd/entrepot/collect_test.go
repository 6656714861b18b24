package main

import "testing"

func TestGarbageIsBounded(t *testing.T) {
	t.Parallel()
	for live, want := range map[uint64]int{0: 300, 20 << 20: 300, 85 << 20: 300, 128 << 20: 200, 256 << 20: 100, 400 << 20: 64, 4 << 30: 50} {
		if got := garbagePercent(live); got != want {
			t.Errorf("%d MiB live: %d, want %d", live>>20, got, want)
		}
	}
}
