// Package wire defines the one envelope of every command and reply. Within a member it travels as a
// Go pointer, between members as an [Envelope] with a JSON body.
package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"entrepot"

	"github.com/asynkron/protoactor-go/remote"
)

// Command carries a command or query to a grain, together with its caller, id, deadline and trace. The
// receiver must not change it, because sender and receiver on one member share it.
type Command struct {
	Kind        string // of the grain
	Grain       entrepot.ID
	ID          string // the same for every try of one command
	Keyed       bool   // the client chose the id with an Idempotency-Key; its reply is kept
	Hash        uint64 // of the client's request; 0: the host hashes the message
	Caller      entrepot.Caller
	Deadline    time.Time // by this member's clock
	TraceParent string    // W3C trace context
	Transient   bool      // the grain is not expected to be used again soon
	Name        string    // name of the message's type
	Body        any       // the message, if it was sent on this member
	JSON        []byte    // the message, if another member sent it
}

// Reply carries a grain's reply: either a body (Body from this member, JSON from another) or an error.
type Reply struct {
	Body     any
	JSON     []byte
	Err      *entrepot.Error
	Replayed bool // the command had been executed before
}

// Serialize returns the command's envelope for another member. It fails for a message without a name or
// a JSON form.
func (c *Command) Serialize() (remote.RootSerialized, error) {
	if c.Name == "" { // the receiver would take it for a reply
		return nil, fmt.Errorf("wire: a command of type %T has no name", c.Body)
	}
	body, err := encode(c.Body, c.JSON)
	if err != nil {
		return nil, fmt.Errorf("wire: command %s: %w", c.Name, err)
	}
	caller, err := json.Marshal(c.Caller)
	if err != nil {
		return nil, fmt.Errorf("wire: caller: %w", err)
	}
	return &Envelope{
		Kind: c.Kind, Id: c.Grain, CommandId: c.ID, Keyed: c.Keyed, Hash: c.Hash, Caller: caller,
		LeftMs: time.Until(c.Deadline).Milliseconds(), Traceparent: c.TraceParent, Transient: c.Transient,
		Name: c.Name, Body: body,
	}, nil
}

// Serialize returns the reply's envelope for another member. Code, message, fields and RetryAfter of an
// error survive; its cause does not.
func (r *Reply) Serialize() (remote.RootSerialized, error) {
	m := &Envelope{Replayed: r.Replayed}
	var err error
	if r.Err != nil {
		m.Error, err = json.Marshal(r.Err)
	} else {
		m.Body, err = encode(r.Body, r.JSON)
	}
	if err != nil {
		return nil, fmt.Errorf("wire: reply %T: %w", r.Body, err)
	}
	return m, nil
}

func encode(body any, encoded []byte) ([]byte, error) {
	if body == nil && encoded != nil {
		return encoded, nil
	}
	return json.Marshal(body)
}

var errNoBody = errors.New("wire: the envelope has no body")

// Deserialize returns the [Command] or [Reply] of an envelope. Its body stays JSON until the grain or
// the caller decodes it as its own type.
func (m *Envelope) Deserialize() (remote.RootSerializable, error) {
	switch {
	case m.GetName() != "":
		return m.command()
	case len(m.GetError()) > 0:
		r := &Reply{Replayed: m.GetReplayed(), Err: &entrepot.Error{}}
		if err := json.Unmarshal(m.GetError(), r.Err); err != nil {
			return nil, fmt.Errorf("wire: error of a reply: %w", err)
		}
		return r, nil
	case len(m.GetBody()) == 0:
		return nil, errNoBody
	default:
		return &Reply{JSON: m.GetBody(), Replayed: m.GetReplayed()}, nil
	}
}

func (m *Envelope) command() (*Command, error) {
	if len(m.GetBody()) == 0 {
		return nil, errNoBody
	}
	c := &Command{
		Kind: m.GetKind(), Grain: m.GetId(), ID: m.GetCommandId(), Keyed: m.GetKeyed(), Hash: m.GetHash(),
		Deadline:    time.Now().Add(time.Duration(m.GetLeftMs()) * time.Millisecond),
		TraceParent: m.GetTraceparent(), Transient: m.GetTransient(), Name: m.GetName(), JSON: m.GetBody(),
	}
	if len(m.GetCaller()) == 0 {
		return c, nil // the zero caller has no rights
	}
	if err := json.Unmarshal(m.GetCaller(), &c.Caller); err != nil {
		return nil, fmt.Errorf("wire: caller: %w", err)
	}
	return c, nil
}
