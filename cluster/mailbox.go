package cluster

import (
	"runtime"
	"sync"

	"github.com/asynkron/protoactor-go/actor"
)

const defaultMailboxBound = 4096

// mailbox is the message queue of an activation. Unlike Proto.Actor's it is bounded and replies to every
// request that it does not execute:
//
//   - requests (messages with a sender) beyond the bound get "overloaded";
//   - requests still queued when the actor has stopped get "dead letter", so that callers go on to the next
//     activation instead of waiting for their timeout;
//   - requests while the member is fenced or was just paused for too long get "dead letter" too.
//
// Messages without a sender are the actor's own (timers, completions, poison). Their number is bounded by the
// work in flight, and they are not counted: an actor that loses a completion would wait for ever.
//
// System messages go first. One goroutine at a time runs the actor.
type mailbox struct {
	system *actor.ActorSystem
	gate   *gate
	bound  int

	invoker    actor.MessageInvoker
	dispatcher actor.Dispatcher
	run        func() // m.process, bound once

	mu       sync.Mutex
	urgent   fifo // system messages
	queue    fifo // user messages
	requests int  // in queue, with a sender
	running  bool
	paused   bool // the supervisor is deciding about a failure
	dead     bool // the actor has stopped
}

// newMailbox returns the mailbox producer for Props. bound is the number of waiting requests.
func newMailbox(system *actor.ActorSystem, g *gate, bound int) actor.MailboxProducer {
	return func() actor.Mailbox {
		m := &mailbox{system: system, gate: g, bound: bound}
		m.run = m.process
		return m
	}
}

// RegisterHandlers sets the invoker and the dispatcher. It is called once, before any message.
func (m *mailbox) RegisterHandlers(invoker actor.MessageInvoker, dispatcher actor.Dispatcher) {
	m.invoker, m.dispatcher = invoker, dispatcher
}

// Start does nothing: the first message starts the actor.
func (m *mailbox) Start() {}

// UserMessageCount returns the number of waiting user messages.
func (m *mailbox) UserMessageCount() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.queue.n
}

// PostUserMessage queues a message, or replies to its sender that it will not be executed.
func (m *mailbox) PostUserMessage(message any) {
	sender := actor.UnwrapEnvelopeSender(message)
	m.mu.Lock()
	switch {
	case m.dead:
		m.mu.Unlock()
		m.bounce(message)
		return
	case sender != nil && m.requests >= m.bound:
		m.mu.Unlock()
		m.system.Root.Send(sender, overload())
		return
	}
	if sender != nil {
		m.requests++
	}
	m.queue.push(message)
	m.wake()
}

// PostSystemMessage queues a message ahead of all user messages.
func (m *mailbox) PostSystemMessage(message any) {
	m.mu.Lock()
	m.urgent.push(message)
	m.wake()
}

// wake schedules a run unless one is active. It is called with the lock held and releases it.
func (m *mailbox) wake() {
	start := !m.running
	m.running = true
	m.mu.Unlock()
	if start {
		m.dispatcher.Schedule(m.run)
	}
}

// process runs the actor until no message is left. A panic goes to the actor's supervisor, and the supervisor's
// decision comes back as a system message.
func (m *mailbox) process() {
	for !m.drain() {
	}
}

// drain handles messages and reports whether none is left; false after a panic.
func (m *mailbox) drain() (done bool) {
	var message any
	defer func() {
		if r := recover(); r != nil {
			m.invoker.EscalateFailure(r, message)
		}
	}()
	turns := m.dispatcher.Throughput()
	for i := 1; ; i++ {
		var urgent, ok bool
		if message, urgent, ok = m.next(); !ok {
			return true
		}
		if urgent {
			m.control(message)
		} else {
			m.invoke(message)
		}
		if i%turns == 0 {
			runtime.Gosched()
		}
	}
}

// next returns the next message. ok is false when there is none, and then the run has ended.
func (m *mailbox) next() (message any, urgent, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.urgent.n > 0 {
		return m.urgent.pop(), true, true
	}
	if m.queue.n == 0 || m.paused {
		m.running = false
		return nil, false, false
	}
	message = m.queue.pop()
	if actor.UnwrapEnvelopeSender(message) != nil {
		m.requests--
	}
	return message, false, true
}

func (m *mailbox) invoke(message any) {
	if m.gate != nil && m.gate.shut() && actor.UnwrapEnvelopeSender(message) != nil {
		m.bounce(message)
		return
	}
	m.invoker.InvokeUserMessage(message)
}

func (m *mailbox) control(message any) {
	switch message.(type) {
	case *actor.SuspendMailbox:
		m.setPaused(true)
	case *actor.ResumeMailbox:
		m.setPaused(false)
	case *actor.Stop, *actor.Terminated: // the actor or its last child has stopped, so the actor may be gone
		m.invoker.InvokeSystemMessage(message)
		m.close()
	default:
		m.invoker.InvokeSystemMessage(message)
	}
}

func (m *mailbox) setPaused(p bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.paused = p
}

// close bounces the messages queued for an actor that has stopped. It does nothing if the actor is alive.
func (m *mailbox) close() {
	c, ok := m.invoker.(actor.Context)
	if !ok {
		return
	}
	if _, alive := m.system.ProcessRegistry.GetLocal(c.Self().Id); alive {
		return
	}
	m.mu.Lock()
	m.dead = true
	left := m.queue
	m.queue, m.requests, m.paused = fifo{}, 0, false
	m.mu.Unlock()
	m.invoker = buried{}
	for left.n > 0 {
		m.bounce(left.pop())
	}
}

// buried stands for an actor that has stopped. Without it the actor's state would stay
// in memory: Proto.Actor's set of children keeps the PID of one that has ended until
// another takes its place, a PID its process, and that the mailbox.
type buried struct{}

func (buried) InvokeSystemMessage(any)  {}
func (buried) InvokeUserMessage(any)    {}
func (buried) EscalateFailure(any, any) {}

// bounce tells the sender that the message was not executed.
func (m *mailbox) bounce(message any) {
	if sender := actor.UnwrapEnvelopeSender(message); sender != nil {
		m.system.Root.Send(sender, &actor.DeadLetterResponse{})
	}
}

// overloadMark is the target of dead-letter replies that mean "overloaded"; no process has this id. Such a reply
// is a message of Proto.Actor itself, so it crosses members, and plain futures read it as "not executed".
const overloadMark = "$overloaded"

func overload() *actor.DeadLetterResponse {
	return &actor.DeadLetterResponse{Target: &actor.PID{Id: overloadMark}}
}

func isOverload(r *actor.DeadLetterResponse) bool {
	return r.Target != nil && r.Target.Id == overloadMark
}

// fifo is a ring buffer that doubles when full. It frees its memory when it becomes empty after a burst, because
// most activations are idle.
type fifo struct {
	ring    []any
	head, n int
}

const fifoKeep = 16 // largest ring that an empty fifo keeps

func (f *fifo) push(v any) {
	if f.n == len(f.ring) {
		grown := make([]any, max(4, 2*len(f.ring)))
		k := copy(grown, f.ring[f.head:])
		copy(grown[k:], f.ring[:f.head])
		f.ring, f.head = grown, 0
	}
	f.ring[(f.head+f.n)%len(f.ring)] = v
	f.n++
}

func (f *fifo) pop() any {
	v := f.ring[f.head]
	f.ring[f.head] = nil
	f.head = (f.head + 1) % len(f.ring)
	f.n--
	if f.n == 0 && len(f.ring) > fifoKeep {
		*f = fifo{}
	}
	return v
}
