package auth_test

import (
	"testing"
	"time"

	"entrepot"
	"entrepot/http/api/apitest"
	"entrepot/http/api/auth"
	"entrepot/http/edge"
)

// TestOtherMembersKnowWithinASecond: two members' views over one access grain. What
// one of them answered, the other enforces within a second.
func TestOtherMembersKnowWithinASecond(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	other := edge.NewStanding(edge.StandingConfig{Since: auth.AccessChanges(w.Member)})
	other.Start()
	t.Cleanup(other.Stop)
	elsewhere := edge.Trusted{Keys: w.Keys, Standing: other}
	apitest.Eventually(t, "the other member is ready", func() bool { return other.Ready() == nil })
	staff := "/api/auth/users/" + w.Users["shop_staff"].ID
	set := func(role string, active bool) map[string]any {
		return map[string]any{"name": "Sam", "role": role, "isActive": active}
	}
	for _, c := range []struct {
		name, user string
		do         func()
	}{
		{"a logout", "customer", func() { w.Want(t, 204, "mine", "POST", "/api/auth/logout", nil) }},
		{"a logout of all sessions", "customer", func() {
			w.Login(t, "another", "customer")
			w.Want(t, 204, "another", "POST", "/api/auth/logout?all=true", nil)
		}},
		{"a reset password", "other_customer", func() {
			w.Want(t, 202, "", "POST", "/api/auth/forgot-password", map[string]any{"email": "other_customer@demo.test"})
			token := w.MailTo(t, "other_customer@demo.test", "reset_password")
			w.Want(t, 204, "", "POST", "/api/auth/reset-password", map[string]any{"token": token, "password": "quite another sentence"})
		}},
		{"a promotion", "shop_staff", func() { w.Want(t, 200, "company_admin", "PUT", staff, set("shop_manager", true)) }},
		{"a demotion", "shop_staff", func() { w.Want(t, 200, "company_admin", "PUT", staff, set("shop_staff", true)) }},
		{"a disabling", "shop_staff", func() { w.Want(t, 200, "company_admin", "PUT", staff, set("shop_staff", false)) }},
	} {
		w.Login(t, "mine", c.user)
		if _, err := elsewhere.Verify(w.Tokens["mine"]); err != nil {
			t.Fatalf("before %s: %v", c.name, err)
		}
		c.do()
		answered := time.Now()
		apitest.Eventually(t, "the other member refuses after "+c.name, func() bool {
			_, err := elsewhere.Verify(w.Tokens["mine"])
			return entrepot.CodeOf(err) == entrepot.CodeUnauthenticated
		})
		if took := time.Since(answered); took > time.Second {
			t.Errorf("%s is known after %v", c.name, took)
		}
	}
}
