package local

import (
	"context"
	"time"

	"entrepot/events"
)

func (b *Broker) trimLoop() {
	tick := time.NewTicker(b.o.TrimEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			b.trim(b.ctx)
		case <-b.quit:
			return
		}
	}
}

// trim removes from each log the entries that every queue has passed, except the newest Keep.
// Queues of earlier runs that are not declared now count too, because their service may return.
func (b *Broker) trim(ctx context.Context) {
	for _, f := range b.allFeeds() {
		passed, err := b.passedByAll(ctx, f)
		if err == nil && passed > 0 {
			err = f.log.Trim(ctx, passed)
		}
		if err != nil && ctx.Err() == nil {
			b.warn("trimming a log failed", f.log.Name(), err)
		}
	}
}

func (b *Broker) passedByAll(ctx context.Context, f *feed) (int64, error) {
	last, err := f.log.Last(ctx)
	if err != nil {
		return 0, err
	}
	passed := last - max(0, b.o.Keep)
	b.mu.Lock()
	defer b.mu.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	at := map[string]int64{events.UnroutedQueue: f.router.savedAt()}
	for _, p := range f.progress {
		at[p.name()] = p.savedAt()
	}
	for name := range b.known {
		seq, declared := at[name]
		if !declared {
			seq = b.savedCursor(name, f.log)
		}
		passed = min(passed, seq)
	}
	return min(passed, at[events.UnroutedQueue]), nil
}
