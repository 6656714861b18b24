package company

import (
	"testing"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/auth/access"
	"entrepot/grains/grainstest"
	"entrepot/persistence/storetest"
)

var (
	admin   = entrepot.Caller{Role: entrepot.CompanyAdmin, UserID: "a", CompanyID: id}
	manager = entrepot.Caller{Role: entrepot.ShopManager, UserID: "m", CompanyID: id}
	other   = entrepot.Caller{Role: entrepot.CompanyAdmin, UserID: "o", CompanyID: "x"}
)

// acme returns a company.
func acme(t *testing.T, change func(*Create)) *State {
	t.Helper()
	s := &State{}
	do(t, s, func() ([]events.Event, error) { return s.Create(turn(super), creation(change)) })
	return s
}

// do applies the facts of a decision.
func do(t *testing.T, s *State, decide func() ([]events.Event, error)) {
	t.Helper()
	facts, err := decide()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range facts {
		s.Apply(f)
	}
}

func at(d time.Duration) entrepot.Turn {
	return entrepot.Turn{ID: id, Now: start.Add(d), Caller: entrepot.SystemCaller("wake")}
}

// TestSubscriptionLife walks from the trial to the end, waking at each WakeAt.
func TestSubscriptionLife(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	s := acme(t, func(c *Create) { c.TrialUntil = start.Add(30 * day).UnixMilli() })
	for _, want := range []struct {
		after            time.Duration
		status, standing string
	}{
		{30 * day, PastDue, entrepot.StandingFull}, {44 * day, Suspended, entrepot.StandingReadOnly},
	} {
		if w := s.WakeAt(); !w.Equal(start.Add(want.after)) {
			t.Fatalf("%s wakes at %v", s.Status, w)
		}
		if facts := s.Wake(at(want.after - time.Millisecond)); facts != nil {
			t.Fatalf("early: %v", facts)
		}
		do(t, s, func() ([]events.Event, error) { return s.Wake(at(want.after)), nil })
		if s.Status != want.status || s.Standing != want.standing {
			t.Fatalf("%s, %s", s.Status, s.Standing)
		}
	}
	if w := s.WakeAt(); !w.IsZero() {
		t.Fatalf("suspended wakes at %v", w)
	}
	set := func(status string, expires time.Duration) func() ([]events.Event, error) {
		return func() ([]events.Event, error) {
			tn := at(50 * day)
			tn.Caller = super
			c := SetSubscription{Plan: Starter, Status: status}
			if expires != 0 {
				c.ExpiresAt = start.Add(expires).UnixMilli()
			}
			return s.SetSubscription(tn, c)
		}
	}
	do(t, s, set(Active, 0))
	if s.Standing != entrepot.StandingFull || s.Plan != Starter || !s.WakeAt().IsZero() {
		t.Fatalf("paid: %+v", s)
	}
	do(t, s, set(Cancelled, 60*day))
	if s.Standing != entrepot.StandingFull || !s.WakeAt().Equal(start.Add(60*day)) {
		t.Fatalf("cancelled to its end: %+v", s)
	}
	do(t, s, func() ([]events.Event, error) { return s.Wake(at(60 * day)), nil })
	if s.Standing != entrepot.StandingClosed || !s.WakeAt().IsZero() || s.Wake(at(61*day)) != nil {
		t.Fatalf("at its end: %+v", s)
	}
}

