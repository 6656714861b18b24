package mail

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/persistence/storetest"
)

var id = entrepot.DeriveID("mail")

// TestMailLife: a mail is written once, published without its token, read by the
// platform alone, and emptied in time.
func TestMailLife(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{Kind()})
	now := time.UnixMilli(1_750_000_000_000)
	m.SetNow(now)
	put := Put{
		To: "ann@example.com", Template: "reset_password", UserID: entrepot.DeriveID("ann"),
		Sealed: []byte("canary"), Until: now.Add(time.Hour).UnixMilli(),
	}
	super := entrepot.Caller{Role: entrepot.SuperAdmin, UserID: "root"}
	if _, err := grains.Ask(m.As(super), m, Of(id), put); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Fatalf("written by a super admin: %v, want not found", err)
	}
	for range 2 {
		if _, err := grains.Ask(m.Platform(), m, Of(id), put); err != nil {
			t.Fatal(err)
		}
		m.Restart()
	}
	list := m.Events()
	if len(list) != 1 || list[0].Type != "user.mail_requested" || bytes.Contains(list[0].Data, []byte("canary")) ||
		bytes.Contains(list[0].Data, []byte("Y2FuYXJ5")) {
		t.Fatalf("%v", list)
	}
	var data map[string]any
	if err := json.Unmarshal(list[0].Data, &data); err != nil || data["mailId"] != id ||
		data["email"] != "ann@example.com" {
		t.Fatalf("%v, %v", data, err)
	}
	if _, err := grains.Ask(m.As(super), m, Of(id), Get{}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Fatalf("read by a super admin: %v, want not found", err)
	}
	read := func() (*Mail, error) {
		return grains.Ask(m.Platform(), m, Of(id), Get{})
	}
	m.SetNow(now.Add(time.Hour - time.Millisecond))
	m.Wake(Name, id) // too early
	if got, err := read(); err != nil || string(got.Sealed) != "canary" {
		t.Fatalf("%v, %v", got, err)
	}
	m.SetNow(now.Add(time.Hour))
	m.Wake(Name, id)
	m.Restart()
	if _, err := read(); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Fatal(err)
	}
	doc, err := m.Store.Load(t.Context(), Collection, id)
	if err != nil || bytes.Contains(doc.State, []byte("ann@")) || bytes.Contains(doc.State, []byte("sealed")) ||
		!doc.WakeAt.IsZero() {
		t.Fatalf("%s, %v", doc.State, err)
	}
}

func TestPutRequiresAddressTemplateAndToken(t *testing.T) {
	t.Parallel()
	for _, c := range []Put{{Template: "x", Sealed: []byte("x")}, {To: "x", Sealed: []byte("x")}, {To: "x", Template: "x"}} {
		if _, err := (&State{}).Put(entrepot.Turn{ID: id, Caller: entrepot.SystemCaller("test")}, c); entrepot.CodeOf(err) != entrepot.CodeInvalid {
			t.Errorf("%v: %v", c, err)
		}
	}
}
