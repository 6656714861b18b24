package events

import (
	"time"

	"entrepot"
)

// User is the public data of a user. No event ever carries a password or its hash.
type User struct {
	UserID    entrepot.ID   `json:"userId"`
	Email     string        `json:"email"`
	Name      string        `json:"name"`
	Phone     string        `json:"phone,omitempty"`
	Locale    string        `json:"locale,omitempty"` // BCP 47
	Role      entrepot.Role `json:"role"`
	CompanyID entrepot.ID   `json:"companyId,omitempty"` // staff only
	ShopIDs   []entrepot.ID `json:"shopIds,omitempty"`   // shop managers and staff
	IsActive  bool          `json:"isActive"`
	// EmailVerified is true once the user has proven access to the mailbox.
	EmailVerified bool      `json:"emailVerified"`
	TOTPEnabled   bool      `json:"totpEnabled"` // login requires a second factor
	CreatedAt     time.Time `json:"createdAt"`
	UpdatedAt     time.Time `json:"updatedAt"`
}

// UserRegistered is published when an account is created: by its owner, by an administrator for
// staff, or by the platform.
type UserRegistered struct{ User }

// EventType returns the routing key.
func (UserRegistered) EventType() string { return "user.registered" }

// UserUpdated is published when the profile, role or shops of a user change. A password change
// updates only updatedAt.
type UserUpdated struct{ User }

// EventType returns the routing key.
func (UserUpdated) EventType() string { return "user.updated" }

// UserDeleted is published when a person is erased. It carries no personal data; consumers use the
// id to remove what they hold about the user.
type UserDeleted struct {
	UserID    entrepot.ID   `json:"userId"`
	Role      entrepot.Role `json:"role"`
	CompanyID entrepot.ID   `json:"companyId,omitempty"`
	ShopIDs   []entrepot.ID `json:"shopIds,omitempty"` // shops of the user until the deletion
	DeletedAt time.Time     `json:"deletedAt"`
}

// EventType returns the routing key.
func (UserDeleted) EventType() string { return "user.deleted" }

// UserSecondFactorReset is published when an administrator turns off the second factor of a user
// who lost it. A user.updated event accompanies it.
type UserSecondFactorReset struct {
	UserID    entrepot.ID   `json:"userId"`
	Role      entrepot.Role `json:"role"`
	CompanyID entrepot.ID   `json:"companyId,omitempty"`
	Reason    string        `json:"reason"`
	ResetAt   time.Time     `json:"resetAt"`
}

// EventType returns the routing key.
func (UserSecondFactorReset) EventType() string { return "user.second_factor_reset" }

// UserLoggedIn is published when credentials were accepted and tokens issued. Refreshing a token is
// not a login.
type UserLoggedIn struct {
	UserID     entrepot.ID   `json:"userId"`
	Email      string        `json:"email"`
	Role       entrepot.Role `json:"role"`
	LoggedInAt time.Time     `json:"loggedInAt"`
}

// EventType returns the routing key.
func (UserLoggedIn) EventType() string { return "user.logged_in" }

// UserLoggedOut is published when a user ends a session. An expiring token publishes no event.
type UserLoggedOut struct {
	UserID      entrepot.ID `json:"userId"`
	Email       string      `json:"email"`
	LoggedOutAt time.Time   `json:"loggedOutAt"`
}

// EventType returns the routing key.
func (UserLoggedOut) EventType() string { return "user.logged_out" }

// UserMailRequested is published when a mail that contains a secret must be sent: to verify or
// change an address, to reset a password, or to invite. The event omits the secret; the mailer
// fetches it from the auth service by mailId until expiresAt.
type UserMailRequested struct {
	MailID      entrepot.ID `json:"mailId"`
	Template    string      `json:"template"` // verify_email, change_email, reset_password, invitation
	Email       string      `json:"email"`
	Locale      string      `json:"locale,omitempty"` // BCP 47
	UserID      entrepot.ID `json:"userId,omitempty"`
	CompanyID   entrepot.ID `json:"companyId,omitempty"` // the inviting company
	RequestedAt time.Time   `json:"requestedAt"`
	ExpiresAt   time.Time   `json:"expiresAt"`
}

// EventType returns the routing key.
func (UserMailRequested) EventType() string { return "user.mail_requested" }

// UserInvited is published when a person is invited by mail to become staff or a super admin.
// Accepting the invitation publishes user.registered.
type UserInvited struct {
	InvitationID entrepot.ID   `json:"invitationId"`
	Email        string        `json:"email"`
	Role         entrepot.Role `json:"role"`
	CompanyID    entrepot.ID   `json:"companyId,omitempty"`
	InvitedBy    entrepot.ID   `json:"invitedBy"`
	InvitedAt    time.Time     `json:"invitedAt"`
	ExpiresAt    time.Time     `json:"expiresAt"`
}

// EventType returns the routing key.
func (UserInvited) EventType() string { return "user.invited" }

// UserInvitationRevoked is published when an invitation is revoked.
type UserInvitationRevoked struct {
	InvitationID entrepot.ID `json:"invitationId"`
	Email        string      `json:"email"`
	CompanyID    entrepot.ID `json:"companyId,omitempty"`
	RevokedAt    time.Time   `json:"revokedAt"`
}

// EventType returns the routing key.
func (UserInvitationRevoked) EventType() string { return "user.invitation_revoked" }

// APIKeyCreated is published when a company creates an API key. No event carries the secret.
type APIKeyCreated struct {
	KeyID     entrepot.ID   `json:"keyId"`
	CompanyID entrepot.ID   `json:"companyId"`
	Name      string        `json:"name"`
	Scopes    []string      `json:"scopes"`
	ShopIDs   []entrepot.ID `json:"shopIds,omitempty"` // empty: the whole company
	CreatedBy entrepot.ID   `json:"createdBy"`
	CreatedAt time.Time     `json:"createdAt"`
	ExpiresAt time.Time     `json:"expiresAt,omitzero"`
}

// EventType returns the routing key.
func (APIKeyCreated) EventType() string { return "api_key.created" }

// APIKeyRevoked is published when a key is revoked before it expires.
type APIKeyRevoked struct {
	KeyID     entrepot.ID `json:"keyId"`
	CompanyID entrepot.ID `json:"companyId"`
	Name      string      `json:"name"`
	RevokedAt time.Time   `json:"revokedAt"`
}

// EventType returns the routing key.
func (APIKeyRevoked) EventType() string { return "api_key.revoked" }
