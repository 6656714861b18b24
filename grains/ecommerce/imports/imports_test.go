package imports

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/persistence/storetest"
)

var (
	id      = entrepot.DeriveID("import")
	company = entrepot.DeriveID("company")
	start   = time.UnixMilli(1_750_000_000_123).UTC()
	admin   = entrepot.Caller{Role: entrepot.CompanyAdmin, UserID: "a", CompanyID: company}
	manager = entrepot.Caller{Role: entrepot.ShopManager, UserID: "m", CompanyID: company, ShopIDs: []entrepot.ID{"s"}}
	foreign = entrepot.Caller{Role: entrepot.CompanyAdmin, UserID: "f", CompanyID: entrepot.DeriveID("other")}
	staff   = entrepot.Caller{Role: entrepot.ShopStaff, UserID: "s", CompanyID: company, ShopIDs: []entrepot.ID{"s"}}
	system  = entrepot.SystemCaller("test")
)

func at(c entrepot.Caller, after time.Duration) entrepot.Turn {
	return entrepot.Turn{ID: id, Now: start.Add(after), Caller: c}
}

func job() Start { return Start{CompanyID: company, Format: "csv", Size: 10} }

func play(t *testing.T, s *State, facts []events.Event, err error) events.Event {
	t.Helper()
	if err != nil || len(facts) != 1 {
		t.Fatalf("%v, %v", facts, err)
	}
	before, _ := json.Marshal(s)
	s.Apply(facts[0])
	if after, _ := json.Marshal(s); string(before) == string(after) {
		t.Fatal("nothing changed")
	}
	return facts[0]
}

func TestChunksCountOnce(t *testing.T) {
	t.Parallel()
	s := &State{}
	facts, err := s.Start(at(manager, 0), job())
	if e := play(t, s, facts, err).(due); e.Chunk != 0 || e.Offset != 0 || s.Role != entrepot.ShopManager {
		t.Fatalf("%+v", e)
	}
	first := Advance{Chunk: 0, Offset: 100, Created: 3, Failed: 1, Columns: []string{"sku"}}
	facts, err = s.Advance(at(system, time.Second), first)
	if e := play(t, s, facts, err).(due); e.Chunk != 1 || e.Offset != 100 {
		t.Fatalf("%+v", e)
	}
	if facts, err := s.Advance(at(system, time.Second), first); err != nil || facts != nil {
		t.Fatalf("repeated chunk: %v, %v", facts, err)
	}
	facts, err = s.Advance(at(system, time.Second), Advance{Chunk: 1, Offset: 200, Updated: 2, Done: true})
	if e := play(t, s, facts, err).(ended); e.Status != Done || e.Created != 3 || e.Updated != 2 || e.Failed != 1 || !s.WakeAt().IsZero() {
		t.Fatalf("%+v", e)
	}
}

func TestImportRights(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		caller entrepot.Caller
		want   entrepot.Code
	}{
		"an admin": {admin, ""}, "a manager": {manager, ""}, "staff": {staff, entrepot.CodeForbidden},
		"another company's admin": {foreign, entrepot.CodeNotFound},
		"an anonymous caller":     {entrepot.Caller{}, entrepot.CodeForbidden},
	} {
		if _, err := (&State{}).Start(at(c.caller, 0), job()); entrepot.CodeOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	s := &State{}
	facts, err := s.Start(at(admin, 0), job())
	play(t, s, facts, err)
	for name, c := range map[string]struct {
		caller entrepot.Caller
		want   entrepot.Code
	}{
		"an admin":                       {admin, ""},
		"a manager who did not start it": {manager, entrepot.CodeNotFound},
		"another company's admin":        {foreign, entrepot.CodeNotFound},
	} {
		if _, err := s.Get(at(c.caller, 0), Get{}); entrepot.CodeOf(err) != c.want {
			t.Errorf("%s reads: %v", name, err)
		}
	}
	if _, err := s.Advance(at(admin, 0), Advance{}); entrepot.CodeOf(err) != entrepot.CodeForbidden {
		t.Error(err)
	}
	if facts, err := s.Start(at(admin, 0), job()); err != nil || facts != nil {
		t.Errorf("again: %v, %v", facts, err)
	}
	if _, err := s.Start(at(manager, 0), job()); entrepot.CodeOf(err) != entrepot.CodeKeyReused {
		t.Error(err)
	}
}

// A chunk that was lost with its member is requested again, a bounded number of times.
func TestStalls(t *testing.T) {
	t.Parallel()
	s := &State{}
	facts, err := s.Start(at(admin, 0), job())
	play(t, s, facts, err)
	if facts := s.Wake(at(system, patience-time.Second)); facts != nil {
		t.Fatal("woke early")
	}
	for i := range maxStalls {
		if e, ok := play(t, s, s.Wake(at(system, time.Duration(i+1)*patience)), nil).(due); !ok || e.Chunk != 0 {
			t.Fatalf("%d: %+v", i, e)
		}
	}
	if e := play(t, s, s.Wake(at(system, 2*maxStalls*patience)), nil).(ended); e.Status != Failed || s.Wake(at(system, 9*maxStalls*patience)) != nil {
		t.Fatalf("%+v", e)
	}
}

// Erase ends a running import and leaves an ended one alone.
func TestErase(t *testing.T) {
	t.Parallel()
	s := &State{}
	if _, err := s.Erase(at(system, 0), Erase{}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Fatal(err)
	}
	facts, err := s.Start(at(admin, 0), job())
	play(t, s, facts, err)
	if _, err := s.Erase(at(admin, 0), Erase{}); entrepot.CodeOf(err) != entrepot.CodeForbidden {
		t.Fatal(err)
	}
	facts, err = s.Erase(at(system, time.Second), Erase{})
	if e := play(t, s, facts, err).(ended); e.Status != Failed || !s.View().Erased || !s.WakeAt().IsZero() || s.Wake(at(system, time.Hour)) != nil {
		t.Fatalf("%+v", e)
	}
	for range 2 {
		if facts, err := s.Erase(at(system, time.Second), Erase{}); err != nil || facts != nil {
			t.Fatalf("again: %v, %v", facts, err)
		}
	}
	if facts, err := s.Advance(at(system, time.Second), Advance{Created: 3}); err != nil || facts != nil {
		t.Fatalf("advance after Erase: %v, %v", facts, err)
	}
	done := &State{Import: Import{ID: id, CompanyID: company, Status: Done}}
	if facts, err := done.Erase(at(system, 0), Erase{}); err != nil || facts != nil || done.View().Erased {
		t.Fatalf("%v, %v", facts, err)
	}
}

func TestOnTheHost(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{Kind()})
	if _, err := grains.Ask(m.As(admin), m, Of(id), job()); err != nil {
		t.Fatal(err)
	}
	m.Restart()
	if _, err := grains.Ask(m.Platform(), m, Of(id), Advance{Error: "line 3: nonsense"}); err != nil {
		t.Fatal(err)
	}
	m.Restart()
	i, err := grains.Ask(m.As(admin), m, Of(id), Get{})
	if err != nil || i.Status != Failed || i.Error == "" {
		t.Fatalf("%+v, %v", i, err)
	}
	if got := m.EventTypes(); !reflect.DeepEqual(got, []string{"import.due", "import.ended"}) {
		t.Fatal(got)
	}
}
