package edge

import (
	"context"
	"log/slog"
	"time"
)

// repeated runs work at once and then periodically, until it is stopped.
type repeated struct {
	cancel  context.CancelFunc
	stopped chan struct{}
}

// start starts the work. The first of consecutive failures is logged with the message complaint.
func (r *repeated) start(every time.Duration, log *slog.Logger, complaint string, work func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel, r.stopped = cancel, make(chan struct{})
	go func() {
		defer close(r.stopped)
		t := time.NewTicker(every)
		defer t.Stop()
		for failing := false; ; {
			err := work(ctx)
			if err != nil && !failing && ctx.Err() == nil {
				log.Warn(complaint, "error", err)
			}
			failing = err != nil
			select {
			case <-ctx.Done():
				return
			case <-t.C:
			}
		}
	}()
}

// stop ends the work and waits for it. It may be called before start, and twice.
func (r *repeated) stop() {
	if r.cancel != nil {
		r.cancel()
		<-r.stopped
	}
}
