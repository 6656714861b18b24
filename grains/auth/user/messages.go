package user

import (
	"entrepot"
	"entrepot/grains"
)

// Kind is the grain's name in the cluster.
const Name = "User"

// Of names one grain of the kind.
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// Register creates the user. Refused when the user exists; the e-mail is unique in the platform.
type Register struct {
	Email         string // lower case
	Name          string
	PasswordHash  string
	Role          string
	CompanyID     entrepot.ID // staff only
	ShopIDs       []entrepot.ID
	Verify        *Token // mailed to the address, to verify it
	EmailVerified bool   // already; only the platform says so
}

// Token is a secret that is mailed: the user keeps its hash until it is used, and the mail its sealed form.
type Token struct {
	MailID entrepot.ID // new
	Hash   []byte      // SHA-256
	Sealed []byte      // as edge.Seal wrote it for the purpose "mail:<mail_id>"
	Until  int64       // Unix ms
}

// RequestProof has a token mailed to the user's address, or to the one to be changed to; one before it is void. At
// most one a minute for a purpose. The user sends it to verify or change the address, the platform to reset the password.
type RequestProof struct {
	Purpose string // "verify_email", "change_email", "reset_password"
	Token   *Token
	Email   string // to change to, lower case
}

// VerifyEmail shows that the user reads mail at the address, or at the new one, which then becomes the user's.
// Answered when tokens that say the old one are withdrawn. Only the platform sends it.
type VerifyEmail struct {
	Hash []byte
}

// CheckReset asks whether a token would reset the password, before the new one is hashed. Only the platform asks.
type CheckReset struct {
	Hash []byte
}

// ResetPassword sets another password and ends all sessions; answered when their tokens are withdrawn. Only the
// platform sends it.
type ResetPassword struct {
	Hash    []byte
	NewHash string
}

// MailWritten answers the step: the mail grain has it.
type MailWritten struct {
	MailID entrepot.ID
}

// NoteLogin records a login and opens its session. Without a session id it records only that a token was issued.
type NoteLogin struct {
	SessionID   entrepot.ID // random: whoever can name it has held one of its tokens
	RefreshHash []byte      // SHA-256 of the refresh token's secret
	TokenUntil  int64       // when the access token issued with it expires, Unix ms
	// The second factor, where the user has one: either the time step of the code that was right, or a recovery code.
	TOTPStep     int64
	RecoveryHash []byte
	// The same secret sealed with a newer key, and what it was sealed as until now.
	TOTPSealed   []byte
	TOTPResealed []byte
}

// BeginTOTP keeps a secret for a second factor, which counts once it is confirmed. Only the user sends it.
type BeginTOTP struct {
	Sealed []byte // as edge.Seal wrote it for the purpose "totp:<user id>"
}

// ConfirmTOTP turns the second factor on. Only the user sends it.
type ConfirmTOTP struct {
	Sealed   []byte   // the secret that the code was checked against
	Step     int64    // of the code
	Recovery [][]byte // SHA-256 of the recovery codes
}

// RemoveTOTP turns the second factor off. Only the user sends it.
type RemoveTOTP struct {
	CurrentHash  string // what the password was checked against
	TOTPStep     int64  // of the code, or
	RecoveryHash []byte // a recovery code
}

// ResetTOTP turns another's second factor off who lost it, and ends all sessions; answered when their tokens are
// withdrawn. Only who administers the user sends it.
type ResetTOTP struct {
	Reason string
}

// NoteLogout ends sessions and withdraws their access tokens; answered when they are withdrawn.
type NoteLogout struct {
	SessionID  entrepot.ID
	All        bool
	TokenUntil int64 // when the caller's own token expires; 0: the session must be one of the user's
}

// Refresh exchanges the session's current refresh token for its next one. Only the platform sends it. A token that
// was exchanged before ends the session.
type Refresh struct {
	SessionID   entrepot.ID
	Generation  int64
	RefreshHash []byte
	NextHash    []byte
	TokenUntil  int64
}

// Refreshed is the user as the next token names it.
type Refreshed struct {
	User     *User
	IssuedAt int64
}

// ChangePassword sets another password and ends the other sessions; answered when their tokens are withdrawn.
type ChangePassword struct {
	CurrentHash string // what the old password was checked against
	NewHash     string
	KeepSession string // the one that asks
}

