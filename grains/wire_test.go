package grains_test

import (
	"reflect"
	"strings"
	"testing"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/persistence/storetest"
)

func TestMessageFromAnotherMemberExecutesAlike(t *testing.T) {
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{tallyKind(nil)})
	once := grains.As("one")
	remote, err := grains.Call(m.Platform(), m.Remote(), ref(id), add{By: 3}, once)
	if err != nil || remote.Reply != 3 || remote.Replayed {
		t.Fatalf("remote add: %+v, %v; want 3", remote, err)
	}
	local, err := grains.Call(m.Platform(), m, ref(id), add{By: 3}, once) // the same content, so the same command
	if err != nil || local.Reply != 3 || !local.Replayed {
		t.Fatalf("local retry: %+v, %v; want 3, replayed", local, err)
	}
	_, err = grains.Ask(m.Platform(), m.Remote(), ref(id), add{By: 4}, once)
	if entrepot.CodeOf(err) != entrepot.CodeKeyReused {
		t.Errorf("same id, other content: %v; want %s", err, entrepot.CodeKeyReused)
	}
	refusal := entrepot.Invalid("value", "minimum", "must not be negative")
	if _, err := grains.Ask(m.Platform(), m.Remote(), ref(id), add{By: -1}); !reflect.DeepEqual(err, error(refusal)) {
		t.Errorf("remote refusal: %#v, want %#v", err, refusal)
	}
	if s, err := grains.Ask(m.Platform(), m.Remote(), ref(id), getSum{}); err != nil || s != 3 {
		t.Errorf("remote query: %d, %v; want 3", s, err)
	}
	if _, err := grains.Ask(m.Platform(), m.Remote(), ref(id), grains.Wake{}); err != nil {
		t.Errorf("remote wake: %v", err)
	}
	got := m.Events()
	if len(got) != 1 || string(got[0].Data) != `{"by":3}` || got[0].Actor.Role != entrepot.System {
		t.Errorf("events: %+v; want one tally.added by the system", got)
	}
}

type unknownMessage struct{}

func TestUnknownMessageIsRefused(t *testing.T) {
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{tallyKind(nil)})
	for name, asker := range map[string]grains.Asker{"this member": m, "another member": m.Remote()} {
		_, err := asker.Ask(m.Platform(), ref(id), unknownMessage{})
		if entrepot.CodeOf(err) != entrepot.CodeInternal ||
			!strings.Contains(err.Error(), "Tally does not handle unknownMessage") {
			t.Errorf("from %s: %v; want %s naming the kind and the message", name, err, entrepot.CodeInternal)
		}
	}
	mustAdd(t, m, 1, 1)
}

func TestUndecodableMessageIsRefused(t *testing.T) {
	type add struct{ By string } // as of a version that changed the type of a field
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{tallyKind(nil)})
	_, err := m.Remote().Ask(m.Platform(), ref(id), add{By: "one"})
	if entrepot.CodeOf(err) != entrepot.CodeInternal || !strings.Contains(err.Error(), "Tally cannot decode add") {
		t.Errorf("%v; want %s naming the kind and the message", err, entrepot.CodeInternal)
	}
}

func TestKeptReplyIsDecodedAsItsOwnType(t *testing.T) {
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{tallyKind(nil)})
	keyed := grains.Keyed("key", grains.HashOf([]byte("content")))
	first, err := grains.Ask(m.Platform(), m, ref(id), setName{Name: "first"}, keyed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := grains.Ask(m.Platform(), m, ref(id), setName{Name: "second"}); err != nil {
		t.Fatal(err)
	}
	m.Restart()
	want := grains.Result[card]{Reply: card{Name: "first", Tags: []string{"a", "first"}}, Replayed: true}
	if !reflect.DeepEqual(first, want.Reply) {
		t.Fatalf("first reply %+v, want %+v", first, want.Reply)
	}
	for name, asker := range map[string]grains.Asker{"this member": m, "another member": m.Remote()} {
		got, err := grains.Call(m.Platform(), asker, ref(id), setName{Name: "first"}, keyed)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("kept reply from %s: %+v, %v; want %+v", name, got, err, want)
		}
	}
}
