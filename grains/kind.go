// Package grains hosts every grain: it loads an entity, recognizes repeated commands, has the entity
// decide, commits many decisions as one write, replies once that write is durable, and passivates and
// wakes the entity. [Kind] describes the parts of a grain, entity.go and phase.go the way of a command.
// Each folder below a service's folder holds one kind of grain.
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

// State is an entity's state: a pointer to a struct with JSON tags, whose zero value is an absent
// entity. Only its host may access it.
type State interface {
	// Apply changes the state by one fact and cannot fail.
	Apply(e events.Event)
	// Index returns the values that database queries may use.
	Index() Index
}

// Index holds the tenant and owner of an entity, and the values of its collection's fields in their
// order.
type Index struct {
	CompanyID entrepot.ID
	ShopID    entrepot.ID
	OwnerID   entrepot.ID
	CreatedAt time.Time
	Fields    []any
}

// Timed is a state that changes by itself at certain times.
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

// Kind describes one kind of grain: its name, its collection, its messages and its process.
type Kind struct {
	Name       string // in the cluster; no '/' or '.'
	Collection *persistence.Collection
	// Ring is the number of recent commands remembered by id, default 32. Negative: none, for states
	// whose commands carry natural ids.
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
	// It must not share memory with the state.
	reply func(s State, t entrepot.Turn, c any) (r any, done bool, err error)
	// decodeReply reads a kept reply.
	decodeReply func(json []byte) (any, error)
}

// NewKind returns a kind of grain with state S, a struct whose pointer is a [State].
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

// New returns the state of an entity that does not exist yet.
func (k *Kind) New() State { return k.newState() }

// Command registers a command. decide returns the resulting events and changes nothing; reply then
// reads the reply from the changed state. The reply must not share memory with the state, because
// callers on the same member receive it without a copy.
func Command[P State, C Message[R], R any](
	k *Kind, decide func(P, entrepot.Turn, C) ([]events.Event, error), reply func(P) R,
) {
	Later(k, decide, func(s P, _ C) (R, bool, error) { return reply(s), true, nil })
}

// Later registers a command whose reply may wait for a later step. settled returns the reply and true
// once the state contains it, and is called after each change. The reply is sent once the state that
// it was read from is durable.
func Later[P State, C Message[R], R any](
	k *Kind, decide func(P, entrepot.Turn, C) ([]events.Event, error), settled func(P, C) (R, bool, error),
) {
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

// Query registers a query. Its reply is sent once the state that it was read from is durable.
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

// Creates marks a registered command that creates its entity under a fresh id. Its activation skips
// the load; the first write proves that no document existed.
func Creates[C any](k *Kind) { k.byType[reflect.TypeFor[C]()].creates = true }

// register adds a handler by the type of its message and by the type's name. Two messages of one name
// are a mistake of the program, as is a message named Wake.
func register[C any](k *Kind, h *handler) {
	t := reflect.TypeFor[C]()
	if k.byName[t.Name()] != nil || t.Name() == wakeName {
		panic(fmt.Sprintf("grains: kind %s registers a second message %s", k.Name, t))
	}
	h.decode = decode[C]
	k.byType[t], k.byName[t.Name()] = h, h
}

func decode[T any](b []byte) (any, error) {
	var v T
	err := json.Unmarshal(b, &v)
	return v, err
}

// nameOf returns the name of a message on the wire, which is the name of its type.
func nameOf(message any) string { return reflect.TypeOf(message).Name() }

// handlerOf returns the handler of a message, nil if there is none, and the message itself, which it
// decodes if another member sent it.
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
