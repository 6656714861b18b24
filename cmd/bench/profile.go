package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// profiling takes a CPU profile of the server while a scenario runs; the answer
// waits for it.
func (b *bench) profiling(name string, d time.Duration) func() {
	if b.profile == "" {
		return func() {}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := b.fetchProfile(name, fmt.Sprintf("profile?seconds=%d", max(1, int(d.Seconds())))); err != nil {
			fmt.Fprintln(os.Stderr, "profile:", err)
		}
	}()
	return func() { <-done }
}

func (b *bench) fetchProfile(name, what string) error {
	r, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/debug/pprof/%s", b.server.base+lookInto, what))
	if err != nil {
		return err
	}
	defer func() { _ = r.Body.Close() }()
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, name)
	f, err := os.Create(filepath.Join(b.profile, name+".pprof"))
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r.Body)
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}
