package wire

import (
	"reflect"
	"testing"
	"time"

	"entrepot"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

func TestEverythingSurvivesTheWire(t *testing.T) {
	c := &Command{
		ID: "c", Keyed: true, Hash: 7, Deadline: time.UnixMilli(1_800_000_000_123), TraceParent: "00-a-b-01",
		Body: wrapperspb.Int64(5),
		Caller: entrepot.Caller{
			UserID: "u", Email: "e", Role: entrepot.ShopManager, CompanyID: "co", ShopIDs: []string{"s1", "s2"},
			RequestID: "r", IP: "::1", UserAgent: "agent",
		},
	}
	m, err := c.Serialize()
	if err != nil {
		t.Fatal(err)
	}
	back, err := m.Deserialize()
	if err != nil {
		t.Fatal(err)
	}
	got := back.(*Command)
	if !proto.Equal(got.Body, c.Body) {
		t.Fatalf("body %v", got.Body)
	}
	got.Body = c.Body
	if !reflect.DeepEqual(got, c) {
		t.Fatalf("%+v\n%+v", got, c)
	}

	for _, r := range []*Reply{
		{Body: wrapperspb.Int64(5), Replayed: true},
		{Err: &entrepot.Error{
			Code: entrepot.CodeOutOfStock, Message: "m", RetryAfter: time.Second,
			Fields: []entrepot.FieldError{{Field: "f", Rule: "r", Message: "m"}},
		}},
	} {
		m, err := r.Serialize()
		if err != nil {
			t.Fatal(err)
		}
		back, err := m.Deserialize()
		if err != nil {
			t.Fatal(err)
		}
		got := back.(*Reply)
		if !reflect.DeepEqual(got.Err, r.Err) || got.Replayed != r.Replayed || (r.Body != nil && !proto.Equal(got.Body, r.Body)) {
			t.Fatalf("%+v\n%+v", got, r)
		}
	}
}

func TestUnknownBodyIsAnError(t *testing.T) {
	if _, err := (&CommandMsg{}).Deserialize(); err == nil {
		t.Error("a command without a body")
	}
}
