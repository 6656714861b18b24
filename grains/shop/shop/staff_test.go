package shop

import (
	"context"
	"reflect"
	"slices"
	"testing"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/auth/access"
	"entrepot/grains/auth/mail"
	"entrepot/grains/auth/user"
	"entrepot/grains/grainstest"
	"entrepot/persistence/storetest"
)

var platform = entrepot.SystemCaller("test")

func play(s *State, facts []events.Event) {
	for _, f := range facts {
		s.Apply(f)
	}
}

func TestAssignRules(t *testing.T) {
	t.Parallel()
	ann, bob := entrepot.DeriveID("ann"), entrepot.DeriveID("bob")
	for name, c := range map[string]struct {
		caller entrepot.Caller
		cmd    Assign
		code   entrepot.Code
		field  string
		facts  int
	}{
		"one user":                   {admin, Assign{UserIDs: []string{ann}}, "", "", 1},
		"by a super admin":           {super, Assign{UserIDs: []string{ann}}, "", "", 1},
		"by its manager":             {entrepot.Caller{Role: entrepot.ShopManager, CompanyID: company, ShopIDs: []entrepot.ID{id}}, Assign{UserIDs: []string{ann}}, entrepot.CodeForbidden, "", 0},
		"by another company's admin": {entrepot.Caller{Role: entrepot.CompanyAdmin, CompanyID: "x"}, Assign{UserIDs: []string{ann}}, entrepot.CodeNotFound, "", 0},
		"a manager":                  {admin, Assign{ManagerID: ann}, "", "", 1},
		"an old version":             {admin, Assign{UserIDs: []string{ann}, ExpectedVersion: 2}, entrepot.CodeStale, "If-Match", 0},
		"no users":                   {admin, Assign{}, entrepot.CodeInvalid, "userIds", 0},
		"no user":                    {admin, Assign{UserIDs: []string{ann, "bob"}}, entrepot.CodeInvalid, "userIds[1]", 0},
		"no manager":                 {admin, Assign{ManagerID: "bob"}, entrepot.CodeInvalid, "managerId", 0},
		"manager and staff":          {admin, Assign{ManagerID: ann, UserIDs: []string{ann}}, entrepot.CodeInvalid, "managerId", 0},
		"in and out":                 {admin, Assign{UserIDs: []string{person}, Remove: []string{person}}, entrepot.CodeInvalid, "remove[0]", 0},
		"a user of another shop":     {admin, Assign{Remove: []string{person, bob}}, entrepot.CodeNotFound, "remove[1]", 0},
		"the manager out":            {admin, Assign{Remove: []string{person}}, "", "", 1},
		"the present manager":        {admin, Assign{ManagerID: person}, "", "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := opened(t)
			s.StaffIDs = nil
			c.cmd.ID = "1"
			facts, err := s.Assign(turn(c.caller), c.cmd)
			if entrepot.CodeOf(err) != c.code || len(facts) != c.facts {
				t.Fatalf("%v, %v", facts, err)
			}
			if c.field != "" && entrepot.AsError(err).Fields[0].Field != c.field {
				t.Errorf("%v, want %s", err, c.field)
			}
			play(s, facts)
			if facts, err := s.Assign(turn(c.caller), c.cmd); c.code == "" && (err != nil || len(facts) != 0) {
				t.Errorf("again: %v, %v", facts, err)
			}
			if c.facts == 0 {
				return
			}
			other := Assign{ID: "2", UserIDs: []string{bob}}
			if _, err := s.Assign(turn(admin), other); entrepot.CodeOf(err) != entrepot.CodeUnavailable {
				t.Errorf("another meanwhile: %v", err)
			}
			if _, err := s.Delete(turn(admin), Delete{}); entrepot.CodeOf(err) != entrepot.CodeUnavailable {
				t.Errorf("deleted meanwhile: %v", err)
			}
		})
	}
	full := opened(t)
	for range MaxStaff {
		full.StaffIDs = append(full.StaffIDs, entrepot.NewID())
	}
	if _, err := full.Assign(turn(admin), Assign{ID: "1", UserIDs: []string{ann}}); entrepot.CodeOf(err) != entrepot.CodeInvalid {
		t.Errorf("one too many: %v", err)
	}
}

