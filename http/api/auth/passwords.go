package auth

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"entrepot"
	"entrepot/http/edge"

	"golang.org/x/crypto/bcrypt"
)

// ProductionCost is the least bcrypt cost outside of tests and demos.
const ProductionCost = 12

// hashWait is how long a login waits for a free core.
const hashWait = 3 * time.Second

// maxHashes bounds the logins that wait for each core's hash: more would not be
// served within hashWait, and are better told at once.
const maxHashes = 16

// Passwords hashes and checks passwords with bcrypt over a SHA-256, because bcrypt ignores what comes after
// its 72 bytes. No more hashes run at a time than half the cores; the rest serves users with a session.
type Passwords struct {
	cost    int
	slots   chan struct{}
	waiting atomic.Int64 // for a slot, or in one
	dummy   string       // hash of a random password, compared for an unknown account
}

// NewPasswords makes a hasher of a bcrypt cost (4 to 31). Any other cost is an error.
func NewPasswords(cost int) (*Passwords, error) {
	if cost < bcrypt.MinCost || cost > bcrypt.MaxCost {
		return nil, fmt.Errorf("api: bcrypt cost %d is not within %d to %d", cost, bcrypt.MinCost, bcrypt.MaxCost)
	}
	dummy, err := bcrypt.GenerateFromPassword(prehash(entrepot.NewID()+entrepot.NewID()), cost)
	if err != nil {
		return nil, err
	}
	return &Passwords{cost: cost, slots: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)), dummy: string(dummy)}, nil
}

// Hash returns the hash to store for a password. The error is CodeUnavailable when no core is free in time.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	var hash []byte
	err := p.bounded(ctx, func() (err error) {
		hash, err = bcrypt.GenerateFromPassword(prehash(password), p.cost)
		return err
	})
	return string(hash), err
}

// Check reports whether the password is the hash's. An empty hash takes the same
// time and is never right; a text that is no bcrypt hash is never right.
func (p *Passwords) Check(ctx context.Context, hash, password string) (bool, error) {
	known := hash != ""
	if !known {
		hash = p.dummy
	}
	right := false
	err := p.bounded(ctx, func() error {
		right = bcrypt.CompareHashAndPassword([]byte(hash), prehash(password)) == nil
		return nil
	})
	return right && known, err
}

// bounded runs work once a core is free; CodeUnavailable when none is in time.
func (p *Passwords) bounded(ctx context.Context, work func() error) error {
	edge.LeavePlace(ctx) // what waits here does not keep others from the rest
	if p.waiting.Add(1) > int64(maxHashes*cap(p.slots)) {
		p.waiting.Add(-1)
		return entrepot.Unavailable("too many logins at a time")
	}
	defer p.waiting.Add(-1)
	t := time.NewTimer(hashWait)
	defer t.Stop()
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
		return work()
	case <-t.C:
	case <-ctx.Done():
	}
	return entrepot.Unavailable("too many logins at a time")
}

// prehash makes 44 bytes without NUL of any password.
func prehash(password string) []byte {
	h := sha256.Sum256([]byte(password))
	return []byte(base64.StdEncoding.EncodeToString(h[:]))
}

//go:embed passwords.txt
var commonList string

var commonPasswords = func() map[string]bool {
	m := map[string]bool{}
	for _, p := range strings.Fields(commonList) {
		m[p] = true
	}
	return m
}()

// checkNewPassword refuses what is guessed first: common passwords, also with
// digits or marks around them, one character repeated, and the account's own name.
func checkNewPassword(password, email string) error {
	low := strings.ToLower(password)
	name, _, _ := strings.Cut(strings.ToLower(email), "@")
	switch {
	case commonPasswords[low], commonPasswords[strings.Trim(low, "0123456789!?.-_*#")]:
		return entrepot.Invalid("password", "common", "is one of the passwords that are guessed first")
	case strings.Count(low, low[:1]) == len(low):
		return entrepot.Invalid("password", "common", "repeats one character")
	case low == name, low == strings.ToLower(email):
		return entrepot.Invalid("password", "common", "is the account's own name")
	default:
		return nil
	}
}
