package auth_test

import (
	"strings"
	"testing"
	"time"

	"entrepot/grains"
	"entrepot/grains/auth/user"
	"entrepot/http/api/apitest"
	"entrepot/http/api/auth"
)

// TestSecondFactor: set up with the password, asked for only after it, good once, replaced by a recovery code, removed with both.
func TestSecondFactor(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	now := time.Now().Truncate(30 * time.Second)
	w.Deps.Now, w.Deps.Logins = func() time.Time { return now }, apitest.NewGuard(1000, 1000)
	w.Mount()
	const path = "/api/auth/totp"
	w.Want(t, 400, "customer", "POST", path, map[string]any{"password": "not this one"})
	w.Want(t, 409, "customer", "POST", path+"/confirm", map[string]any{"code": "123456"})
	r := w.Want(t, 200, "customer", "POST", path, map[string]any{"password": apitest.Password})
	secret := r.Text("secret")
	if !strings.HasPrefix(r.Text("uri"), "otpauth://totp/Entrepot:customer@demo.test?") || !strings.Contains(r.Text("uri"), secret) {
		t.Errorf("begun %s", r.Raw)
	}
	code := func() string { return auth.TOTPCode(secret, now) }
	wrong := func() string { return auth.TOTPCode(secret, now.Add(-time.Hour)) }
	login := func(status int, more ...string) *apitest.Reply {
		t.Helper()
		body := map[string]any{"email": "customer@demo.test", "password": apitest.Password}
		for i := 0; i < len(more); i += 2 {
			body[more[i]] = more[i+1]
		}
		return w.Want(t, status, "", "POST", "/api/auth/login", body)
	}
	login(200) // not confirmed yet
	w.Want(t, 400, "customer", "POST", path+"/confirm", map[string]any{"code": wrong()})
	codes := w.Want(t, 200, "customer", "POST", path+"/confirm", map[string]any{"code": code()}).List("recoveryCodes")
	if len(codes) != 10 {
		t.Fatalf("%d recovery codes", len(codes))
	}
	recovery, _ := codes[3].(string)
	w.Hides(t, "."+secret)
	w.Hides(t, "."+recovery)

	if r := login(401); r.Text("code") != "totp_required" {
		t.Errorf("without a code: %s", r.Raw)
	}
	if r := login(401, "password", "not this one", "totp", code()); r.Text("code") != "unauthenticated" {
		t.Errorf("a wrong password: %s", r.Raw)
	}
	if r := login(401, "totp", code()); r.Text("code") != "unauthenticated" {
		t.Errorf("the code that confirmed: %s", r.Raw)
	}
	now = now.Add(30 * time.Second)
	login(401, "totp", wrong())
	if r := login(200, "totp", code()); r.At("user.totpEnabled") != true {
		t.Errorf("logged in %s", r.Raw)
	}
	login(401, "totp", code())
	login(401, "recoveryCode", "aaaa-bbbb-cccc-dddd")
	login(200, "recoveryCode", strings.ToUpper(recovery))
	login(401, "recoveryCode", recovery)

	w.Want(t, 409, "customer", "POST", path, map[string]any{"password": apitest.Password})
	now = now.Add(30 * time.Second)
	for name, body := range map[string]map[string]any{
		"no code": {"password": apitest.Password}, "a wrong code": {"password": apitest.Password, "totp": wrong()}, "a wrong password": {"password": "no", "totp": code()},
	} {
		if r := w.Call(t, "customer", "DELETE", path, body); r.Status != 400 {
			t.Errorf("%s: %d %s", name, r.Status, r.Raw)
		}
	}
	w.Want(t, 204, "customer", "DELETE", path, map[string]any{"password": apitest.Password, "totp": code()})
	login(200)
	w.Want(t, 409, "customer", "DELETE", path, map[string]any{"password": apitest.Password, "totp": code()})
}

// TestWrongCodesAreThrottled like wrong passwords; a missing code is none.
func TestWrongCodesAreThrottled(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	secret := w.Want(t, 200, "customer", "POST", "/api/auth/totp", map[string]any{"password": apitest.Password}).Text("secret")
	w.Want(t, 200, "customer", "POST", "/api/auth/totp/confirm", map[string]any{"code": auth.TOTPCode(secret, time.Now())})
	w.Deps.Logins = apitest.NewGuard(2, 100)
	w.Mount()
	body := map[string]any{"email": "customer@demo.test", "password": apitest.Password}
	for range 4 {
		w.Want(t, 401, "", "POST", "/api/auth/login", body)
	}
	body["recoveryCode"] = "aaaa-bbbb-cccc-dddd"
	for i, want := range []int{401, 401, 429} {
		if r := w.Call(t, "", "POST", "/api/auth/login", body); r.Status != want {
			t.Errorf("%d: %d %s", i, r.Status, r.Raw)
		}
	}
}

