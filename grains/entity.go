package grains

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains/wire"
	"entrepot/persistence"

	"github.com/asynkron/protoactor-go/actor"
)

// entity is one activation: the state in memory and the commands that wait for its writes. The
// actor's mailbox delivers messages one at a time; results of loads, writes and steps arrive on other
// goroutines. The mutex guards all fields and is held only to compute, never for I/O. Results bypass
// the mailbox so that a stopped activation can still answer for its last write.
type entity struct {
	h    *Host
	k    *Kind
	id   entrepot.ID
	self *actor.PID
	root *actor.RootContext

	mu         sync.Mutex
	phase      phase
	transient  bool // the last message was transient: it leaves memory as soon as it rests
	publishing bool // the broker has been offered events and has not confirmed them
	used       time.Time
	uses       int // messages since the activation, counted up to seldom

	// Durable, as of the last write or load.
	version int64
	wakeAt  time.Time
	outbox  []events.Envelope     // unconfirmed; only without a store's log
	steps   []step                // what the durable state asks for
	before  *persistence.Document // the indexed fields, for the store; nil: nothing is saved
	stored  int                   // events in the saved document's outbox, confirmed ones included

	// Tentative: durable plus the batch in flight plus what waits.
	state  State
	recent recent
	seq    int64

	inflight *batch
	waiting  []*pending          // changed the tentative state or rest on it; go out with the next write
	fresh    []events.Envelope   // of waiting
	parked   []*pending          // their reply waits for a later step
	stash    []*pending          // not executed yet
	running  map[string]struct{} // keys of running steps
}

// pending is a message or the result of a step until its reply is sent.
type pending struct {
	cmd       *wire.Command
	body      any        // the message, or the result of step
	step      *step      // nil: a message
	decided   chan error // of a step's result: receives nil once the decision is durable
	sender    *actor.PID
	h         *handler
	reply     *wire.Reply
	changed   bool
	forParked bool // carries the change of a parked command, which itself waits on for its reply
	alone     bool // after a duplicate key: must be the only change of its write
	tries     int
}

// batch is one write and the commands whose replies wait for it.
type batch struct {
	pendings []*pending
	events   []events.Envelope
	doc      persistence.Document
	steps    []step
	trace    string // of the last command in it; the steps that it starts continue this trace
	write    [8]byte
}

// maxTries is how often a command is decided again after a lost compare-and-set.
const maxTries = 3

func newEntity(h *Host, k *Kind, id string, ctx actor.Context) *entity {
	e := &entity{h: h, k: k, id: id, self: ctx.Self(), root: ctx.ActorSystem().Root, used: h.now()}
	h.register(e, true)
	return e
}

// receive takes one message from the mailbox.
func (e *entity) receive(c *wire.Command, sender *actor.PID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	h, body, err := e.k.handlerOf(c.Name, c.Body, c.JSON)
	p := &pending{cmd: c, sender: sender, h: h, body: body}
	e.used, e.uses = e.h.now(), min(e.uses+1, seldom)
	e.transient = c.Transient && e.uses < seldom
	switch {
	case err != nil:
		e.refuse(p, entrepot.Errorf(entrepot.CodeInternal, "%s cannot decode %s: %v", e.k.Name, c.Name, err))
	case h == nil && c.Name != wakeName:
		e.refuse(p, entrepot.Errorf(entrepot.CodeInternal, "%s does not handle %s", e.k.Name, c.Name))
	case e.phase == stopped:
		e.refuse(p, errMoving())
	case !c.Deadline.IsZero() && time.Now().After(c.Deadline):
		e.refuse(p, entrepot.Unavailable("the deadline passed before the command was read"))
	case len(e.waiting)+len(e.stash)+len(e.parked) >= e.h.MaxPending:
		e.refuse(p, entrepot.Unavailable("too many commands wait for this %s", e.k.Name))
	case e.phase == cold && h != nil && h.creates:
		e.assume()
		e.executeOrStash(p)
	case e.phase == cold:
		e.stash = append(e.stash, p)
		e.load()
	default:
		e.executeOrStash(p)
	}
}

