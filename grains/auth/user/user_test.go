package user

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/persistence/storetest"

	"pgregory.net/rapid"
)

const secret = "$2a$10$secret-hash"

var (
	id      = entrepot.DeriveID("user")
	company = entrepot.DeriveID("company")
	shopA   = entrepot.DeriveID("shop", "a")
	shopB   = entrepot.DeriveID("shop", "b")
	start   = time.UnixMilli(1_750_000_000_123).UTC()

	platform = entrepot.SystemCaller("test")
	super    = entrepot.Caller{Role: entrepot.SuperAdmin, UserID: "root"}
	admin    = entrepot.Caller{Role: entrepot.CompanyAdmin, UserID: "a", CompanyID: company}
	foreign  = entrepot.Caller{Role: entrepot.CompanyAdmin, UserID: "f", CompanyID: entrepot.DeriveID("other")}
	managerA = entrepot.Caller{Role: entrepot.ShopManager, UserID: "m", CompanyID: company, ShopIDs: []entrepot.ID{shopA}}
	managerB = entrepot.Caller{Role: entrepot.ShopManager, UserID: "m", CompanyID: company, ShopIDs: []entrepot.ID{shopB}}
	staffA   = entrepot.Caller{Role: entrepot.ShopStaff, UserID: "s", CompanyID: company, ShopIDs: []entrepot.ID{shopA}}
	customer = entrepot.Caller{Role: entrepot.Customer, UserID: "c"}
	nobody   = entrepot.Caller{}
)

func turn(c entrepot.Caller) entrepot.Turn { return entrepot.Turn{ID: id, Now: start, Caller: c} }

func registration(role entrepot.Role, change func(*Register)) Register {
	c := Register{Email: "ann@example.com", Name: "Ann", PasswordHash: secret, Role: role}
	if isStaff(role) {
		c.CompanyID = company
	}
	if role == entrepot.ShopManager || role == entrepot.ShopStaff {
		c.ShopIDs = []string{shopA}
	}
	if change != nil {
		change(&c)
	}
	return c
}

func registered(t testing.TB, role entrepot.Role) *State {
	t.Helper()
	s := &State{}
	facts, err := s.Register(turn(platform), registration(role, nil))
	if err != nil {
		t.Fatal(err)
	}
	play(s, facts)
	return s
}

func play(s *State, facts []events.Event) {
	for _, f := range facts {
		s.Apply(f)
	}
}

func TestCallersThatMayRegister(t *testing.T) {
	t.Parallel()
	const ok, no, hidden = "", entrepot.CodeForbidden, entrepot.CodeNotFound
	roles := []entrepot.Role{entrepot.SuperAdmin, entrepot.CompanyAdmin, entrepot.ShopManager, entrepot.ShopStaff, entrepot.Customer}
	for name, c := range map[string]struct {
		caller entrepot.Caller
		want   []entrepot.Code // by roles
	}{
		"the platform":            {platform, []entrepot.Code{ok, ok, ok, ok, ok}},
		"a super admin":           {super, []entrepot.Code{ok, ok, ok, ok, ok}},
		"the company's admin":     {admin, []entrepot.Code{no, ok, ok, ok, no}},
		"another company's admin": {foreign, []entrepot.Code{no, hidden, hidden, hidden, no}},
		"a manager":               {managerA, []entrepot.Code{no, no, no, no, no}},
		"shop staff":              {staffA, []entrepot.Code{no, no, no, no, no}},
		"a customer":              {customer, []entrepot.Code{no, no, no, no, no}},
		"an anonymous caller":     {nobody, []entrepot.Code{no, no, no, no, ok}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for i, role := range roles {
				facts, err := (&State{}).Register(turn(c.caller), registration(role, nil))
				if entrepot.CodeOf(err) != c.want[i] || (err == nil) != (len(facts) == 2) {
					t.Errorf("%s: %v, want code %q", role, err, c.want[i])
				}
			}
		})
	}
}

