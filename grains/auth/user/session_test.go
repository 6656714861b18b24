package user

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/auth/access"
	"entrepot/grains/grainstest"
	"entrepot/persistence/storetest"
)

var self = entrepot.Caller{Role: entrepot.Customer, UserID: id, IP: "192.0.2.1", UserAgent: strings.Repeat("a", 500)}

func at(c entrepot.Caller, after time.Duration) entrepot.Turn {
	return entrepot.Turn{ID: id, Now: start.Add(after), Caller: c}
}

func until(after time.Duration) int64 { return start.Add(after + 15*time.Minute).UnixMilli() }

// open logs in at a time.
func open(t *testing.T, s *State, session string, after time.Duration) {
	t.Helper()
	facts, err := s.NoteLogin(at(self, after), NoteLogin{SessionID: session, RefreshHash: []byte("1"), TokenUntil: until(after)})
	if err != nil {
		t.Fatal(err)
	}
	play(s, facts)
}

func refresh(session string, generation int64, hash, next string) Refresh {
	return Refresh{SessionID: session, Generation: generation, RefreshHash: []byte(hash), NextHash: []byte(next), TokenUntil: until(0)}
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	const no = entrepot.CodeUnauthenticated
	for name, c := range map[string]struct {
		caller entrepot.Caller
		after  time.Duration
		cmd    Refresh
		want   entrepot.Code
		ends   bool // the session
	}{
		"the current one":         {platform, time.Hour, refresh("s", 2, "2", "3"), "", false},
		"an unknown session":      {platform, time.Hour, refresh("x", 2, "2", "3"), no, false},
		"no session":              {platform, time.Hour, refresh("", 2, "2", "3"), no, false},
		"a wrong secret":          {platform, time.Hour, refresh("s", 2, "1", "3"), no, false},
		"one yet to come":         {platform, time.Hour, refresh("s", 3, "3", "4"), no, false},
		"one used before":         {platform, time.Hour, refresh("s", 1, "1", "3"), "", true},
		"the user itself":         {self, time.Hour, refresh("s", 2, "2", "3"), entrepot.CodeNotFound, false},
		"just before it is idle":  {platform, time.Minute + SessionIdle - 1, refresh("s", 2, "2", "3"), "", false},
		"after it was idle":       {platform, time.Minute + SessionIdle, refresh("s", 2, "2", "3"), no, false},
		"of no further one":       {platform, time.Hour, refresh("s", 2, "2", ""), no, false},
		"a session without token": {platform, time.Hour, refresh("s", 0, "", "3"), no, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := registered(t, entrepot.Customer)
			open(t, s, "s", 0)
			facts, err := s.Refresh(at(platform, time.Minute), refresh("s", 1, "1", "2"))
			if err != nil {
				t.Fatal(err)
			}
			play(s, facts)
			facts, err = s.Refresh(at(c.caller, c.after), c.cmd)
			if entrepot.CodeOf(err) != c.want {
				t.Fatalf("%v, want %q", err, c.want)
			}
			play(s, facts)
			if ended := len(s.Sessions) == 0; ended != c.ends {
				t.Errorf("ended is %v", ended)
			}
		})
	}
}

// TestSessionsEnd: refreshing does not prolong a session beyond its life, and that of
// a disabled user ends at once.
func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	s := registered(t, entrepot.Customer)
	open(t, s, "s", 0)
	step := 10 * 24 * time.Hour
	for g := int64(1); g <= 2; g++ {
		facts, err := s.Refresh(at(platform, time.Duration(g)*step), refresh("s", g, fmt.Sprint(g), fmt.Sprint(g+1)))
		if err != nil {
			t.Fatal(err)
		}
		play(s, facts)
	}
	if err := second(s.Refresh(at(platform, 3*step), refresh("s", 3, "3", "4"))); entrepot.CodeOf(err) != entrepot.CodeUnauthenticated {
		t.Errorf("after its life: %v", err)
	}
	s.IsActive = false
	if err := second(s.Refresh(at(platform, 2*step), refresh("s", 3, "3", "4"))); entrepot.CodeOf(err) != entrepot.CodeUnauthenticated {
		t.Errorf("disabled: %v", err)
	}
}

func TestOldestSessionIsEnded(t *testing.T) {
	t.Parallel()
	s := registered(t, entrepot.Customer)
	for i := range MaxSessions + 1 {
		open(t, s, fmt.Sprint(i), time.Duration(i)*time.Second)
	}
	if len(s.Sessions) != MaxSessions || s.session("0") != nil || len(s.Stale) != 1 || s.Stale[0].Session != "0" {
		t.Errorf("%d sessions, %+v", len(s.Sessions), s.Stale)
	}
	if got := len(s.Sessions[0].UserAgent); got != maxSessionAgent {
		t.Errorf("%d bytes of the user agent", got)
	}
	list, err := s.ListSessions(at(self, time.Hour), ListSessions{})
	if err != nil || list.Sessions[0].ID != fmt.Sprint(MaxSessions) {
		t.Errorf("%v, %v", list, err)
	}
	if err := second(s.ListSessions(at(super, 0), ListSessions{})); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Errorf("a super admin: %v", err)
	}
}

