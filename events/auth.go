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
	// EmailVerified: the owner has proven to read mail at the address.
	EmailVerified bool      `json:"emailVerified"`
	TOTPEnabled   bool      `json:"totpEnabled"` // a login needs a second factor
	CreatedAt     time.Time `json:"createdAt"`
	UpdatedAt     time.Time `json:"updatedAt"`
}

// UserRegistered happens when an account is made: by its owner, by an
// administrator for staff, or by the platform.
type UserRegistered struct{ User }

// EventType returns the routing key.
func (UserRegistered) EventType() string { return "user.registered" }

// UserUpdated happens when the profile, the role or the shops of a user change.
// A new password changes nothing public but updatedAt.
type UserUpdated struct{ User }

// EventType returns the routing key.
func (UserUpdated) EventType() string { return "user.updated" }

// UserDeleted happens when a person is erased. It names nobody: the id stays, so
// that consumers remove what they know of it.
type UserDeleted struct {
	UserID    entrepot.ID   `json:"userId"`
	Role      entrepot.Role `json:"role"`
	CompanyID entrepot.ID   `json:"companyId,omitempty"`
	ShopIDs   []entrepot.ID `json:"shopIds,omitempty"` // worked in until now
	DeletedAt time.Time     `json:"deletedAt"`
}

// EventType returns the routing key.
func (UserDeleted) EventType() string { return "user.deleted" }

// UserSecondFactorReset happens when an administrator turns off the second factor
// of somebody who lost it. A user.updated comes with it.
type UserSecondFactorReset struct {
	UserID    entrepot.ID   `json:"userId"`
	Role      entrepot.Role `json:"role"`
	CompanyID entrepot.ID   `json:"companyId,omitempty"`
	Reason    string        `json:"reason"`
	ResetAt   time.Time     `json:"resetAt"`
}

// EventType returns the routing key.
func (UserSecondFactorReset) EventType() string { return "user.second_factor_reset" }

// UserLoggedIn happens when a user's credentials were accepted and tokens were
// issued. Refreshing a token is not a login.
type UserLoggedIn struct {
	UserID     entrepot.ID   `json:"userId"`
	Email      string        `json:"email"`
	Role       entrepot.Role `json:"role"`
	LoggedInAt time.Time     `json:"loggedInAt"`
}

// EventType returns the routing key.
func (UserLoggedIn) EventType() string { return "user.logged_in" }

// UserLoggedOut happens when a user ends a session. A token that merely expires
// makes no event.
type UserLoggedOut struct {
	UserID      entrepot.ID `json:"userId"`
	Email       string      `json:"email"`
	LoggedOutAt time.Time   `json:"loggedOutAt"`
}

// EventType returns the routing key.
func (UserLoggedOut) EventType() string { return "user.logged_out" }

// UserMailRequested happens when a mail with a secret in it has to be sent: to
// verify or change an address, to reset a password, to invite. The secret is not here: who
// sends the mail asks the auth service for it by mailId, until it expires.
type UserMailRequested struct {
	MailID      entrepot.ID `json:"mailId"`
	Template    string      `json:"template"` // verify_email, change_email, reset_password, invitation
	Email       string      `json:"email"`
	Locale      string      `json:"locale,omitempty"` // BCP 47
	UserID      entrepot.ID `json:"userId,omitempty"`
	CompanyID   entrepot.ID `json:"companyId,omitempty"` // that invites
	RequestedAt time.Time   `json:"requestedAt"`
	ExpiresAt   time.Time   `json:"expiresAt"`
}

// EventType returns the routing key.
func (UserMailRequested) EventType() string { return "user.mail_requested" }

// UserInvited happens when somebody is asked by mail to become staff or a super
// admin. Who accepts is registered: user.registered.
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

// UserInvitationRevoked happens when an invitation is taken back.
type UserInvitationRevoked struct {
	InvitationID entrepot.ID `json:"invitationId"`
	Email        string      `json:"email"`
	CompanyID    entrepot.ID `json:"companyId,omitempty"`
	RevokedAt    time.Time   `json:"revokedAt"`
}

// EventType returns the routing key.
func (UserInvitationRevoked) EventType() string { return "user.invitation_revoked" }
