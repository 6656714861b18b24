package cluster

import (
	"context"
	"errors"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/remote"
	"google.golang.org/protobuf/proto"
)

// What a failed Request says about its message.
var (
	// ErrUnreachable: the message was certainly not executed; sending it again is safe.
	ErrUnreachable = errors.New("no activation reachable, not executed")
	// ErrOverloaded: the grain's mailbox is full; certainly not executed, try again later.
	ErrOverloaded = errors.New("mailbox full, not executed")
	// ErrOutcomeUnknown: the message may have been executed, or may yet be. Send it again only under the
	// same command id.
	ErrOutcomeUnknown = errors.New("no answer, outcome unknown")
)

// CallError is what Request returns: which grain, and one of the errors above in its chain, joined with the
// cause (context.DeadlineExceeded, context.Canceled) where there is one.
type CallError struct {
	Kind, ID string
	Err      error
}

func (e *CallError) Error() string { return "grain " + e.Kind + "/" + e.ID + ": " + e.Err.Error() }

// Unwrap lets errors.Is find the outcome and the cause.
func (e *CallError) Unwrap() error { return e.Err }

const (
	firstPause = 2 * time.Millisecond // between attempts to reach an activation, doubling up to
	lastPause  = 100 * time.Millisecond
)

// Request sends msg to a grain and waits for its answer, until ctx ends or, without a deadline in ctx, for
// 5 s. The message is delivered at most once: it is sent again only while it is certain that no activation
// has executed it. A message that crosses members must be a proto.Message or a remote.RootSerializable; one
// that stays on its member is passed as it is, so neither side may change it afterwards, and the same holds
// for the answer. The error is a *CallError.
func (m *Member) Request(ctx context.Context, kind, id string, msg any) (any, error) {
	key := grainKey{kind, id}
	until := m.until(ctx)
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		if err := m.refusal(ctx); err != nil {
			return nil, &CallError{kind, id, err}
		}
		changed := m.lookup.view().changed
		resp, again, err := m.attempt(ctx, key, msg, until)
		if err != nil {
			return nil, &CallError{kind, id, err}
		}
		if !again {
			return resp, nil
		}
		if err := m.pause(ctx, until, pause, changed); err != nil {
			return nil, &CallError{kind, id, err}
		}
	}
}

// attempt locates and delivers once. again means: certainly not executed, and worth another attempt.
func (m *Member) attempt(ctx context.Context, key grainKey, msg any, until time.Time) (resp any, again bool, err error) {
	if m.gate.shut() { // paused a moment ago, and asking whether it still counts
		return nil, true, nil
	}
	pid, err := m.locate(ctx, key, until)
	if pid == nil {
		return nil, err == nil, err
	}
	return m.deliver(ctx, key, pid, msg, until)
}

// refusal is why this member may not send: it ends, is fenced, or the caller has left. nil when it may.
func (m *Member) refusal(ctx context.Context) error {
	if m.gate.closed.Load() {
		return errors.Join(ErrUnreachable, errFenced)
	}
	if m.stopped.Load() {
		return errors.Join(ErrUnreachable, errStopped)
	}
	if err := ctx.Err(); err != nil {
		return errors.Join(ErrUnreachable, err)
	}
	return nil
}

// locate finds the activation, in the cache or by asking its owner to activate it. nil without an error
// means: not now, try again.
func (m *Member) locate(ctx context.Context, key grainKey, until time.Time) (*actor.PID, error) {
	if pid := m.cache.get(key); pid != nil {
		return pid, nil
	}
	owner := m.lookup.owner(key)
	if owner == "" {
		if m.solo {
			return nil, errors.Join(ErrUnreachable, errNoKind)
		}
		return nil, nil
	}
	pid := m.lookup.activate(ctx, key, owner, until)
	if pid != nil {
		m.cache.set(key, pid)
	}
	return pid, nil
}

var errNoKind = errors.New("no member hosts this kind")

// deliver sends once and reads the outcome. again is true when the message was certainly not executed and
// the activation should be looked up anew.
func (m *Member) deliver(ctx context.Context, key grainKey, pid *actor.PID, msg any, until time.Time) (resp any, again bool, err error) {
	if pid.Address != m.address && !crosses(msg) {
		return nil, false, errors.Join(ErrUnreachable, errNotWire)
	}
	resp, err = m.replies.ask(ctx, pid, msg, until)
	if err != nil { // a deadline or a lost peer: the activation may be gone, the next caller asks for it
		m.cache.drop(key, pid)
		return nil, false, errors.Join(ErrOutcomeUnknown, err)
	}
	switch r := resp.(type) {
	case *actor.DeadLetterResponse:
		if isOverload(r) {
			return nil, false, ErrOverloaded
		}
		m.cache.drop(key, pid)
		return nil, true, nil
	case nil:
		return nil, false, errors.Join(ErrOutcomeUnknown, errNilReply)
	}
	return resp, false, nil
}

var (
	errNotWire  = errors.New("message is neither proto.Message nor remote.RootSerializable, it cannot cross members")
	errNilReply = errors.New("nil reply")
)

func crosses(msg any) bool {
	switch msg.(type) {
	case proto.Message, remote.RootSerializable:
		return true
	}
	return false
}

// pause waits before the next attempt; a change of membership ends it early.
func (m *Member) pause(ctx context.Context, until time.Time, d time.Duration, changed <-chan struct{}) error {
	if !until.IsZero() {
		left := time.Until(until)
		if left <= 0 {
			return errors.Join(ErrUnreachable, context.DeadlineExceeded)
		}
		d = min(d, left)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return errors.Join(ErrUnreachable, ctx.Err())
	case <-changed:
	case <-t.C:
	}
	return nil
}
