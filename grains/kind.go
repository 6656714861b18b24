// Package grains is the one host of every grain: it loads an entity, tells a
// repeated command from a new one, lets the entity decide, commits many
// decisions as one write, replies when that write is durable, and passivates
// and wakes the entity. Read [Kind] for what a grain consists of, then entity.go
// for what happens to a command. Each folder below a service's folder holds one
// kind of grain.
package grains

import (
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/persistence"
)

// State is an entity's state: a pointer to a struct with json tags, whose zero
// value is the entity that does not exist yet. Only its host touches it.
type State interface {
	// Apply changes the state by one fact and cannot fail.
	Apply(e events.Event)
	// Index returns what the database may be queried for.
	Index() Index
}

// Index is the tenant and owner of an entity, and the values of its collection's
// fields in order.
type Index struct {
	CompanyID entrepot.ID
	ShopID    entrepot.ID
	OwnerID   entrepot.ID
	CreatedAt time.Time
	Fields    []any
}

// Timed is a state that has something to do by itself at a time.
type Timed interface {
	// WakeAt returns the next such moment; zero for none.
	WakeAt() time.Time
	// Wake decides what is due now. Waking early or twice changes nothing.
	Wake(t entrepot.Turn) []events.Event
}

// Ended is a state that can come to rest for long, such as that of a paid order.
// Its grain leaves memory after some seconds.
type Ended interface {
	// Ended reports whether nobody is expected to use the entity in the next minutes.
	Ended() bool
}

// Kind is one kind of grain: its name, its collection and its messages.
type Kind struct {
	Name       string // in the cluster; no '/' or '.'
	Collection *persistence.Collection
	// Ring is how many recent commands are remembered by id, default 32.
	// Negative: none, for states whose commands carry natural ids.
	Ring int

	newState func() State
	process  []row
	byType   map[reflect.Type]*handler
	byName   map[string]*handler
}

// handler executes a command (decide) or reads a query, with types erased.
type handler struct {
	creates bool // see Creates
	decode  func(json []byte) (any, error)
	decide  func(s State, t entrepot.Turn, c any) ([]events.Event, error)
	// reply reads the reply from the state; done is false while the reply must wait for a later step.
	reply func(s State, t entrepot.Turn, c any) (r any, done bool, err error)
	// decodeReply reads a kept reply.
	decodeReply func(json []byte) (any, error)
}

// NewKind defines a kind of grain of state S (a struct whose pointer is a [State]).
func NewKind[S any, P interface {
	*S
	State
}](name string, c *persistence.Collection) *Kind {
	return &Kind{
		Name: name, Collection: c, Ring: 32,
		newState: func() State { return P(new(S)) },
		byType:   map[reflect.Type]*handler{}, byName: map[string]*handler{},
	}
}

// Command registers a command: decide returns what happened and changes nothing;
// reply then reads the reply from the changed state. The reply must not share
// memory with the state.
func Command[P State, C Message[R], R any](k *Kind, decide func(P, entrepot.Turn, C) ([]events.Event, error), reply func(P) R) {
	Later(k, decide, func(s P, _ C) (R, bool, error) { return reply(s), true, nil })
}

// Later registers a command whose reply may wait for a later step: settled
// returns the reply and true once the state contains it. It is called after each
// change; the reply leaves once the state that it rests on is durable.
func Later[P State, C Message[R], R any](k *Kind, decide func(P, entrepot.Turn, C) ([]events.Event, error), settled func(P, C) (R, bool, error)) {
	register[C](k, &handler{
		decide: func(s State, t entrepot.Turn, c any) ([]events.Event, error) {
			return decide(s.(P), t, c.(C))
		},
		reply: func(s State, _ entrepot.Turn, c any) (any, bool, error) {
			r, done, err := settled(s.(P), c.(C))
			if err != nil || !done {
				return nil, done, err
			}
			return r, true, nil
		},
		decodeReply: decode[R],
	})
}

// Query registers a query, which is read from durable state.
func Query[P State, C Message[R], R any](k *Kind, read func(P, entrepot.Turn, C) (R, error)) {
	register[C](k, &handler{
		reply: func(s State, t entrepot.Turn, q any) (any, bool, error) {
			r, err := read(s.(P), t, q.(C))
			if err != nil {
				return nil, true, err
			}
			return r, true, nil
		},
	})
}

// Creates marks a command that creates its entity under a fresh id. Its
// activation skips the load; the first write proves that no document existed.
func Creates[C any](k *Kind) { k.byType[reflect.TypeFor[C]()].creates = true }

func register[C any](k *Kind, h *handler) {
	t := reflect.TypeFor[C]()
	if k.byName[t.Name()] != nil {
		panic(fmt.Sprintf("grains: kind %s registers %s twice", k.Name, t))
	}
	h.decode = decode[C]
	k.byType[t], k.byName[t.Name()] = h, h
}

func decode[T any](b []byte) (any, error) {
	var v T
	err := json.Unmarshal(b, &v)
	return v, err
}

// nameOf is the name of a message on the wire: that of its type.
func nameOf(message any) string { return reflect.TypeOf(message).Name() }

// handlerOf finds what executes a message, and the message itself: as it is when
// it was sent on this member, decoded when it came from another.
func (k *Kind) handlerOf(name string, body any, encoded []byte) (*handler, any, error) {
	if body != nil {
		return k.byType[reflect.TypeOf(body)], body, nil
	}
	h := k.byName[name]
	if h == nil {
		return nil, nil, nil
	}
	body, err := h.decode(encoded)
	return h, body, err
}

func typeOf(message any) reflect.Type { return reflect.TypeOf(message) }
