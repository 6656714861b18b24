// Package grains is the one host of every grain: it loads an entity, tells a
// repeated command from a new one, lets the entity decide, commits many
// decisions as one write, answers when that write is durable, and passivates
// and wakes the entity. A folder below holds one kind of grain each.
package grains

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/persistence"

	"google.golang.org/protobuf/proto"
)

// State is an entity's state: a pointer to a struct with json tags, whose zero
// value is the entity that does not exist yet. It is only touched by its host.
type State interface {
	// Apply changes the state by one fact and cannot fail.
	Apply(e events.Event)
	// Index is what the database may be asked for.
	Index() Index
}

// Index is whose the entity is, and the values of its collection's fields in order.
type Index struct {
	CompanyID entrepot.ID
	ShopID    entrepot.ID
	OwnerID   entrepot.ID
	CreatedAt time.Time
	Fields    []any
}

// Timed is a state that has something to do by itself at a time.
type Timed interface {
	// WakeAt is the next such moment; zero for none.
	WakeAt() time.Time
	// Wake decides what is due now. Waking early or twice changes nothing.
	Wake(t entrepot.Turn) []events.Event
}

// Step is a call that the entity's saved state asks for: to another grain or to
// the outside. The host makes it after the commit, off the mailbox, and hands
// the answer back as a command to the entity itself. Steps are a function of the
// state, so a dead member's steps run again wherever the entity wakes; Do must
// be idempotent by its ids.
type Step struct {
	// Key names the step within the entity: "reserve", "refund:…".
	Key string
	// Do makes the call. Its answer is a command of this kind of grain. An error
	// means "no answer yet": the step is tried again, later and elsewhere if need be.
	Do func(ctx context.Context, a Asker) (proto.Message, error)
}

// Kind is one kind of grain: where it is kept and how it answers.
type Kind struct {
	Name       string // in the cluster; no '/' or '.'
	Collection *persistence.Collection
	// Ring is how many recent commands are remembered by id, default 32.
	// Negative: none, for states whose commands carry natural ids.
	Ring int

	newState func() State
	steps    func(State) []Step
	handlers map[reflect.Type]*handler
}

// handler is a command (decide) or a query (read), with types erased.
type handler struct {
	name   string
	opens  bool // see Opens
	decide func(s State, t entrepot.Turn, c proto.Message) ([]events.Event, error)
	// reply answers from the state; done is false while the answer must wait for a later step.
	reply func(s State, t entrepot.Turn, c proto.Message) (r proto.Message, done bool, err error)
}

// NewKind defines a kind of grain of state S (a struct whose pointer is a [State]).
func NewKind[S any, P interface {
	*S
	State
}](name string, c *persistence.Collection) *Kind {
	return &Kind{
		Name: name, Collection: c, Ring: 32,
		newState: func() State { return P(new(S)) },
		handlers: map[reflect.Type]*handler{},
	}
}

// Steps sets the process of the kind: the calls that a saved state asks for.
func Steps[P State](k *Kind, steps func(P) []Step) {
	k.steps = func(s State) []Step { return steps(s.(P)) }
}

// Command registers a command: decide returns what happened and changes nothing;
// reply then answers from the changed state, freshly built.
func Command[P State, C, R proto.Message](k *Kind, decide func(P, entrepot.Turn, C) ([]events.Event, error), reply func(P) R) {
	Later(k, decide, func(s P, _ C) (R, bool, error) { return reply(s), true, nil })
}

// Later registers a command that may be answered by a later step: settled says
// from the state whether the answer is known, and what it is. It is asked again
// after each change, and answered once the state it rests on is durable.
func Later[P State, C, R proto.Message](k *Kind, decide func(P, entrepot.Turn, C) ([]events.Event, error), settled func(P, C) (R, bool, error)) {
	register(k, reflect.TypeFor[C](), &handler{
		decide: func(s State, t entrepot.Turn, c proto.Message) ([]events.Event, error) {
			return decide(s.(P), t, c.(C))
		},
		reply: func(s State, _ entrepot.Turn, c proto.Message) (proto.Message, bool, error) {
			r, done, err := settled(s.(P), c.(C))
			if err != nil || !done {
				return nil, done, err
			}
			return r, true, nil
		},
	})
}

// Opens says of a command that its entity is hardly ever there before: it makes
// it, under an id that is new. An activation that begins with it does not look
// for a document first; that there is none its first write proves.
func Opens[C proto.Message](k *Kind) { k.handlers[reflect.TypeFor[C]()].opens = true }

// Query registers a question, answered from durable state.
func Query[P State, Q, R proto.Message](k *Kind, read func(P, entrepot.Turn, Q) (R, error)) {
	register(k, reflect.TypeFor[Q](), &handler{
		reply: func(s State, t entrepot.Turn, q proto.Message) (proto.Message, bool, error) {
			r, err := read(s.(P), t, q.(Q))
			if err != nil {
				return nil, true, err
			}
			return r, true, nil
		},
	})
}

func register(k *Kind, t reflect.Type, h *handler) {
	if k.handlers[t] != nil {
		panic(fmt.Sprintf("grains: kind %s registers %s twice", k.Name, t))
	}
	h.name = t.Elem().Name()
	k.handlers[t] = h
}
