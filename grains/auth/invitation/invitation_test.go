package invitation

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/auth/mail"
	"entrepot/grains/auth/user"
	"entrepot/grains/grainstest"
	"entrepot/persistence/storetest"
)

var (
	id      = entrepot.DeriveID("invitation")
	company = entrepot.DeriveID("company")
	start   = time.UnixMilli(1_750_000_000_000).UTC()

	platform = entrepot.SystemCaller("test")
	super    = entrepot.Caller{Role: entrepot.SuperAdmin, UserID: "root"}
	admin    = entrepot.Caller{Role: entrepot.CompanyAdmin, UserID: "a", CompanyID: company}
	foreign  = entrepot.Caller{Role: entrepot.CompanyAdmin, UserID: "f", CompanyID: entrepot.DeriveID("other")}
	manager  = entrepot.Caller{Role: entrepot.ShopManager, UserID: "m", CompanyID: company}
	customer = entrepot.Caller{Role: entrepot.Customer, UserID: "c"}
)

func at(c entrepot.Caller, after time.Duration) entrepot.Turn {
	return entrepot.Turn{ID: id, Now: start.Add(after), Caller: c}
}

func invite(role entrepot.Role, company entrepot.ID) Invite {
	return Invite{
		Email: "bob@example.com", Role: role, CompanyID: company, MailID: entrepot.DeriveID("mail"),
		Hash: []byte("hash"), Sealed: []byte("sealed"), Until: start.Add(time.Hour).UnixMilli(),
	}
}

func play(s *State, facts []events.Event) {
	for _, f := range facts {
		s.Apply(f)
	}
}

func TestCallersThatMayInvite(t *testing.T) {
	t.Parallel()
	const ok, no, hidden, bad = "", entrepot.CodeForbidden, entrepot.CodeNotFound, entrepot.CodeInvalid
	invitations := []Invite{
		invite("super_admin", ""), invite("company_admin", company), invite("shop_manager", company), invite("shop_staff", company),
		invite("customer", ""), invite("shop_staff", ""), invite("super_admin", company), invite("system", ""),
	}
	for name, c := range map[string]struct {
		caller entrepot.Caller
		want   []entrepot.Code
	}{
		"a super admin":           {super, []entrepot.Code{ok, ok, ok, ok, bad, bad, bad, bad}},
		"the company's admin":     {admin, []entrepot.Code{no, ok, ok, ok, bad, bad, bad, bad}},
		"another company's admin": {foreign, []entrepot.Code{no, hidden, hidden, hidden, bad, bad, bad, bad}},
		"a manager":               {manager, []entrepot.Code{no, no, no, no, bad, bad, bad, bad}},
		"a customer":              {customer, []entrepot.Code{no, no, no, no, bad, bad, bad, bad}},
	} {
		for i, cmd := range invitations {
			facts, err := (&State{}).Invite(at(c.caller, 0), cmd)
			if entrepot.CodeOf(err) != c.want[i] || (err == nil) != (len(facts) == 2) {
				t.Errorf("%s, %s of %q: %v", name, cmd.Role, cmd.CompanyID, err)
			}
		}
	}
	for name, change := range map[string]func(*Invite){
		"no address": func(c *Invite) { c.Email = "" }, "capitals": func(c *Invite) { c.Email = "Bob@example.com" },
		"no token": func(c *Invite) { c.Hash = nil }, "no time": func(c *Invite) { c.Until = start.UnixMilli() },
	} {
		cmd := invite("shop_staff", company)
		change(&cmd)
		if _, err := (&State{}).Invite(at(admin, 0), cmd); entrepot.CodeOf(err) != bad {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTokensThatAreAccepted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		after  time.Duration
		caller entrepot.Caller
		hash   string
		before func(*State)
		want   entrepot.Code
	}{
		"in time":       {time.Hour - time.Millisecond, platform, "hash", nil, ""},
		"too late":      {time.Hour, platform, "hash", nil, entrepot.CodeInvalid},
		"another":       {0, platform, "hush", nil, entrepot.CodeInvalid},
		"none":          {0, platform, "", nil, entrepot.CodeInvalid},
		"revoked":       {0, platform, "hash", func(s *State) { play(s, must(s.Revoke(at(admin, 0), Revoke{}))) }, entrepot.CodeInvalid},
		"accepted":      {0, platform, "hash", func(s *State) { s.Apply(accepted{UserID: "x"}) }, entrepot.CodeInvalid},
		"being so":      {0, platform, "hash", func(s *State) { s.Apply(tokenShown{}) }, entrepot.CodeInvalid},
		"refused once":  {0, platform, "hash", func(s *State) { s.Apply(tokenShown{}); s.Apply(refused{}) }, ""},
		"by the admin":  {0, admin, "hash", nil, entrepot.CodeNotFound},
		"by a customer": {0, customer, "hash", nil, entrepot.CodeNotFound},
	} {
		s := &State{}
		play(s, must(s.Invite(at(admin, 0), invite("shop_staff", company))))
		if c.before != nil {
			c.before(s)
		}
		_, err := s.Check(at(c.caller, c.after), Check{Hash: []byte(c.hash)})
		facts, err2 := s.Accept(at(c.caller, c.after), Accept{Hash: []byte(c.hash), Name: "Bob", PasswordHash: "x"})
		if entrepot.CodeOf(err) != c.want || entrepot.CodeOf(err2) != c.want || (err2 == nil) != (len(facts) == 1) {
			t.Errorf("%s: %v, %v", name, err, err2)
		}
	}
}

func must(facts []events.Event, err error) []events.Event {
	if err != nil {
		panic(err)
	}
	return facts
}

func TestCallersThatMayRevoke(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		caller entrepot.Caller
		before events.Event
		want   entrepot.Code
		facts  int
	}{
		"the company's admin": {admin, nil, "", 1}, "a super admin": {super, nil, "", 1},
		"another company's admin": {foreign, nil, entrepot.CodeNotFound, 0}, "a manager": {manager, nil, entrepot.CodeNotFound, 0},
		"an accepted one":    {admin, accepted{UserID: "x"}, entrepot.CodeConflict, 0},
		"one being accepted": {admin, tokenShown{}, entrepot.CodeConflict, 0}, "an expired one": {admin, expired{}, "", 0},
	} {
		s := &State{}
		play(s, must(s.Invite(at(admin, 0), invite("shop_staff", company))))
		if c.before != nil {
			s.Apply(c.before)
		}
		facts, err := s.Revoke(at(c.caller, 0), Revoke{})
		if entrepot.CodeOf(err) != c.want || len(facts) != c.facts {
			t.Errorf("%s: %v, %v", name, facts, err)
		}
	}
}

