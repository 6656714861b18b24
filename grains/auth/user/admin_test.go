package user

import (
	"encoding/json"
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

func TestSetUser(t *testing.T) {
	t.Parallel()
	const no, hidden, bad = entrepot.CodeForbidden, entrepot.CodeNotFound, entrepot.CodeInvalid
	own := entrepot.Caller{Role: entrepot.CompanyAdmin, UserID: id, CompanyID: company}
	root := entrepot.Caller{Role: entrepot.SuperAdmin, UserID: id}
	for name, c := range map[string]struct {
		of     entrepot.Role
		caller entrepot.Caller
		cmd    SetUser
		want   entrepot.Code
		facts  int // the session's tokens are withdrawn by the second, ended by the third
	}{
		"a new name":                {entrepot.ShopStaff, admin, SetUser{Name: "Eve", Role: "shop_staff", IsActive: true}, "", 1},
		"nothing new":               {entrepot.ShopStaff, admin, SetUser{Name: "Ann", Role: "shop_staff", IsActive: true}, "", 0},
		"promoted":                  {entrepot.ShopStaff, admin, SetUser{Name: "Ann", Role: "shop_manager", IsActive: true}, "", 2},
		"demoted":                   {entrepot.CompanyAdmin, admin, SetUser{Name: "Ann", Role: "shop_staff", IsActive: true}, "", 2},
		"disabled":                  {entrepot.ShopStaff, super, SetUser{Name: "Ann", Role: "shop_staff"}, "", 3},
		"company admin with shops":  {entrepot.ShopManager, admin, SetUser{Name: "Ann", Role: "company_admin", IsActive: true}, entrepot.CodeConflict, 0},
		"staff to super admin":      {entrepot.CompanyAdmin, admin, SetUser{Name: "Ann", Role: "super_admin", IsActive: true}, bad, 0},
		"staff to customer":         {entrepot.CompanyAdmin, super, SetUser{Name: "Ann", Role: "customer", IsActive: true}, bad, 0},
		"customer to staff":         {entrepot.Customer, super, SetUser{Name: "Ann", Role: "shop_staff", IsActive: true}, bad, 0},
		"to no role":                {entrepot.Customer, super, SetUser{Name: "Ann", Role: "system", IsActive: true}, bad, 0},
		"customer to super admin":   {entrepot.Customer, super, SetUser{Name: "Ann", Role: "super_admin", IsActive: true}, "", 2},
		"a super admin disabled":    {entrepot.SuperAdmin, super, SetUser{Name: "Ann", Role: "super_admin"}, entrepot.CodeConflict, 0},
		"a super admin renamed":     {entrepot.SuperAdmin, super, SetUser{Name: "Eve", Role: "super_admin", IsActive: true}, "", 1},
		"no name":                   {entrepot.ShopStaff, admin, SetUser{Name: " ", Role: "shop_staff", IsActive: true}, bad, 0},
		"an old version":            {entrepot.ShopStaff, admin, SetUser{ExpectedVersion: 7, Name: "Eve", Role: "shop_staff", IsActive: true}, entrepot.CodeStale, 0},
		"the own name":              {entrepot.CompanyAdmin, own, SetUser{Name: "Eve", Role: "company_admin", IsActive: true}, "", 1},
		"the own role":              {entrepot.CompanyAdmin, own, SetUser{Name: "Ann", Role: "shop_staff", IsActive: true}, no, 0},
		"oneself, disabled":         {entrepot.SuperAdmin, root, SetUser{Name: "Ann", Role: "super_admin"}, no, 0},
		"another company's admin":   {entrepot.ShopStaff, foreign, SetUser{Name: "Eve", Role: "shop_staff", IsActive: true}, hidden, 0},
		"a customer, company admin": {entrepot.Customer, admin, SetUser{Name: "Eve", Role: "customer", IsActive: true}, hidden, 0},
		"the shop's manager":        {entrepot.ShopStaff, managerA, SetUser{Name: "Eve", Role: "shop_staff", IsActive: true}, hidden, 0},
		"a customer":                {entrepot.Customer, customer, SetUser{Name: "Eve", Role: "customer", IsActive: true}, hidden, 0},
		"an anonymous caller":       {entrepot.Customer, nobody, SetUser{Name: "Eve", Role: "customer", IsActive: true}, hidden, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := registered(t, c.of)
			open(t, s, "s", 0)
			facts, err := s.SetUser(turn(c.caller), c.cmd)
			if entrepot.CodeOf(err) != c.want || len(facts) != c.facts {
				t.Fatalf("%v, %v", facts, err)
			}
			play(s, facts)
			if c.facts > 0 && (s.Name != c.cmd.Name || s.Role != c.cmd.Role || s.IsActive != c.cmd.IsActive) {
				t.Errorf("%+v", s)
			}
			if (len(s.Stale) == 1) != (c.facts > 1) || (len(s.Sessions) == 0) != (c.facts > 2) {
				t.Errorf("stale %+v, sessions %+v", s.Stale, s.Sessions)
			}
		})
	}
}

