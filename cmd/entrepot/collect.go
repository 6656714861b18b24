package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// How far the heap may grow before a collection, beyond what lives in it.
const (
	mostGarbage     = 192 << 20 // bytes, unless that were less than leastGarbagePct of what lives
	mostGarbagePct  = 300
	leastGarbagePct = 50
)

// collectLess lets the heap grow to four times what lives before a collection,
// unless GOGC says otherwise: grains and caches are small beside what requests
// allocate, and at the default a tenth of the processor would go to collecting.
// Where they are large, as with a catalogue of 100,000 products in the index, the
// garbage stays bounded all the same. It ends with ctx.
func collectLess(ctx context.Context) {
	if os.Getenv("GOGC") != "" {
		return
	}
	percent := mostGarbagePct
	debug.SetGCPercent(percent)
	go func() {
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		for t := time.NewTicker(time.Second); ; {
			select {
			case <-ctx.Done():
				t.Stop()
				return
			case <-t.C:
			}
			metrics.Read(live)
			if now := garbagePercent(live[0].Value.Uint64()); now*10 < percent*9 || now*10 > percent*11 || (now == mostGarbagePct) != (percent == mostGarbagePct) {
				percent = now
				debug.SetGCPercent(percent) // the world stands still: not for a trifle
			}
		}
	}()
}

// garbagePercent is the GOGC for so much that lives.
func garbagePercent(live uint64) int {
	return int(min(mostGarbagePct, max(leastGarbagePct, mostGarbage*100/max(live, 1))))
}
