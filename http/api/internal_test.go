package api

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"entrepot"
	"entrepot/http/edge"

	"golang.org/x/crypto/bcrypt"
)

func TestRouteWithoutPermissionPanics(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("a route without a permission was made")
		}
	}()
	route(Route{ID: "x"}, func(context.Context, *struct{}) (*nothing, error) { return nil, nil })
}

// TestNoMailOutlivesItsKey: what a key of the seal closed for a mail is void before
// the key may go.
func TestNoMailOutlivesItsKey(t *testing.T) {
	t.Parallel()
	for name, good := range map[string]time.Duration{"verify": verifyFor, "reset": resetFor, "invite": inviteFor} {
		if good+time.Hour > edge.SealLife {
			t.Errorf("%s: good for %v", name, good)
		}
	}
}

func TestUnmarshalNamesTheField(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"a":[1,{"b":1e999}]}`: "a[1].b", `1e999`: "body", `{`: "body", "": "body",
		strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40): "body",
	} {
		var v any
		f, ok := parseJSONError(errorText(unmarshal([]byte(body), &v)))
		if !ok || f.Field != want {
			t.Errorf("%.40s: %v names %q, want %q", body, ok, f.Field, want)
		}
	}
	var s struct{ N int64 }
	if f, ok := parseJSONError(errorText(unmarshal([]byte(`{"N":1.0}`), &s))); !ok || f.Field != "N" {
		t.Errorf("a fraction names %q", f.Field)
	}
	if d := depth([]byte(`{"a":"[[[[\"[[","b":[{}]}`)); d != 3 {
		t.Errorf("depth %d, want 3", d)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestListCache(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_000_000, 0)
	c := NewListCache(2 * time.Second)
	c.now = func() time.Time { return now }
	reads := 0
	list := func(class string) string {
		b, err := c.answer(t.Context(), listKey{class: class}, func(context.Context) ([]byte, error) {
			reads++
			return []byte(class), nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	expect := func(what string, n int) {
		t.Helper()
		if reads != n {
			t.Errorf("%s: %d reads, want %d", what, reads, n)
		}
		reads = 0
	}
	for range 2 {
		list(classPublic)
		list("company1")
		list("company2")
	}
	expect("kept", 3)
	c.Invalidate("company1")
	list(classPublic)
	list("company1")
	list("company2")
	expect("after a change of company1", 2)
	now = now.Add(2 * time.Second)
	list("company2")
	expect("too old", 1)
	if c.maxBytes = 10; list(classPublic) != classPublic || c.bytes > 10 {
		t.Errorf("holds %d bytes", c.bytes)
	}
}

// TestListCacheForgetsReadsBeforeAChange: what was read before an invalidation
// is not kept after it, and is not handed to who asks after it.
func TestListCacheForgetsReadsBeforeAChange(t *testing.T) {
	t.Parallel()
	c := NewListCache(time.Hour)
	reading, changed := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		_, _ = c.answer(context.Background(), listKey{class: classPublic}, func(context.Context) ([]byte, error) {
			close(reading)
			<-changed
			return []byte("old"), nil
		})
	})
	<-reading
	c.Invalidate("any")
	b, _ := c.answer(t.Context(), listKey{class: classPublic}, func(context.Context) ([]byte, error) { return []byte("new"), nil })
	close(changed)
	wg.Wait()
	again, _ := c.answer(t.Context(), listKey{class: classPublic}, func(context.Context) ([]byte, error) { return nil, errors.New("read again") })
	if string(b) != "new" || string(again) != "new" {
		t.Errorf("answered %q, then %q", b, again)
	}
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	if _, err := NewPasswords(3); err == nil {
		t.Error("cost 3 was taken")
	}
	p, err := NewPasswords(4)
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", 100)
	hash, err := p.Hash(t.Context(), long+"1")
	if err != nil {
		t.Fatal(err)
	}
	for password, want := range map[string]bool{long + "1": true, long + "2": false, "": false} {
		if got, err := p.Check(t.Context(), hash, password); got != want || err != nil {
			t.Errorf("%q: %v %v", password, got, err)
		}
	}
	if got, _ := p.Check(t.Context(), "", "anything"); got {
		t.Error("no account has a password")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range cap(p.slots) {
		p.slots <- struct{}{}
	}
	for account, known := range map[string]string{"a known account": hash, "an unknown account": ""} { // which costs the same
		if _, err := p.Check(ctx, known, long); entrepot.CodeOf(err) != entrepot.CodeUnavailable {
			t.Errorf("%s without a free core: %v", account, err)
		}
	}
	if cost, err := bcrypt.Cost([]byte(p.dummy)); cost != p.cost || err != nil {
		t.Errorf("an unknown account is checked at cost %d, %v", cost, err)
	}
	if n := cap(p.slots); n > max(1, runtime.GOMAXPROCS(0)/2) {
		t.Errorf("%d hashes at a time", n)
	}
	p.waiting.Store(int64(maxHashes * cap(p.slots)))
	start := time.Now()
	if _, err := p.Check(t.Context(), hash, long); entrepot.CodeOf(err) != entrepot.CodeUnavailable || time.Since(start) > hashWait/2 {
		t.Errorf("behind all that may wait: %v after %v", err, time.Since(start))
	}
}

func TestEachIsBounded(t *testing.T) {
	t.Parallel()
	var running, most atomic.Int64
	err := each(t.Context(), 50, func(context.Context, int) error {
		n := running.Add(1)
		defer running.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		return nil
	})
	if err != nil || most.Load() > maxAsks {
		t.Errorf("%d at a time, %v", most.Load(), err)
	}
}

// TestSearchesTakeTurns: no more are computed at a time than there are processors.
func TestSearchesTakeTurns(t *testing.T) {
	t.Parallel()
	c := NewListCache(time.Hour)
	var running, most atomic.Int64
	begun, end := make(chan struct{}), make(chan struct{})
	read := func(context.Context) ([]byte, error) {
		n := running.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		begun <- struct{}{}
		<-end
		running.Add(-1)
		return []byte("{}"), nil
	}
	all := cap(c.searching) + 5
	var wg sync.WaitGroup
	for i := range all {
		wg.Go(func() {
			if body, err := c.answer(t.Context(), listKey{found: fmt.Sprint(i)}, read); err != nil || string(body) != "{}" {
				t.Errorf("%s, %v", body, err)
			}
		})
	}
	for range cap(c.searching) {
		<-begun
	}
	for i := range all { // who ends lets one more begin
		end <- struct{}{}
		if i < all-cap(c.searching) {
			<-begun
		}
	}
	wg.Wait()
	if n := most.Load(); n != int64(cap(c.searching)) {
		t.Errorf("%d at a time", n)
	}
}
