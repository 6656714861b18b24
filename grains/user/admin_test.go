package user

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/access"
	"entrepot/grains/access/accesspb"
	"entrepot/grains/grainstest"
	"entrepot/grains/user/userpb"
	"entrepot/persistence/storetest"
)

func TestWhoSetsWhat(t *testing.T) {
	t.Parallel()
	const no, hidden, bad = entrepot.CodeForbidden, entrepot.CodeNotFound, entrepot.CodeInvalid
	own := entrepot.Caller{Role: entrepot.CompanyAdmin, UserID: id, CompanyID: company}
	root := entrepot.Caller{Role: entrepot.SuperAdmin, UserID: id}
	for name, c := range map[string]struct {
		of     entrepot.Role
		caller entrepot.Caller
		cmd    *userpb.SetUser
		want   entrepot.Code
		facts  int // the session's tokens are withdrawn by the second, ended by the third
	}{
		"a new name":                {entrepot.ShopStaff, admin, &userpb.SetUser{Name: "Eve", Role: "shop_staff", IsActive: true}, "", 1},
		"nothing new":               {entrepot.ShopStaff, admin, &userpb.SetUser{Name: "Ann", Role: "shop_staff", IsActive: true}, "", 0},
		"promoted":                  {entrepot.ShopStaff, admin, &userpb.SetUser{Name: "Ann", Role: "shop_manager", IsActive: true}, "", 2},
		"demoted":                   {entrepot.CompanyAdmin, admin, &userpb.SetUser{Name: "Ann", Role: "shop_staff", IsActive: true}, "", 2},
		"disabled":                  {entrepot.ShopStaff, super, &userpb.SetUser{Name: "Ann", Role: "shop_staff"}, "", 3},
		"company admin with shops":  {entrepot.ShopManager, admin, &userpb.SetUser{Name: "Ann", Role: "company_admin", IsActive: true}, entrepot.CodeConflict, 0},
		"staff to super admin":      {entrepot.CompanyAdmin, admin, &userpb.SetUser{Name: "Ann", Role: "super_admin", IsActive: true}, bad, 0},
		"staff to customer":         {entrepot.CompanyAdmin, super, &userpb.SetUser{Name: "Ann", Role: "customer", IsActive: true}, bad, 0},
		"customer to staff":         {entrepot.Customer, super, &userpb.SetUser{Name: "Ann", Role: "shop_staff", IsActive: true}, bad, 0},
		"to no role":                {entrepot.Customer, super, &userpb.SetUser{Name: "Ann", Role: "system", IsActive: true}, bad, 0},
		"customer to super admin":   {entrepot.Customer, super, &userpb.SetUser{Name: "Ann", Role: "super_admin", IsActive: true}, "", 2},
		"a super admin disabled":    {entrepot.SuperAdmin, super, &userpb.SetUser{Name: "Ann", Role: "super_admin"}, entrepot.CodeConflict, 0},
		"a super admin renamed":     {entrepot.SuperAdmin, super, &userpb.SetUser{Name: "Eve", Role: "super_admin", IsActive: true}, "", 1},
		"no name":                   {entrepot.ShopStaff, admin, &userpb.SetUser{Name: " ", Role: "shop_staff", IsActive: true}, bad, 0},
		"an old version":            {entrepot.ShopStaff, admin, &userpb.SetUser{ExpectedVersion: 7, Name: "Eve", Role: "shop_staff", IsActive: true}, entrepot.CodeStale, 0},
		"the own name":              {entrepot.CompanyAdmin, own, &userpb.SetUser{Name: "Eve", Role: "company_admin", IsActive: true}, "", 1},
		"the own role":              {entrepot.CompanyAdmin, own, &userpb.SetUser{Name: "Ann", Role: "shop_staff", IsActive: true}, no, 0},
		"oneself, disabled":         {entrepot.SuperAdmin, root, &userpb.SetUser{Name: "Ann", Role: "super_admin"}, no, 0},
		"another company's admin":   {entrepot.ShopStaff, foreign, &userpb.SetUser{Name: "Eve", Role: "shop_staff", IsActive: true}, hidden, 0},
		"a customer, company admin": {entrepot.Customer, admin, &userpb.SetUser{Name: "Eve", Role: "customer", IsActive: true}, hidden, 0},
		"the shop's manager":        {entrepot.ShopStaff, managerA, &userpb.SetUser{Name: "Eve", Role: "shop_staff", IsActive: true}, hidden, 0},
		"a customer":                {entrepot.Customer, customer, &userpb.SetUser{Name: "Eve", Role: "customer", IsActive: true}, hidden, 0},
		"nobody":                    {entrepot.Customer, nobody, &userpb.SetUser{Name: "Eve", Role: "customer", IsActive: true}, hidden, 0},
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
			if c.facts > 0 && (s.Name != c.cmd.Name || string(s.Role) != c.cmd.Role || s.IsActive != c.cmd.IsActive) {
				t.Errorf("%+v", s)
			}
			if (len(s.Stale) == 1) != (c.facts > 1) || (len(s.Sessions) == 0) != (c.facts > 2) {
				t.Errorf("stale %+v, sessions %+v", s.Stale, s.Sessions)
			}
		})
	}
}

