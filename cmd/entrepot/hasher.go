package main

import (
	"context"
	"log/slog"
	"runtime"
	"sync/atomic"
	"time"
)

// hashPatience is how long a hash may be under way before it is made again by
// the worker that gets its share of a busy processor: twice what it takes on an
// idle one.
const hashPatience = 600 * time.Millisecond

// hashPause is how long nobody waits for the idle worker after somebody did in vain.
const hashPause = 10 * time.Second

// hasher hashes in the idle worker, and in the nice one what would wait too long.
type hasher struct {
	idle, nice *hashWorker
	patience   time.Duration
	busyUntil  atomic.Int64  // the processor, as far as one knows; unix nanoseconds
	room       chan struct{} // a token for each hash that the idle worker has not finished
}

func newHasher(log *slog.Logger) (*hasher, error) {
	idle, err := newHashWorker(log, "--idle")
	if err != nil {
		return nil, err
	}
	nice, err := newHashWorker(log)
	if err != nil {
		return nil, err
	}
	return &hasher{idle: idle, nice: nice, patience: hashPatience, room: make(chan struct{}, runtime.GOMAXPROCS(0))}, nil
}

// Hash makes a bcrypt hash.
func (h *hasher) Hash(ctx context.Context, secret []byte, cost int) (string, error) {
	d, err := h.do(ctx, hashJob{Secret: secret, Cost: cost})
	return d.Hash, err
}

// Check reports whether the hash is the secret's.
func (h *hasher) Check(ctx context.Context, hash string, secret []byte) (bool, error) {
	d, err := h.do(ctx, hashJob{Secret: secret, Hash: hash})
	return d.Right, err
}

func (h *hasher) do(ctx context.Context, j hashJob) (hashDone, error) {
	if time.Now().UnixNano() < h.busyUntil.Load() {
		return h.nice.do(ctx, j)
	}
	select {
	case h.room <- struct{}{}:
	default: // it still has what others have given up on
		return h.nice.do(ctx, j)
	}
	type result struct {
		d   hashDone
		err error
	}
	idle := make(chan result, 1)
	go func() { // ends with the hash or with its worker, whoever waits
		defer func() { <-h.room }()
		d, err := h.idle.do(context.WithoutCancel(ctx), j)
		idle <- result{d, err}
	}()
	t := time.NewTimer(h.patience)
	defer t.Stop()
	select {
	case r := <-idle:
		return r.d, r.err
	case <-ctx.Done():
		return hashDone{}, errGivenUp
	case <-t.C:
		h.busyUntil.Store(time.Now().Add(hashPause).UnixNano())
		return h.nice.do(ctx, j)
	}
}

// Close ends both workers and waits for them. Twice is harmless.
func (h *hasher) Close() {
	h.idle.Close()
	h.nice.Close()
}
