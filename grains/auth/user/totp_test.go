package user

import (
	"strings"
	"testing"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/persistence/storetest"
)

func TestSecondFactor(t *testing.T) {
	t.Parallel()
	const ok, no, need, hidden, conflict = "", entrepot.CodeUnauthenticated, entrepot.CodeTOTPRequired, entrepot.CodeNotFound, entrepot.CodeConflict
	on := func(s *State) {
		s.TOTP = &totp{Sealed: []byte("s"), On: true, Step: 10, Recovery: [][]byte{[]byte("a"), []byte("b")}}
	}
	begun := func(s *State) { s.TOTP = &totp{Sealed: []byte("s")} }
	none := func(*State) {}
	login := func(step int64, recovery string) func(*State) error {
		return func(s *State) error {
			facts, err := s.NoteLogin(at(self, 0), NoteLogin{TOTPStep: step, RecoveryHash: []byte(recovery)})
			play(s, facts)
			return err
		}
	}
	begin := func(c entrepot.Caller) func(*State) error {
		return func(s *State) error { return second(s.BeginTOTP(at(c, 0), BeginTOTP{Sealed: []byte("t")})) }
	}
	confirm := func(c entrepot.Caller, sealed string) func(*State) error {
		return func(s *State) error {
			return second(s.ConfirmTOTP(at(c, 0), ConfirmTOTP{Sealed: []byte(sealed), Step: 5, Recovery: [][]byte{[]byte("a")}}))
		}
	}
	remove := func(c entrepot.Caller, hash string, step int64) func(*State) error {
		return func(s *State) error {
			return second(s.RemoveTOTP(at(c, 0), RemoveTOTP{CurrentHash: hash, TOTPStep: step}))
		}
	}
	for name, c := range map[string]struct {
		is   func(*State)
		do   func(*State) error
		want entrepot.Code
	}{
		"login without one":             {none, login(0, ""), ok},
		"login before it is confirmed":  {begun, login(0, ""), ok},
		"login without showing it":      {on, login(0, ""), need},
		"login with a code":             {on, login(11, ""), ok},
		"login with a used code":        {on, login(10, ""), no},
		"login with an older code":      {on, login(9, ""), no},
		"login with a recovery code":    {on, login(0, "b"), ok},
		"login with no recovery code":   {on, login(0, "x"), no},
		"begin":                         {none, begin(self), ok},
		"begin again":                   {begun, begin(self), ok},
		"begin over one that is on":     {on, begin(self), conflict},
		"an admin begins":               {none, begin(super), hidden},
		"the platform begins":           {none, begin(platform), hidden},
		"confirm":                       {begun, confirm(self, "s"), ok},
		"confirm another secret":        {begun, confirm(self, "t"), conflict},
		"confirm nothing":               {none, confirm(self, "s"), conflict},
		"confirm again":                 {on, confirm(self, "s"), conflict},
		"an admin confirms":             {begun, confirm(super, "s"), hidden},
		"remove":                        {on, remove(self, secret, 11), ok},
		"remove with a used code":       {on, remove(self, secret, 10), no},
		"remove without":                {on, remove(self, secret, 0), need},
		"remove an unconfirmed one":     {begun, remove(self, secret, 11), conflict},
		"remove after another password": {on, remove(self, "older", 11), conflict},
		"an admin removes":              {on, remove(super, secret, 11), hidden},
	} {
		s := registered(t, entrepot.Customer)
		c.is(s)
		if err := c.do(s); entrepot.CodeOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, do := range []func(*State) error{login(11, ""), login(0, "a")} { // each is good once
		s := registered(t, entrepot.Customer)
		on(s)
		if first, again := do(s), do(s); first != nil || entrepot.CodeOf(again) != no {
			t.Errorf("%v, then %v", first, again)
		}
	}
}

// TestSecretIsResealed: a login reseals the secret unless it has changed meanwhile.
func TestSecretIsResealed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		old, now, want string
		step           int64
		err            entrepot.Code
	}{
		"by a newer key":      {"s", "new", "new", 11, ""},
		"nothing to do":       {"s", "", "s", 11, ""},
		"another secret":      {"other", "new", "s", 11, ""},
		"with a code too old": {"s", "new", "s", 10, entrepot.CodeUnauthenticated},
	} {
		s := registered(t, entrepot.Customer)
		s.TOTP = &totp{Sealed: []byte("s"), On: true, Step: 10}
		facts, err := s.NoteLogin(at(self, 0), NoteLogin{TOTPStep: c.step, TOTPSealed: []byte(c.old), TOTPResealed: []byte(c.now)})
		play(s, facts)
		if entrepot.CodeOf(err) != c.err || string(s.TOTP.Sealed) != c.want || !s.TOTP.On {
			t.Errorf("%s: %v, %+v", name, err, s.TOTP)
		}
	}
	s := registered(t, entrepot.Customer)
	if facts, err := s.NoteLogin(at(self, 0), NoteLogin{TOTPResealed: []byte("new")}); err != nil || len(facts) != 1 ||
		s.TOTP != nil {
		t.Errorf("without one: %v, %v", facts, err)
	}
}

