package apitest

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"entrepot"
	"entrepot/grains/auth/invitation"
	"entrepot/grains/auth/mail"
	"entrepot/grains/auth/user"
	"entrepot/http/api/auth"
	"entrepot/persistence"
)

// MailTo waits for the newest mail of a template to an address and answers its token.
func (w *World) MailTo(t *testing.T, address, template string) (token string) {
	t.Helper()
	Eventually(t, "a mail "+template+" to "+address, func() bool {
		r := w.Want(t, 200, "super_admin", "GET", "/api/auth/mails?limit=100", nil)
		for _, i := range r.List("items") {
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

// Hides fails if a secret stands in any event, document or logged error.
func (w *World) Hides(t *testing.T, secret string) {
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
	if lines := strings.Join(w.Errors.Taken(), "\n"); strings.Contains(lines, secret) {
		t.Errorf("logged: %s", lines)
	}
}

// Login answers the tokens of a new session of a user of the world, known as name.
func (w *World) Login(t *testing.T, name, user string) (refresh string) {
	t.Helper()
	r := w.Want(t, 200, "", "POST", "/api/auth/login", map[string]any{"email": user + "@demo.test", "password": Password})
	w.Tokens[name] = r.Text("accessToken")
	return r.Text("refreshToken")
}

// Refresh exchanges a refresh token and returns the reply with the status.
func (w *World) Refresh(t *testing.T, status int, token string) *Reply {
	t.Helper()
	return w.Want(t, status, "", "POST", "/api/auth/refresh-token", map[string]any{"refreshToken": token})
}

// Key makes an API key and lets the world call as it.
func (w *World) Key(t testing.TB, name string, body map[string]any) *Reply {
	t.Helper()
	body["name"] = name
	r := w.Want(t, 201, "company_admin", "POST", "/api/auth/api-keys", body)
	w.Tokens[name] = r.Text("key")
	return r
}

// NewGuard returns a guard of logins with a clock that stands still.
func NewGuard(perAccount, perAddress int) *auth.LoginGuard {
	return auth.NewLoginGuard(perAccount, perAddress, func() time.Time { return time.Unix(1_800_000_000, 0) })
}