// executeOrStash executes a message, or keeps it until the state is usable.
func (e *entity) executeOrStash(p *pending) {
	if !e.executesNow() {
		e.stash = append(e.stash, p)
		return
	}
	e.execute(p)
	e.flushIfDirty()
	e.leaveIfTransient()
}

// execute answers one message from the tentative state or changes that state. A panic discards the
// tentative state, because a decision or Apply may have changed it in part.
func (e *entity) execute(p *pending) {
	defer func() {
		if r := recover(); r != nil && e.unproven() {
			e.lookFirst(p)
		} else if r != nil {
			e.h.Logger.Error("panic in a decision", "kind", e.k.Name, "id", e.id, "command", fmt.Sprintf("%T", p.body),
				"requestId", p.cmd.Caller.RequestID, "panic", r, "stack", string(debug.Stack()))
			p.changed = false
			e.refuse(p, &entrepot.Error{Code: entrepot.CodeInternal, Message: "internal error"})
			e.discard()
		}
	}()
	t := entrepot.Turn{ID: e.id, Now: e.h.now(), Caller: p.cmd.Caller, CommandID: p.cmd.ID}
	if p.step != nil {
		e.decideStep(p, t)
		return
	}
	if p.h == nil {
		e.wake(p, t)
		return
	}
	if p.h.decide == nil {
		e.answer(p, t, false)
		return
	}
	id := digest(p.cmd.ID)
	if p.cmd.Hash == 0 && e.k.Ring > 0 {
		p.cmd = withHash(p.cmd, p.body)
	}
	if e.replay(p, id, t) {
		return
	}
	if len(e.outbox)+len(e.fresh) >= e.h.MaxOutbox {
		e.refuse(p, entrepot.Unavailable("events of this %s wait for the broker", e.k.Name))
		return
	}
	happened, err := p.h.decide(e.state, t, p.body)
	if (err != nil || len(happened) == 0) && e.unproven() {
		e.lookFirst(p)
		return
	}
	if err != nil {
		p.reply = &wire.Reply{Err: e.asError(err, p)}
		e.attach(p)
		return
	}
	if len(happened) > 0 {
		e.apply(happened, t, p.cmd.TraceParent)
		p.changed = true
		e.recent.add(id, p.cmd.Hash)
	} else {
		// "Nothing to do" acknowledges the command as well. A stale activation may conclude it
		// from an old state, so the reply rests on a write: its own if none is under way.
		p.changed = e.version > 0 && e.settled()
	}
	e.answer(p, t, false)
}

// replay answers a command that the state already contains, and returns false for any other.
func (e *entity) replay(p *pending, id commandDigest, t entrepot.Turn) bool {
	hash, seen := e.recent.find(id)
	kept := e.recent.reply(id)
	if kept != nil {
		hash, seen = be64(kept), true
	}
	switch {
	case !seen:
		return false
	case hash != p.cmd.Hash:
		p.reply = &wire.Reply{Err: entrepot.Errorf(entrepot.CodeKeyReused, "this key was used for another request")}
		e.attach(p)
	case kept != nil:
		p.reply = &wire.Reply{Replayed: true}
		if body, err := p.h.decodeReply(kept[8:]); err == nil {
			p.reply.Body = body
		} else {
			p.reply.Err = e.asError(err, p)
		}
		e.attach(p)
	default:
		// No reply was kept, because the caller was gone when the command took effect. The
		// reply given now is the command's reply from here on, so it is saved.
		p.changed = p.cmd.Keyed
		e.answer(p, t, true)
	}
	return true
}

// answer reads the reply from the tentative state. If the reply must wait for a later step, it parks
// the caller.
func (e *entity) answer(p *pending, t entrepot.Turn, replayed bool) {
	body, done, err := p.h.reply(e.state, t, p.body)
	switch {
	case err != nil:
		p.reply = &wire.Reply{Err: e.asError(err, p), Replayed: replayed}
	case done:
		p.reply = &wire.Reply{Body: body, Replayed: replayed}
		e.keep(p)
	default:
		e.parked = append(e.parked, p)
		if p.changed && !replayed { // the change is written now, the caller keeps waiting
			e.waiting = append(e.waiting, &pending{cmd: p.cmd, changed: true, forParked: true})
		}
		return
	}
	e.attach(p)
}