// TestErase: no personal data is left, and every message to the account is refused.
func TestErase(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		caller entrepot.Caller
		want   entrepot.Code
	}{
		"by the company's admin": {admin, ""}, "by a super admin": {super, ""},
		"by another company's admin": {foreign, entrepot.CodeNotFound}, "by a manager": {managerA, entrepot.CodeNotFound},
		"by itself": {entrepot.Caller{Role: entrepot.SuperAdmin, UserID: id}, entrepot.CodeForbidden},
	} {
		s := registered(t, entrepot.ShopStaff)
		open(t, s, "s", 0)
		facts, err := s.Erase(turn(c.caller), Erase{ExpectedVersion: 1})
		if entrepot.CodeOf(err) != c.want {
			t.Fatalf("%s: %v", name, err)
		}
		if err != nil {
			continue
		}
		for _, f := range facts {
			if b, _ := json.Marshal(f); f.EventType() != "" && strings.Contains(string(b), "nn") { // Ann, ann@
				t.Errorf("%s contains %s", f.EventType(), b)
			}
		}
		play(s, facts)
		if b, _ := json.Marshal(s); strings.Contains(string(b), "nn") || strings.Contains(string(b), secret) {
			t.Errorf("left: %s", b)
		}
		if len(s.Stale) != 1 || s.VisibleTo(super) || s.Index().Fields[0] != "" {
			t.Errorf("%+v", s)
		}
		self := entrepot.Caller{Role: entrepot.ShopStaff, UserID: id, CompanyID: company}
		for what, err := range map[string]error{
			"login":   second(s.NoteLogin(turn(self), NoteLogin{})),
			"refresh": second(s.Refresh(turn(platform), refresh("s", 1, "1", "2"))),
			"profile": second(s.UpdateProfile(turn(self), UpdateProfile{Name: "x"})),
			"set":     second(s.SetUser(turn(super), SetUser{Name: "x", Role: "shop_staff"})),
			"erase":   second(s.Erase(turn(super), Erase{})),
			"assign":  second(s.AssignShop(turn(platform), AssignShop{ShopID: shopB, CompanyID: company})),
			"new":     second(s.Register(turn(platform), registration(entrepot.Customer, nil))),
			"read":    second(s.Get(turn(super), Get{})),
			"secrets": second(s.GetCredentials(turn(platform), GetCredentials{})),
		} {
			if err == nil {
				t.Errorf("an erased user accepts: %s", what)
			}
		}
	}
}

// TestDisablingIsWithdrawnBeforeTheReply: the access grain has the withdrawal before
// the caller has the reply. The address of an erased user is free.
func TestDisablingIsWithdrawnBeforeTheReply(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{Kind(), access.Kind()})
	if _, err := grains.Ask(m.As(nobody), m, Of(id), registration(entrepot.Customer, nil)); err != nil {
		t.Fatal(err)
	}
	login := NoteLogin{SessionID: "s", RefreshHash: []byte("1"), TokenUntil: m.Now().Add(time.Minute).UnixMilli()}
	if _, err := grains.Ask(m.As(self), m, Of(id), login); err != nil {
		t.Fatal(err)
	}
	m.Restart()
	u, err := grains.Ask(m.As(super), m, Of(id), SetUser{Name: "Ann", Role: "customer"})
	if err != nil || u.IsActive {
		t.Fatalf("%v, %v", u, err)
	}
	known, err := grains.Ask(m.Platform(), m, access.Of(access.ID), access.Since{})
	if err != nil || len(known.Withdrawn) != 1 || known.Withdrawn[0].UserID != id {
		t.Fatalf("%v, %v", known, err)
	}
	m.Restart()
	if _, err := grains.Ask(m.As(super), m, Of(id), Erase{ExpectedVersion: u.Version}); err != nil {
		t.Fatal(err)
	}
	m.Restart()
	if _, err := grains.Ask(m.As(super), m, Of(id), Get{}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Fatal(err)
	}
	if _, err := grains.Ask(m.As(nobody), m, Of(entrepot.DeriveID("heir")), registration(entrepot.Customer, nil)); err != nil {
		t.Fatalf("the address is not free: %v", err)
	}
	last := m.Events()[3]
	var e events.UserDeleted
	if err := last.Decode(&e); err != nil || last.Type != "user.deleted" || e.UserID != id {
		t.Fatalf("%v, %v", last, err)
	}
}