// TestRefusedAssignmentIsUndone: a user may change between check and assignment; then
// the other assignments are undone, each phase by its own row.
func TestRefusedAssignmentIsUndone(t *testing.T) {
	t.Parallel()
	ann, bob := entrepot.DeriveID("ann"), entrepot.DeriveID("bob")
	s := opened(t)
	s.StaffIDs = nil
	facts, err := s.Assign(turn(admin), Assign{ID: "1", UserIDs: []string{ann, bob}})
	if err != nil {
		t.Fatal(err)
	}
	play(s, facts)
	reply := func(phase, user string, refused bool) {
		t.Helper()
		of := "1:" + user
		if got := unasked(phase)(s); !slices.Contains(got, of) {
			t.Fatalf("%s does not ask %s: %v", phase, user, got)
		}
		if _, done, _ := s.assigned(Assign{ID: "1"}); done {
			t.Fatalf("settled before %s of %s", phase, user)
		}
		r := userReplied{UserID: user}
		if refused {
			r.Refusal = &refusal{Field: s.Staffing.wanted(user).Field, Reason: "the account is disabled"}
		}
		facts, err := s.replied(turn(platform), r)
		if err != nil || len(facts) == 0 {
			t.Fatalf("reply of %s to %s: %v, %v", user, phase, facts, err)
		}
		play(s, facts)
		if slices.Contains(unasked(phase)(s), of) {
			t.Fatalf("%s asks %s again", phase, user)
		}
	}
	reply(check, bob, false)
	reply(check, ann, false)
	reply(assign, ann, false)
	reply(assign, bob, true)
	reply(undo, ann, false)
	reply(undo, bob, false)
	if _, done, err := s.assigned(Assign{ID: "1"}); !done || entrepot.CodeOf(err) != entrepot.CodeInvalid ||
		entrepot.AsError(err).Fields[0].Field != "userIds[1]" {
		t.Errorf("%v, %v", done, err)
	}
	if s.Staffing != nil || len(s.StaffIDs) != 0 || s.ManagerID != person {
		t.Errorf("%+v", s)
	}
}

// town is a company's shop and its users on the real host, with the access grain.
type town struct {
	*grainstest.Member
	t     *testing.T
	users map[string]entrepot.ID
}

func newTown(t *testing.T) *town {
	w := &town{grainstest.New(t, storetest.NewMemory(), []*grains.Kind{Kind(), user.Kind(), access.Kind(), mail.Kind()}), t, map[string]entrepot.ID{}}
	for name, role := range map[string]entrepot.Role{"mia": entrepot.ShopManager, "max": entrepot.ShopManager, "ann": entrepot.ShopStaff, "bob": entrepot.ShopStaff, "eve": entrepot.ShopStaff} {
		u, of := entrepot.DeriveID("user", name), company
		if name == "eve" {
			of = entrepot.DeriveID("another company")
		}
		w.users[name] = u
		w.ask(user.Name, u, user.Register{Email: name + "@x.test", Name: name, PasswordHash: "h", Role: role, CompanyID: of})
		w.ask(user.Name, u, user.NoteLogin{SessionID: "s", RefreshHash: []byte("h"), TokenUntil: time.Now().Add(time.Hour).UnixMilli()})
	}
	return w
}

func (w *town) ask(kind, id string, cmd any) {
	w.t.Helper()
	if _, err := w.Ask(w.Platform(), grains.Ref{Kind: kind, ID: id}, cmd); err != nil {
		w.t.Fatal(err)
	}
}

