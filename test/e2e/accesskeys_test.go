package e2e

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"entrepot"
	"entrepot/http/edge"
)

// keysCommand is what an operator types.
func (e *everywhere) keysCommand(t *testing.T, arguments ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), e.members[0].bin, append([]string{"keys"}, arguments...)...)
	cmd.Env, cmd.Dir = e.members[0].env, e.logs
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("entrepot keys %v: %v\n%s", arguments, err, out)
	}
	return string(out)
}

// rename gives a key's file another moment from which it signs, as if time had passed.
func (e *everywhere) rename(t *testing.T, id string, from time.Time) {
	t.Helper()
	if err := e.keys.Reload(); err != nil {
		t.Fatal(err)
	}
	for _, k := range e.keys.List() {
		if k.ID == id {
			e.move(t, k.File, "", from, "-"+id+".pem")
			return
		}
	}
	t.Fatalf("there is no key %s", id)
}

func (e *everywhere) renameSeal(t *testing.T, k edge.SealInfo, from time.Time) {
	t.Helper()
	e.move(t, k.File, "seal-", from, "-"+k.ID+".key")
}

func (e *everywhere) move(t *testing.T, file, before string, from time.Time, after string) {
	t.Helper()
	dir := filepath.Join(e.logs, "keys")
	name := before + from.UTC().Format("20060102T150405.000000000") + after
	if err := os.Rename(filepath.Join(dir, file), filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}

// kid is the key that signed a token.
func kid(t *testing.T, token string) string {
	t.Helper()
	head, _, _ := strings.Cut(token, ".")
	var h struct{ Kid string }
	text, err := base64.RawURLEncoding.DecodeString(head)
	if err == nil {
		err = json.Unmarshal(text, &h)
	}
	if err != nil {
		t.Fatal(err)
	}
	return h.Kid
}

// rereadWithin is when every member has read the keys' folder again, and a little more.
const rereadWithin = 6 * time.Second

func (e *everywhere) rotation(t *testing.T) {
	_, email, user := e.user(t, entrepot.Customer)
	token := func() *caller { return e.as(e.token(t, entrepot.NewID(), entrepot.Customer, "")) }
	old := token()
	first := kid(t, old.token)
	old.everybody(t, 200, "/orders")
	e.rename(t, first, time.Now().Add(-2*time.Hour))
	e.keysCommand(t, "rotate", "--lead", "0s")
	if err := e.keys.Reload(); err != nil {
		t.Fatal(err)
	}
	fresh := token()
	second := kid(t, fresh.token)
	if second == first {
		t.Fatal("the new key does not sign")
	}
	for range 3 { // at once, and not only the first time
		fresh.everybody(t, 200, "/orders")
	}
	old.everybody(t, 200, "/orders")
	for i, m := range e.members {
		err := poll(t.Context(), rereadWithin, m.name+" signs with the new key", func() bool {
			pauseFor(t.Context(), 250*time.Millisecond)
			return kid(t, e.login(t, i, email).token) == second
		})
		if err != nil {
			t.Error(err)
		}
	}
	if out := e.keysCommand(t, "prune"); strings.Contains(out, "removed") {
		t.Errorf("pruned while its tokens were good:\n%s", out)
	}
	old.everybody(t, 200, "/orders")
	user.everybody(t, 200, profile)
	e.rename(t, second, time.Now().Add(-time.Hour))
	seals, err := edge.OpenSeal(filepath.Join(e.logs, "keys"))
	if err != nil || len(seals.List()) != 2 {
		t.Fatalf("the seal was not rotated: %v", err)
	}
	e.renameSeal(t, seals.List()[1], time.Now().Add(-edge.SealLife-time.Hour))
	if out := e.keysCommand(t, "prune"); !strings.Contains(out, "removed "+first) || !strings.Contains(out, "removed "+seals.List()[0].ID) {
		t.Fatalf("not pruned:\n%s", out)
	}
	old.refused(t, "a token of a pruned key", "/orders", rereadWithin)
	user.refused(t, "a login's token of a pruned key", profile, rereadWithin)
	fresh.everybody(t, 200, "/orders")
	e.as(e.renew(t, 2, 200, user.refresh).AccessToken).everybody(t, 200, profile)
	for _, m := range e.members {
		if n := m.restarts(); n > 0 {
			t.Errorf("%s was started again %d times", m.name, n)
		}
	}
}
