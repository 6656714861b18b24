// Package actors reacts to events and to time: consumers of the services' queues,
// and the waker. What they do to an entity is a command; what they keep is an
// insert whose _id is the event's, so an event delivered twice has one effect.
package actors

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/wire"
	"entrepot/persistence"
)

// WakerConfig is what a waker works with.
type WakerConfig struct {
	Store persistence.Store
	Kinds []*grains.Kind
	Rows  []*persistence.Collection // whose documents go at their wakeAt
	Ask   grains.Asker
	// Mine reports whether this member is the one to wake the entity, so that
	// members do not all wake the same. Waking twice is harmless.
	Mine   func(kind string, id entrepot.ID) bool
	Clock  func() time.Time
	Period time.Duration // how late a wake may be, default 1 s
	Limit  int           // documents of a kind in one round, default 500
	Logger *slog.Logger
}

// Waker asks a service's database for documents whose wakeAt has passed and
// wakes their grains. It is the one mechanism of time: expiries, sagas and
// outboxes of dead members all come back through it.
type Waker struct {
	c      WakerConfig
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

// StartWaker starts a waker; Stop ends it.
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

// Stop ends the loop and waits for it. Twice is harmless.
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

// RunOnce wakes what is due now and waits for the answers, and removes the rows
// that have expired. It returns how many grains were woken.
func (w *Waker) RunOnce(ctx context.Context) (woken int) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for _, k := range w.c.Kinds {
		due, err := w.c.Store.Due(ctx, k.Collection, w.c.Clock().UTC(), w.c.Limit)
		if err != nil {
			if ctx.Err() == nil {
				w.c.Logger.Warn("the waker cannot ask for due documents", "kind", k.Name, "error", err)
			}
			continue
		}
		woken += w.wake(ctx, k.Name, due)
	}
	for _, c := range w.c.Rows {
		if _, err := w.c.Store.Purge(ctx, c, w.c.Clock().UTC(), w.c.Limit); err != nil && ctx.Err() == nil {
			w.c.Logger.Warn("the waker cannot remove what has expired", "collection", c.Name, "error", err)
		}
	}
	return woken
}

// wakers is how many grains of one kind are woken side by side.
const wakers = 16

func (w *Waker) wake(ctx context.Context, kind string, due []persistence.Due) (woken int) {
	ctx = entrepot.WithCaller(ctx, entrepot.SystemCaller("wake"))
	var wg sync.WaitGroup
	slots := make(chan struct{}, wakers)
	for _, d := range due {
		if w.c.Mine != nil && !w.c.Mine(kind, d.ID) {
			continue
		}
		woken++
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			if _, err := w.c.Ask.Ask(ctx, kind, d.ID, &wire.Wake{}); err != nil && ctx.Err() == nil {
				w.c.Logger.Debug("a wake was not answered and will be sent again", "kind", kind, "id", d.ID, "error", err)
			}
		})
	}
	wg.Wait()
	return woken
}
