package apikey

import (
	"entrepot"
	"entrepot/grains"
)

// Kind is the grain's name in the cluster.
const Name = "APIKey"

// Of names one grain of the kind.
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// Create makes the key. Company admins make their company's, super admins any company's.
type Create struct {
	CompanyID entrepot.ID
	Name      string
	Scopes    []string      // "products:read"
	ShopIDs   []entrepot.ID // none: the whole company
	Hash      []byte        // SHA-256 of the secret
	ExpiresAt int64         // Unix ms; 0: never
}

// Revoke ends the key; doing it twice changes nothing.
type Revoke struct{}

type Get struct{}

// Verify asks whose a secret is; only the edge asks, as the platform. Not found for any that is not good.
type Verify struct {
	Hash []byte
}

type Key struct {
	ID        entrepot.ID
	CompanyID entrepot.ID
	Name      string
	Scopes    []string
	ShopIDs   []entrepot.ID
	CreatedBy string
	CreatedAt int64
	ExpiresAt int64
	RevokedAt int64
}

func (Create) Answers(*Key) {}
func (Revoke) Answers(*Key) {}
func (Get) Answers(*Key)    {}
func (Verify) Answers(*Key) {}
