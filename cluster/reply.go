package cluster

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// desk is where the answers to this member's requests arrive. It stands in for actor.Future: a future
// registers a process and allocates a condition and a timer for every call, cannot be left before its
// timeout, and races with a late answer under -race. A desk is a few long-lived processes; the request id
// that Proto.Actor carries in the sender's PID, across the wire too, says which caller an answer is for.
type desk struct {
	system *actor.ActorSystem
	shards [deskShards]deskShard
	pool   sync.Pool // of *waiter
}

const deskShards = 16 // a power of two

// deskShard is an actor.Process: answers come in by SendUserMessage.
type deskShard struct {
	id      string
	mu      sync.Mutex
	last    uint32
	waiting map[uint32]*waiter
}

// waiter is one caller. Its channel holds one answer and gets at most one: whoever removes it from its
// shard's map, under the lock, decides its end.
type waiter struct {
	answer  chan any
	timer   *time.Timer
	address string // whom it asked; the answer is lost with that member
}

// letter is the envelope and its return address in one allocation.
type letter struct {
	envelope actor.MessageEnvelope
	from     actor.PID
}

type peerLost struct{} // the answer of a member that is gone

var errPeerLost = errors.New("connection to the member was lost")

func newDesk(system *actor.ActorSystem) *desk {
	d := &desk{system: system}
	d.pool.New = func() any {
		t := time.NewTimer(time.Hour)
		t.Stop()
		return &waiter{answer: make(chan any, 1), timer: t}
	}
	for i := range d.shards {
		s := &d.shards[i]
		s.id, s.waiting = "reply"+strconv.Itoa(i), map[uint32]*waiter{}
		system.ProcessRegistry.Add(s, s.id)
	}
	return d
}

// ask sends msg and waits for the answer until ctx ends or, if until is set, that moment. An error means
// that there was none: context.DeadlineExceeded, context.Canceled or errPeerLost.
func (d *desk) ask(ctx context.Context, to *actor.PID, msg any, until time.Time) (any, error) {
	w := d.pool.Get().(*waiter)
	w.address = to.Address
	s := &d.shards[rand.Uint32()%deskShards] //nolint:gosec // spreads load, hides nothing
	number := s.enter(w)

	l := &letter{}
	l.from.Address, l.from.Id, l.from.RequestId = d.system.ProcessRegistry.Address, s.id, number
	l.envelope.Message, l.envelope.Sender = msg, &l.from
	d.system.Root.Send(to, &l.envelope)

	answer, err := w.wait(ctx, until)
	if err != nil && !s.leave(number) { // too late to leave: the answer is on its way
		answer, err = <-w.answer, nil
	}
	d.pool.Put(w)
	if _, lost := answer.(peerLost); lost {
		return nil, errPeerLost
	}
	return answer, err
}

func (w *waiter) wait(ctx context.Context, until time.Time) (any, error) {
	var timeout <-chan time.Time
	if !until.IsZero() {
		w.timer.Reset(time.Until(until))
		defer w.timer.Stop()
		timeout = w.timer.C
	}
	select {
	case answer := <-w.answer:
		return answer, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-timeout:
		return nil, context.DeadlineExceeded
	}
}

func (s *deskShard) enter(w *waiter) uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	for { // 0 means "no request id" on the wire; a number still in use after 2^32 calls is passed over
		s.last++
		if _, used := s.waiting[s.last]; s.last != 0 && !used {
			break
		}
	}
	s.waiting[s.last] = w
	return s.last
}

// leave reports whether the waiter was still there.
func (s *deskShard) leave(number uint32) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.waiting[number]
	delete(s.waiting, number)
	return ok
}

// SendUserMessage hands an answer to its caller; one that nobody waits for any more is dropped.
func (s *deskShard) SendUserMessage(pid *actor.PID, message any) {
	_, answer, _ := actor.UnwrapEnvelope(message)
	s.mu.Lock()
	w, ok := s.waiting[pid.RequestId]
	delete(s.waiting, pid.RequestId)
	s.mu.Unlock()
	if ok {
		w.answer <- answer
	}
}

// SendSystemMessage ignores: a desk watches nobody.
func (s *deskShard) SendSystemMessage(*actor.PID, any) {}

// Stop ignores: a desk lives as long as its actor system.
func (s *deskShard) Stop(*actor.PID) {}

// lose ends every wait for a member that is gone.
func (d *desk) lose(address string) {
	for i := range d.shards {
		s := &d.shards[i]
		s.mu.Lock()
		for number, w := range s.waiting {
			if w.address == address {
				delete(s.waiting, number)
				w.answer <- peerLost{}
			}
		}
		s.mu.Unlock()
	}
}

// until is when a call without a deadline in ctx must end; zero when ctx has one.
func (m *Member) until(ctx context.Context) time.Time {
	if _, ok := ctx.Deadline(); ok {
		return time.Time{}
	}
	return time.Now().Add(defaultTimeout)
}
