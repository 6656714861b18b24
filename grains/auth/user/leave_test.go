package user

import (
	"testing"
	"time"

	"entrepot"
)

func TestSuperAdminsLeave(t *testing.T) {
	t.Parallel()
	another := entrepot.Caller{Role: entrepot.SuperAdmin, UserID: "another"}
	disable := func(s *State, c entrepot.Caller, after time.Duration) error {
		return second(s.SetUser(at(c, after), SetUser{Name: "Ann", Role: "super_admin"}))
	}
	for name, c := range map[string]struct {
		by, does entrepot.Caller
		after    time.Duration
		prepare  entrepot.Code
		want     entrepot.Code // of disabling, demoting and erasing
	}{
		"prepared":            {super, super, leaveFor - time.Millisecond, "", ""},
		"too late":            {super, super, leaveFor, "", entrepot.CodeConflict},
		"prepared by another": {another, super, 0, "", entrepot.CodeConflict},
		"by itself":           {entrepot.Caller{Role: entrepot.SuperAdmin, UserID: id}, super, 0, entrepot.CodeNotFound, entrepot.CodeConflict},
		"by a company admin":  {admin, super, 0, entrepot.CodeNotFound, entrepot.CodeConflict},
	} {
		s := registered(t, entrepot.SuperAdmin)
		facts, err := s.PrepareLeave(at(c.by, 0), PrepareLeave{})
		if entrepot.CodeOf(err) != c.prepare {
			t.Errorf("%s: prepared %v", name, err)
		}
		play(s, facts)
		for what, err := range map[string]error{
			"disable": disable(s, c.does, c.after),
			"demote":  second(s.SetUser(at(c.does, c.after), SetUser{Name: "Ann", Role: "customer", IsActive: true})),
			"erase":   second(s.Erase(at(c.does, c.after), Erase{})),
		} {
			if entrepot.CodeOf(err) != c.want {
				t.Errorf("%s: %s: %v", name, what, err)
			}
		}
	}
}

func TestVouch(t *testing.T) {
	t.Parallel()
	prepared := func(s *State) {
		facts, err := s.PrepareLeave(at(super, 0), PrepareLeave{})
		if err != nil {
			t.Fatal(err)
		}
		play(s, facts)
	}
	for name, c := range map[string]struct {
		role   entrepot.Role
		is     func(*State)
		caller entrepot.Caller
		after  time.Duration
		want   entrepot.Code
	}{
		"a super admin":                  {entrepot.SuperAdmin, nil, platform, 0, ""},
		"a disabled one":                 {entrepot.SuperAdmin, func(s *State) { s.IsActive = false }, platform, 0, entrepot.CodeForbidden},
		"a customer":                     {entrepot.Customer, nil, platform, 0, entrepot.CodeForbidden},
		"one with a prepared leave":      {entrepot.SuperAdmin, prepared, platform, leaveFor + leaveSlack - time.Millisecond, entrepot.CodeConflict},
		"one with an old prepared leave": {entrepot.SuperAdmin, prepared, platform, leaveFor + leaveSlack, ""},
		"a super admin, asked by itself": {entrepot.SuperAdmin, nil, super, 0, entrepot.CodeNotFound},
	} {
		s := registered(t, c.role)
		if c.is != nil {
			c.is(s)
		}
		facts, err := s.Vouch(at(c.caller, c.after), Vouch{})
		if entrepot.CodeOf(err) != c.want || (err == nil) != (len(facts) == 1) { // a write, so that it is fenced
			t.Errorf("%s: %v, %v", name, facts, err)
		}
	}
}
