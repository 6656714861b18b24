package edge

import (
	"bytes"
	"os"
	"path/filepath"
	"sync"
	"testing"
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
		t.Error("not sealed")
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
		t.Error("a short key")
	}
}