// ListSessions asks for the user's sessions; only the user asks.
type ListSessions struct{}

type SessionView struct {
	ID         entrepot.ID
	CreatedAt  int64
	LastUsedAt int64
	IP         string
	UserAgent  string
	Generation int64
}

type Sessions struct {
	Sessions []SessionView
}

// Withdrawn answers the step: the access grain knows.
type Withdrawn struct {
	Number int64
}

// UpdateProfile changes what users say of themselves. Only the user sends it.
type UpdateProfile struct {
	ExpectedVersion int64 // 0: whatever it is
	Name            string
	Phone           string
	Locale          string // BCP 47, "de-AT"
}

// SetUser changes what administrators say of a user. Super admins send it, and admins of the user's company;
// nobody changes the own role or isActive. Answered when tokens that say otherwise are withdrawn.
type SetUser struct {
	ExpectedVersion int64 // 0: whatever it is
	Name            string
	Role            string // of the company's for its staff, super_admin or customer for others
	IsActive        bool   // false ends all sessions
}

// Erase removes the person: the account can never be used again, what was personal is gone and the e-mail address is
// free. The id, role and company stay, for what refers to them. Answered when all tokens are withdrawn.
type Erase struct {
	ExpectedVersion int64
}

// PrepareLeave announces that the caller is about to take a super admin's powers away, by SetUser or Erase within ten
// seconds. Only super admins send it, of others.
type PrepareLeave struct{}

// Vouch asks a super admin to stay: refused by who is not one any more, or is about to be none. Sent, by the platform,
// to who has prepared another's leave, so that two who remove each other are both refused and one is always left.
type Vouch struct{}

// Get asks for the user.
type Get struct{}

// GetCredentials asks for what a login is checked against; only the auth service asks.
type GetCredentials struct{}

// AssignShop adds a shop to those the user works in. Only the shop grain's steps send it, as the
// platform; refused for customers, disabled users and staff of another company. Doing it twice changes nothing.
type AssignShop struct {
	ShopID    entrepot.ID
	CompanyID entrepot.ID
	Manager   bool // the user must be a shop manager
}

// UnassignShop takes a shop away; of a user who does not have it nothing changes.
type UnassignShop struct {
	ShopID    entrepot.ID
	CompanyID entrepot.ID
}

type User struct {
	ID            entrepot.ID
	Email         string
	Name          string
	Role          string
	CompanyID     entrepot.ID
	ShopIDs       []entrepot.ID
	IsActive      bool
	CreatedAt     int64
	UpdatedAt     int64
	LastLoginAt   int64
	Version       int64
	Phone         string
	Locale        string
	EmailVerified bool
	TOTPEnabled   bool
	IssuedAt      int64 // as of when a token that is issued now is
}

type Credentials struct {
	User         *User
	PasswordHash string
	TOTPSealed   []byte // begun, or on if the user says so
}

func (Register) Answers(*User)              {}
func (RequestProof) Answers(*User)          {}
func (VerifyEmail) Answers(*User)           {}
func (CheckReset) Answers(*User)            {}
func (ResetPassword) Answers(*User)         {}
func (MailWritten) Answers(*User)           {}
func (NoteLogin) Answers(*User)             {}
func (BeginTOTP) Answers(*User)             {}
func (ConfirmTOTP) Answers(*User)           {}
func (RemoveTOTP) Answers(*User)            {}
func (ResetTOTP) Answers(*User)             {}
func (NoteLogout) Answers(*User)            {}
func (Refresh) Answers(*Refreshed)          {}
func (ChangePassword) Answers(*User)        {}
func (ListSessions) Answers(*Sessions)      {}
func (Withdrawn) Answers(*User)             {}
func (UpdateProfile) Answers(*User)         {}
func (SetUser) Answers(*User)               {}
func (Erase) Answers(*User)                 {}
func (PrepareLeave) Answers(*User)          {}
func (Vouch) Answers(*User)                 {}
func (Get) Answers(*User)                   {}
func (GetCredentials) Answers(*Credentials) {}
func (AssignShop) Answers(*User)            {}
func (UnassignShop) Answers(*User)          {}
