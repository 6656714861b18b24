package auth_test

import (
	"testing"
	"time"

	"entrepot"
	"entrepot/http/api/apitest"
)

func TestVerifyEmail(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	const address, path = "new@demo.test", "/api/auth/verify-email"
	r := w.Want(t, 201, "", "POST", "/api/auth/register", map[string]any{"email": address, "password": apitest.Password, "name": "New"})
	if r.At("emailVerified") != false {
		t.Errorf("registered %s", r.Raw)
	}
	token := w.MailTo(t, address, "verify_email")
	w.Hides(t, token)
	for name, bad := range map[string]string{
		"words": "let me in", "cut": token[:len(token)-1], "another's": w.Users["customer"].ID + token[24:],
		"nobody's": entrepot.NewID() + token[24:], "a refresh token": "x.y.z",
	} {
		if r := w.Want(t, 400, "", "POST", path, map[string]any{"token": bad}); r.Text("errors.0.field") != "token" || r.Text("errors.0.rule") != "valid" {
			t.Errorf("%s: %s", name, r.Raw)
		}
	}
	w.Want(t, 400, "", "POST", "/api/auth/reset-password", map[string]any{"token": token, "password": "another long sentence"})
	w.Want(t, 204, "", "POST", path, map[string]any{"token": token})
	w.Want(t, 400, "", "POST", path, map[string]any{"token": token})
	login := w.Want(t, 200, "", "POST", "/api/auth/login", map[string]any{"email": address, "password": apitest.Password})
	if login.At("user.emailVerified") != true {
		t.Errorf("logged in %s", login.Raw)
	}
	w.Want(t, 202, "customer", "POST", path+"/request", nil)
	w.Want(t, 429, "customer", "POST", path+"/request", nil)
	w.Want(t, 204, "", "POST", path, map[string]any{"token": w.MailTo(t, "customer@demo.test", "verify_email")})
	w.Want(t, 409, "customer", "POST", path+"/request", nil)
}

func TestResetPassword(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	const forgot, reset, next = "/api/auth/forgot-password", "/api/auth/reset-password", "quite another long sentence"
	renew := w.Login(t, "old", "customer")
	var answers []string
	for _, address := range []string{"Customer@demo.test", "nobody@demo.test"} {
		began := time.Now()
		r := w.Want(t, 202, "", "POST", forgot, map[string]any{"email": address})
		if took := time.Since(began); took < 250*time.Millisecond {
			t.Errorf("%s is answered after %v", address, took)
		}
		answers = append(answers, string(r.Raw))
	}
	if answers[0] != answers[1] {
		t.Errorf("%q", answers)
	}
	token := w.MailTo(t, "customer@demo.test", "reset_password")
	w.Hides(t, token)
	w.Want(t, 202, "", "POST", forgot, map[string]any{"email": "customer@demo.test"}) // no second mail in the minute
	if again := w.MailTo(t, "customer@demo.test", "reset_password"); again != token {
		t.Error("another mail at once")
	}
	w.Want(t, 400, "", "POST", reset, map[string]any{"token": token, "password": "password1"})
	w.Want(t, 400, "", "POST", reset, map[string]any{"token": token, "password": "customer@demo.test"})
	w.Want(t, 400, "", "POST", reset, map[string]any{"token": w.Users["other_customer"].ID + token[24:], "password": next})
	w.Want(t, 200, "old", "GET", "/api/auth/profile", nil)
	w.Want(t, 204, "", "POST", reset, map[string]any{"token": token, "password": next})
	w.Want(t, 401, "old", "GET", "/api/auth/profile", nil)
	w.Refresh(t, 401, renew)
	w.Want(t, 400, "", "POST", reset, map[string]any{"token": token, "password": next + "!"})
	w.Want(t, 401, "", "POST", "/api/auth/login", map[string]any{"email": "customer@demo.test", "password": apitest.Password})
	w.Want(t, 200, "", "POST", "/api/auth/login", map[string]any{"email": "customer@demo.test", "password": next})
	w.Hides(t, token)
}

// TestForgottenPasswordsAreThrottled, of an account and from an address, known or not.
func TestForgottenPasswordsAreThrottled(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	w.Deps.Logins = apitest.NewGuard(2, 100)
	w.Mount()
	for _, address := range []string{"customer@demo.test", "nobody@demo.test"} {
		for i, want := range []int{202, 202, 429} {
			if r := w.Call(t, "", "POST", "/api/auth/forgot-password", map[string]any{"email": address}); r.Status != want {
				t.Errorf("%s, %d: %d", address, i, r.Status)
			}
		}
	}
	w.Deps.Logins = apitest.NewGuard(100, 2)
	w.Mount()
	for i, want := range []int{400, 400, 429} { // guessed tokens
		if r := w.Call(t, "", "POST", "/api/auth/verify-email", map[string]any{"token": "x"}); r.Status != want {
			t.Errorf("token %d: %d", i, r.Status)
		}
	}
}

// TestMailsAreShownOnPurpose: to super admins, where the setting is on.
func TestMailsAreShownOnPurpose(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	for _, as := range []string{"company_admin", "shop_manager", "shop_staff", "customer"} {
		w.Want(t, 403, as, "GET", "/api/auth/mails", nil)
	}
	w.Want(t, 200, "super_admin", "GET", "/api/auth/mails", nil)
	w.Deps.ShowMails = false
	w.Mount()
	w.Want(t, 404, "super_admin", "GET", "/api/auth/mails", nil)
}

func TestChangeEmail(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	const path = "/api/auth/change-email"
	renew := w.Login(t, "mine", "customer")
	body := func(email, password string) map[string]any {
		return map[string]any{"email": email, "password": password}
	}
	w.Want(t, 400, "mine", "POST", path, body("new@demo.test", "not this one"))
	w.Want(t, 400, "mine", "POST", path, body("customer@demo.test", apitest.Password))
	w.Want(t, 202, "mine", "POST", path, body("New@demo.test", apitest.Password))
	token := w.MailTo(t, "new@demo.test", "change_email")
	w.Hides(t, token)
	w.Want(t, 200, "", "POST", "/api/auth/login", body("customer@demo.test", apitest.Password))
	w.Want(t, 401, "", "POST", "/api/auth/login", body("new@demo.test", apitest.Password))
	w.Want(t, 204, "", "POST", "/api/auth/verify-email", map[string]any{"token": token})
	w.Want(t, 401, "mine", "GET", "/api/auth/profile", nil) // it says the old address
	if r := w.Refresh(t, 200, renew); r.Text("user.email") != "new@demo.test" || r.At("user.emailVerified") != true {
		t.Errorf("refreshed %s", r.Raw)
	}
	w.Want(t, 401, "", "POST", "/api/auth/login", body("customer@demo.test", apitest.Password))
	w.Want(t, 200, "", "POST", "/api/auth/login", body("new@demo.test", apitest.Password))

	// An address that is taken is told to who reads its mail, and to nobody else.
	w.Want(t, 202, "other_customer", "POST", path, body("shop_staff@demo.test", apitest.Password))
	taken := w.MailTo(t, "shop_staff@demo.test", "change_email")
	w.Want(t, 409, "", "POST", "/api/auth/verify-email", map[string]any{"token": taken})
	w.Want(t, 200, "", "POST", "/api/auth/login", body("other_customer@demo.test", apitest.Password))
}