// TestResetTOTP: only administrators of the user reset its second factor, never the
// user; all sessions end, and the reason is published.
func TestResetTOTP(t *testing.T) {
	t.Parallel()
	const no, hidden, bad, conflict = entrepot.CodeForbidden, entrepot.CodeNotFound, entrepot.CodeInvalid, entrepot.CodeConflict
	itself := func(r entrepot.Role) entrepot.Caller {
		c := entrepot.Caller{Role: r, UserID: id}
		if isStaff(r) {
			c.CompanyID = company
		}
		return c
	}
	for name, c := range map[string]struct {
		of     entrepot.Role
		caller entrepot.Caller
		reason string
		want   entrepot.Code
	}{
		"staff, by the company's admin":         {entrepot.ShopStaff, admin, "lost", ""},
		"a company admin, by another":           {entrepot.CompanyAdmin, admin, "lost", ""},
		"staff, by a super admin":               {entrepot.ShopManager, super, "lost", ""},
		"a customer, by a super admin":          {entrepot.Customer, super, "lost", ""},
		"a super admin, by another":             {entrepot.SuperAdmin, super, "lost", ""},
		"a customer, by a company admin":        {entrepot.Customer, admin, "lost", hidden},
		"a super admin, by a company admin":     {entrepot.SuperAdmin, admin, "lost", hidden},
		"staff, by another company's admin":     {entrepot.ShopStaff, foreign, "lost", hidden},
		"staff, by the shop's manager":          {entrepot.ShopStaff, managerA, "lost", hidden},
		"staff, by a customer":                  {entrepot.ShopStaff, customer, "lost", hidden},
		"a customer, anonymously":               {entrepot.Customer, nobody, "lost", hidden},
		"oneself, a super admin":                {entrepot.SuperAdmin, itself(entrepot.SuperAdmin), "lost", no},
		"oneself, a company admin":              {entrepot.CompanyAdmin, itself(entrepot.CompanyAdmin), "lost", no},
		"oneself, a customer":                   {entrepot.Customer, itself(entrepot.Customer), "lost", hidden},
		"without a reason":                      {entrepot.ShopStaff, admin, " ", bad},
		"with a book for a reason":              {entrepot.ShopStaff, admin, strings.Repeat("x", maxReason+1), bad},
		"a foreign one's, without a reason too": {entrepot.ShopStaff, foreign, "", hidden},
	} {
		s := registered(t, c.of)
		open(t, s, "phone", 0)
		open(t, s, "desk", 0)
		if err := second(s.ResetTOTP(turn(super), ResetTOTP{Reason: "lost"})); entrepot.CodeOf(err) != conflict {
			t.Errorf("%s, while there is none: %v", name, err)
		}
		s.TOTP = &totp{Sealed: []byte("s"), On: true, Step: 10, Recovery: [][]byte{[]byte("a")}}
		facts, err := s.ResetTOTP(turn(c.caller), ResetTOTP{Reason: c.reason})
		if entrepot.CodeOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
		play(s, facts)
		if done := c.want == ""; done != (s.TOTP == nil) || done != (len(s.Sessions) == 0) || done != (len(s.Stale) == 1) {
			t.Errorf("%s: %+v", name, s)
		}
		if c.want != "" {
			continue
		}
		if f, ok := facts[1].(events.UserSecondFactorReset); !ok || f.UserID != id || f.Role != c.of ||
			f.Reason != c.reason || f.CompanyID != s.CompanyID {
			t.Errorf("%s: published %+v", name, facts[1])
		}
		if u, ok := facts[2].(events.UserUpdated); !ok || u.TOTPEnabled {
			t.Errorf("%s: published %+v", name, facts[2])
		}
		if _, err := s.NoteLogin(turn(itself(c.of)), NoteLogin{}); err != nil {
			t.Errorf("%s: a login afterwards: %v", name, err)
		}
	}
	s := registered(t, entrepot.Customer)
	s.TOTP, s.Stale = &totp{Sealed: []byte("s"), On: true}, make([]stale, maxStale)
	if err := second(s.ResetTOTP(turn(super), ResetTOTP{Reason: "lost"})); entrepot.CodeOf(err) != entrepot.CodeUnavailable {
		t.Errorf("while sessions are being ended: %v", err)
	}
}

// TestSecondFactorSurvivesARestart: and so do the used codes.
func TestSecondFactorSurvivesARestart(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{Kind()})
	ask := func(cmd any) error {
		_, err := m.Ask(m.As(self), Of(id), cmd)
		return err
	}
	if _, err := grains.Ask(m.As(nobody), m, Of(id), registration(entrepot.Customer, nil)); err != nil {
		t.Fatal(err)
	}
	for _, cmd := range []any{
		BeginTOTP{Sealed: []byte("s")}, ConfirmTOTP{Sealed: []byte("s"), Step: 5, Recovery: [][]byte{[]byte("a")}}, NoteLogin{TOTPStep: 6},
	} {
		if err := ask(cmd); err != nil {
			t.Fatal(err)
		}
		m.Restart()
	}
	if err := ask(NoteLogin{TOTPStep: 6}); entrepot.CodeOf(err) != entrepot.CodeUnauthenticated {
		t.Errorf("used before the restart: %v", err)
	}
	if err := ask(NoteLogin{}); entrepot.CodeOf(err) != entrepot.CodeTOTPRequired {
		t.Errorf("without: %v", err)
	}
	known, err := grains.Ask(m.Platform(), m, Of(id), GetCredentials{})
	if err != nil || string(known.TOTPSealed) != "s" || !known.User.TOTPEnabled {
		t.Errorf("%v, %v", known, err)
	}
}
