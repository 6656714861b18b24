package auth

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	"entrepot"
	"entrepot/http/edge"

	"golang.org/x/crypto/bcrypt"
)

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