func TestCallersThatMayChangeACompany(t *testing.T) {
	t.Parallel()
	change := Update{Profile: Profile{Name: "Acme 2"}}
	decisions := map[string]func(*State, entrepot.Turn) ([]events.Event, error){
		"profile": func(s *State, t entrepot.Turn) ([]events.Event, error) { return s.Update(t, change) },
		"slug": func(s *State, t entrepot.Turn) ([]events.Event, error) {
			return s.Update(t, Update{Profile: change.Profile, Slug: "acme-2"})
		},
		"settings": func(s *State, t entrepot.Turn) ([]events.Event, error) {
			return s.SetSettings(t, SetSettings{TaxBasisPoints: new(int64(700))})
		},
		"subscription": func(s *State, t entrepot.Turn) ([]events.Event, error) {
			return s.SetSubscription(t, SetSubscription{Plan: Business, Status: Active})
		},
		"delete":  func(s *State, t entrepot.Turn) ([]events.Event, error) { return s.Delete(t, Delete{}) },
		"restore": func(s *State, t entrepot.Turn) ([]events.Event, error) { return s.Restore(t, Restore{}) },
	}
	const ok, no, absent = entrepot.Code(""), entrepot.CodeForbidden, entrepot.CodeNotFound
	for what, want := range map[string][4]entrepot.Code{ // super, admin, manager, another's admin
		"profile": {ok, ok, no, absent}, "slug": {ok, no, no, absent}, "settings": {ok, ok, no, absent},
		"subscription": {ok, no, no, absent}, "delete": {ok, no, no, absent}, "restore": {ok, no, no, absent},
	} {
		for i, c := range []entrepot.Caller{super, admin, manager, other} {
			if _, err := decisions[what](acme(t, nil), turn(c)); entrepot.CodeOf(err) != want[i] {
				t.Errorf("%s by %s: %v, want %q", what, c.Role, err, want[i])
			}
		}
		if _, err := decisions[what](&State{}, turn(super)); entrepot.CodeOf(err) != absent {
			t.Errorf("%s of nothing: %v", what, err)
		}
		if _, err := decisions[what](&State{Company: Company{ID: id, IsErased: true}}, turn(super)); entrepot.CodeOf(err) != absent {
			t.Errorf("%s of an erased company: %v", what, err)
		}
	}
}

