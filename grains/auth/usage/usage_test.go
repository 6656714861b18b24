package usage

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/persistence/storetest"
)

var start = time.UnixMilli(1_750_000_000_123).UTC()

func report(gateway string, number int64, tokens ...float64) Report {
	r := Report{Gateway: gateway, Number: number}
	for i, x := range tokens {
		r.Spent = append(r.Spent, Spent{Limiter: "callers", Key: fmt.Sprint("k", i), Tokens: x})
	}
	return r
}

func TestReports(t *testing.T) {
	t.Parallel()
	s := &State{}
	send := func(after time.Duration, r Report) *Others {
		t.Helper()
		facts, err := s.Report(entrepot.Turn{Now: start.Add(after), Caller: entrepot.SystemCaller("test")}, r)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range facts {
			s.Apply(f)
		}
		o, done, err := s.reported(r)
		if !done || err != nil {
			t.Fatal(done, err)
		}
		return o
	}
	a := send(0, report("a", 0, 5))
	b := send(time.Second, report("b", 0, 7, -1))
	if a.Number != 1 || b.Number != 3 || len(a.Spent)+len(b.Spent) != 0 {
		t.Fatalf("first reports: %v, %v; want numbers 1 and 3, and nothing of others", a, b)
	}
	a = send(2*time.Second, report("a", a.Number, 2))
	if len(a.Spent) != 2 || a.Spent[0].Tokens != 7 || a.Spent[1].Tokens != -1 || a.Number != 4 {
		t.Fatalf("a got %v, want the two of b", a)
	}
	if b = send(3*time.Second, report("b", b.Number)); len(b.Spent) != 1 || b.Spent[0].Tokens != 2 {
		t.Fatalf("b got %v, want the one of a", b)
	}
	if o := send(4*time.Second, report("a", 99)); len(o.Spent) != 0 || o.Number != 4 {
		t.Fatalf("a number of another history got %v, want nothing", o)
	}
	send(time.Second+Window, report("b", 0, 1))
	if len(s.Entries) != 2 { // of the window
		t.Fatalf("entries after the window: %+v, want 2", s.Entries)
	}
	for range 12 {
		send(time.Second+Window, report("a", 0, make([]float64, maxItems)...))
	}
	if len(s.Entries) != maxKept || s.Entries[maxKept-1].Number != s.Number {
		t.Fatalf("%d entries are kept, want the newest %d", len(s.Entries), maxKept)
	}
}

func TestReportRules(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		caller entrepot.Caller
		cmd    Report
		want   entrepot.Code
	}{
		"a super admin":  {entrepot.Caller{Role: entrepot.SuperAdmin}, report("a", 0, 1), entrepot.CodeNotFound},
		"no gateway":     {entrepot.SystemCaller("t"), report("", 0, 1), entrepot.CodeInvalid},
		"too many items": {entrepot.SystemCaller("t"), report("a", 0, make([]float64, maxItems+1)...), entrepot.CodeInvalid},
		"nothing":        {entrepot.SystemCaller("t"), report("a", 0), ""},
	} {
		if facts, err := (&State{}).Report(entrepot.Turn{Now: start, Caller: c.caller}, c.cmd); entrepot.CodeOf(err) != c.want || facts != nil {
			t.Errorf("%s: %v, %v", name, facts, err)
		}
	}
}

func TestUsageOnTheHost(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{Kind()})
	for _, gateway := range []string{"a", "b"} {
		if _, err := grains.Ask(m.Platform(), m, Of(ID), report(gateway, 0, 1)); err != nil {
			t.Fatal(err)
		}
	}
	m.Restart()
	o, err := grains.Ask(m.Platform(), m, Of(ID), Since{Gateway: "a", Number: 1})
	if err != nil || len(o.Spent) != 1 || len(m.Events()) != 0 {
		t.Fatalf("%v, %v", o, err)
	}
	if _, err := grains.Ask(m.As(entrepot.Caller{Role: entrepot.SuperAdmin}), m, Of(ID), Since{Gateway: "a"}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Fatalf("read by a super admin: %v, want not found", err)
	}
	var s, back State
	s.Apply(reported{At: 1, Gateway: "a", Spent: []Spent{{Limiter: "l", Key: "k", Tokens: 1.5}}})
	b, err := json.Marshal(s)
	if err != nil || json.Unmarshal(b, &back) != nil || !reflect.DeepEqual(s, back) {
		t.Fatalf("%s: %v", b, err)
	}
}
