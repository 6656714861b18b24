package edge

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestSeal(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "keys")
	seals := make([]*Seal, 8)
	var wg sync.WaitGroup
	for i := range seals { // members that start at the same time
		wg.Go(func() {
			var err error
			if seals[i], err = OpenSeal(dir); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	sealed := seals[0].Seal("mail:1", []byte("a secret"))
	if bytes.Contains(sealed, []byte("secret")) || bytes.Equal(sealed, seals[0].Seal("mail:1", []byte("a secret"))) {
		t.Error("plain text is visible")
	}
	for i, s := range seals {
		if plain, err := s.Open("mail:1", sealed); err != nil || string(plain) != "a secret" {
			t.Errorf("member %d: %q, %v", i, plain, err)
		}
	}
	changed := bytes.Clone(sealed)
	changed[len(changed)-1]++
	for name, open := range map[string]func() ([]byte, error){
		"another purpose": func() ([]byte, error) { return seals[0].Open("mail:2", sealed) },
		"changed":         func() ([]byte, error) { return seals[0].Open("mail:1", changed) },
		"nothing":         func() ([]byte, error) { return seals[0].Open("mail:1", nil) },
	} {
		if _, err := open(); err == nil {
			t.Error(name)
		}
	}
	files, _ := os.ReadDir(dir)
	if f, err := os.Stat(filepath.Join(dir, sealFile)); err != nil || f.Mode().Perm() != 0o600 || len(files) != 1 {
		t.Errorf("%v, %v, %d files", f, err, len(files))
	}
	if err := os.WriteFile(filepath.Join(dir, sealFile), []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenSeal(dir); err == nil {
		t.Error("a key that is too short was accepted")
	}
}

// sealAt returns the seal of a member with the clock of the test.
func sealAt(t *testing.T, dir string, c *clock) *Seal {
	t.Helper()
	s, err := OpenSeal(dir)
	if err != nil {
		t.Fatal(err)
	}
	s.now = c.now
	s.rereads.done(c.now())
	return s
}

func sealStates(s *Seal) (out []string) {
	for _, k := range s.List() {
		out = append(out, k.State)
	}
	return out
}

// Two members share a folder. A new key opens before it seals; the old key stays while mails or second factors need
// it, and is then pruned.
func TestSealRotation(t *testing.T) {
	t.Parallel()
	c := &clock{at: time.Date(2026, 11, 23, 12, 0, 10, 0, time.UTC)}
	dir := t.TempDir()
	operator, member := sealAt(t, dir, c), sealAt(t, dir, c)
	opens := func(s *Seal, sealed []byte) bool {
		plain, err := s.Open("totp:1", sealed)
		return err == nil && string(plain) == "a secret"
	}
	first := member.Seal("totp:1", []byte("a secret"))
	nameless := first[1+len(sealID{}):]
	if err := operator.Rotate(RotateLead); err != nil {
		t.Fatal(err)
	}
	if got := sealStates(operator); !slices.Equal(got, []string{"sealing", "next"}) || operator.Stale(first) {
		t.Fatalf("%v", got)
	}
	c.add(operator.List()[1].SealsFrom.Sub(c.now()))
	second := operator.Seal("totp:1", []byte("a secret"))
	if got := sealStates(member); !slices.Equal(got, []string{"opening", "sealing"}) && len(got) != 1 {
		t.Fatalf("%v", got)
	}
	for name, sealed := range map[string][]byte{"by the first": first, "by the second": second} {
		if !opens(operator, sealed) || !opens(member, sealed) {
			t.Errorf("sealed %s: shut", name)
		}
	}
	if opens(operator, nameless) || operator.KeyOf(nameless) != "" {
		t.Error("opened without the name of a key")
	}
	if !member.Stale(first) || member.Stale(second) || member.KeyOf(second) == member.KeyOf(first) {
		t.Error("wrong about who sealed it")
	}

	old := operator.KeyOf(first)
	prune := func(needed map[string]int, want int) {
		t.Helper()
		removed, err := operator.Prune(needed)
		if err != nil || len(removed) != want || (want > 0 && removed[0].ID != old) {
			t.Fatalf("%+v, %v", removed, err)
		}
	}
	prune(nil, 0)
	c.add(SealLife - time.Second)
	prune(nil, 0)
	c.add(time.Second)
	prune(map[string]int{old: 1}, 0)
	if got := sealStates(operator); !slices.Equal(got, []string{"old", "sealing"}) || !opens(member, first) {
		t.Fatalf("%v", got)
	}
	prune(map[string]int{old: 0, operator.KeyOf(second): 7}, 1)
	c.add(rereadEvery)
	for name, s := range map[string]*Seal{"operator": operator, "member": member, "started anew": sealAt(t, dir, c)} {
		if opens(s, first) || !opens(s, second) || s.KeyOf(first) != "" {
			t.Errorf("%s: wrong after pruning", name)
		}
	}
}

// A key of another process is found at once, but the folder is read for unknown keys at most once a second.
func TestSealFindsNewKeyAtOnce(t *testing.T) {
	t.Parallel()
	c := &clock{at: time.Date(2026, 11, 23, 12, 0, 10, 0, time.UTC)}
	dir := t.TempDir()
	operator, member := sealAt(t, dir, c), sealAt(t, dir, c)
	for _, wait := range []time.Duration{0, time.Second} {
		c.add(wait)
		if err := operator.Rotate(0); err != nil {
			t.Fatal(err)
		}
		sealed := operator.Seal("mail:1", []byte("x"))
		if _, err := member.Open("mail:1", sealed); err != nil {
			t.Fatal(err)
		}
	}
	c.add(time.Millisecond)
	if err := operator.Rotate(0); err != nil {
		t.Fatal(err)
	}
	sealed := operator.Seal("mail:1", []byte("x"))
	if _, err := member.Open("mail:1", sealed); err == nil {
		t.Error("the folder is read for every unknown key")
	}
	if err := os.WriteFile(filepath.Join(dir, "seal-yesterday-0.key"), make([]byte, sealKeySize), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := member.Reload(); err == nil || !strings.Contains(err.Error(), "seal-yesterday-0.key") {
		t.Errorf("key file without a time: %v, want an error", err)
	}
}
