package rest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"entrepot"
	"entrepot/grains/query"
	"entrepot/persistence"
)

// IdempotencyKeys holds the Idempotency-Keys of a service with the hash of each request
// and its response, in the service's own database. Keys are deleted at their wakeAt.
var IdempotencyKeys = &persistence.Collection{Name: "idempotencyKeys"}

// Bounds of a key.
const (
	keyKept = 24 * time.Hour
	// keyLease is how long a request may run before a retry is let through: a little longer
	// than the timeout of requests, so its member is not working on it any more.
	keyLease = 12 * time.Second
	// keyWrite bounds a write of a key, also after the client has left.
	keyWrite = 5 * time.Second
	// maxKeptAnswer is the largest body that is stored. For larger ones, the entity's own
	// memory detects a retry.
	maxKeptAnswer = 256 << 10
)

// keyState is one key. Status 0: no answer is known yet.
type keyState struct {
	Fingerprint []byte            `json:"fingerprint"` // SHA-256 of the request
	LeaseUntil  int64             `json:"leaseUntil"`  // Unix ms; 0: the request was refused, the next one is the first
	Status      int               `json:"status,omitempty"`
	Header      map[string]string `json:"header,omitempty"`
	Body        []byte            `json:"body,omitempty"`
}

// keptHeaders of an answer are given again with it.
var keptHeaders = []string{"Content-Type", "Location", "Etag"}

// KeyStore keeps the Idempotency-Keys of one service. The database's own
// compare-and-set decides between two requests with one key, on whichever
// members they arrive.
type KeyStore struct {
	c   *persistence.Committer
	now func() time.Time
}

// NewKeyStore keeps keys in the committer's database, where [IdempotencyKeys]
// must have been ensured. now is nil for the wall clock.
func NewKeyStore(c *persistence.Committer, now func() time.Time) *KeyStore {
	if now == nil {
		now = time.Now
	}
	return &KeyStore{c: c, now: now}
}

// heldKey is a key whose request only this process may execute.
type heldKey struct {
	s     *KeyStore
	doc   persistence.Document
	state keyState
}

// begin returns the key to execute a request under, or the stored response.
// CodeKeyReused: the key belongs to another request. CodeInFlight: that request is
// still running.
func (s *KeyStore) begin(ctx context.Context, id, owner entrepot.ID, fingerprint []byte) (*heldKey, *keyState, error) {
	now := s.now()
	k := &heldKey{s: s, state: keyState{Fingerprint: fingerprint, LeaseUntil: now.Add(keyLease).UnixMilli()}}
	k.doc = persistence.Document{ID: id, OwnerID: owner, CreatedAt: now, UpdatedAt: now, WakeAt: now.Add(keyKept)}
	err := k.write(ctx)
	if !errors.Is(err, persistence.ErrStale) {
		return k, nil, keyError(err)
	}
	old, err := s.c.Store().Load(ctx, IdempotencyKeys, id)
	if errors.Is(err, persistence.ErrNotFound) { // it expired just now
		return nil, nil, entrepot.Unavailable("the Idempotency-Key is expiring; ask again")
	}
	if err != nil {
		return nil, nil, query.Unreadable(IdempotencyKeys, err)
	}
	var known keyState
	if err := s.c.Store().Unmarshal(old.State, &known); err != nil {
		return nil, nil, fmt.Errorf("api: idempotency key %s: %w", id, err)
	}
	if now.Before(old.WakeAt) && known.LeaseUntil != 0 {
		switch {
		case !bytes.Equal(known.Fingerprint, fingerprint):
			return nil, nil, entrepot.Errorf(entrepot.CodeKeyReused, "the Idempotency-Key was used for another request; take a new one")
		case known.Status != 0:
			return nil, &known, nil
		case now.UnixMilli() < known.LeaseUntil:
			return nil, nil, errInFlight
		}
	}
	k.doc.Version = old.Version
	if err := k.write(ctx); err != nil {
		if errors.Is(err, persistence.ErrStale) { // another retry was faster
			return nil, nil, errInFlight
		}
		return nil, nil, keyError(err)
	}
	return k, nil, nil
}

var errInFlight = &entrepot.Error{
	Code: entrepot.CodeInFlight, RetryAfter: time.Second,
	Message: "the first request with this Idempotency-Key is being executed; ask again",
}

// keyError returns the client's error for a failed write of a key. The request has not
// been executed.
func keyError(err error) error {
	if err == nil {
		return nil
	}
	return entrepot.Unavailable("the Idempotency-Key cannot be kept right now")
}

// end stores the response, or frees the key if the request was refused and so had no
// effect. If the write fails, the key's lease expires.
func (k *heldKey) end(ctx context.Context, status int, header http.Header, body []byte) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keyWrite)
	defer cancel()
	if hadEffect(status) && len(body) <= maxKeptAnswer {
		k.state.Status, k.state.Body, k.state.Header = status, body, map[string]string{}
		for _, name := range keptHeaders {
			if v := header.Get(name); v != "" {
				k.state.Header[name] = v
			}
		}
	} else {
		k.state.LeaseUntil = 0
	}
	k.doc.UpdatedAt = k.s.now()
	return k.write(ctx)
}

// hadEffect reports whether a response has to be stored: successes, and payments that
// the provider declined.
func hadEffect(status int) bool { return status < 300 || status == http.StatusPaymentRequired }

// write makes the next version and waits for it.
func (k *heldKey) write(ctx context.Context) error {
	state, err := k.s.c.Store().Marshal(&k.state)
	if err != nil {
		return err
	}
	next := k.doc
	next.Version++
	next.State = state
	result := make(chan error, 1)
	if !k.s.c.Submit(persistence.Write{Collection: IdempotencyKeys, Doc: next}, func(err error) { result <- err }) {
		return persistence.ErrNotExecuted
	}
	select {
	case err := <-result:
		if err == nil {
			k.doc = next
		}
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
