// Package blobtest contains the test suite that every [blob.Store] must pass; [Run] runs it.
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

	"entrepot/persistence/blob"
)

// Run runs the suite. Each call of open returns a store without blobs.
func Run(t *testing.T, open func(t *testing.T) blob.Store) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, blob.Store){
		"stores blobs":                       keeps,
		"reads from an offset":               offsets,
		"absent":                             absent,
		"a failed upload keeps the old blob": broken,
		"concurrent writers, one whole blob": writers,
		"invalid keys":                       badKeys,
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); test(t, open(t)) })
	}
}

func put(t *testing.T, s blob.Store, key, text string) {
	t.Helper()
	if n, err := s.Put(t.Context(), key, "text/plain", strings.NewReader(text)); err != nil || n != int64(len(text)) {
		t.Fatalf("Put %s: want %d bytes, got %d (error %v)", key, len(text), n, err)
	}
}

func read(t *testing.T, s blob.Store, key string, offset int64) (string, *blob.Blob) {
	t.Helper()
	b, err := s.Get(t.Context(), key, offset)
	if err != nil {
		t.Fatalf("Get %s: %v", key, err)
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
		t.Errorf("Put without data: want ErrEmpty, got %v", err)
	}
	text, b := read(t, s, "images/a/160", 0)
	if text != "second, and longer" || b.Size != int64(len(text)) || b.ContentType != "text/plain" {
		t.Errorf("want the second blob as text/plain, got %q, %+v", text, b)
	}
	// Larger than any buffer, from a reader of unknown length.
	large := bytes.Repeat([]byte("0123456789abcdef"), 1<<20) // 16 MiB
	unknownLength := io.MultiReader(bytes.NewReader(large))
	n, err := s.Put(t.Context(), "large", "application/octet-stream", unknownLength)
	if err != nil || n != int64(len(large)) {
		t.Fatalf("Put of a large blob: want %d bytes, got %d (error %v)", len(large), n, err)
	}
	if text, _ := read(t, s, "large", 0); text != string(large) {
		t.Errorf("large blob: want %d bytes unchanged, got %d bytes", len(large), len(text))
	}
}

func offsets(t *testing.T, s blob.Store) {
	put(t, s, "a", "0123456789")
	for offset, want := range map[int64]string{0: "0123456789", 3: "3456789", 9: "9", 10: "", 99: ""} {
		if got, b := read(t, s, "a", offset); got != want || b.Size != 10 {
			t.Errorf("from offset %d: want %q of size 10, got %q of size %d", offset, want, got, b.Size)
		}
	}
}

func absent(t *testing.T, s blob.Store) {
	put(t, s, "a/b", "x")
	for _, key := range []string{"b", "a", "a/c"} {
		if _, err := s.Get(t.Context(), key, 0); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("Get %s: want ErrNotFound, got %v", key, err)
		}
	}
	for range 2 {
		if err := s.Delete(t.Context(), "a/b"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Get(t.Context(), "a/b", 0); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("Get after Delete: want ErrNotFound, got %v", err)
	}
}

var errBroken = errors.New("the client disconnected")

func broken(t *testing.T, s blob.Store) {
	put(t, s, "a", "whole")
	for name, r := range map[string]io.Reader{
		"at once":       failing{},
		"in the middle": io.MultiReader(strings.NewReader(strings.Repeat("x", 9<<20)), failing{}),
	} {
		if _, err := s.Put(t.Context(), "a", "text/plain", r); err == nil {
			t.Errorf("Put of a reader that fails %s: want an error, got nil", name)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Put(gone, "a", "text/plain", io.MultiReader(strings.NewReader("x"))); err == nil {
		t.Error("Put with a cancelled context: want an error, got nil")
	}
	if text, _ := read(t, s, "a", 0); text != "whole" {
		t.Errorf("after failed uploads: want \"whole\", got %q", text)
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
		t.Errorf("want 100,000 bytes of one writer, got %d bytes", len(text))
	}
}

func badKeys(t *testing.T, s blob.Store) {
	for _, key := range []string{
		"", "/a", "a/", "a//b", "../a", "a/../b", "A", "a.b", ".put-1", "a\x00", strings.Repeat("a", 201),
	} {
		if _, err := s.Put(t.Context(), key, "", strings.NewReader("x")); err == nil {
			t.Errorf("Put %q: want an error, got nil", key)
		}
		if _, err := s.Get(t.Context(), key, 0); err == nil || errors.Is(err, blob.ErrNotFound) {
			t.Errorf("Get %q: want an error other than ErrNotFound, got %v", key, err)
		}
		if err := s.Delete(t.Context(), key); err == nil {
			t.Errorf("Delete %q: want an error, got nil", key)
		}
	}
}