// works returns the users whose own shops include the shop.
func (w *town) works() (out []string) {
	w.t.Helper()
	for name, u := range w.users {
		v, err := grains.Ask(w.Platform(), w, user.Of(u), user.Get{})
		if err != nil {
			w.t.Fatal(err)
		}
		if slices.Contains(v.ShopIDs, id) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

func (w *town) shop(ctx context.Context, cmd grains.Message[*Shop]) (*Shop, error) {
	return grains.Ask(ctx, w, Of(id), cmd)
}

// TestStaffOnTheHost: the users have the shop before the caller has the reply, and a
// refusal changes nobody.
func TestStaffOnTheHost(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx, u := w.As(admin), w.users
	v, err := w.shop(ctx, Create{CompanyID: company, Details: Details{Name: "Harbour"}, ManagerID: u["mia"], StaffIDs: []string{u["ann"]}})
	if err != nil || v.ManagerID != u["mia"] || !slices.Equal(v.StaffIDs, []string{u["ann"]}) ||
		!slices.Equal(w.works(), []string{"ann", "mia"}) {
		t.Fatalf("opened %v, %v: %v", v, err, w.works())
	}
	for name, c := range map[string]struct {
		cmd   Assign
		code  entrepot.Code
		field string
	}{
		"of another company": {Assign{UserIDs: []string{u["bob"], u["eve"]}}, entrepot.CodeNotFound, "userIds[1]"},
		"an unknown user":    {Assign{UserIDs: []string{u["bob"], entrepot.NewID()}}, entrepot.CodeNotFound, "userIds[1]"},
		"staff as manager":   {Assign{UserIDs: []string{u["max"]}, ManagerID: u["bob"]}, entrepot.CodeInvalid, "managerId"},
	} {
		c.cmd.ID = name
		_, err := w.shop(ctx, c.cmd)
		if entrepot.CodeOf(err) != c.code || entrepot.AsError(err).Fields[0].Field != c.field ||
			!slices.Equal(w.works(), []string{"ann", "mia"}) {
			t.Errorf("%s: %v, and then work %v", name, err, w.works())
		}
	}
	v, err = w.shop(ctx, Assign{ID: "1", ManagerID: u["max"], UserIDs: []string{u["bob"]}, Remove: []string{u["ann"]}})
	if err != nil || v.ManagerID != u["max"] || !slices.Equal(v.StaffIDs, []string{u["bob"]}) ||
		!slices.Equal(w.works(), []string{"bob", "max"}) {
		t.Fatalf("assigned %v, %v: %v", v, err, w.works())
	}
	w.Restart()
	if again, err := w.shop(ctx, Get{}); err != nil || !reflect.DeepEqual(again, v) {
		t.Fatalf("after the restart %v, %v", again, err)
	}
	if v, err = w.shop(ctx, Assign{ID: "2", Remove: []string{u["max"]}}); err != nil || v.ManagerID != "" ||
		!slices.Equal(w.works(), []string{"bob"}) {
		t.Fatalf("removed %v, %v: %v", v, err, w.works())
	}
	if _, err = w.shop(ctx, Delete{}); err != nil || len(w.works()) != 0 {
		t.Fatalf("deleted: %v, and there work %v", err, w.works())
	}
	types := slices.DeleteFunc(w.EventTypes(), func(s string) bool { return s[:4] == "user" })
	if !slices.Equal(types, []string{"shop.created", "shop.staff_assigned", "shop.staff_assigned", "shop.staff_assigned", "shop.deleted"}) {
		t.Errorf("%v", types)
	}
	for _, e := range w.Events() {
		var f events.ShopStaffAssigned
		if e.Type == f.EventType() && (e.Decode(&f) != nil || f.AssignedBy != "a" || e.CompanyID != company || e.ShopID != id) {
			t.Errorf("%+v", e)
		}
	}
}

// TestErasedUserLeaves: the platform removes an erased user from the staff.
func TestErasedUserLeaves(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	if _, err := w.shop(w.As(admin), Create{CompanyID: company, Details: Details{Name: "Harbour"}, StaffIDs: []string{w.users["ann"], w.users["bob"]}}); err != nil {
		t.Fatal(err)
	}
	if _, err := grains.Ask(w.As(super), w, user.Of(w.users["ann"]), user.Erase{}); err != nil {
		t.Fatal(err)
	}
	list := w.Events()
	var erased events.UserDeleted
	if e := list[len(list)-1]; e.Type != "user.deleted" || e.Decode(&erased) != nil ||
		!slices.Equal(erased.ShopIDs, []entrepot.ID{id}) {
		t.Fatalf("%+v", e)
	}
	v, err := w.shop(w.Platform(), Assign{ID: "event", Remove: []string{erased.UserID}})
	if err != nil || !slices.Equal(v.StaffIDs, []string{w.users["bob"]}) {
		t.Fatalf("%v, %v", v, err)
	}
}

// TestShopWithRefusedStaffIsNotOpened: one refusal closes the new shop.
func TestShopWithRefusedStaffIsNotOpened(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	_, err := w.shop(w.As(admin), Create{CompanyID: company, Details: Details{Name: "Harbour"}, ManagerID: w.users["mia"], StaffIDs: []string{w.users["ann"], w.users["eve"]}})
	if entrepot.CodeOf(err) != entrepot.CodeNotFound || entrepot.AsError(err).Fields[0].Field != "staffIds[1]" ||
		len(w.works()) != 0 {
		t.Fatalf("%v: %v", err, w.works())
	}
	if _, err := w.shop(w.Platform(), Get{}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Fatalf("the shop exists: %v", err)
	}
}
