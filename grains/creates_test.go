package grains_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/persistence/storetest"

	"pgregory.net/rapid"
)

// creatingKind is the kind of tallies whose additions create them.
func creatingKind() *grains.Kind {
	k := tallyKind(nil)
	grains.Creates[add](k)
	return k
}

func TestCreatingCommandSkipsTheLoad(t *testing.T) {
	store := storetest.Faulty(storetest.NewMemory())
	m := grainstest.New(t, store, []*grains.Kind{creatingKind()})
	before := store.Counts()
	mustAdd(t, m, 3, 3)
	mustAdd(t, m, 4, 7)
	if loads := store.Counts().Loads - before.Loads; loads != 0 {
		t.Errorf("%d loads, want none", loads)
	}
	m.Restart() // now there is a document
	mustAdd(t, m, 1, 8)
	if loads := store.Counts().Loads - before.Loads; loads != 1 {
		t.Errorf("%d loads after a lost compare-and-set, want 1", loads)
	}
}

// A reply that rests on no write is given after a load.
func TestRefusedCreatingCommandLoads(t *testing.T) {
	store := storetest.NewMemory()
	first := grainstest.New(t, store, []*grains.Kind{creatingKind()})
	second := grainstest.New(t, store, []*grains.Kind{creatingKind()})
	mustAdd(t, first, 3, 3)
	mustAdd(t, second, 0, 3) // adds nothing to a sum that the activation has not seen
	second.Restart()
	if _, err := tryAdd(second, -1); entrepot.CodeOf(err) != entrepot.CodeInvalid {
		t.Errorf("%v, want %s", err, entrepot.CodeInvalid)
	}
	if s := sum(t, second); s != 3 {
		t.Errorf("sum %d, want 3", s)
	}
}

func TestCreatingCommandWhoseWriteIsLost(t *testing.T) {
	for _, fault := range []storetest.Fault{storetest.FailBefore, storetest.LandThenUnknown, storetest.DropThenUnknown} {
		store := storetest.Faulty(storetest.NewMemory())
		m := grainstest.New(t, store, []*grains.Kind{creatingKind()})
		store.NextWrites(fault)
		once := grains.As("one")
		_, err := tryAdd(m, 5, once)
		if fault == storetest.FailBefore && entrepot.CodeOf(err) != entrepot.CodeUnavailable {
			t.Errorf("a refused write: %v, want %s", err, entrepot.CodeUnavailable)
		}
		mustAdd(t, m, 5, 5, once)
	}
}

// Two members over one store, restarted now and then, give the same replies whether additions create
// tallies or not.
func TestCreatingChangesNoReply(t *testing.T) {
	var worlds [2][2]*grainstest.Member
	for i, kind := range []*grains.Kind{tallyKind(nil), creatingKind()} {
		store := storetest.NewMemory()
		for j := range worlds[i] {
			worlds[i][j] = grainstest.New(t, store, []*grains.Kind{kind})
			worlds[i][j].SetNow(time.UnixMilli(1)) // no grain leaves by itself and so loads earlier than its peer
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		id := entrepot.NewID()
		for range rapid.IntRange(1, 12).Draw(rt, "operations") {
			member := rapid.IntRange(0, 1).Draw(rt, "member")
			do := rapid.SampledFrom([]int64{-1, -3, 0, 1, 2, 666, restart, look}).Draw(rt, "do")
			command := rapid.SampledFrom([]string{"", "one", "two"}).Draw(rt, "command")
			keyed := command != "" && rapid.Bool().Draw(rt, "keyed")
			var answers [2]string
			for i := range worlds {
				answers[i] = act(worlds[i][member], id, do, command, keyed)
			}
			if answers[0] != answers[1] {
				rt.Fatalf("%d as %q: %s, as a creating command %s", do, command, answers[0], answers[1])
			}
		}
	})
}

const (
	restart = 1000 + iota
	look
)

// act does one thing with a member and returns everything that a caller sees of it.
func act(m *grainstest.Member, id entrepot.ID, do int64, command string, keyed bool) string {
	switch do {
	case restart:
		m.Restart()
		return ""
	case look:
		return read(m, id)
	}
	var options []grains.Option
	switch {
	case keyed:
		options = append(options, grains.Keyed(command, 0))
	case command != "":
		options = append(options, grains.As(command))
	}
	r, err := grains.Call(m.Platform(), m, ref(id), add{By: do}, options...)
	var known *entrepot.Error
	if errors.As(err, &known) {
		if known.Code == entrepot.CodeInternal {
			read(m, id) // after a panic the grain loads what the others wrote until now
		}
		err = fmt.Errorf("%s %s", known.Code, known.Message)
	}
	return fmt.Sprint(r.Reply, err, r.Replayed)
}

func read(m *grainstest.Member, id entrepot.ID) string {
	r, err := grains.Ask(m.Platform(), m, ref(id), getSum{})
	return fmt.Sprint(r, err)
}
