// Package apikey is a key by which a machine acts for a company, within scopes
// and, if it names shops, within those.
//
// Commands: Create, Revoke. Queries: Get, Verify. Persisted: the whole [State].
// The secret itself is nowhere: only its hash is kept.
package apikey

import (
	"crypto/subtle"
	"slices"
	"strings"
	"time"

	"entrepot"
	"entrepot/events"
)

// Scopes are what a key may be allowed, by service: reading and changing.
var Scopes = []string{
	"companies:read", "companies:write", "shops:read", "shops:write", "products:read", "products:write",
	"orders:read", "orders:write", "payments:read", "payments:write", "inventory:read", "inventory:write", "audit:read",
}

// Bounds of a key.
const (
	maxName  = 100
	maxShops = 200
)

// State is a key. The zero State was not made yet.
type State struct {
	ID        entrepot.ID   `json:"id,omitempty"`
	CompanyID entrepot.ID   `json:"companyId,omitempty"`
	Name      string        `json:"name,omitempty"`
	Scopes    []string      `json:"scopes,omitempty"`
	ShopIDs   []entrepot.ID `json:"shopIds,omitempty"`
	Hash      []byte        `json:"hash,omitempty"`
	CreatedBy entrepot.ID   `json:"createdBy,omitempty"`
	CreatedAt int64         `json:"created,omitempty"` // Unix ms, as all times of the state
	ExpiresAt int64         `json:"expires,omitempty"` // 0: never
	Revoked   int64         `json:"revoked,omitempty"`
}

// hashSet is the secret half of a creation.
type hashSet struct {
	events.Private
	Hash []byte
}

// Create makes the key.
func (s *State) Create(t entrepot.Turn, c Create) ([]events.Event, error) {
	switch {
	case !t.Caller.Administers(c.CompanyID):
		return nil, entrepot.ErrNotFound
	case s.ID != "":
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the key already exists")
	case !entrepot.ValidID(c.CompanyID):
		return nil, entrepot.Invalid("companyId", "required", "a key belongs to a company")
	case strings.TrimSpace(c.Name) == "" || len(c.Name) > maxName:
		return nil, entrepot.Invalid("name", "required", "must be given, in at most %d bytes", maxName)
	case len(c.Scopes) == 0:
		return nil, entrepot.Invalid("scopes", "minItems", "must name what the key may do")
	case slices.ContainsFunc(c.Scopes, func(x string) bool { return !slices.Contains(Scopes, x) }):
		return nil, entrepot.Invalid("scopes", "enum", "are of %s", strings.Join(Scopes, ", "))
	case len(c.ShopIDs) > maxShops:
		return nil, entrepot.Invalid("shopIds", "maxItems", "at most %d", maxShops)
	case slices.ContainsFunc(c.ShopIDs, func(x string) bool { return !entrepot.ValidID(x) }):
		return nil, entrepot.Invalid("shopIds", "id", "must be shop ids")
	case c.ExpiresAt != 0 && c.ExpiresAt <= t.Now.UnixMilli():
		return nil, entrepot.Invalid("expiresAt", "future", "must be in the future")
	case len(c.Hash) == 0:
		return nil, entrepot.Invalid("hash", "required", "must be given")
	}
	scopes := slices.Clone(c.Scopes)
	slices.Sort(scopes)
	e := events.APIKeyCreated{
		KeyID: t.ID, CompanyID: c.CompanyID, Name: c.Name, Scopes: slices.Compact(scopes), ShopIDs: slices.Clone(c.ShopIDs),
		CreatedBy: t.Caller.UserID, CreatedAt: t.Now,
	}
	if c.ExpiresAt != 0 {
		e.ExpiresAt = time.UnixMilli(c.ExpiresAt).UTC()
	}
	return []events.Event{e, hashSet{Hash: slices.Clone(c.Hash)}}, nil
}

// Revoke ends the key.
func (s *State) Revoke(t entrepot.Turn, _ Revoke) ([]events.Event, error) {
	switch {
	case s.ID == "" || !t.Caller.Administers(s.CompanyID):
		return nil, entrepot.ErrNotFound
	case s.Revoked != 0:
		return nil, nil
	}
	return []events.Event{events.APIKeyRevoked{KeyID: s.ID, CompanyID: s.CompanyID, Name: s.Name, RevokedAt: t.Now}}, nil
}

// Apply changes the state by one fact.
func (s *State) Apply(e events.Event) {
	switch f := e.(type) {
	case events.APIKeyCreated:
		s.ID, s.CompanyID, s.Name, s.CreatedBy = f.KeyID, f.CompanyID, f.Name, f.CreatedBy
		s.Scopes, s.ShopIDs = slices.Clone(f.Scopes), slices.Clone(f.ShopIDs)
		s.CreatedAt = f.CreatedAt.UnixMilli()
		if !f.ExpiresAt.IsZero() {
			s.ExpiresAt = f.ExpiresAt.UnixMilli()
		}
	case hashSet:
		s.Hash = f.Hash
	case events.APIKeyRevoked:
		s.Revoked = f.RevokedAt.UnixMilli()
	}
}

// Get answers the key, without a secret, to who administers it.
func (s *State) Get(t entrepot.Turn, _ Get) (*Key, error) {
	if s.ID == "" || !t.Caller.Administers(s.CompanyID) {
		return nil, entrepot.ErrNotFound
	}
	return s.View(), nil
}

// Verify answers the key to whom its secret was shown, while it is good.
func (s *State) Verify(t entrepot.Turn, q Verify) (*Key, error) {
	over := s.Revoked != 0 || (s.ExpiresAt != 0 && t.Now.UnixMilli() >= s.ExpiresAt)
	if s.ID == "" || t.Caller.Role != entrepot.System || over || subtle.ConstantTimeCompare(s.Hash, q.Hash) != 1 {
		return nil, entrepot.ErrNotFound
	}
	return s.View(), nil
}

// View is the key without its hash.
func (s *State) View() *Key {
	return &Key{
		ID: s.ID, CompanyID: s.CompanyID, Name: s.Name, Scopes: slices.Clone(s.Scopes), ShopIDs: slices.Clone(s.ShopIDs),
		CreatedBy: s.CreatedBy, CreatedAt: s.CreatedAt, ExpiresAt: s.ExpiresAt, RevokedAt: s.Revoked,
	}
}
