package wire

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"entrepot"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

type message struct {
	By   int64    `json:"by"`
	Tags []string `json:"tags"`
}

// overTheWire sends an envelope as bytes, with the extra bytes of a newer sender.
func overTheWire(t *testing.T, m any, extra ...byte) *Envelope {
	t.Helper()
	b, err := proto.Marshal(m.(*Envelope))
	if err != nil {
		t.Fatalf("marshal: %v", err)
	}
	received := &Envelope{}
	if err := proto.Unmarshal(append(b, extra...), received); err != nil {
		t.Fatalf("unmarshal: %v", err)
	}
	return received
}

func serialized(t *testing.T, m interface{ Serialize() (any, error) }) *Envelope {
	t.Helper()
	s, err := m.Serialize()
	if err != nil {
		t.Fatalf("serialize: %v", err)
	}
	return overTheWire(t, s)
}
