package events

import (
	"time"

	"entrepot"
)

// APIKeyCreated happens when a company gives a machine a key. No event carries
// the secret.
type APIKeyCreated struct {
	KeyID     entrepot.ID   `json:"keyId"`
	CompanyID entrepot.ID   `json:"companyId"`
	Name      string        `json:"name"`
	Scopes    []string      `json:"scopes"`
	ShopIDs   []entrepot.ID `json:"shopIds,omitempty"` // none: the whole company
	CreatedBy entrepot.ID   `json:"createdBy"`
	CreatedAt time.Time     `json:"createdAt"`
	ExpiresAt time.Time     `json:"expiresAt,omitzero"`
}

// EventType returns the routing key.
func (APIKeyCreated) EventType() string { return "api_key.created" }

// APIKeyRevoked happens when a key is ended before it expires.
type APIKeyRevoked struct {
	KeyID     entrepot.ID `json:"keyId"`
	CompanyID entrepot.ID `json:"companyId"`
	Name      string      `json:"name"`
	RevokedAt time.Time   `json:"revokedAt"`
}

// EventType returns the routing key.
func (APIKeyRevoked) EventType() string { return "api_key.revoked" }
