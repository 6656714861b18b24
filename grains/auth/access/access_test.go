package access

import (
	"fmt"
	"testing"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/persistence/storetest"
)

var (
	user     = entrepot.DeriveID("user")
	acme     = entrepot.DeriveID("acme")
	start    = time.UnixMilli(1_750_000_000_000).UTC()
	platform = entrepot.SystemCaller("test")
)

func turn(at time.Time) entrepot.Turn {
	return entrepot.Turn{ID: ID, Now: at, Caller: platform}
}

func in(d time.Duration) int64 { return start.Add(d).UnixMilli() }

func play(t *testing.T, s *State, facts []events.Event, err error) int {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range facts {
		s.Apply(f)
	}
	return len(facts)
}

func TestRulesOfWithdrawSetCompanyAndSince(t *testing.T) {
	t.Parallel()
	s := &State{}
	super := entrepot.Turn{Now: start, Caller: entrepot.Caller{Role: entrepot.SuperAdmin, UserID: user}}
	_, e1 := s.Withdraw(super, Withdraw{UserID: user, SessionID: "s", Until: in(time.Minute)})
	_, e2 := s.SetCompany(super, SetCompany{CompanyID: acme, Standing: entrepot.StandingClosed})
	_, e3 := s.Since(super, Since{})
	for _, err := range []error{e1, e2, e3} {
		if entrepot.CodeOf(err) != entrepot.CodeNotFound {
			t.Errorf("a super admin: %v", err)
		}
	}
	for _, c := range []Withdraw{{SessionID: "s", Until: in(time.Minute)}, {UserID: user, Until: in(time.Minute)}} {
		if _, err := s.Withdraw(turn(start), c); entrepot.CodeOf(err) != entrepot.CodeInvalid {
			t.Errorf("%v: %v", c, err)
		}
	}
	for _, c := range []SetCompany{{Standing: entrepot.StandingFull}, {CompanyID: acme, Standing: "half"}} {
		if _, err := s.SetCompany(turn(start), c); entrepot.CodeOf(err) != entrepot.CodeInvalid {
			t.Errorf("%v: %v", c, err)
		}
	}
}

func TestWithdrawalsAreReturnedOnceAndForgotten(t *testing.T) {
	t.Parallel()
	s := &State{}
	one := Withdraw{UserID: user, SessionID: "one", Until: in(time.Minute)}
	for i, want := range []int{1, 0} {
		facts, err := s.Withdraw(turn(start), one)
		if got := play(t, s, facts, err); got != want {
			t.Errorf("time %d made %d facts, want %d", i+1, got, want)
		}
	}
	facts, err := s.Withdraw(turn(start), Withdraw{UserID: user, Before: in(0), Until: in(3 * time.Minute)})
	play(t, s, facts, err)
	for after, want := range map[int64]int{0: 2, 1: 1, 2: 0, 99: 2} {
		c, err := s.Since(turn(start), Since{Number: after})
		if err != nil || len(c.Withdrawn) != want || c.Number != 2 || c.Complete != (after == 0 || after == 99) {
			t.Errorf("since %d: %v, %v", after, c, err)
		}
	}
	if s.Wake(turn(start.Add(59*time.Second))) != nil {
		t.Error("a withdrawal is forgotten before its token has expired")
	}
	if at := s.WakeAt(); at.Before(start.Add(time.Minute)) || at.After(start.Add(2*time.Minute)) {
		t.Errorf("wakes at %v", at)
	}
	play(t, s, s.Wake(turn(start.Add(time.Minute))), nil)
	if len(s.Withdrawn) != 1 || s.Withdrawn[0].SessionID != "" {
		t.Errorf("left %+v, want the withdrawal of the user", s.Withdrawn)
	}
	if facts, err := s.Withdraw(turn(start.Add(time.Hour)), one); err != nil || facts != nil {
		t.Errorf("expired tokens: %v, %v", facts, err)
	}
}

func TestTheStateIsBounded(t *testing.T) {
	t.Parallel()
	s := &State{}
	for i := range MaxWithdrawn {
		s.Apply(withdrawn{Withdraw: Withdraw{UserID: user, SessionID: fmt.Sprint(i), Until: in(time.Minute)}, At: in(0)})
	}
	more := Withdraw{UserID: user, SessionID: "more", Until: in(time.Hour)}
	if _, err := s.Withdraw(turn(start), more); entrepot.CodeOf(err) != entrepot.CodeUnavailable {
		t.Errorf("one too many: %v, want unavailable", err)
	}
	facts, err := s.Withdraw(turn(start.Add(time.Minute)), more)
	if play(t, s, facts, err); len(s.Withdrawn) != 1 {
		t.Errorf("%d withdrawals are left, want 1", len(s.Withdrawn))
	}
}

func TestAnOlderStandingChangesNothing(t *testing.T) {
	t.Parallel()
	s := &State{}
	for _, c := range []struct {
		standing string
		version  int64
		want     string
	}{
		{entrepot.StandingReadOnly, 2, entrepot.StandingReadOnly},
		{entrepot.StandingClosed, 1, entrepot.StandingReadOnly},
		{entrepot.StandingFull, 3, entrepot.StandingFull},
		{entrepot.StandingReadOnly, 2, entrepot.StandingFull},
	} {
		facts, err := s.SetCompany(turn(start), SetCompany{CompanyID: acme, Standing: c.standing, Version: c.version})
		play(t, s, facts, err)
		if s.Companies[0].Standing != c.want {
			t.Errorf("%+v left %+v", c, s.Companies)
		}
	}
	delta, _ := s.Since(turn(start), Since{Number: 1})
	whole, _ := s.Since(turn(start), Since{})
	if len(delta.Companies) != 1 || delta.Companies[0].Standing != entrepot.StandingFull || len(whole.Companies) != 0 {
		t.Errorf("changes %v and %v, want the full standing once", delta, whole)
	}
}

func TestAccessOnTheHost(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{Kind()})
	until := m.Now().Add(time.Hour).UnixMilli()
	if _, err := grains.Ask(m.Platform(), m, Of(ID), Withdraw{UserID: user, SessionID: "one", Until: until}); err != nil {
		t.Fatal(err)
	}
	if _, err := grains.Ask(m.Platform(), m, Of(ID), SetCompany{CompanyID: acme, Standing: entrepot.StandingClosed, Version: 1}); err != nil {
		t.Fatal(err)
	}
	m.Restart()
	c, err := grains.Ask(m.Platform(), m, Of(ID), Since{})
	if err != nil || c.Number != 2 || len(c.Withdrawn) != 1 || len(c.Companies) != 1 || c.Withdrawn[0].Until != until {
		t.Fatalf("after the restart: %v, %v", c, err)
	}
	if list := m.Events(); len(list) != 0 {
		t.Errorf("published %v, want nothing", list)
	}
}
