package api

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

// Passwords hashes and checks passwords: bcrypt over a hash of its own, so that
// nothing beyond bcrypt's 72 bytes is lost, with no more hashes at a time than half the cores:
// the rest is for those who are logged in.
type Passwords struct {
	hasher  Hasher
	cost    int
	slots   chan struct{}
	waiting atomic.Int64 // for a slot, or in one
	dummy   string       // of no password: what an unknown account is checked against
}

// Hasher computes bcrypt hashes, here or elsewhere. A secret has at most 72 bytes.
type Hasher interface {
	Hash(ctx context.Context, secret []byte, cost int) (string, error)
	Check(ctx context.Context, hash string, secret []byte) (bool, error)
}

// Bcrypt is the [Hasher] that computes where it is called.
type Bcrypt struct{}

// Hash makes a bcrypt hash.
func (Bcrypt) Hash(_ context.Context, secret []byte, cost int) (string, error) {
	hash, err := bcrypt.GenerateFromPassword(secret, cost)
	return string(hash), err
}

// Check reports whether the hash is the secret's. What is no hash is nobody's.
func (Bcrypt) Check(_ context.Context, hash string, secret []byte) (bool, error) {
	return bcrypt.CompareHashAndPassword([]byte(hash), secret) == nil, nil
}

// NewPasswords makes a hasher of a bcrypt cost (4 to 31).
func NewPasswords(cost int, hasher Hasher) (*Passwords, error) {
	if cost < bcrypt.MinCost || cost > bcrypt.MaxCost {
		return nil, fmt.Errorf("api: bcrypt cost %d is not within %d to %d", cost, bcrypt.MinCost, bcrypt.MaxCost)
	}
	p := &Passwords{hasher: hasher, cost: cost, slots: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))}
	var err error // here and now: the start does not wait for a low priority
	p.dummy, err = Bcrypt{}.Hash(context.Background(), prehash(entrepot.NewID()+entrepot.NewID()), cost)
	return p, err
}

// Hash makes the hash that a user is stored with.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	var hash string
	err := p.bounded(ctx, func() (err error) {
		hash, err = p.hasher.Hash(ctx, prehash(password), p.cost)
		return err
	})
	return hash, err
}

// Check reports whether the password is the hash's. An empty hash takes the same
// time and is never right.
func (p *Passwords) Check(ctx context.Context, hash, password string) (bool, error) {
	known := hash != ""
	if !known {
		hash = p.dummy
	}
	right := false
	err := p.bounded(ctx, func() (err error) {
		right, err = p.hasher.Check(ctx, hash, prehash(password))
		return err
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
