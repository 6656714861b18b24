package wire

import (
	"encoding/json"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"entrepot"

	"github.com/asynkron/protoactor-go/remote"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

type message struct {
	By   int64    `json:"by"`
	Tags []string `json:"tags"`
}

const messageJSON = `{"by":5,"tags":["a","b"]}`

var (
	command = Command{
		Kind: "Tally", Grain: "aaaaaaaaaaaaaaaaaaaaaaaa", ID: "c", Keyed: true, Hash: 1<<63 | 7, TraceParent: "00-a-b-01",
		Transient: true, Name: "message", Body: message{By: 5, Tags: []string{"a", "b"}},
		Caller: entrepot.Caller{
			UserID: "u", Email: "e", Role: entrepot.ShopManager, CompanyID: "co", ShopIDs: []string{"s1", "s2"},
			Scopes: []string{"orders"}, RequestID: "r", IP: "::1", UserAgent: "agent",
		},
	}
	reply   = Reply{Body: message{By: 5, Tags: []string{"a", "b"}}, Replayed: true}
	refusal = Reply{Replayed: true, Err: &entrepot.Error{
		Code: entrepot.CodeOutOfStock, Message: "m", RetryAfter: time.Second,
		Fields: []entrepot.FieldError{{Field: "f", Rule: "r", Message: "m"}},
	}}
)

// send returns the bytes of a message as the remote layer sends them.
func send(t *testing.T, m remote.RootSerializable) []byte {
	t.Helper()
	s, err := m.Serialize()
	if err != nil {
		t.Fatalf("serialize %T: %v", m, err)
	}
	b, _, err := remote.Serialize(s, 0)
	if err != nil {
		t.Fatalf("encode %T: %v", m, err)
	}
	return b
}

// receive returns the message of an envelope's bytes.
func receive[M remote.RootSerializable](t *testing.T, b []byte) M {
	t.Helper()
	s, err := remote.Deserialize(b, "entrepot.wire.Envelope", 0)
	if err != nil {
		t.Fatalf("decode: %v", err)
	}
	m, err := s.(remote.RootSerialized).Deserialize()
	if err != nil {
		t.Fatalf("deserialize: %v", err)
	}
	typed, ok := m.(M)
	if !ok {
		t.Fatalf("received a %T", m)
	}
	return typed
}

func TestCommandSurvivesTheWire(t *testing.T) {
	got := receive[*Command](t, send(t, &command))
	if got.Body != nil || string(got.JSON) != messageJSON {
		t.Errorf("got body %v and JSON %s, want JSON %s only", got.Body, got.JSON, messageJSON)
	}
	want := command
	want.Body, want.JSON, want.Deadline = nil, got.JSON, got.Deadline
	if !reflect.DeepEqual(got, &want) {
		t.Errorf("got  %+v\nwant %+v", got, &want)
	}
	for i := range reflect.TypeFor[Command]().NumField() { // a field added later needs a place here
		f := reflect.TypeFor[Command]().Field(i)
		if f.Name != "Deadline" && f.Name != "JSON" && reflect.ValueOf(command).Field(i).IsZero() {
			t.Errorf("the test sends no %s", f.Name)
		}
	}
}

func TestForwardedCommandSurvivesTheWire(t *testing.T) {
	first := receive[*Command](t, send(t, &command))
	second := receive[*Command](t, send(t, first))
	if string(second.JSON) != messageJSON || second.ID != command.ID || second.Hash != command.Hash {
		t.Errorf("got %+v after two hops", second)
	}
}

func TestReplySurvivesTheWire(t *testing.T) {
	got := receive[*Reply](t, send(t, &reply))
	if got.Body != nil || string(got.JSON) != messageJSON || got.Err != nil || !got.Replayed {
		t.Errorf("got %+v, want JSON %s, replayed", got, messageJSON)
	}
}

func TestErrorSurvivesTheWire(t *testing.T) {
	got := receive[*Reply](t, send(t, &refusal))
	if !reflect.DeepEqual(got, &refusal) {
		t.Errorf("got  %+v\nwant %+v", got.Err, refusal.Err)
	}
}

func TestDeadlineIsMeasuredByTheReceiversClock(t *testing.T) {
	var sent []byte
	synctest.Test(t, func(t *testing.T) { // its clock starts in the year 2000
		c := command
		c.Deadline = time.Now().Add(3 * time.Second)
		sent = send(t, &c)
	})
	before := time.Now()
	got := receive[*Command](t, sent)
	if left := got.Deadline.Sub(before); left < 3*time.Second || got.Deadline.After(time.Now().Add(3*time.Second)) {
		t.Errorf("the receiver has %v left, want 3s", left)
	}
}

// In a rolling upgrade, members of two versions talk to each other.
func TestEnvelopesOfOtherVersionsAreUnderstood(t *testing.T) {
	newer := protowire.AppendTag(send(t, &command), 1000, protowire.BytesType)
	newer = protowire.AppendString(newer, "a field of a newer version")
	if got := receive[*Command](t, newer); got.ID != command.ID || string(got.JSON) != messageJSON {
		t.Errorf("from a newer sender: %+v", got)
	}

	older, err := proto.Marshal(&Envelope{Name: "message", Body: []byte(`{"by":5,"new":true}`)})
	if err != nil {
		t.Fatal(err)
	}
	got := receive[*Command](t, older)
	want := &Command{Name: "message", JSON: got.JSON, Deadline: got.Deadline}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("from an older sender: %+v, want zero values for absent fields", got)
	}
	var m message
	if err := json.Unmarshal(got.JSON, &m); err != nil || !reflect.DeepEqual(m, message{By: 5}) {
		t.Errorf("body %+v, %v; want the unknown field ignored and the absent one zero", m, err)
	}
}

func TestEnvelopeWithoutBodyIsAnError(t *testing.T) {
	for name, e := range map[string]*Envelope{
		"command": {Name: "message", CommandId: "c"}, "reply": {Replayed: true}, "empty": {},
	} {
		if m, err := e.Deserialize(); err == nil {
			t.Errorf("%s without a body became %+v", name, m)
		}
	}
}

func TestDamagedEnvelopeIsAnError(t *testing.T) {
	for name, e := range map[string]*Envelope{
		"caller of a command": {Name: "message", Body: []byte("{}"), Caller: []byte("{")},
		"error of a reply":    {Error: []byte("{")},
	} {
		if m, err := e.Deserialize(); err == nil {
			t.Errorf("damaged %s became %+v", name, m)
		}
	}
	if _, err := (&Command{Name: "message", Body: make(chan int)}).Serialize(); err == nil {
		t.Error("a message that has no JSON was serialized")
	}
	if _, err := (&Command{Body: &message{}}).Serialize(); err == nil {
		t.Error("a command without a name was serialized")
	}
	if _, err := (&Reply{Body: make(chan int)}).Serialize(); err == nil {
		t.Error("a reply that has no JSON was serialized")
	}
}