// TestALostSecondFactorIsReset by an administrator: the sessions end everywhere,
// who did it and why is in the audit trail, and the password alone lets in.
func TestALostSecondFactorIsReset(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	setUp := func(user string) {
		t.Helper()
		w.Login(t, user+" before", user)
		secret := w.Want(t, 200, user, "POST", "/api/auth/totp", map[string]any{"password": apitest.Password}).Text("secret")
		w.Want(t, 200, user, "POST", "/api/auth/totp/confirm", map[string]any{"code": auth.TOTPCode(secret, time.Now())})
	}
	path := func(user string) string { return "/api/auth/users/" + w.Users[user].ID + "/totp" }
	why := map[string]any{"reason": "lost the telephone"}
	for _, user := range []string{"shop_staff", "customer", "company_admin", "super_admin"} {
		setUp(user)
	}
	for _, c := range []struct {
		as, user string
		body     any
		want     int
	}{
		{"company_admin", "shop_staff", nil, 400},
		{"company_admin", "shop_staff", map[string]any{}, 400},
		{"company_admin", "shop_staff", map[string]any{"reason": ""}, 400},
		{"company_admin", "shop_staff", map[string]any{"reason": "   "}, 400},
		{"company_admin", "shop_staff", map[string]any{"reason": strings.Repeat("x", 501)}, 400},
		{"company_admin", "shop_staff", map[string]any{"reason": "lost", "code": "123456"}, 400},
		{"company_admin", "customer", why, 404},
		{"company_admin", "super_admin", why, 404},
		{"company_admin", "company_admin", why, 403},
		{"super_admin", "super_admin", why, 403},
		{"other_admin", "shop_staff", why, 404},
		{"shop_manager", "shop_staff", why, 403},
		{"customer", "customer", why, 403},
		{"company_admin", "shop_manager", why, 409},
	} {
		if r := w.Call(t, c.as, "DELETE", path(c.user), c.body); r.Status != c.want {
			t.Errorf("%s of %s, %v: %d %s", c.as, c.user, c.body, r.Status, r.Raw)
		}
	}
	w.Want(t, 404, "super_admin", "DELETE", "/api/auth/users/nobody/totp", why)
	before := len(w.Events())
	for _, c := range []struct{ as, user string }{{"company_admin", "shop_staff"}, {"super_admin", "customer"}, {"super_admin", "company_admin"}} {
		w.Want(t, 200, c.user+" before", "GET", "/api/auth/profile", nil)
		w.Want(t, 401, "", "POST", "/api/auth/login", map[string]any{"email": c.user + "@demo.test", "password": apitest.Password})
		w.Want(t, 204, c.as, "DELETE", path(c.user), why)
		w.Want(t, 401, c.user+" before", "GET", "/api/auth/profile", nil)
		w.Login(t, c.user, c.user)
		if r := w.Want(t, 200, c.user, "GET", "/api/auth/profile", nil); r.At("totpEnabled") != false {
			t.Errorf("%s", r.Raw)
		}
		w.Want(t, 409, "super_admin", "DELETE", path(c.user), why)
		setUp(c.user) // another one
	}
	told := 0
	for _, e := range w.Events()[before:] {
		if e.Type == "user.second_factor_reset" {
			told++
			if !strings.Contains(string(e.Data), "lost the telephone") || e.Actor.UserID == "" || e.Actor.UserID == e.Aggregate.ID {
				t.Errorf("%+v %s", e.Actor, e.Data)
			}
		}
	}
	if told != 3 {
		t.Errorf("told %d times", told)
	}
}

// TestALoginSealsTheSecretAnew once the seal has another key; what the older one
// sealed opens until then, and the first login leaves it unneeded.
func TestALoginSealsTheSecretAnew(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	now := time.Now().Truncate(30 * time.Second)
	w.Deps.Now, w.Deps.Logins = func() time.Time { return now }, apitest.NewGuard(1000, 1000)
	w.Mount()
	secret := w.Want(t, 200, "customer", "POST", "/api/auth/totp", map[string]any{"password": apitest.Password}).Text("secret")
	w.Want(t, 200, "customer", "POST", "/api/auth/totp/confirm", map[string]any{"code": auth.TOTPCode(secret, now)})
	w.Want(t, 202, "", "POST", "/api/auth/forgot-password", map[string]any{"email": "other_customer@demo.test"})
	sealed := func() []byte {
		t.Helper()
		known, err := grains.Ask(w.Platform(), w.Member, user.Of(w.Users["customer"].ID), user.GetCredentials{})
		if err != nil {
			t.Fatal(err)
		}
		return known.TOTPSealed
	}
	login := func() {
		t.Helper()
		now = now.Add(30 * time.Second)
		w.Want(t, 200, "", "POST", "/api/auth/login", map[string]any{
			"email": "customer@demo.test", "password": apitest.Password, "totp": auth.TOTPCode(secret, now),
		})
	}
	login()
	first := sealed()
	if w.Deps.Seal.Stale(first) {
		t.Error("sealed with a key that does not seal")
	}
	if err := w.Deps.Seal.Rotate(0); err != nil {
		t.Fatal(err)
	}
	if !w.Deps.Seal.Stale(first) {
		t.Error("the new key does not seal")
	}
	login()
	second := sealed()
	if w.Deps.Seal.Stale(second) || w.Deps.Seal.KeyOf(second) == w.Deps.Seal.KeyOf(first) {
		t.Error("not sealed anew")
	}
	login()
	if string(sealed()) != string(second) {
		t.Error("sealed anew without need")
	}
	token := w.MailTo(t, "other_customer@demo.test", "reset_password") // sealed before
	w.Want(t, 204, "", "POST", "/api/auth/reset-password", map[string]any{"token": token, "password": "quite another sentence"})
}
