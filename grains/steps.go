package grains

import (
	"context"
	"math/rand/v2"
	"time"

	"entrepot"

	"google.golang.org/protobuf/proto"
)

// stepTries bounds the tries of a step in one activation; wakeAt covers the rest.
const stepTries = 4

// startSteps runs what the durable state asks for and is not running yet.
func (e *entity) startSteps(steps []Step, trace string) {
	for _, s := range steps {
		if _, on := e.running[s.Key]; on || e.h.ctx.Err() != nil {
			continue
		}
		if e.running == nil {
			e.running = map[string]struct{}{}
		}
		e.running[s.Key] = struct{}{}
		e.h.wg.Add(1)
		go e.runStep(s, trace)
	}
}

func (e *entity) runStep(s Step, trace string) {
	defer e.h.wg.Done()
	defer e.endStep(s.Key)
	select {
	case e.h.slots <- struct{}{}:
		defer func() { <-e.h.slots }()
	case <-e.h.ctx.Done():
		return
	}
	pause := 50 * time.Millisecond
	for try := 1; ; try++ {
		err := e.tryStep(s, trace)
		if err == nil || e.h.ctx.Err() != nil {
			return
		}
		if try == stepTries {
			e.h.Logger.Warn("a step has no answer yet and waits for the next wake",
				"kind", e.k.Name, "id", e.id, "step", s.Key, "error", err)
			return
		}
		select {
		case <-e.h.ctx.Done():
			return
		case <-time.After(pause/2 + time.Duration(rand.Int64N(int64(pause)))): //nolint:gosec // jitter
			pause *= 4
		}
	}
}

// tryStep makes the call once and hands its answer to the entity as a command,
// wherever the entity now lives. Its id is the same for every try.
func (e *entity) tryStep(s Step, trace string) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = entrepot.Errorf(entrepot.CodeInternal, "panic in step %s: %v", s.Key, r)
		}
	}()
	ctx, cancel := context.WithTimeout(e.h.ctx, e.h.StepTimeout)
	defer cancel()
	ctx = entrepot.WithCaller(WithTrace(ctx, trace), entrepot.SystemCaller(e.k.Name+"/"+e.id+"/"+s.Key))
	answer, err := s.Do(ctx, stepAsker{e.h.ask, e.k.Name, e.id, s.Key})
	if err != nil || answer == nil {
		return err
	}
	ctx = WithCommand(ctx, CommandID{ID: entrepot.DeriveID("answer", e.k.Name, e.id, s.Key)})
	_, err = e.h.ask.Ask(ctx, e.k.Name, e.id, answer)
	return err
}

// stepAsker gives every command of a step an id made of the entity, the step and
// what is asked of whom, so that another try is the same command.
type stepAsker struct {
	Asker
	kind, id, key string
}

func (a stepAsker) Ask(ctx context.Context, kind string, id entrepot.ID, cmd proto.Message) (proto.Message, error) {
	name := string(cmd.ProtoReflect().Descriptor().FullName())
	ctx = WithCommand(ctx, CommandID{ID: entrepot.DeriveID(a.kind, a.id, a.key, kind, id, name)})
	return a.Asker.Ask(ctx, kind, id, cmd)
}

// Apart is the asker of a step for one of several commands of one type to one
// grain, which without a name of its own would count as the same command.
func Apart(a Asker, name string) Asker {
	if s, ok := a.(stepAsker); ok {
		s.key += "/" + name
		return s
	}
	return a
}

func (e *entity) endStep(key string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.running, key)
	if len(e.running) == 0 {
		e.running = nil
	}
	e.leaveIfPassing()
}

// stop ends the activation. Writes in flight still answer their callers; what
// only waited goes out as the last write.
func (e *entity) stop() {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stopped = true
	e.h.register(e, false)
	e.answerAll(e.take(&e.stash), entrepot.Unavailable("moving to another member"))
	e.answerAll(e.take(&e.parked), &entrepot.Error{
		Code: entrepot.CodeUnknownOutcome, RetryAfter: time.Second,
		Message: "moving to another member; ask again with the same key",
	})
}

// seldom is how often an entity must have been asked to be kept as long as others:
// what is touched once or twice, by an import or a crawler, is not asked for again,
// and would fill the memory.
const seldom = 3

// seldomIdle is how long they stay at least.
const seldomIdle = 10 * time.Second

// idleSince reports whether nothing waits and nothing was asked for so long.
// What does not exist is not kept, and what was asked seldom not for long.
func (e *entity) idleSince(now time.Time, limit time.Duration) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.version == 0 && !e.loading {
		limit = time.Second
	} else if e.uses < seldom {
		limit = min(limit, max(limit/16, seldomIdle))
	}
	return e.rests() && now.Sub(e.used) >= limit
}

// rests reports whether nothing is under way here.
func (e *entity) rests() bool {
	return !e.stopped && !e.loading && !e.reload && !e.publishing && e.settledDown() &&
		len(e.stash) == 0 && len(e.parked) == 0 && len(e.running) == 0
}

// leaveIfPassing ends an activation that was asked in passing, once it rests and
// its document holds no event any more. Whoever asks meanwhile meets the next one.
func (e *entity) leaveIfPassing() {
	if !e.passing || !e.rests() || (e.h.Outbox != nil && e.stored > 0) {
		return
	}
	e.passing = false // once: if its mailbox is full, the sweep sees to it
	e.root.Poison(e.self)
}

func (e *entity) describe() Activation {
	e.mu.Lock()
	defer e.mu.Unlock()
	return Activation{
		Kind: e.k.Name, ID: e.id, Version: e.version, Used: e.used,
		Pending: len(e.waiting) + len(e.stash) + len(e.parked),
	}
}
