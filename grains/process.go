package grains

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains/wire"
)

// Row is one row of a process, made by [Step].
type Row[P State] struct {
	name string
	due  func(P) []string
	do   func(ctx context.Context, a Asker, s P, of string) (any, error)
	then func(P, entrepot.Turn, any) ([]events.Event, error)
}

// Process sets the calls that the kind's entities make by themselves, as a table of rows. The host
// makes the calls that the saved state asks for after each commit, off the mailbox. Rows depend on the
// saved state only, so after the death of a member they run again wherever the entity wakes.
func Process[P State](k *Kind, rows ...Row[P]) {
	for _, r := range rows {
		k.process = append(k.process, row{
			name: r.name,
			due:  func(s State) []string { return r.due(s.(P)) },
			do: func(ctx context.Context, a Asker, s State, of string) (any, error) {
				return r.do(ctx, a, s.(P), of)
			},
			then: func(s State, t entrepot.Turn, result any) ([]events.Event, error) {
				return r.then(s.(P), t, result)
			},
		})
	}
}

// Step returns a row of a process.
//
// due returns the elements for which the row must run, none if nothing is due. An element
// distinguishes one run from the next (an attempt, the id of a receipt) and is "" for a row that runs
// once ([When]). It must change whenever the content of the calls does: the ids of the calls are made
// from it, and a result is accepted as long as its element is due.
//
// do makes the calls for one element. It receives a copy of the saved state, and its calls must be
// idempotent by their ids. A certain refusal is a result. An error means that there is no result yet:
// the row is tried again, after a while and possibly on another member.
//
// then decides on the result; the caller of its turn is the system. If it returns an error, or its
// decision cannot be written, the row is tried again. A result whose element is no longer due, because
// another activation was faster or the state has changed, is dropped.
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

// When returns the due function of a row that runs once, while a condition of the state holds.
func When[P State](holds func(P) bool) func(P) []string {
	return func(s P) []string {
		if holds(s) {
			return once
		}
		return nil
	}
}

var once = []string{""}

// row is a [Row] with types erased.
type row struct {
	name string
	due  func(State) []string
	do   func(ctx context.Context, a Asker, s State, of string) (any, error)
	then func(State, entrepot.Turn, any) ([]events.Event, error)
}

// step is a row together with an element for which it is due.
type step struct {
	row *row
	of  string
}

// key returns the identity of the step within its entity.
func (s step) key() string {
	if s.of == "" {
		return s.row.name
	}
	return s.row.name + ":" + s.of
}

// due reports whether the state still asks for the step.
func (s step) due(state State) bool {
	return slices.Contains(s.row.due(state), s.of)
}

// stepsOf returns the steps that a state asks for.
func (k *Kind) stepsOf(s State) (out []step) {
	for i := range k.process {
		for _, of := range k.process[i].due(s) {
			out = append(out, step{&k.process[i], of})
		}
	}
	return out
}

// stepTries bounds the tries of one run of a step; the next wake starts another run.
const stepTries = 4

// startSteps runs the steps that are not running yet. saved is the state that asks for them, as it
// was written.
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

// resumeSteps runs the steps that an earlier activation or a failed run left behind. The state must be
// the durable one.
func (e *entity) resumeSteps(trace string) {
	if len(e.steps) == 0 {
		return
	}
	saved, err := e.h.store.Marshal(e.state)
	if err != nil {
		e.h.Logger.Error("encode a state", "kind", e.k.Name, "id", e.id, "error", err)
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
			return // sendDecision has ended the step
		}
		if e.hasStopped() || ctx.Err() != nil {
			e.endStep(s)
			e.wakeNext(ctx)
			return
		}
		if try == stepTries {
			e.endStep(s)
			e.h.Logger.Warn("a step failed and waits for the next wake",
				"kind", e.k.Name, "id", e.id, "step", s.key(), "tries", try, "error", err)
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause/2 + time.Duration(rand.Int64N(int64(pause)))): //nolint:gosec // jitter
			pause *= 4
		}
	}
}

// wakeNext wakes the entity where it lives after this activation has stopped, so that its next activation
// takes up the step at once and not at its wakeAt. If that fails, wakeAt remains.
func (e *entity) wakeNext(ctx context.Context) {
	ctx, cancel := context.WithTimeout(entrepot.WithCaller(ctx, entrepot.SystemCaller("moved")), defaultDeadline)
	defer cancel()
	if _, err := e.h.ask.Ask(ctx, Ref{Kind: e.k.Name, ID: e.id}, Wake{}); err != nil {
		e.h.Logger.Debug("wake the next activation", "kind", e.k.Name, "id", e.id, "error", err)
	}
}

// tryStep makes the calls of a step once and has the entity decide on the result. It returns nil once
// the decision is durable.
func (e *entity) tryStep(ctx context.Context, s step, saved []byte, trace string) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = entrepot.Errorf(entrepot.CodeInternal, "panic in step %s: %v", s.key(), r)
		}
	}()
	state := e.k.newState() // a copy of its own, which do may change
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

// stepCaller returns the system as the caller of a step's calls and of its decision.
func (e *entity) stepCaller(s step) entrepot.Caller {
	return entrepot.SystemCaller(e.k.Name + "/" + e.id + "/" + s.key())
}

// submitResult passes the result of a step to the entity like a message and waits until the decision
// on it is durable or refused. A stopped activation refuses it; the step runs again wherever the entity
// wakes.
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

// receiveResult executes the result of a step, or keeps it until the state is usable.
func (e *entity) receiveResult(p *pending) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.phase == stopped {
		e.refuse(p, errMoving())
		return
	}
	e.executeOrStash(p)
}

// decideStep decides on the result of a step. A result that is no longer due changes nothing.
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

// sendDecision reports to the goroutine of a step whether its result is durable. If so, the step ends
// here, before the steps of the new state start, which may ask for it again. A refused one is tried
// again by its goroutine.
func (e *entity) sendDecision(p *pending) {
	var err error
	if p.reply.Err != nil {
		err = p.reply.Err
	} else {
		e.ended(*p.step)
	}
	select {
	case p.decided <- err:
	default: // only the first decision counts
	}
}

// hasStopped reports whether the activation has stopped, for callers without the lock.
func (e *entity) hasStopped() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.phase == stopped
}

// endStep ends a step without a durable result, for callers without the lock.
func (e *entity) endStep(s step) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ended(s)
	e.leaveIfTransient()
}

// ended allows the step to run again if it is still due.
func (e *entity) ended(s step) {
	delete(e.running, s.key())
	if len(e.running) == 0 {
		e.running = nil
	}
}

// stepAsker derives the id of every command of a step from the entity, the step, the grain addressed
// and the name of the message, so that another try sends the same command.
type stepAsker struct {
	Asker
	kind, id, key string
}

func (a stepAsker) Ask(ctx context.Context, to Ref, message any, options ...Option) (Answer, error) {
	id := entrepot.DeriveID(a.kind, a.id, a.key, to.Kind, to.ID, nameOf(message))
	return a.Asker.Ask(ctx, to, message, append([]Option{As(id)}, options...)...)
}

// Distinct returns the asker of a step for one of several commands of the same type to the same grain.
// Without a name of its own each of them would count as a repetition of the first.
func Distinct(a Asker, name string) Asker {
	if s, ok := a.(stepAsker); ok {
		s.key += "/" + name
		return s
	}
	return a // outside of a step each command has a fresh id
}
