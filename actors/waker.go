package actors

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/persistence"
)

// WakerConfig configures a [Waker].
type WakerConfig struct {
	Store persistence.Store
	Kinds []*grains.Kind
	Rows  []*persistence.Collection // collections whose documents are removed at their wakeAt
	Ask   grains.Asker
	// Mine reports whether this member owns the entity and so has to wake it; nil: it owns all.
	// It only saves work: waking an entity twice is harmless.
	Mine   func(kind string, id entrepot.ID) bool
	Clock  func() time.Time
	Period time.Duration // between rounds, so the longest delay of a wake; default 1 s
	Limit  int           // most documents of one kind in a round, default 500
	Logger *slog.Logger
}

// Waker queries a service's database for documents whose wakeAt has passed and wakes their
// grains. All durable timers rest on it: expiries, sagas and outboxes of dead members resume
// through it.
type Waker struct {
	c      WakerConfig
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

// StartWaker starts a waker, which runs until Stop.
func StartWaker(c WakerConfig) *Waker {
	if c.Period <= 0 {
		c.Period = time.Second
	}
	if c.Limit <= 0 {
		c.Limit = 500
	}
	ctx, cancel := context.WithCancel(context.Background())
	w := &Waker{c: c, cancel: cancel}
	w.wg.Add(1)
	go w.loop(ctx)
	return w
}

// Stop ends the loop and waits for it. Calling it twice is harmless.
func (w *Waker) Stop() {
	w.cancel()
	w.wg.Wait()
}

func (w *Waker) loop(ctx context.Context) {
	defer w.wg.Done()
	t := time.NewTicker(w.c.Period)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			w.RunOnce(ctx)
		}
	}
}

// RunOnce wakes the entities that are due, waits for their replies, removes expired rows and
// returns the number of woken entities. A round takes at most 30 s.
func (w *Waker) RunOnce(ctx context.Context) (woken int) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for _, k := range w.c.Kinds {
		due, err := w.c.Store.Due(ctx, k.Collection, w.c.Clock().UTC(), w.c.Limit)
		if err != nil {
			if ctx.Err() == nil {
				w.c.Logger.Warn("cannot query due documents", "kind", k.Name, "error", err)
			}
			continue
		}
		woken += w.wake(ctx, k.Name, due)
	}
	for _, c := range w.c.Rows {
		if _, err := w.c.Store.Purge(ctx, c, w.c.Clock().UTC(), w.c.Limit); err != nil && ctx.Err() == nil {
			w.c.Logger.Warn("cannot remove expired rows", "collection", c.Name, "error", err)
		}
	}
	return woken
}

// concurrentWakes bounds the grains of one kind that are woken at the same time.
const concurrentWakes = 16

func (w *Waker) wake(ctx context.Context, kind string, due []persistence.Due) int {
	ctx = entrepot.WithCaller(ctx, entrepot.SystemCaller("wake"))
	mine := slices.DeleteFunc(due, func(d persistence.Due) bool { return w.c.Mine != nil && !w.c.Mine(kind, d.ID) })
	_ = FanOut(ctx, concurrentWakes, mine, func(ctx context.Context, d persistence.Due) error {
		if _, err := w.c.Ask.Ask(ctx, grains.Ref{Kind: kind, ID: d.ID}, grains.Wake{}); err != nil && ctx.Err() == nil {
			w.c.Logger.Debug("wake failed and will be repeated", "kind", kind, "id", d.ID, "error", err)
		}
		return nil // the next round repeats it
	})
	return len(mine)
}
