package invitation

import (
	"entrepot"
	"entrepot/grains"
)

// Kind is the grain's name in the cluster.
const Name = "Invitation"

// Of names one grain of the kind.
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// Invite asks somebody to work for a company, or, without one, to be a super admin. Super admins send it, and company
// admins for their own company.
type Invite struct {
	Email     string // lower case
	Role      string
	CompanyID entrepot.ID
	Locale    string      // of the mail, BCP 47, may be empty
	MailID    entrepot.ID // new
	Hash      []byte      // SHA-256 of the token that is mailed
	Sealed    []byte      // the token, as edge.Seal wrote it for the purpose "mail:<mail_id>"
	Until     int64       // Unix ms
}

// Revoke makes the mailed token void. Who may invite may revoke.
type Revoke struct{}

// Check asks whether a token would be accepted, before the password is hashed. Only the platform asks.
type Check struct {
	Hash []byte
}

// Accept makes the account. Only the platform sends it; answered when the user is registered, or when it cannot be.
type Accept struct {
	Hash         []byte
	Name         string
	PasswordHash string
}

// Get asks for the invitation.
type Get struct{}

// MailWritten answers the step: the mail grain has it.
type MailWritten struct {
	MailID entrepot.ID
}

// Registered answers the step: the user is registered, or why not.
type Registered struct {
	Attempt int64
	UserID  entrepot.ID // empty: refused
}

type Invitation struct {
	ID        entrepot.ID
	Email     string
	Role      string
	CompanyID entrepot.ID
	Status    string // "pending", "accepted", "revoked", "expired"
	InvitedBy string
	UserID    entrepot.ID // who accepted
	CreatedAt int64
	Until     int64
}

func (Invite) Answers(*Invitation)      {}
func (Revoke) Answers(*Invitation)      {}
func (Check) Answers(*Invitation)       {}
func (Accept) Answers(*Invitation)      {}
func (Get) Answers(*Invitation)         {}
func (MailWritten) Answers(*Invitation) {}
func (Registered) Answers(*Invitation)  {}
