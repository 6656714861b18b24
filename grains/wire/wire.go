// Package wire is the one envelope of every command and reply. Inside a member
// it travels as a Go pointer; between members it is protobuf.
package wire

import (
	"fmt"
	"time"

	"entrepot"

	"github.com/asynkron/protoactor-go/remote"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
)

// Command carries a command or query to a grain with all that travels beside it.
// The receiver never changes it: on one member sender and receiver share it.
type Command struct {
	ID          string // the same for every try of one command
	Keyed       bool   // the client named it with an Idempotency-Key: its reply is kept
	Hash        uint64 // of what the client sent; 0: the host hashes Body
	Caller      entrepot.Caller
	Deadline    time.Time
	TraceParent string // W3C trace context
	Passing     bool   // nobody asks this grain again soon: it need not stay in memory
	Body        proto.Message
}

// Reply is a grain's answer: Body or Err.
type Reply struct {
	Body     proto.Message
	Err      *entrepot.Error
	Replayed bool // the command had been executed before
}

// Serialize turns the command into its form between members.
func (c *Command) Serialize() (remote.RootSerialized, error) {
	body, err := anypb.New(c.Body)
	if err != nil {
		return nil, fmt.Errorf("wire: command %T: %w", c.Body, err)
	}
	return &CommandMsg{
		Id: c.ID, Keyed: c.Keyed, Hash: c.Hash, DeadlineMs: c.Deadline.UnixMilli(), Traceparent: c.TraceParent, Passing: c.Passing, Body: body,
		Caller: &CallerMsg{
			UserId: c.Caller.UserID, Email: c.Caller.Email, Role: string(c.Caller.Role), CompanyId: c.Caller.CompanyID,
			ShopIds: c.Caller.ShopIDs, RequestId: c.Caller.RequestID, Ip: c.Caller.IP, UserAgent: c.Caller.UserAgent,
		},
	}, nil
}

// Deserialize turns the form between members back into a command.
func (m *CommandMsg) Deserialize() (remote.RootSerializable, error) {
	body, err := m.GetBody().UnmarshalNew()
	if err != nil {
		return nil, fmt.Errorf("wire: command body: %w", err)
	}
	c := m.GetCaller()
	return &Command{
		ID: m.GetId(), Keyed: m.GetKeyed(), Hash: m.GetHash(), Deadline: time.UnixMilli(m.GetDeadlineMs()), TraceParent: m.GetTraceparent(), Passing: m.GetPassing(), Body: body,
		Caller: entrepot.Caller{
			UserID: c.GetUserId(), Email: c.GetEmail(), Role: entrepot.Role(c.GetRole()), CompanyID: c.GetCompanyId(),
			ShopIDs: c.GetShopIds(), RequestID: c.GetRequestId(), IP: c.GetIp(), UserAgent: c.GetUserAgent(),
		},
	}, nil
}

// Serialize turns the reply into its form between members. The code of an error survives.
func (r *Reply) Serialize() (remote.RootSerialized, error) {
	m := &ReplyMsg{Replayed: r.Replayed}
	if r.Err != nil {
		m.Error = &ErrorMsg{Code: string(r.Err.Code), Message: r.Err.Message, RetryAfterMs: r.Err.RetryAfter.Milliseconds()}
		for _, f := range r.Err.Fields {
			m.Error.Fields = append(m.Error.Fields, &FieldErrorMsg{Field: f.Field, Rule: f.Rule, Message: f.Message})
		}
	}
	if r.Body != nil {
		body, err := anypb.New(r.Body)
		if err != nil {
			return nil, fmt.Errorf("wire: reply %T: %w", r.Body, err)
		}
		m.Body = body
	}
	return m, nil
}

// Deserialize turns the form between members back into a reply.
func (m *ReplyMsg) Deserialize() (remote.RootSerializable, error) {
	r := &Reply{Replayed: m.GetReplayed()}
	if e := m.GetError(); e != nil {
		r.Err = &entrepot.Error{
			Code: entrepot.Code(e.GetCode()), Message: e.GetMessage(),
			RetryAfter: time.Duration(e.GetRetryAfterMs()) * time.Millisecond,
		}
		for _, f := range e.GetFields() {
			r.Err.Fields = append(r.Err.Fields, entrepot.FieldError{Field: f.GetField(), Rule: f.GetRule(), Message: f.GetMessage()})
		}
	}
	if m.GetBody() != nil {
		body, err := m.GetBody().UnmarshalNew()
		if err != nil {
			return nil, fmt.Errorf("wire: reply body: %w", err)
		}
		r.Body = body
	}
	return r, nil
}
