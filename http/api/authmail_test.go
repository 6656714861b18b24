package api_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"entrepot"
	"entrepot/grains/invitation"
	"entrepot/grains/mail"
	"entrepot/grains/user"
	"entrepot/http/api"
	"entrepot/persistence"
)

// mailTo waits for the newest mail of a template to an address and answers its token.
func (w *world) mailTo(t *testing.T, address, template string) (token string) {
	t.Helper()
	eventually(t, "a mail "+template+" to "+address, func() bool {
		r := w.want(t, 200, "super_admin", "GET", "/api/auth/mails?limit=100", nil)
		for _, i := range r.list("items") {
			m, _ := i.(map[string]any)
			if m["to"] != address || m["template"] != template {
				continue
			}
			token, _ = m["token"].(string)
			if link, _ := m["link"].(string); !strings.HasPrefix(link, "https://shop.test/") || !strings.HasSuffix(link, "#token="+token) {
				t.Errorf("link %q", link)
			}
			return token != ""
		}
		return false
	})
	return token
}

// hides fails if a secret stands in any event, document or logged error.
func (w *world) hides(t *testing.T, secret string) {
	t.Helper()
	_, secret, _ = strings.Cut(secret, ".") // before it is an id
	for _, e := range w.Events() {
		if bytes.Contains(e.Data, []byte(secret)) {
			t.Errorf("%s tells a secret", e.Type)
		}
	}
	for _, c := range []*persistence.Collection{user.Collection, mail.Collection, invitation.Collection} {
		docs, _, err := w.Store.Find(t.Context(), c, entrepot.AllTenants(), persistence.Query{Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range docs {
			if bytes.Contains(d.State, []byte(secret)) {
				t.Errorf("%s of %s keeps a secret", d.ID, c.Name)
			}
		}
	}
	if lines := strings.Join(w.errors.taken(), "\n"); strings.Contains(lines, secret) {
		t.Errorf("logged: %s", lines)
	}
}

func TestVerifyEmail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const address, path = "new@demo.test", "/api/auth/verify-email"
	r := w.want(t, 201, "", "POST", "/api/auth/register", map[string]any{"email": address, "password": password, "name": "New"})
	if r.at("emailVerified") != false {
		t.Errorf("registered %s", r.raw)
	}
	token := w.mailTo(t, address, "verify_email")
	w.hides(t, token)
	for name, bad := range map[string]string{
		"words": "let me in", "cut": token[:len(token)-1], "another's": w.users["customer"].Id + token[24:],
		"nobody's": entrepot.NewID() + token[24:], "a refresh token": "x.y.z",
	} {
		if r := w.want(t, 400, "", "POST", path, map[string]any{"token": bad}); r.text("errors.0.field") != "token" || r.text("errors.0.rule") != "valid" {
			t.Errorf("%s: %s", name, r.raw)
		}
	}
	w.want(t, 400, "", "POST", "/api/auth/reset-password", map[string]any{"token": token, "password": "another long sentence"})
	w.want(t, 204, "", "POST", path, map[string]any{"token": token})
	w.want(t, 400, "", "POST", path, map[string]any{"token": token})
	login := w.want(t, 200, "", "POST", "/api/auth/login", map[string]any{"email": address, "password": password})
	if login.at("user.emailVerified") != true {
		t.Errorf("logged in %s", login.raw)
	}
	w.want(t, 202, "customer", "POST", path+"/request", nil)
	w.want(t, 429, "customer", "POST", path+"/request", nil)
	w.want(t, 204, "", "POST", path, map[string]any{"token": w.mailTo(t, "customer@demo.test", "verify_email")})
	w.want(t, 409, "customer", "POST", path+"/request", nil)
}

func TestResetPassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const forgot, reset, next = "/api/auth/forgot-password", "/api/auth/reset-password", "quite another long sentence"
	renew := w.login(t, "old", "customer")
	var answers []string
	for _, address := range []string{"Customer@demo.test", "nobody@demo.test"} {
		began := time.Now()
		r := w.want(t, 202, "", "POST", forgot, map[string]any{"email": address})
		if took := time.Since(began); took < 250*time.Millisecond {
			t.Errorf("%s is answered after %v", address, took)
		}
		answers = append(answers, string(r.raw))
	}
	if answers[0] != answers[1] {
		t.Errorf("%q", answers)
	}
	token := w.mailTo(t, "customer@demo.test", "reset_password")
	w.hides(t, token)
	w.want(t, 202, "", "POST", forgot, map[string]any{"email": "customer@demo.test"}) // no second mail in the minute
	if again := w.mailTo(t, "customer@demo.test", "reset_password"); again != token {
		t.Error("another mail at once")
	}
	w.want(t, 400, "", "POST", reset, map[string]any{"token": token, "password": "password1"})
	w.want(t, 400, "", "POST", reset, map[string]any{"token": token, "password": "customer@demo.test"})
	w.want(t, 400, "", "POST", reset, map[string]any{"token": w.users["other_customer"].Id + token[24:], "password": next})
	w.want(t, 200, "old", "GET", "/api/auth/profile", nil)
	w.want(t, 204, "", "POST", reset, map[string]any{"token": token, "password": next})
	w.want(t, 401, "old", "GET", "/api/auth/profile", nil)
	w.refresh(t, 401, renew)
	w.want(t, 400, "", "POST", reset, map[string]any{"token": token, "password": next + "!"})
	w.want(t, 401, "", "POST", "/api/auth/login", map[string]any{"email": "customer@demo.test", "password": password})
	w.want(t, 200, "", "POST", "/api/auth/login", map[string]any{"email": "customer@demo.test", "password": next})
	w.hides(t, token)
}

