package grains

import (
	"context"
	"math/rand/v2"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains/wire"
)

// Row is one row of a process, with types erased; [Step] makes it.
type Row[P State] struct {
	name string
	due  func(P) []string
	do   func(ctx context.Context, a Asker, s P, of string) (any, error)
	then func(P, entrepot.Turn, any) ([]events.Event, error)
}

// Process sets what the kind's entities do by themselves: the calls that a saved
// state asks for, as a table. The host makes them after the commit, off the
// mailbox. Rows are a function of the saved state, so those of a dead member run
// again wherever the entity wakes.
func Process[P State](k *Kind, rows ...Row[P]) {
	for _, r := range rows {
		k.process = append(k.process, row{
			name: r.name,
			due:  func(s State) []string { return r.due(s.(P)) },
			do: func(ctx context.Context, a Asker, s State, of string) (any, error) {
				return r.do(ctx, a, s.(P), of)
			},
			then: func(s State, t entrepot.Turn, result any) ([]events.Event, error) { return r.then(s.(P), t, result) },
		})
	}
}

// Step makes a row of a process.
//
// due returns what the row has to run for: one element each, none when nothing is
// due. An element tells one run from the next (an attempt, a receipt's id) and is
// "" for a row that runs once ([When]).
//
// do makes the calls for one element. It gets a copy of the saved state and must
// be idempotent by its ids. A refusal is a result; an error means "no answer
// yet": the row is tried again, later and elsewhere if need be.
//
// then decides what the result means. The caller of its turn is the system. A
// result whose element is no longer due is dropped: another activation was faster.
func Step[P State, R any](
	name string,
	due func(P) []string,
	do func(ctx context.Context, a Asker, s P, of string) (R, error),
	then func(P, entrepot.Turn, R) ([]events.Event, error),
) Row[P] {
	return Row[P]{
		name: name, due: due,
		do: func(ctx context.Context, a Asker, s P, of string) (any, error) { return do(ctx, a, s, of) },
		then: func(s P, t entrepot.Turn, result any) ([]events.Event, error) {
			return then(s, t, result.(R))
		},
	}
}

// When is the due of a row that runs once while a condition of the state holds.
func When[P State](holds func(P) bool) func(P) []string {
	return func(s P) []string {
		if holds(s) {
			return once
		}
		return nil
	}
}

var once = []string{""}

type row struct {
	name string
	due  func(State) []string
	do   func(ctx context.Context, a Asker, s State, of string) (any, error)
	then func(State, entrepot.Turn, any) ([]events.Event, error)
}

// step is a row that is due for an element.
type step struct {
	row *row
	of  string
}

func (s step) key() string {
	if s.of == "" || s.row.name == "" {
		return s.row.name + s.of
	}
	return s.row.name + ":" + s.of
}

// due reports whether the state still asks for the step.
func (s step) due(state State) bool {
	for _, of := range s.row.due(state) {
		if of == s.of {
			return true
		}
	}
	return false
}

// stepsOf lists what a state asks for.
func (k *Kind) stepsOf(s State) (out []step) {
	for i := range k.process {
		for _, of := range k.process[i].due(s) {
			out = append(out, step{&k.process[i], of})
		}
	}
	return out
}

// stepTries bounds the tries of a step in one activation; wakeAt covers the rest.
const stepTries = 4

// startSteps runs what the durable state asks for and is not running yet. saved
// is that state as it was written.
func (e *entity) startSteps(steps []step, saved []byte, trace string) {
	var state State
	for _, s := range steps {
		if _, on := e.running[s.key()]; on || e.h.ctx.Err() != nil {
			continue
		}
		if state == nil {
			state = e.k.newState()
			if err := e.h.store.Unmarshal(saved, state); err != nil {
				e.h.Logger.Error("a saved state does not decode", "kind", e.k.Name, "id", e.id, "error", err)
				return
			}
		}
		if e.running == nil {
			e.running = map[string]struct{}{}
		}
		e.running[s.key()] = struct{}{}
		e.h.wg.Add(1)
		go e.runStep(s, state, trace)
	}
}

// resumeSteps runs what an earlier activation or a failed try left behind.
func (e *entity) resumeSteps(trace string) {
	if len(e.steps) == 0 {
		return
	}
	saved, err := e.h.store.Marshal(e.state)
	if err != nil {
		e.h.Logger.Error("a state does not encode", "kind", e.k.Name, "id", e.id, "error", err)
		return
	}
	e.startSteps(e.steps, saved, trace)
}

