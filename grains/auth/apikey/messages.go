package apikey

import (
	"entrepot"
	"entrepot/grains"
)

// Name is the kind's name in the cluster.
const Name = "APIKey"

// Of returns the ref of an API key.
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// Create makes the key. Company admins send it for their company, super admins for any.
type Create struct {
	CompanyID entrepot.ID
	Name      string
	Scopes    []string      // "products:read"
	ShopIDs   []entrepot.ID // empty: every shop of the company
	Hash      []byte        // SHA-256 of the secret
	ExpiresAt int64         // Unix ms; 0: never
}

// Revoke ends the key; a second Revoke changes nothing. Admins of the key's company send it.
type Revoke struct{}

// Get returns the key to admins of its company.
type Get struct{}

// Verify returns the key if Hash is that of its secret and it is in force, and
// not found otherwise. Only the platform sends it.
type Verify struct {
	Hash []byte // SHA-256 of the secret
}

// Key is an API key without its secret; its JSON is part of the saved state.
type Key struct {
	ID        entrepot.ID   `json:"id,omitempty"`
	CompanyID entrepot.ID   `json:"companyId,omitempty"`
	Name      string        `json:"name,omitempty"`
	Scopes    []string      `json:"scopes,omitempty"`
	ShopIDs   []entrepot.ID `json:"shopIds,omitempty"` // empty: every shop of the company
	CreatedBy entrepot.ID   `json:"createdBy,omitempty"`
	CreatedAt int64         `json:"created,omitempty"` // Unix ms
	ExpiresAt int64         `json:"expires,omitempty"` // Unix ms; 0: never
	RevokedAt int64         `json:"revoked,omitempty"` // Unix ms; 0: in force
}

func (Create) Answers(*Key) {}
func (Revoke) Answers(*Key) {}
func (Get) Answers(*Key)    {}
func (Verify) Answers(*Key) {}