func TestLogout(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		caller      entrepot.Caller
		cmd         NoteLogout
		want        entrepot.Code
		left, stale int
	}{
		"this one":              {self, NoteLogout{SessionID: "a"}, "", 1, 1},
		"all":                   {self, NoteLogout{All: true}, "", 0, 2},
		"an unknown one":        {self, NoteLogout{SessionID: "x"}, entrepot.CodeNotFound, 2, 0},
		"its own, without note": {self, NoteLogout{SessionID: "x", TokenUntil: until(0)}, "", 2, 1},
		"of another user":       {super, NoteLogout{SessionID: "a"}, entrepot.CodeNotFound, 2, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := registered(t, entrepot.Customer)
			open(t, s, "a", 0)
			open(t, s, "b", time.Second)
			facts, err := s.NoteLogout(at(c.caller, time.Minute), c.cmd)
			if entrepot.CodeOf(err) != c.want {
				t.Fatal(err)
			}
			play(s, facts)
			if len(s.Sessions) != c.left || len(s.Stale) != c.stale || len(s.openWithdrawals()) != c.stale {
				t.Errorf("left %+v, stale %+v", s.Sessions, s.Stale)
			}
		})
	}
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		caller       entrepot.Caller
		current, new string
		want         entrepot.Code
	}{
		"the user":          {self, secret, "new", ""},
		"a super admin":     {super, secret, "new", entrepot.CodeNotFound},
		"the platform":      {platform, secret, "new", entrepot.CodeNotFound},
		"from an older one": {self, "older", "new", entrepot.CodeConflict},
		"to none":           {self, secret, "", entrepot.CodeInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := registered(t, entrepot.Customer)
			open(t, s, "a", 0)
			open(t, s, "b", time.Second)
			facts, err := s.ChangePassword(at(c.caller, time.Minute), ChangePassword{CurrentHash: c.current, NewHash: c.new, KeepSession: "a"})
			if entrepot.CodeOf(err) != c.want {
				t.Fatal(err)
			}
			play(s, facts)
			changed := c.want == ""
			if (s.PasswordHash == "new") != changed || (s.session("b") == nil) != changed || s.session("a") == nil ||
				(len(s.Stale) == 1) != changed {
				t.Errorf("%+v", s)
			}
		})
	}
}

func TestAssignShop(t *testing.T) {
	t.Parallel()
	other := entrepot.DeriveID("other")
	for name, c := range map[string]struct {
		role   entrepot.Role
		caller entrepot.Caller
		cmd    AssignShop
		off    bool
		want   entrepot.Code
		facts  int
	}{
		"staff":              {entrepot.ShopStaff, platform, AssignShop{ShopID: shopB, CompanyID: company}, false, "", 1},
		"a manager":          {entrepot.ShopManager, platform, AssignShop{ShopID: shopB, CompanyID: company, Manager: true}, false, "", 1},
		"again":              {entrepot.ShopStaff, platform, AssignShop{ShopID: shopA, CompanyID: company}, false, "", 0},
		"staff as manager":   {entrepot.ShopStaff, platform, AssignShop{ShopID: shopB, CompanyID: company, Manager: true}, false, entrepot.CodeConflict, 0},
		"a company admin":    {entrepot.CompanyAdmin, platform, AssignShop{ShopID: shopB, CompanyID: company}, false, entrepot.CodeConflict, 0},
		"of another company": {entrepot.ShopStaff, platform, AssignShop{ShopID: shopB, CompanyID: other}, false, entrepot.CodeNotFound, 0},
		"a customer":         {entrepot.Customer, platform, AssignShop{ShopID: shopB}, false, entrepot.CodeNotFound, 0},
		"by an admin":        {entrepot.ShopStaff, admin, AssignShop{ShopID: shopB, CompanyID: company}, false, entrepot.CodeNotFound, 0},
		"no shop":            {entrepot.ShopStaff, platform, AssignShop{ShopID: "b", CompanyID: company}, false, entrepot.CodeInvalid, 0},
		"a disabled user":    {entrepot.ShopStaff, platform, AssignShop{ShopID: shopB, CompanyID: company}, true, entrepot.CodeConflict, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := registered(t, c.role)
			s.IsActive = !c.off
			facts, err := s.AssignShop(turn(c.caller), c.cmd)
			if entrepot.CodeOf(err) != c.want || len(facts) != c.facts {
				t.Fatalf("%v, %v", facts, err)
			}
		})
	}
}

