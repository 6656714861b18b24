package review

import (
	"slices"
	"testing"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/persistence/storetest"
)

func marked(written int64) Mark {
	return Mark{ReviewID: id, ProductID: product, WrittenAt: written}
}

// A customer has one vote per review, which can be taken back and given again, but none on their
// own review.
func TestVoteRules(t *testing.T) {
	t.Parallel()
	at := entrepot.Turn{ID: VoteID(id, other.UserID), Now: start, Caller: other}
	s := &Vote{}
	for _, c := range []struct {
		name string
		turn entrepot.Turn
		want entrepot.Code
	}{
		{"another customer", entrepot.Turn{ID: at.ID, Now: start, Caller: buyer}, entrepot.CodeNotFound},
		{"an anonymous caller", entrepot.Turn{ID: at.ID, Now: start}, entrepot.CodeNotFound},
		{"the author", entrepot.Turn{ID: VoteID(id, user), Now: start, Caller: buyer}, entrepot.CodeForbidden},
	} {
		if facts, err := s.Mark(c.turn, marked(1)); entrepot.CodeOf(err) != c.want || facts != nil {
			t.Errorf("%s: %v %v", c.name, facts, err)
		}
	}
	if _, err := s.Unmark(at, Unmark{}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Errorf("taken back before it was given: %v, want not found", err)
	}
	step := func(want int, facts []events.Event, err error) {
		t.Helper()
		if err != nil || len(facts) != want {
			t.Fatalf("%v %v", facts, err)
		}
		for _, f := range facts {
			s.Apply(f)
		}
	}
	facts, err := s.Mark(at, marked(1))
	step(1, facts, err)
	facts, err = s.Mark(at, marked(1))
	step(0, facts, err)
	if ix := s.Index(); ix.OwnerID != other.UserID || ix.CompanyID != "" || ix.Fields[0] != VotesOf(id, 1) {
		t.Errorf("%+v", ix)
	}
	facts, err = s.Mark(at, marked(2)) // the review was deleted and written again
	step(1, facts, err)
	if s.Index().Fields[0] != VotesOf(id, 2) {
		t.Errorf("%+v", s.Index())
	}
	if _, err := s.Unmark(turn(buyer), Unmark{}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Errorf("another customer takes it back: %v, want not found", err)
	}
	facts, err = s.Unmark(at, Unmark{})
	step(1, facts, err)
	if s.Index().Fields[0] != nil {
		t.Errorf("%+v", s.Index())
	}
	facts, err = s.Mark(at, marked(2))
	step(1, facts, err)
	if _, err := s.Forget(at, Forget{}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Errorf("customer sends Forget: %v, want not found", err)
	}
	facts, err = s.Forget(turn(system), Forget{})
	step(1, facts, err)
	if ix := s.Index(); ix.OwnerID != "" || ix.Fields[0] != VotesOf(id, 2) { // it still counts
		t.Errorf("%+v", ix)
	}
	facts, err = s.Unmark(turn(system), Unmark{})
	step(1, facts, err)
	if s.Index().Fields[0] != nil {
		t.Errorf("%+v", s.Index())
	}
}

// Only the platform sets the count, only of the current review, and the version stays.
func TestHelpfulIsAsCounted(t *testing.T) {
	t.Parallel()
	s := written(t, Approved)
	set := func(c entrepot.Caller, n, written int64) error {
		facts, err := s.SetHelpful(turn(c), SetHelpful{Count: n, WrittenAt: written})
		play(s, facts)
		return err
	}
	before := s.Version
	for _, c := range []entrepot.Caller{buyer, admin} {
		if err := set(c, 9, s.CreatedAt); entrepot.CodeOf(err) != entrepot.CodeNotFound {
			t.Errorf("%s: %v", c.Role, err)
		}
	}
	if err := set(system, 3, s.CreatedAt); err != nil || s.View().Helpful != 3 || s.Version != before {
		t.Fatalf("%v %+v", err, s)
	}
	if err := set(system, 5, s.CreatedAt-1); err != nil || s.View().Helpful != 3 {
		t.Fatalf("count of an earlier review: %v %+v", err, s)
	}
	facts, err := s.Edit(turn(buyer), Edit{Stars: 1})
	if play(s, facts); err != nil || s.View().Helpful != 3 {
		t.Fatalf("changed: %v %+v", err, s)
	}
	facts, err = s.Delete(turn(buyer), Delete{})
	if play(s, facts); err != nil || s.View().Helpful != 0 {
		t.Fatalf("deleted: %v %+v", err, s)
	}
	for _, status := range []string{Pending, Rejected, Deleted} {
		if _, err := written(t, status).Show(turn(other), Show{}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
			t.Errorf("%s is shown: %v, want not found", status, err)
		}
	}
}

// A vote survives a restart, with its events.
func TestVoteSurvivesRestart(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{VoteKind()})
	vote := VoteID(id, other.UserID)
	for _, want := range []bool{true, true, false, true} {
		var err error
		var v *Vote
		if want {
			v, err = grains.Ask(m.As(other), m, VoteOf(vote), marked(7))
		} else {
			v, err = grains.Ask(m.As(other), m, VoteOf(vote), Unmark{})
		}
		if err != nil || v.Given != want {
			t.Fatalf("%v %v", v, err)
		}
		m.Restart()
	}
	if types := m.EventTypes(); !slices.Equal(types, []string{"review.voted", "review.voted", "review.voted"}) {
		t.Errorf("%v", types)
	}
}