// runStep makes the calls of a step, and has the entity decide on the result.
func (e *entity) runStep(s step, saved State, trace string) {
	defer e.h.wg.Done()
	select {
	case e.h.slots <- struct{}{}:
		defer func() { <-e.h.slots }()
	case <-e.h.ctx.Done():
		e.endStep(s)
		return
	}
	pause := 50 * time.Millisecond
	for try := 1; ; try++ {
		result, err := e.tryStep(s, saved, trace)
		if err == nil {
			e.finish(s, result, trace)
			return
		}
		if try == stepTries && e.h.ctx.Err() == nil {
			e.h.Logger.Warn("a step has no answer yet and waits for the next wake",
				"kind", e.k.Name, "id", e.id, "step", s.key(), "error", err)
		}
		if try == stepTries || e.h.ctx.Err() != nil {
			e.endStep(s)
			return
		}
		select {
		case <-e.h.ctx.Done():
		case <-time.After(pause/2 + time.Duration(rand.Int64N(int64(pause)))): //nolint:gosec // jitter
			pause *= 4
		}
	}
}

// tryStep makes the calls once.
func (e *entity) tryStep(s step, saved State, trace string) (result any, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = entrepot.Errorf(entrepot.CodeInternal, "panic in step %s: %v", s.key(), r)
		}
	}()
	ctx, cancel := context.WithTimeout(e.h.ctx, e.h.StepTimeout)
	defer cancel()
	ctx = entrepot.WithCaller(WithTrace(ctx, trace), e.stepCaller(s))
	return s.row.do(ctx, stepAsker{e.h.ask, e.k.Name, e.id, s.key()}, saved, s.of)
}

func (e *entity) stepCaller(s step) entrepot.Caller {
	return entrepot.SystemCaller(e.k.Name + "/" + e.id + "/" + s.key())
}

// finish gives the result to the entity as if it were a command. An activation
// that has ended drops it: the step runs again where the entity wakes.
func (e *entity) finish(s step, result any, trace string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	p := &pending{step: &s, body: result, cmd: &wire.Command{
		ID: entrepot.DeriveID("answer", e.k.Name, e.id, s.key()), Caller: e.stepCaller(s), TraceParent: trace,
	}}
	switch {
	case e.stopped:
		e.ended(s)
	case e.loading || e.reload || e.solo > 0:
		e.stash = append(e.stash, p)
	default:
		e.execute(p)
		e.flushIfDirty()
		e.leaveIfTransient()
	}
}

// decideStep decides on the result of a step that is still due.
func (e *entity) decideStep(p *pending, t entrepot.Turn) {
	p.reply = &wire.Reply{}
	if p.step.due(e.state) {
		happened, err := p.step.row.then(e.state, t, p.body)
		if err != nil {
			e.h.Logger.Error("the result of a step is refused", "kind", e.k.Name, "id", e.id, "step", p.step.key(), "error", err)
		} else if len(happened) > 0 {
			e.apply(happened, t, p.cmd.TraceParent)
			p.changed = true
		}
	}
	e.attach(p)
}

// endStep is ended for callers without the lock.
func (e *entity) endStep(s step) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ended(s)
}

// ended lets the step run again if it is still due: its result is durable, or lost.
func (e *entity) ended(s step) {
	delete(e.running, s.key())
	if len(e.running) == 0 {
		e.running = nil
	}
	e.leaveIfTransient()
}

// stepAsker gives every command of a step an id made of the entity, the step and
// the grain and message asked, so that another try is the same command.
type stepAsker struct {
	Asker
	kind, id, key string
}

func (a stepAsker) Ask(ctx context.Context, to Ref, message any, options ...Option) (Answer, error) {
	id := entrepot.DeriveID(a.kind, a.id, a.key, to.Kind, to.ID, nameOf(message))
	return a.Asker.Ask(ctx, to, message, append([]Option{As(id)}, options...)...)
}

// Distinct is the asker of a step for one of several commands of one type to one
// grain, which would count as the same command without a name of its own.
func Distinct(a Asker, name string) Asker {
	if s, ok := a.(stepAsker); ok {
		s.key += "/" + name
		return s
	}
	return a
}