// TestChangeOfShopsWithdrawsTokens: the tokens that carry the old shops are withdrawn,
// and the session stays.
func TestChangeOfShopsWithdrawsTokens(t *testing.T) {
	t.Parallel()
	s := registered(t, entrepot.ShopStaff)
	open(t, s, "a", 0)
	facts, err := s.UnassignShop(turn(platform), UnassignShop{ShopID: shopA, CompanyID: company})
	if err != nil {
		t.Fatal(err)
	}
	unassigned := facts
	play(s, unassigned)
	if len(s.ShopIDs) != 0 || len(s.Sessions) != 1 || len(s.Stale) != 1 || s.Stale[0].Before != start.UnixMilli()+1 ||
		s.Stale[0].Until != until(0) {
		t.Errorf("%+v", s)
	}
	if facts, err := s.UnassignShop(turn(platform), UnassignShop{ShopID: shopA, CompanyID: company}); err != nil ||
		facts != nil {
		t.Errorf("again: %v, %v", facts, err)
	}
	if e, ok := unassigned[0].(events.UserUpdated); !ok || len(e.ShopIDs) != 0 {
		t.Errorf("published %+v, want no shops", unassigned[0])
	}
}

// TestReuseIsWithdrawnBeforeTheReply: a used refresh token ends its session, and the
// access grain has the withdrawal before the caller has the reply, also after a
// restart.
func TestReuseIsWithdrawnBeforeTheReply(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{Kind(), access.Kind()})
	ask := func(c entrepot.Caller, cmd any) error {
		_, err := m.Ask(m.As(c), Of(id), cmd)
		return err
	}
	if err := ask(nobody, registration(entrepot.Customer, nil)); err != nil {
		t.Fatal(err)
	}
	good := m.Now().Add(15 * time.Minute).UnixMilli()
	if err := ask(self, NoteLogin{SessionID: "s", RefreshHash: []byte("1"), TokenUntil: good}); err != nil {
		t.Fatal(err)
	}
	m.Restart()
	first := refresh("s", 1, "1", "2")
	first.TokenUntil = good
	if err := ask(platform, first); err != nil {
		t.Fatal(err)
	}
	if err := ask(platform, refresh("s", 1, "1", "3")); entrepot.CodeOf(err) != entrepot.CodeUnauthenticated {
		t.Fatalf("used again: %v", err)
	}
	known := func() *access.Changes {
		c, err := grains.Ask(m.Platform(), m, access.Of(access.ID), access.Since{})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if c := known(); len(c.Withdrawn) != 1 || c.Withdrawn[0].SessionID != "s" || c.Withdrawn[0].UserID != id {
		t.Fatalf("withdrawn %v", c)
	}
	m.Restart()
	if err := ask(platform, refresh("s", 2, "2", "3")); entrepot.CodeOf(err) != entrepot.CodeUnauthenticated {
		t.Fatalf("the next token of the session: %v, want unauthenticated", err)
	}
	if got := strings.Join(m.EventTypes(), " "); got != "user.registered user.logged_in user.logged_out" {
		t.Error(got)
	}
}

// TestTokenOfTheSameMillisecondIsValid: a change of shops withdraws the tokens issued
// until its own millisecond; a token issued after it in that very millisecond has a
// later issue time.
func TestTokenOfTheSameMillisecondIsValid(t *testing.T) {
	t.Parallel()
	s := &State{
		Account: Account{
			ID: id, Role: entrepot.ShopStaff, CompanyID: entrepot.DeriveID("company"), IsActive: true,
		},
		Sessions: []session{{
			Session: Session{ID: "s", CreatedAt: start.UnixMilli(), LastUsedAt: start.UnixMilli(), Generation: 1},
			Hash:    []byte("1"), TokenUntil: start.Add(time.Hour).UnixMilli(),
		}},
	}
	platform := entrepot.Turn{ID: id, Now: start, Caller: entrepot.SystemCaller("test")}
	facts, err := s.AssignShop(platform, AssignShop{ShopID: entrepot.DeriveID("shop"), CompanyID: s.CompanyID})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range facts {
		s.Apply(f)
	}
	refresh := Refresh{SessionID: "s", Generation: 1, RefreshHash: []byte("1"), NextHash: []byte("2"), TokenUntil: start.Add(time.Hour).UnixMilli()}
	if facts, err = s.Refresh(platform, refresh); err != nil {
		t.Fatal(err)
	}
	for _, f := range facts {
		s.Apply(f)
	}
	r, done, err := s.refreshed(refresh)
	issued := r.IssuedAt
	again, err2 := s.UnassignShop(platform, UnassignShop{ShopID: entrepot.DeriveID("shop"), CompanyID: s.CompanyID})
	if w, ok := again[len(again)-1].(tokensStale); err2 != nil || !ok || w.Before <= issued {
		t.Fatalf("the next withdrawal, still in this millisecond: %+v, %v", again, err2)
	}
	if len(s.Stale) != 1 || !done || err != nil || r.IssuedAt < s.Stale[0].Before ||
		s.view().IssuedAt < s.Stale[0].Before {
		t.Fatalf("%+v issued, %+v withdrawn: %v", r, s.Stale, err)
	}
}
