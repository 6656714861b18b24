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

// openedBy is the tally kind whose additions are taken to make it.
func openedBy() *grains.Kind {
	k := tallyKind(nil)
	grains.Creates[add](k)
	return k
}

func TestAnOpeningCommandDoesNotLookForADocument(t *testing.T) {
	store := storetest.Faulty(storetest.NewMemory())
	m := grainstest.New(t, store, []*grains.Kind{openedBy()})
	before := store.Counts()
	mustAdd(t, m, 3, 3)
	mustAdd(t, m, 4, 7)
	if loads := store.Counts().Loads - before.Loads; loads != 0 {
		t.Errorf("%d documents were looked for", loads)
	}
	m.Restart() // now there is one
	mustAdd(t, m, 1, 8)
	if loads := store.Counts().Loads - before.Loads; loads != 1 {
		t.Errorf("%d documents were looked for after a lost compare-and-set", loads)
	}
}

// An answer that no write would prove is looked up first.
func TestAnOpeningCommandThatIsRefusedLooks(t *testing.T) {
	store := storetest.NewMemory()
	first, second := grainstest.New(t, store, []*grains.Kind{openedBy()}), grainstest.New(t, store, []*grains.Kind{openedBy()})
	mustAdd(t, first, 3, 3)
	mustAdd(t, second, 0, 3) // nothing to do, of a sum that it did not know
	second.Restart()
	if _, err := tryAdd(second, -1); entrepot.CodeOf(err) != entrepot.CodeInvalid {
		t.Errorf("refused with %v", err)
	}
	if s := sum(t, second); s != 3 {
		t.Errorf("the sum is %d", s)
	}
}

func TestAnOpeningCommandWhoseWriteIsLost(t *testing.T) {
	for _, fault := range []storetest.Fault{storetest.FailBefore, storetest.LandThenUnknown, storetest.DropThenUnknown} {
		store := storetest.Faulty(storetest.NewMemory())
		m := grainstest.New(t, store, []*grains.Kind{openedBy()})
		store.NextWrites(fault)
		once := grains.As("one")
		_, err := tryAdd(m, 5, once)
		if fault == storetest.FailBefore && entrepot.CodeOf(err) != entrepot.CodeUnavailable {
			t.Errorf("a write that was refused: %v", err)
		}
		mustAdd(t, m, 5, 5, once)
	}
}

// Two members over one store, restarted now and then, answer the same whether
// additions open or not.
func TestOpeningChangesNoAnswer(t *testing.T) {
	var worlds [2][2]*grainstest.Member
	for i, kind := range []*grains.Kind{tallyKind(nil), openedBy()} {
		store := storetest.NewMemory()
		for j := range worlds[i] {
			worlds[i][j] = grainstest.New(t, store, []*grains.Kind{kind})
			worlds[i][j].SetNow(time.UnixMilli(1)) // none leaves by itself, and so would know more than another
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
				rt.Fatalf("%d as %q: %s, opening %s", do, command, answers[0], answers[1])
			}
		}
	})
}

const (
	restart = 1000 + iota
	look
)

// act does one thing with a member and tells everything about the answer.
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
			read(m, id) // it loads again after a panic; when it has, it knows what the others wrote until now
		}
		err = fmt.Errorf("%s %s", known.Code, known.Message)
	}
	return fmt.Sprint(r.Reply, err, r.Replayed)
}

func read(m *grainstest.Member, id entrepot.ID) string {
	r, err := grains.Ask(m.Platform(), m, ref(id), getSum{})
	return fmt.Sprint(r, err)
}
