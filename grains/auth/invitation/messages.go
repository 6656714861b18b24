package invitation

import (
	"entrepot"
	"entrepot/grains"
)

// Name is the kind's name in the cluster.
const Name = "Invitation"

// Of returns the ref of an invitation.
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// Invite invites a person to the staff of a company or, without a company, to the
// super admins. Super admins send it, and company admins for their own company.
type Invite struct {
	Email     string // lower case
	Role      entrepot.Role
	CompanyID entrepot.ID
	Locale    string      // of the mail, BCP 47, may be empty
	MailID    entrepot.ID // new
	Hash      []byte      // SHA-256 of the mailed token
	Sealed    []byte      // the token, as edge.Seal sealed it for the purpose "mail:<MailID>"
	Until     int64       // Unix ms; when the token is void
}

// Revoke makes the mailed token void. Callers that may invite may send it.
type Revoke struct{}

// Check returns the invitation if Accept would take the token, so that the password
// is hashed only then. Only the platform sends it.
type Check struct {
	Hash []byte // SHA-256 of the token
}

// Accept registers the invited person as a user. Only the platform sends it. The
// reply waits until the user is registered or refused.
type Accept struct {
	Hash         []byte // SHA-256 of the token
	Name         string
	PasswordHash string
}

// Get returns the invitation to callers that may see it.
type Get struct{}

// Invitation is an invitation without secrets; its JSON is part of the saved state.
type Invitation struct {
	ID        entrepot.ID   `json:"id,omitempty"`
	Email     string        `json:"email,omitempty"`
	Role      entrepot.Role `json:"role,omitempty"`
	CompanyID entrepot.ID   `json:"companyId,omitempty"`
	Status    string        `json:"status,omitempty"` // Pending, Accepted, Revoked or Expired
	InvitedBy entrepot.ID   `json:"invitedBy,omitempty"`
	UserID    entrepot.ID   `json:"userId,omitempty"`  // the accepted person's
	CreatedAt int64         `json:"created,omitempty"` // Unix ms
	Until     int64         `json:"until,omitempty"`   // Unix ms; when the token is void
}

func (Invite) Answers(*Invitation) {}
func (Revoke) Answers(*Invitation) {}
func (Check) Answers(*Invitation)  {}
func (Accept) Answers(*Invitation) {}
func (Get) Answers(*Invitation)    {}