func TestRegisterRules(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		role   entrepot.Role
		change func(*Register)
	}{
		"no role":                {"", nil},
		"the platform's role":    {entrepot.System, nil},
		"no e-mail":              {entrepot.Customer, func(c *Register) { c.Email = "" }},
		"e-mail in capitals":     {entrepot.Customer, func(c *Register) { c.Email = "Ann@example.com" }},
		"e-mail with a space":    {entrepot.Customer, func(c *Register) { c.Email = "ann@example.com " }},
		"no password":            {entrepot.Customer, func(c *Register) { c.PasswordHash = "" }},
		"staff of no company":    {entrepot.ShopStaff, func(c *Register) { c.CompanyID = "" }},
		"customer of a company":  {entrepot.Customer, func(c *Register) { c.CompanyID = company }},
		"super admin of a shop":  {entrepot.SuperAdmin, func(c *Register) { c.ShopIDs = []string{shopA} }},
		"a company admin's shop": {entrepot.CompanyAdmin, func(c *Register) { c.ShopIDs = []string{shopA} }},
		"a malformed shop":       {entrepot.ShopStaff, func(c *Register) { c.ShopIDs = []string{"x"} }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := (&State{}).Register(turn(platform), registration(c.role, c.change)); entrepot.CodeOf(err) != entrepot.CodeInvalid {
				t.Fatalf("%v, want invalid", err)
			}
		})
	}
	if _, err := registered(t, entrepot.Customer).Register(turn(nobody), registration(entrepot.Customer, nil)); entrepot.CodeOf(err) != entrepot.CodeConflict {
		t.Fatalf("again: %v", err)
	}
}

func TestCallersThatMaySeeAUser(t *testing.T) {
	t.Parallel()
	staff, buyer := registered(t, entrepot.ShopStaff), registered(t, entrepot.Customer)
	self := entrepot.Caller{Role: entrepot.ShopStaff, UserID: id, CompanyID: company}
	const ok, hidden = "", entrepot.CodeNotFound
	for name, c := range map[string]struct {
		caller                entrepot.Caller
		staff, buyer, secrets entrepot.Code
	}{
		"itself":                  {self, ok, ok, hidden},
		"the platform":            {platform, ok, ok, ok},
		"a super admin":           {super, ok, ok, hidden},
		"the company's admin":     {admin, ok, hidden, hidden},
		"another company's admin": {foreign, hidden, hidden, hidden},
		"the shop's manager":      {managerA, ok, hidden, hidden},
		"another shop's manager":  {managerB, hidden, hidden, hidden},
		"a colleague":             {staffA, hidden, hidden, hidden},
		"a customer":              {customer, hidden, hidden, hidden},
		"an anonymous caller":     {nobody, hidden, hidden, hidden},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, e1 := staff.Get(turn(c.caller), Get{})
			_, e2 := buyer.Get(turn(c.caller), Get{})
			cred, e3 := staff.GetCredentials(turn(c.caller), GetCredentials{})
			if entrepot.CodeOf(e1) != c.staff || entrepot.CodeOf(e2) != c.buyer || entrepot.CodeOf(e3) != c.secrets {
				t.Fatalf("%v, %v, %v", e1, e2, e3)
			}
			if e3 == nil && cred.PasswordHash != secret {
				t.Fatalf("%+v", cred)
			}
		})
	}
	for _, err := range []error{second((&State{}).Get(turn(platform), Get{})), second((&State{}).GetCredentials(turn(platform), GetCredentials{}))} {
		if entrepot.CodeOf(err) != hidden {
			t.Fatalf("absent: %v", err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestLogins(t *testing.T) {
	t.Parallel()
	s := registered(t, entrepot.Customer)
	self := entrepot.Caller{Role: entrepot.Customer, UserID: id}
	for _, c := range []entrepot.Caller{super, admin, customer, nobody} {
		if err := second(s.NoteLogin(turn(c), NoteLogin{})); entrepot.CodeOf(err) != entrepot.CodeNotFound {
			t.Fatalf("%s logs in: %v", c.Role, err)
		}
		if err := second(s.NoteLogout(turn(c), NoteLogout{})); entrepot.CodeOf(err) != entrepot.CodeNotFound {
			t.Fatalf("%s logs out: %v", c.Role, err)
		}
	}
	facts, err := s.NoteLogin(turn(self), NoteLogin{})
	if err != nil {
		t.Fatal(err)
	}
	play(s, facts)
	if v := s.view(); v.LastLoginAt != start.UnixMilli() || v.Version != 1 {
		t.Fatalf("%+v", v)
	}
	s.IsActive = false
	if err := second(s.NoteLogin(turn(self), NoteLogin{})); entrepot.CodeOf(err) != entrepot.CodeForbidden {
		t.Fatalf("disabled: %v", err)
	}
}

// TestUserReplays: no published event contains a secret, and facts and JSON keep the
// state.
func TestUserReplays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, replayed := &State{}, &State{}
		role := rapid.SampledFrom([]entrepot.Role{entrepot.Customer, entrepot.CompanyAdmin, entrepot.ShopStaff}).Draw(t, "role")
		for range rapid.IntRange(1, 16).Draw(t, "commands") {
			var facts []events.Event
			own := entrepot.Caller{Role: s.Role, UserID: id}
			switch rapid.IntRange(0, 9).Draw(t, "command") {
			case 0:
				facts, _ = s.Register(turn(platform), registration(role, func(c *Register) {
					c.Name = rapid.String().Draw(t, "name")
				}))
			case 1:
				facts, _ = s.NoteLogin(turn(platform), NoteLogin{})
			case 2:
				facts, _ = s.NoteLogout(turn(platform), NoteLogout{})
			case 3:
				facts, _ = s.RequestProof(turn(platform), RequestProof{Purpose: ToResetPassword, Token: token("r", time.Hour)})
			case 4:
				facts, _ = s.RequestProof(turn(own), RequestProof{Purpose: ToChangeEmail, Email: "new@example.com", Token: token("c", time.Hour)})
			case 5:
				facts, _ = s.VerifyEmail(turn(platform), VerifyEmail{Hash: []byte("c")})
			case 6:
				facts, _ = s.BeginTOTP(turn(own), BeginTOTP{Sealed: []byte("s")})
			case 7:
				facts, _ = s.ConfirmTOTP(turn(own), ConfirmTOTP{Sealed: []byte("s"), Step: 5, Recovery: [][]byte{[]byte("a"), []byte("b")}})
			case 8:
				facts, _ = s.NoteLogin(turn(own), NoteLogin{SessionID: "s", RecoveryHash: []byte("a"), TokenUntil: until(0)})
			case 9:
				facts, _ = s.mailWritten(turn(platform), letterWritten{ID: entrepot.DeriveID("mail", "r")})
			}
			for _, f := range facts {
				data, err := json.Marshal(f)
				if err != nil || (f.EventType() != "" && strings.Contains(string(data), secret)) {
					t.Fatalf("%s: %s, %v", f.EventType(), data, err)
				}
			}
			play(s, facts)
			play(replayed, facts)
		}
		if s.ID != "" && s.PasswordHash != secret {
			t.Fatalf("%+v", s)
		}
		text := func(s *State) string {
			b, err := json.Marshal(s)
			if err != nil {
				t.Fatal(err)
			}
			return string(b)
		}
		var back State
		if err := json.Unmarshal([]byte(text(s)), &back); err != nil || text(&back) != text(s) || text(s) != text(replayed) {
			t.Fatalf("round trip or replay: %v\n%s\n%s\n%s", err, text(s), text(&back), text(replayed))
		}
	})
}

