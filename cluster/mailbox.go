package cluster

import (
	"runtime"
	"sync"

	"github.com/asynkron/protoactor-go/actor"
)

const defaultMailboxBound = 4096

// mailbox is an activation's queue. Unlike Proto.Actor's it is bounded and loses nothing silently:
//
//   - more than bound waiting requests (messages with a sender): the next is answered "overloaded" at once;
//   - requests still queued when the actor has stopped are answered "dead letter" at once, so that callers
//     go to the next activation instead of waiting out their time;
//   - a member that is fenced, or has just stood still for too long, answers "dead letter" too.
//
// Messages without a sender are an actor's own (timers, completions, poison) and as many as the work it has
// in flight: they are not counted, for an actor that loses its own completion never goes on.
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

// newMailbox makes the producer for Props.
func newMailbox(system *actor.ActorSystem, g *gate, bound int) actor.MailboxProducer {
	return func() actor.Mailbox {
		m := &mailbox{system: system, gate: g, bound: bound}
		m.run = m.process
		return m
	}
}

// RegisterHandlers is called once, before any message.
func (m *mailbox) RegisterHandlers(invoker actor.MessageInvoker, dispatcher actor.Dispatcher) {
	m.invoker, m.dispatcher = invoker, dispatcher
}

// Start has nothing to do: the first message does.
func (m *mailbox) Start() {}

// UserMessageCount is how many messages wait.
func (m *mailbox) UserMessageCount() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.queue.n
}

// PostUserMessage queues a message, or answers its sender that it will not be executed.
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

// wake is called with the lock and releases it.
func (m *mailbox) wake() {
	start := !m.running
	m.running = true
	m.mu.Unlock()
	if start {
		m.dispatcher.Schedule(m.run)
	}
}

// process runs the actor until nothing is left for it. An actor that panics is reported to its supervisor,
// whose decision arrives as a system message.
func (m *mailbox) process() {
	for !m.drain() {
	}
}

// drain reports false when it was ended by a panic.
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

// next takes the next message, or ends the run.
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
	case *actor.Stop, *actor.Terminated: // the actor, or the last child it waited for: it may be gone now
		m.invoker.InvokeSystemMessage(message)
		m.bury()
	default:
		m.invoker.InvokeSystemMessage(message)
	}
}

func (m *mailbox) setPaused(p bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.paused = p
}

// bury answers what is queued for an actor that has stopped.
func (m *mailbox) bury() {
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
	for left.n > 0 {
		m.bounce(left.pop())
	}
}

// bounce tells the sender that the message was not executed.
func (m *mailbox) bounce(message any) {
	if sender := actor.UnwrapEnvelopeSender(message); sender != nil {
		m.system.Root.Send(sender, &actor.DeadLetterResponse{})
	}
}

// overloadMark names no process: it makes a rejection that crosses members as Proto.Actor's own message,
// and which plain futures read as "dead letter", that is, not executed.
const overloadMark = "$overloaded"

func overload() *actor.DeadLetterResponse {
	return &actor.DeadLetterResponse{Target: &actor.PID{Id: overloadMark}}
}

func isOverload(r *actor.DeadLetterResponse) bool {
	return r.Target != nil && r.Target.Id == overloadMark
}

// fifo is a ring that grows by doubling and gives its memory back when it runs empty after a burst: idle
// activations are many.
type fifo struct {
	ring    []any
	head, n int
}

const fifoKeep = 16

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