// TestErased: nothing personal is left, and the account answers nobody.
func TestErased(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		caller entrepot.Caller
		want   entrepot.Code
	}{
		"by the company's admin": {admin, ""}, "by a super admin": {super, ""},
		"by another's admin": {foreign, entrepot.CodeNotFound}, "by a manager": {managerA, entrepot.CodeNotFound},
		"by itself": {entrepot.Caller{Role: entrepot.SuperAdmin, UserID: id}, entrepot.CodeForbidden},
	} {
		s := registered(t, entrepot.ShopStaff)
		open(t, s, "s", 0)
		facts, err := s.Erase(turn(c.caller), &userpb.Erase{ExpectedVersion: 1})
		if entrepot.CodeOf(err) != c.want {
			t.Fatalf("%s: %v", name, err)
		}
		if err != nil {
			continue
		}
		for _, f := range facts {
			if b, _ := json.Marshal(f); f.EventType() != "" && strings.Contains(string(b), "nn") { // Ann, ann@
				t.Errorf("%s tells %s", f.EventType(), b)
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
			"login":   second(s.NoteLogin(turn(self), &userpb.NoteLogin{})),
			"refresh": second(s.Refresh(turn(platform), refresh("s", 1, "1", "2"))),
			"profile": second(s.UpdateProfile(turn(self), &userpb.UpdateProfile{Name: "x"})),
			"set":     second(s.SetUser(turn(super), &userpb.SetUser{Name: "x", Role: "shop_staff"})),
			"erase":   second(s.Erase(turn(super), &userpb.Erase{})),
			"assign":  second(s.AssignShop(turn(platform), &userpb.AssignShop{ShopId: shopB, CompanyId: company})),
			"new":     second(s.Register(turn(platform), registration(entrepot.Customer, nil))),
			"read":    second(s.Get(turn(super), &userpb.Get{})),
			"secrets": second(s.GetCredentials(turn(platform), &userpb.GetCredentials{})),
		} {
			if err == nil {
				t.Errorf("an erased user: %s", what)
			}
		}
	}
}

// TestDisabledIsKnownWhenItIsAnswered, also after a restart of all; and the address of who is erased is free.
func TestDisabledIsKnownWhenItIsAnswered(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{Kind(), access.Kind()})
	if _, err := m.Ask(m.As(nobody), userpb.Kind, id, registration(entrepot.Customer, nil)); err != nil {
		t.Fatal(err)
	}
	login := &userpb.NoteLogin{SessionId: "s", RefreshHash: []byte("1"), TokenUntilMs: m.Now().Add(time.Minute).UnixMilli()}
	if _, err := m.Ask(m.As(self), userpb.Kind, id, login); err != nil {
		t.Fatal(err)
	}
	m.Restart()
	u, err := grains.Ask[*userpb.User](m.As(super), m, userpb.Kind, id, &userpb.SetUser{Name: "Ann", Role: "customer"})
	if err != nil || u.IsActive {
		t.Fatalf("%v, %v", u, err)
	}
	known, err := grains.Ask[*accesspb.Changes](m.Platform(), m, accesspb.Kind, accesspb.ID, &accesspb.Since{})
	if err != nil || len(known.Withdrawn) != 1 || known.Withdrawn[0].UserId != id {
		t.Fatalf("%v, %v", known, err)
	}
	m.Restart()
	if _, err := m.Ask(m.As(super), userpb.Kind, id, &userpb.Erase{ExpectedVersion: u.Version}); err != nil {
		t.Fatal(err)
	}
	m.Restart()
	if _, err := m.Ask(m.As(super), userpb.Kind, id, &userpb.Get{}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Fatal(err)
	}
	if _, err := m.Ask(m.As(nobody), userpb.Kind, entrepot.DeriveID("heir"), registration(entrepot.Customer, nil)); err != nil {
		t.Fatalf("the address is not free: %v", err)
	}
	last := m.Events()[3]
	var e events.UserDeleted
	if err := last.Decode(&e); err != nil || last.Type != "user.deleted" || e.UserID != id {
		t.Fatalf("%v, %v", last, err)
	}
}
