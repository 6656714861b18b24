// Package apikey is a key that lets a machine act for a company, within the key's
// scopes and, if the key names shops, within these shops.
//
// Commands: Create, Revoke. Queries: Get, Verify. Persisted: the whole [State],
// with the hash of the secret instead of the secret.
package apikey

import (
	"crypto/subtle"
	"slices"
	"strings"
	"time"

	"entrepot"
	"entrepot/events"
)

// Scopes lists the permissions of keys: reading and changing, by service.
var Scopes = []string{
	"companies:read", "companies:write", "shops:read", "shops:write", "products:read", "products:write",
	"orders:read", "orders:write", "payments:read", "payments:write", "inventory:read", "inventory:write", "audit:read",
}

// Limits of a key.
const (
	maxName  = 100
	maxShops = 200
)

// State is a key. The zero State does not exist yet.
type State struct {
	Key

	Hash []byte `json:"hash,omitempty"` // SHA-256 of the secret
}

// hashSet is the private half of a creation, which no event publishes.
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
		return nil, entrepot.Invalid("companyId", "required", "must be a company id")
	case strings.TrimSpace(c.Name) == "" || len(c.Name) > maxName:
		return nil, entrepot.Invalid("name", "required", "must be given, in at most %d bytes", maxName)
	case len(c.Scopes) == 0:
		return nil, entrepot.Invalid("scopes", "minItems", "must have at least one scope")
	case slices.ContainsFunc(c.Scopes, func(x string) bool { return !slices.Contains(Scopes, x) }):
		return nil, entrepot.Invalid("scopes", "enum", "must be among %s", strings.Join(Scopes, ", "))
	case len(c.ShopIDs) > maxShops:
		return nil, entrepot.Invalid("shopIds", "maxItems", "must have at most %d shops", maxShops)
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
		KeyID: t.ID, CompanyID: c.CompanyID, Name: c.Name, Scopes: slices.Compact(scopes),
		ShopIDs: slices.Clone(c.ShopIDs), CreatedBy: t.Caller.UserID, CreatedAt: t.Now,
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
	case s.RevokedAt != 0:
		return nil, nil
	}
	return []events.Event{
		events.APIKeyRevoked{KeyID: s.ID, CompanyID: s.CompanyID, Name: s.Name, RevokedAt: t.Now},
	}, nil
}

// Get returns the key to admins of its company.
func (s *State) Get(t entrepot.Turn, _ Get) (*Key, error) {
	if s.ID == "" || !t.Caller.Administers(s.CompanyID) {
		return nil, entrepot.ErrNotFound
	}
	return s.view(), nil
}

// Verify returns the key to the platform if the hash is that of its secret and the
// key is neither revoked nor expired.
func (s *State) Verify(t entrepot.Turn, q Verify) (*Key, error) {
	over := s.RevokedAt != 0 || (s.ExpiresAt != 0 && t.Now.UnixMilli() >= s.ExpiresAt)
	if s.ID == "" || t.Caller.Role != entrepot.System || over || subtle.ConstantTimeCompare(s.Hash, q.Hash) != 1 {
		return nil, entrepot.ErrNotFound
	}
	return s.view(), nil
}

// view returns a copy of the key without its hash.
func (s *State) view() *Key {
	k := s.Key
	k.Scopes, k.ShopIDs = slices.Clone(k.Scopes), slices.Clone(k.ShopIDs)
	return &k
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
		s.RevokedAt = f.RevokedAt.UnixMilli()
	}
}