// keep remembers the reply to a changing command whose id the client chose.
func (e *entity) keep(p *pending) {
	if !p.cmd.Keyed || !p.changed || p.reply.Body == nil {
		return
	}
	if b, err := json.Marshal(p.reply.Body); err == nil {
		e.recent.keep(digest(p.cmd.ID), p.cmd.Hash, b, e.h.now())
	}
}

// attach sends the reply after the write that it rests on, or at once if it rests on none.
func (e *entity) attach(p *pending) {
	switch {
	case p.changed || len(e.waiting) > 0:
		e.waiting = append(e.waiting, p)
	case e.phase == writing:
		e.inflight.pendings = append(e.inflight.pendings, p)
	default:
		e.send(p)
	}
}

// apply changes the tentative state by the events and makes their envelopes.
func (e *entity) apply(happened []events.Event, t entrepot.Turn, trace string) {
	for _, ev := range happened {
		e.state.Apply(ev)
		typ := ev.EventType()
		if typ == "" {
			continue
		}
		data, err := json.Marshal(ev)
		if err != nil {
			panic(fmt.Sprintf("event %s does not marshal: %v", typ, err))
		}
		e.seq++
		env := events.Envelope{
			ID: entrepot.NewID(), Type: typ, Version: 1, OccurredAt: t.Now, TraceParent: trace, Data: data,
			Actor: events.Actor{
				UserID: t.Caller.UserID, Role: cmp.Or(t.Caller.For, t.Caller.Role), RequestID: t.Caller.RequestID,
				IP: t.Caller.IP, UserAgent: t.Caller.UserAgent,
			},
			Aggregate: events.Aggregate{Kind: e.k.Name, ID: e.id, Sequence: e.seq},
		}
		env.CompanyID, env.ShopID = e.tenant(ev)
		e.fresh = append(e.fresh, env)
	}
}

// tenant returns the company and shop that an event belongs to.
func (e *entity) tenant(ev events.Event) (company, shop entrepot.ID) {
	if sc, ok := ev.(events.Scoped); ok {
		return sc.EventScope()
	}
	ix := e.state.Index()
	return ix.CompanyID, ix.ShopID
}

// wake decides what is due, and resumes the steps and events that were left behind.
func (e *entity) wake(p *pending, t entrepot.Turn) {
	p.reply = &wire.Reply{Body: Done{}}
	if timed, ok := e.state.(Timed); ok && e.version > 0 {
		if happened := timed.Wake(t); len(happened) > 0 {
			e.apply(happened, t, p.cmd.TraceParent)
			p.changed = true
		}
	}
	if e.settled() {
		if !p.changed { // else the write starts the steps of the new state
			e.resumeSteps(p.cmd.TraceParent)
		}
		e.publish()
		// A write clears or moves a wakeAt that has passed, which would be due for ever.
		if !p.changed && e.version > 0 && !e.wakeAt.IsZero() && !e.wakeAt.After(t.Now) {
			p.changed = true
		}
	}
	e.attach(p)
}

// refuse replies with an error at once.
func (e *entity) refuse(p *pending, err *entrepot.Error) {
	p.reply = &wire.Reply{Err: err}
	e.send(p)
}

// send sends the reply to the caller, or to the goroutine of a step.
func (e *entity) send(p *pending) {
	if p.sender != nil && p.reply != nil {
		e.root.Send(p.sender, p.reply)
		p.sender = nil
	}
	if p.step != nil {
		e.sendDecision(p)
	}
}

// asError returns err for the caller. Any error but an *entrepot.Error is logged and replaced by
// CodeInternal, because its text may reveal internals.
func (e *entity) asError(err error, p *pending) *entrepot.Error {
	var known *entrepot.Error
	if !errors.As(err, &known) {
		e.h.Logger.Error("unknown error in a grain", "kind", e.k.Name, "id", e.id,
			"requestId", p.cmd.Caller.RequestID, slog.Any("error", err))
	}
	return entrepot.AsError(err)
}

// withHash returns a copy of the command with the hash of its message's name and content.
func withHash(c *wire.Command, body any) *wire.Command {
	b, err := json.Marshal(body)
	copied := *c // the sender shares the original
	copied.Hash = HashOf(append(b, c.Name...))
	if err != nil {
		copied.Hash = freshHash
	}
	return &copied
}