func TestUpdateRules(t *testing.T) {
	t.Parallel()
	s := acme(t, nil)
	for name, c := range map[string]struct {
		cmd  Update
		want entrepot.Code
	}{
		"from its version":     {Update{ExpectedVersion: 1, Profile: Profile{Name: "B"}}, ""},
		"from another version": {Update{ExpectedVersion: 2, Profile: Profile{Name: "B"}}, entrepot.CodeStale},
		"no name":              {Update{Profile: Profile{Name: " "}}, entrepot.CodeInvalid},
		"a website by http":    {Update{Profile: Profile{Name: "B", Website: "http://b"}}, entrepot.CodeInvalid},
		"a script as logo":     {Update{Profile: Profile{Name: "B", Logo: "javascript:1"}}, entrepot.CodeInvalid},
		"a slug in capitals":   {Update{Profile: Profile{Name: "B"}, Slug: "B"}, entrepot.CodeInvalid},
		"a malformed owner":    {Update{Profile: Profile{Name: "B"}, OwnerID: "me"}, entrepot.CodeInvalid},
	} {
		if _, err := s.Update(turn(super), c.cmd); entrepot.CodeOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if facts, err := s.SetSettings(turn(admin), SetSettings{}); facts != nil || err != nil {
		t.Errorf("nothing to set: %v, %v", facts, err)
	}
	if _, err := s.SetSettings(turn(admin), SetSettings{TaxBasisPoints: new(int64(10_001))}); entrepot.CodeOf(err) != entrepot.CodeInvalid {
		t.Errorf("a tax above all: %v", err)
	}
}

// TestDeletion: closed at once, erased after the grace period, restored before.
func TestDeletion(t *testing.T) {
	t.Parallel()
	s := acme(t, nil)
	remove := func() ([]events.Event, error) {
		return s.Delete(turn(super), Delete{GraceMs: time.Hour.Milliseconds()})
	}
	do(t, s, remove)
	if s.Standing != entrepot.StandingClosed || s.public().IsActive || !s.WakeAt().Equal(start.Add(time.Hour)) {
		t.Fatalf("deleted: %+v", s)
	}
	if _, err := s.SetSubscription(turn(super), SetSubscription{Plan: Free, Status: Active}); entrepot.CodeOf(err) != entrepot.CodeConflict {
		t.Fatalf("its subscription: %v", err)
	}
	do(t, s, func() ([]events.Event, error) { return s.Restore(turn(super), Restore{}) })
	if s.Standing != entrepot.StandingFull || !s.public().IsActive || !s.WakeAt().IsZero() || s.StandingVersion != 2 {
		t.Fatalf("restored: %+v", s)
	}
	do(t, s, remove)
	do(t, s, func() ([]events.Event, error) { return s.Wake(at(time.Hour)), nil })
	if !s.IsErased || s.Profile.Name != "" || s.Slug != "" || s.Standing != entrepot.StandingClosed ||
		!s.WakeAt().IsZero() {
		t.Fatalf("erased: %+v", s)
	}
	if _, err := s.Get(turn(super), Get{}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Fatalf("read: %v", err)
	}
}

// TestClaims: the limit holds whatever the count includes.
func TestClaims(t *testing.T) {
	t.Parallel()
	s := acme(t, func(c *Create) { c.Plan = Starter }) // three shops
	platform := turn(entrepot.SystemCaller("test"))
	claim := func(e string, existing int64) entrepot.Code {
		facts, err := s.Claim(platform, Claim{Resource: Shops, EntityID: e, Existing: existing, Made: s.Made})
		for _, f := range facts {
			s.Apply(f)
		}
		return entrepot.CodeOf(err)
	}
	for i, c := range []struct {
		entity   string
		existing int64
		want     entrepot.Code
	}{
		{"a", 1, ""}, {"b", 1, ""}, {"a", 1, ""}, // the same again
		{"c", 1, entrepot.CodeUnavailable}, // one and two more
		{"c", 3, entrepot.CodePlanLimit},
	} {
		if got := claim(c.entity, c.existing); got != c.want {
			t.Fatalf("%d: %q", i, got)
		}
	}
	counted := s.Made
	do(t, s, func() ([]events.Event, error) { return s.EndClaim(platform, EndClaim{EntityID: "a"}) })
	if _, err := s.Claim(platform, Claim{Resource: Shops, EntityID: "c", Existing: 1, Made: counted}); entrepot.CodeOf(err) != entrepot.CodeStale {
		t.Fatalf("counted before a was made: %v", err)
	}
	if got := claim("c", 1); got != "" { // a was not made after all
		t.Fatalf("%q", got)
	}
	if w := s.WakeAt(); !w.Equal(start.Add(claimFor)) {
		t.Fatalf("wakes at %v", w)
	}
	do(t, s, func() ([]events.Event, error) { return s.Wake(at(claimFor)), nil })
	if len(s.Claims) != 0 || s.Made != 3 {
		t.Fatalf("after the claims have expired: %+v", s)
	}
	for _, c := range []entrepot.Caller{super, admin} {
		if _, err := s.Claim(turn(c), Claim{Resource: Shops, EntityID: "x"}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
			t.Errorf("by %s: %v", c.Role, err)
		}
	}
	for existing, code := range map[int64]entrepot.Code{1: "", 2: entrepot.CodePlanLimit} { // a chunk of an import: all or none
		if _, err := s.Claim(platform, Claim{Resource: Shops, EntityID: "chunk", Existing: existing, Made: s.Made, Several: 2}); entrepot.CodeOf(err) != code {
			t.Errorf("two beside %d: %v, want %q", existing, err, code)
		}
	}
	if _, err := s.Claim(platform, Claim{Resource: "gold", EntityID: "x", Made: s.Made}); entrepot.CodeOf(err) != entrepot.CodeInvalid {
		t.Errorf("of gold: %v", err)
	}
}

// TestSuspensionReachesAccessBeforeTheReply runs on the host, through a restart.
func TestSuspensionReachesAccessBeforeTheReply(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{Kind(), access.Kind()})
	if _, err := grains.Ask(m.As(super), m, Of(id), creation(nil)); err != nil {
		t.Fatal(err)
	}
	standing := func(want string) {
		t.Helper()
		c, err := grains.Ask(m.Platform(), m, access.Of(access.ID), access.Since{Number: -1})
		if err != nil {
			t.Fatal(err)
		}
		got := entrepot.StandingFull
		for _, k := range c.Companies {
			got = k.Standing
		}
		if got != want {
			t.Fatalf("the access grain has the standing %s, want %s", got, want)
		}
	}
	set := func(status string) {
		t.Helper()
		c, err := grains.Ask(m.As(super), m, Of(id), SetSubscription{Plan: Free, Status: status})
		if err != nil || c.Status != status {
			t.Fatalf("%+v, %v", c, err)
		}
	}
	set(Suspended)
	standing(entrepot.StandingReadOnly)
	m.Restart()
	set(Active)
	standing(entrepot.StandingFull)
	if _, err := grains.Ask(m.As(super), m, Of(id), Delete{GraceMs: 1000}); err != nil {
		t.Fatal(err)
	}
	standing(entrepot.StandingClosed)
}
