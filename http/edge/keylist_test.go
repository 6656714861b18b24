package edge

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"entrepot"
)

func (k *Keys) signingKid(t *testing.T) string {
	t.Helper()
	for _, i := range k.List() {
		if i.State == "signing" {
			return i.ID
		}
	}
	t.Fatal("no key signs")
	return ""
}

func states(k *Keys) (out []string) {
	for _, i := range k.List() {
		out = append(out, i.State)
	}
	return out
}

// Two members share a folder. A new key is published before it signs, tokens of the old key stay valid until they
// expire, and then the old key is pruned.
func TestRotationWithoutRestart(t *testing.T) {
	t.Parallel()
	c := &clock{at: time.Date(2026, 11, 23, 12, 0, 10, 0, time.UTC)}
	operator := newKeys(t, c)
	member, err := OpenKeys(operator.dir, TokenOptions{Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	first := member.signingKid(t)
	before, _, _ := member.Sign(ada)
	if _, err := member.Verify(before); err != nil {
		t.Fatal(err)
	}
	if err := operator.Rotate(RotateLead); err != nil {
		t.Fatal(err)
	}
	c.add(rereadEvery)
	if n := len(member.JWKS().Keys); n != 2 || member.signingKid(t) != first {
		t.Fatalf("%d keys published, want 2; states %v", n, states(member))
	}
	list := member.List()
	if from := list[1].SignsFrom; !slices.Equal(states(member), []string{"signing", "next"}) ||
		from.Sub(c.now()) < 30*time.Second || from.Second() != 0 {
		t.Fatalf("%+v", list)
	}
	c.add(list[1].SignsFrom.Sub(c.now()) - time.Millisecond)
	last, expires, _ := member.Sign(ada)
	c.add(time.Millisecond)
	if member.signingKid(t) != list[1].ID || operator.signingKid(t) != list[1].ID {
		t.Error("the new key does not sign")
	}
	after, _, _ := member.Sign(ada)
	for name, k := range map[string]*Keys{"member": member, "operator": operator} {
		for _, token := range []string{before, last, after} {
			if _, err := k.Verify(token); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if removed, err := operator.Prune(); err != nil || len(removed) != 0 {
		t.Fatalf("pruned early: %v, %v", removed, err)
	}
	c.add(expires.Sub(c.now()) + pruneSlack + time.Second)
	if removed, err := operator.Prune(); err != nil || len(removed) != 1 || removed[0].ID != first {
		t.Fatalf("pruned %v, %v", removed, err)
	}
	if removed, err := operator.Prune(); err != nil || len(removed) != 0 {
		t.Fatalf("pruned the signer: %v, %v", removed, err)
	}
	if files, _ := filepath.Glob(filepath.Join(operator.dir, "*")); len(files) != 1 {
		t.Errorf("files left: %q", files)
	}
}

// The tokens of a removed key become invalid on other members with the next read of the folder, cached ones too.
func TestARemovedKeyEndsItsTokens(t *testing.T) {
	t.Parallel()
	c := &clock{at: time.Unix(1_800_000_000, 0)}
	operator := newKeys(t, c)
	member, err := OpenKeys(operator.dir, TokenOptions{Now: c.now, TTL: 24 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	old, _, _ := member.Sign(ada)
	if _, err := member.Verify(old); err != nil {
		t.Fatal(err)
	}
	c.add(time.Second)
	if err := operator.Rotate(0); err != nil {
		t.Fatal(err)
	}
	c.add(time.Hour) // longer than the TTL of 15 minutes
	if removed, err := operator.Prune(); err != nil || len(removed) != 1 {
		t.Fatalf("%v, %v", removed, err)
	}
	if _, err := member.Verify(old); entrepot.CodeOf(err) != entrepot.CodeUnauthenticated {
		t.Errorf("token of a removed key: %v, want a refusal", err)
	}
	fresh, _, _ := member.Sign(ada)
	if _, err := operator.Verify(fresh); err != nil {
		t.Errorf("token of the remaining key: %v", err)
	}
}

// Reading an unchanged folder keeps the cache, and failing to read it keeps the keys.
func TestRereadingKeepsTheCache(t *testing.T) {
	t.Parallel()
	c := &clock{at: time.Unix(1_800_000_000, 0)}
	k := newKeys(t, c)
	token, _, _ := k.Sign(ada)
	known, err := k.Verify(token)
	if err != nil {
		t.Fatal(err)
	}
	c.add(rereadEvery)
	if again, err := k.Verify(token); err != nil || again != known {
		t.Errorf("claims are not from the cache: %v", err)
	}
	k.dir = filepath.Join(k.dir, "gone")
	c.add(rereadEvery)
	if again, err := k.Verify(token); err != nil || again != known {
		t.Errorf("token while the folder is missing: %v", err)
	}
}