func TestUserOnTheHost(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{Kind()})
	u, err := grains.Ask(m.As(nobody), m, Of(id), registration(entrepot.Customer, nil))
	if err != nil || u.ID != id || u.Role != "customer" {
		t.Fatalf("%+v, %v", u, err)
	}
	list := m.Events()
	if len(list) != 1 || list[0].Type != "user.registered" || strings.Contains(string(list[0].Data), secret) {
		t.Fatalf("%v", list)
	}
	other := entrepot.DeriveID("another user")
	if _, err := grains.Ask(m.As(nobody), m, Of(other), registration(entrepot.Customer, nil)); entrepot.CodeOf(err) != entrepot.CodeConflict {
		t.Fatalf("the same e-mail: %v", err)
	}
	m.Restart()
	cred, err := grains.Ask(m.Platform(), m, Of(id), GetCredentials{})
	if err != nil || cred.PasswordHash != secret || cred.User.Email != "ann@example.com" {
		t.Fatalf("after the restart: %+v, %v", cred, err)
	}
	self := m.As(entrepot.Caller{Role: entrepot.Customer, UserID: id})
	if _, err := grains.Ask(self, m, Of(id), NoteLogin{}); err != nil {
		t.Fatal(err)
	}
	if got := m.EventTypes(); !reflect.DeepEqual(got, []string{"user.registered", "user.logged_in"}) {
		t.Fatal(got)
	}
}
