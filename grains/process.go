package grains

import (
	"context"
	"fmt"
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

// stepTries bounds the tries of a step in one run; wakeAt covers the rest.
const stepTries = 4

// startSteps runs the steps that are not running yet. saved is the state that
// asks for them, as it was written.
func (e *entity) startSteps(steps []step, saved []byte, trace string) {
	for _, s := range steps {
		if _, on := e.running[s.key()]; on || e.phase == stopped {
			continue
		}
		if e.h.background(func(ctx context.Context) { e.runStep(ctx, s, saved, trace) }) {
			if e.running == nil {
				e.running = map[string]struct{}{}
			}
			e.running[s.key()] = struct{}{}
		}
	}
}

// resumeSteps runs the steps that an earlier activation or a failed run left
// behind. The tentative state must be the durable one.
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

// runStep tries a step until the entity's decision on its result is durable.
func (e *entity) runStep(ctx context.Context, s step, saved []byte, trace string) {
	select {
	case e.h.slots <- struct{}{}:
		defer func() { <-e.h.slots }()
	case <-ctx.Done():
		e.endStep(s)
		return
	}
	pause := 50 * time.Millisecond
	for try := 1; ; try++ {
		err := e.tryStep(ctx, s, saved, trace)
		if err == nil {
			return // ended together with the write
		}
		if e.hasStopped() || ctx.Err() != nil {
			e.endStep(s)
			return
		}
		if try == stepTries {
			e.h.Logger.Warn("a step failed and waits for the next wake",
				"kind", e.k.Name, "id", e.id, "step", s.key(), "tries", try, "error", err)
			e.endStep(s)
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause/2 + time.Duration(rand.Int64N(int64(pause)))): //nolint:gosec // jitter
			pause *= 4
		}
	}
}

// tryStep makes the calls of a step once and has the entity decide on the result.
// It returns nil once the decision is durable.
func (e *entity) tryStep(ctx context.Context, s step, saved []byte, trace string) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = entrepot.Errorf(entrepot.CodeInternal, "panic in step %s: %v", s.key(), r)
		}
	}()
	state := e.k.newState() // a copy for each try, which do may change
	if err := e.h.store.Unmarshal(saved, state); err != nil {
		return fmt.Errorf("decode the saved state: %w", err)
	}
	calls, cancel := context.WithTimeout(ctx, e.h.StepTimeout)
	defer cancel()
	calls = entrepot.WithCaller(WithTrace(calls, trace), e.stepCaller(s))
	result, err := s.row.do(calls, stepAsker{e.h.ask, e.k.Name, e.id, s.key()}, state, s.of)
	if err != nil {
		return err
	}
	return e.submitResult(ctx, s, result, trace)
}

func (e *entity) stepCaller(s step) entrepot.Caller {
	return entrepot.SystemCaller(e.k.Name + "/" + e.id + "/" + s.key())
}

// submitResult gives the result of a step to the entity as if it were a command,
// and waits for its reply. An activation that has ended refuses it: the step runs
// again where the entity wakes.
func (e *entity) submitResult(ctx context.Context, s step, result any, trace string) error {
	p := &pending{step: &s, body: result, decided: make(chan error, 1), cmd: &wire.Command{
		ID: entrepot.DeriveID("answer", e.k.Name, e.id, s.key()), Caller: e.stepCaller(s), TraceParent: trace,
	}}
	e.receiveResult(p)
	select {
	case err := <-p.decided:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (e *entity) receiveResult(p *pending) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.phase == stopped {
		e.refuse(p, errMoving())
		return
	}
	e.executeOrStash(p)
}

// decideStep decides on the result of a step that is still due.
func (e *entity) decideStep(p *pending, t entrepot.Turn) {
	if !p.step.due(e.state) {
		p.reply = &wire.Reply{}
		e.attach(p)
		return
	}
	if len(e.outbox)+len(e.fresh) >= e.h.MaxOutbox {
		e.refuse(p, entrepot.Unavailable("events of this %s wait for the broker", e.k.Name))
		return
	}
	happened, err := p.step.row.then(e.state, t, p.body)
	if err != nil {
		p.reply = &wire.Reply{Err: e.asError(err, p)}
	} else {
		p.reply = &wire.Reply{}
		p.changed = len(happened) > 0
		e.apply(happened, t, p.cmd.TraceParent)
	}
	e.attach(p)
}

// sendDecision tells the goroutine of a step what became of its result. A step
// whose result is durable may run again at once, if the new state asks for it; one
// that was refused is tried again.
func (e *entity) sendDecision(p *pending) {
	var err error
	if p.reply.Err != nil {
		err = p.reply.Err
	} else {
		e.ended(*p.step)
	}
	select {
	case p.decided <- err:
	default: // nobody waits for a second one
	}
}

func (e *entity) hasStopped() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.phase == stopped
}

// endStep is [entity.ended] for callers without the lock.
func (e *entity) endStep(s step) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ended(s)
}

// ended allows the step to run again if it is still due.
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
	switch a := a.(type) {
	case stepAsker:
		a.key += "/" + name
		return a
	case withOptions:
		a.Asker = Distinct(a.Asker, name)
		return a
	default:
		return a // its commands have ids of their own
	}
}
