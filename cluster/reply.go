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

// replies receives the replies to this member's requests. It replaces actor.Future, which registers a process
// and allocates a condition and a timer for every call, cannot be left before its timeout, and races with a
// late reply under -race. replies is a few long-lived processes; the request id in the sender's PID, which
// Proto.Actor also carries between members, identifies the caller.
type replies struct {
	system *actor.ActorSystem
	shards [replyShards]replyShard
	pool   sync.Pool // of *waiter
}

const replyShards = 16 // a power of two

// replyShard is an actor.Process: replies arrive through SendUserMessage.
type replyShard struct {
	id      string
	mu      sync.Mutex
	last    uint32
	waiting map[uint32]*waiter
}

// waiter is one caller. Its channel has room for the one reply that it gets at most: only the goroutine that
// removes the waiter from its shard's map, under the lock, sends to it.
type waiter struct {
	answer  chan any
	timer   *time.Timer
	address string // of the member it called; the reply is lost with that member
}

// envelope is a message with the PID of its sender, in one allocation.
type envelope struct {
	actor.MessageEnvelope
	sender actor.PID
}

type peerLost struct{} // delivered in place of a reply when the member is gone

var errPeerLost = errors.New("connection to the member was lost")

func newReplies(system *actor.ActorSystem) *replies {
	r := &replies{system: system}
	r.pool.New = func() any {
		t := time.NewTimer(time.Hour)
		t.Stop()
		return &waiter{answer: make(chan any, 1), timer: t}
	}
	for i := range r.shards {
		s := &r.shards[i]
		s.id, s.waiting = "reply"+strconv.Itoa(i), map[uint32]*waiter{}
		system.ProcessRegistry.Add(s, s.id)
	}
	return r
}

// ask sends msg and waits for the reply until ctx ends or, if until is set, until then. The error of a missing
// reply is context.DeadlineExceeded, context.Canceled or errPeerLost.
func (r *replies) ask(ctx context.Context, to *actor.PID, msg any, until time.Time) (any, error) {
	w := r.pool.Get().(*waiter)
	w.address = to.Address
	s := &r.shards[rand.Uint32()%replyShards] //nolint:gosec // spreads load, hides nothing
	number := s.enter(w)

	e := &envelope{}
	e.sender.Address, e.sender.Id, e.sender.RequestId = r.system.ProcessRegistry.Address, s.id, number
	e.Message, e.Sender = msg, &e.sender
	r.system.Root.Send(to, &e.MessageEnvelope)

	answer, err := w.wait(ctx, until)
	if err != nil && !s.leave(number) { // too late to leave: the reply is being delivered
		answer, err = <-w.answer, nil
	}
	r.pool.Put(w)
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

func (s *replyShard) enter(w *waiter) uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	for { // 0 means "no request id" to Proto.Actor; numbers still in use after 2^32 calls are skipped
		s.last++
		if _, used := s.waiting[s.last]; s.last != 0 && !used {
			break
		}
	}
	s.waiting[s.last] = w
	return s.last
}

// leave removes a waiter and reports whether it was still there.
func (s *replyShard) leave(number uint32) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.waiting[number]
	delete(s.waiting, number)
	return ok
}

// SendUserMessage delivers a reply to its caller. A reply without a waiter is dropped.
func (s *replyShard) SendUserMessage(pid *actor.PID, message any) {
	_, answer, _ := actor.UnwrapEnvelope(message)
	s.mu.Lock()
	w, ok := s.waiting[pid.RequestId]
	delete(s.waiting, pid.RequestId)
	s.mu.Unlock()
	if ok {
		w.answer <- answer
	}
}

// SendSystemMessage does nothing: replies watches no actor.
func (s *replyShard) SendSystemMessage(*actor.PID, any) {}

// Stop does nothing: replies lives as long as its actor system.
func (s *replyShard) Stop(*actor.PID) {}

// lose ends all waits for the member at an address.
func (r *replies) lose(address string) {
	for i := range r.shards {
		s := &r.shards[i]
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

// until returns the end of a call whose ctx has no deadline: 5 s from now. It is zero if ctx has one.
func (m *Member) until(ctx context.Context) time.Time {
	if _, ok := ctx.Deadline(); ok {
		return time.Time{}
	}
	return time.Now().Add(defaultTimeout)
}
