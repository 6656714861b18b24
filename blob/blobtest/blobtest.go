// Package blobtest is the suite that every blob store passes.
package blobtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"entrepot/blob"
)

// Run tries a store's contract. open gives a fresh one.
func Run(t *testing.T, open func(t *testing.T) blob.Store) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, blob.Store){
		"keeps what it is given": keeps, "reads from an offset": offsets, "absent": absent,
		"a broken upload leaves what was": broken, "many writers, one whole blob": writers, "bad keys": badKeys,
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); test(t, open(t)) })
	}
}

func put(t *testing.T, s blob.Store, key, text string) {
	t.Helper()
	if n, err := s.Put(t.Context(), key, "text/plain", strings.NewReader(text)); err != nil || n != int64(len(text)) {
		t.Fatalf("put %s: %d, %v", key, n, err)
	}
}

func read(t *testing.T, s blob.Store, key string, offset int64) (string, *blob.Blob) {
	t.Helper()
	b, err := s.Get(t.Context(), key, offset)
	if err != nil {
		t.Fatalf("get %s: %v", key, err)
	}
	text, err := io.ReadAll(b)
	if err = errors.Join(err, b.Close()); err != nil {
		t.Fatalf("read %s: %v", key, err)
	}
	return string(text), b
}

func keeps(t *testing.T, s blob.Store) {
	put(t, s, "images/a/160", "first")
	put(t, s, "images/a/640", "beside")
	put(t, s, "images/a/160", "second, and longer")
	if _, err := s.Put(t.Context(), "empty", "text/plain", strings.NewReader("")); !errors.Is(err, blob.ErrEmpty) {
		t.Errorf("nothing: %v", err)
	}
	if text, b := read(t, s, "images/a/160", 0); text != "second, and longer" || b.Size != int64(len(text)) || b.ContentType != "text/plain" {
		t.Errorf("%q, %+v", text, b)
	}
	// Larger than any buffer, from a reader that tells no length.
	large := bytes.Repeat([]byte("0123456789abcdef"), 1<<20) // 16 MiB
	if n, err := s.Put(t.Context(), "large", "application/octet-stream", io.MultiReader(bytes.NewReader(large))); err != nil || n != int64(len(large)) {
		t.Fatalf("%d, %v", n, err)
	}
	if text, _ := read(t, s, "large", 0); text != string(large) {
		t.Errorf("%d bytes came back", len(text))
	}
}

func offsets(t *testing.T, s blob.Store) {
	put(t, s, "a", "0123456789")
	for offset, want := range map[int64]string{0: "0123456789", 3: "3456789", 9: "9", 10: "", 99: ""} {
		if got, b := read(t, s, "a", offset); got != want || b.Size != 10 {
			t.Errorf("from %d: %q of %d", offset, got, b.Size)
		}
	}
}

func absent(t *testing.T, s blob.Store) {
	put(t, s, "a/b", "x")
	for _, key := range []string{"b", "a", "a/c"} {
		if _, err := s.Get(t.Context(), key, 0); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("%s: %v", key, err)
		}
	}
	for range 2 {
		if err := s.Delete(t.Context(), "a/b"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Get(t.Context(), "a/b", 0); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("after delete: %v", err)
	}
}

var errBroken = errors.New("the client has gone")

func broken(t *testing.T, s blob.Store) {
	put(t, s, "a", "whole")
	for name, r := range map[string]io.Reader{
		"at once": failing{}, "in the middle": io.MultiReader(strings.NewReader(strings.Repeat("x", 9<<20)), failing{}),
	} {
		if _, err := s.Put(t.Context(), "a", "text/plain", r); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Put(gone, "a", "text/plain", io.MultiReader(strings.NewReader("x"))); err == nil {
		t.Error("cancelled: no error")
	}
	if text, _ := read(t, s, "a", 0); text != "whole" {
		t.Errorf("%q", text)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errBroken }

func writers(t *testing.T, s blob.Store) {
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			text := strings.Repeat(fmt.Sprintf("%x", i), 100_000)
			if _, err := s.Put(t.Context(), "hot", "text/plain", strings.NewReader(text)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	text, _ := read(t, s, "hot", 0)
	if len(text) != 100_000 || strings.Trim(text, text[:1]) != "" {
		t.Errorf("%d bytes, mixed", len(text))
	}
}

func badKeys(t *testing.T, s blob.Store) {
	for _, key := range []string{"", "/a", "a/", "a//b", "../a", "a/../b", "A", "a.b", ".put-1", "a\x00", strings.Repeat("a", 201)} {
		if _, err := s.Put(t.Context(), key, "", strings.NewReader("x")); err == nil {
			t.Errorf("put %q", key)
		}
		if _, err := s.Get(t.Context(), key, 0); err == nil || errors.Is(err, blob.ErrNotFound) {
			t.Errorf("get %q: %v", key, err)
		}
		if err := s.Delete(t.Context(), key); err == nil {
			t.Errorf("delete %q", key)
		}
	}
}