// TestAccepted: the user is registered once, before the reply, and no secret is left.
func TestAccepted(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{Kind(), mail.Kind(), user.Kind()})
	m.SetNow(start)
	if _, err := grains.Ask(m.As(admin), m, Of(id), invite("shop_staff", company)); err != nil {
		t.Fatal(err)
	}
	accept := Accept{Hash: []byte("hash"), Name: "Bob", PasswordHash: "$2a$secret"}
	taken := user.Register{Email: "bob@example.com", Name: "Other", PasswordHash: "x", Role: "customer"}
	other := entrepot.DeriveID("other user")
	if _, err := grains.Ask(m.Platform(), m, user.Of(other), taken); err != nil {
		t.Fatal(err)
	}
	if _, err := grains.Ask(m.Platform(), m, Of(id), accept); entrepot.CodeOf(err) != entrepot.CodeConflict {
		t.Fatalf("a taken address: %v", err)
	}
	if _, err := grains.Ask(m.As(super), m, user.Of(other), user.Erase{}); err != nil {
		t.Fatal(err)
	}
	m.Restart()
	i, err := grains.Ask(m.Platform(), m, Of(id), accept)
	if err != nil || i.Status != Accepted {
		t.Fatalf("%v, %v", i, err)
	}
	m.Restart()
	known, err := grains.Ask(m.Platform(), m, user.Of(i.UserID), user.GetCredentials{})
	if err != nil || known.PasswordHash != "$2a$secret" || known.User.CompanyID != company || !known.User.EmailVerified ||
		known.User.Role != "shop_staff" {
		t.Fatalf("%v, %v", known, err)
	}
	if _, err := grains.Ask(m.Platform(), m, Of(id), accept); entrepot.CodeOf(err) != entrepot.CodeInvalid {
		t.Fatalf("again: %v", err)
	}
	letter, err := grains.Ask(m.Platform(), m, mail.Of(entrepot.DeriveID("mail")), mail.Get{})
	if err != nil || letter.To != "bob@example.com" || letter.Template != Template || string(letter.Sealed) != "sealed" {
		t.Fatalf("%v, %v", letter, err)
	}
	var s State
	doc, err := m.Store.Load(t.Context(), Collection, id)
	if err != nil || m.Store.Unmarshal(doc.State, &s) != nil || s.PasswordHash != "" || s.Hash != nil || s.Sealed != nil {
		t.Fatalf("left %s, %v", doc.State, err)
	}
	for _, e := range m.Events() {
		if strings.Contains(string(e.Data), "secret") || strings.Contains(string(e.Data), "sealed") {
			t.Errorf("%s contains %s", e.Type, e.Data)
		}
	}
}

func TestUnusedTokensExpire(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{Kind(), mail.Kind(), user.Kind()})
	m.SetNow(start)
	if _, err := grains.Ask(m.As(admin), m, Of(id), invite("shop_staff", company)); err != nil {
		t.Fatal(err)
	}
	status := func() string {
		i, err := grains.Ask(m.As(admin), m, Of(id), Get{})
		if err != nil {
			t.Fatal(err)
		}
		return i.Status
	}
	m.SetNow(start.Add(time.Hour - time.Millisecond))
	m.Wake(Name, id)
	early := status()
	m.SetNow(start.Add(time.Hour))
	m.Wake(Name, id)
	m.Restart()
	if late := status(); early != Pending || late != Expired {
		t.Errorf("%s, then %s", early, late)
	}
	if _, err := grains.Ask(m.As(foreign), m, Of(id), Get{}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Error(err)
	}
}

func TestStateSurvivesItsJSON(t *testing.T) {
	t.Parallel()
	s := &State{}
	play(s, must(s.Invite(at(admin, 0), invite("shop_staff", company))))
	play(s, must(s.Accept(at(platform, 0), Accept{Hash: []byte("hash"), Name: "Bob", PasswordHash: "x"})))
	b, err := json.Marshal(s)
	var back State
	if err != nil || json.Unmarshal(b, &back) != nil || !reflect.DeepEqual(&back, s) {
		t.Errorf("%s, %v", b, err)
	}
}