// TestForgottenPasswordsAreThrottled, of an account and from an address, known or not.
func TestForgottenPasswordsAreThrottled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deps.Logins = newGuard(2, 100)
	w.mount()
	for _, address := range []string{"customer@demo.test", "nobody@demo.test"} {
		for i, want := range []int{202, 202, 429} {
			if r := w.call(t, "", "POST", "/api/auth/forgot-password", map[string]any{"email": address}); r.status != want {
				t.Errorf("%s, %d: %d", address, i, r.status)
			}
		}
	}
	w.deps.Logins = newGuard(100, 2)
	w.mount()
	for i, want := range []int{400, 400, 429} { // guessed tokens
		if r := w.call(t, "", "POST", "/api/auth/verify-email", map[string]any{"token": "x"}); r.status != want {
			t.Errorf("token %d: %d", i, r.status)
		}
	}
}

// TestMailsAreShownOnPurpose: to super admins, where the setting is on.
func TestMailsAreShownOnPurpose(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, as := range []string{"company_admin", "shop_manager", "shop_staff", "customer"} {
		w.want(t, 403, as, "GET", "/api/auth/mails", nil)
	}
	w.want(t, 200, "super_admin", "GET", "/api/auth/mails", nil)
	w.deps.ShowMails = false
	w.mount()
	w.want(t, 404, "super_admin", "GET", "/api/auth/mails", nil)
}

func newGuard(perAccount, perAddress int) *api.LoginGuard {
	return api.NewLoginGuard(perAccount, perAddress, func() time.Time { return time.Unix(1_800_000_000, 0) })
}

func TestChangeEmail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const path = "/api/auth/change-email"
	renew := w.login(t, "mine", "customer")
	body := func(email, password string) map[string]any {
		return map[string]any{"email": email, "password": password}
	}
	w.want(t, 400, "mine", "POST", path, body("new@demo.test", "not this one"))
	w.want(t, 400, "mine", "POST", path, body("customer@demo.test", password))
	w.want(t, 202, "mine", "POST", path, body("New@demo.test", password))
	token := w.mailTo(t, "new@demo.test", "change_email")
	w.hides(t, token)
	w.want(t, 200, "", "POST", "/api/auth/login", body("customer@demo.test", password))
	w.want(t, 401, "", "POST", "/api/auth/login", body("new@demo.test", password))
	w.want(t, 204, "", "POST", "/api/auth/verify-email", map[string]any{"token": token})
	w.want(t, 401, "mine", "GET", "/api/auth/profile", nil) // it says the old address
	if r := w.refresh(t, 200, renew); r.text("user.email") != "new@demo.test" || r.at("user.emailVerified") != true {
		t.Errorf("refreshed %s", r.raw)
	}
	w.want(t, 401, "", "POST", "/api/auth/login", body("customer@demo.test", password))
	w.want(t, 200, "", "POST", "/api/auth/login", body("new@demo.test", password))

	// An address that is taken is told to who reads its mail, and to nobody else.
	w.want(t, 202, "other_customer", "POST", path, body("shop_staff@demo.test", password))
	taken := w.mailTo(t, "shop_staff@demo.test", "change_email")
	w.want(t, 409, "", "POST", "/api/auth/verify-email", map[string]any{"token": taken})
	w.want(t, 200, "", "POST", "/api/auth/login", body("other_customer@demo.test", password))
}
