package user

import (
	"entrepot"
	"entrepot/grains"
)

// Name is the kind's name in the cluster.
const Name = "User"

// Of returns the ref of a user.
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// Register creates the user. The e-mail address is unique in the platform.
type Register struct {
	Email         string // lower case
	Name          string
	PasswordHash  string
	Role          entrepot.Role
	CompanyID     entrepot.ID   // staff only
	ShopIDs       []entrepot.ID // shop managers and shop staff only
	Verify        *Token        // mailed to the address, to verify it; may be nil
	EmailVerified bool          // the address is verified already; only the platform sets it
}

// Token is a mailed secret. The user keeps its hash until it is used, the mail its
// sealed form.
type Token struct {
	MailID entrepot.ID // new
	Hash   []byte      // SHA-256
	Sealed []byte      // as edge.Seal sealed it for the purpose "mail:<MailID>"
	Until  int64       // Unix ms; when the token is void
}

// RequestProof mails a token to the user's address, or to the new one of
// ToChangeEmail, at most once a minute for a purpose. The previous token becomes
// void. The user sends it, and for ToResetPassword the platform.
type RequestProof struct {
	Purpose string // ToVerifyEmail, ToChangeEmail, ToResetPassword
	Token   *Token
	Email   string // the new address of ToChangeEmail, lower case
}

// VerifyEmail proves that the user reads mail at the address, or at the new one,
// which replaces it. The reply waits until the tokens that carry the old address are
// withdrawn. Only the platform sends it.
type VerifyEmail struct {
	Hash []byte // SHA-256 of the token
}

// CheckReset returns the user if ResetPassword would take the token, so that the new
// password is hashed only then. Only the platform sends it.
type CheckReset struct {
	Hash []byte // SHA-256 of the token
}

// ResetPassword sets another password and ends all sessions. The reply waits until
// their tokens are withdrawn. Only the platform sends it.
type ResetPassword struct {
	Hash    []byte // SHA-256 of the token
	NewHash string // of the new password
}

// NoteLogin records a login and opens its session. Without SessionID it only records
// that a token was issued.
type NoteLogin struct {
	SessionID   entrepot.ID // random, so that only holders of its tokens can name it
	RefreshHash []byte      // SHA-256 of the refresh token's secret
	TokenUntil  int64       // Unix ms; when the access token issued with it expires

	// The second factor of users that have one: the time step of a correct code, or a
	// recovery code.
	TOTPStep     int64
	RecoveryHash []byte

	// TOTPResealed replaces TOTPSealed: the same secret, sealed with a newer key.
	TOTPSealed   []byte
	TOTPResealed []byte
}

// BeginTOTP keeps the secret of a second factor until ConfirmTOTP. Only the user
// sends it.
type BeginTOTP struct {
	Sealed []byte // as edge.Seal sealed it for the purpose "totp:<user id>"
}

// ConfirmTOTP turns the second factor on. Only the user sends it.
type ConfirmTOTP struct {
	Sealed   []byte   // the secret that the code was checked against
	Step     int64    // of the code
	Recovery [][]byte // SHA-256 of the recovery codes
}

// RemoveTOTP turns the second factor off, with a code or a recovery code. Only the
// user sends it.
type RemoveTOTP struct {
	CurrentHash  string // the hash that the password was checked against
	TOTPStep     int64  // of the code; 0: RecoveryHash is used
	RecoveryHash []byte
}

// ResetTOTP turns off the lost second factor of another user and ends all their
// sessions. The reply waits until their tokens are withdrawn. The user's
// administrators send it.
type ResetTOTP struct {
	Reason string
}

// NoteLogout ends sessions and withdraws their access tokens. The reply waits until
// they are withdrawn. Only the user sends it.
type NoteLogout struct {
	SessionID  entrepot.ID
	All        bool  // ends every session
	TokenUntil int64 // Unix ms; when the caller's token expires; 0: the user must have the session
}

// Refresh exchanges the session's current refresh token for the next one. A token
// that was exchanged before ends the session. Only the platform sends it.
type Refresh struct {
	SessionID   entrepot.ID
	Generation  int64  // of the token
	RefreshHash []byte // SHA-256 of its secret
	NextHash    []byte // SHA-256 of the next secret
	TokenUntil  int64  // Unix ms; when the new access token expires
}

// Refreshed holds the user as the next token names it.
type Refreshed struct {
	User     *User
	IssuedAt int64 // Unix ms
}

// ChangePassword sets another password and ends the other sessions. The reply waits
// until their tokens are withdrawn. Only the user sends it.
type ChangePassword struct {
	CurrentHash string // the hash that the old password was checked against
	NewHash     string // of the new password
	KeepSession string // the caller's session
}

// ListSessions returns the user's sessions. Only the user sends it.
type ListSessions struct{}

// Sessions lists sessions, the newest first.
type Sessions struct {
	Sessions []Session
}

// Session is a login on one device, which refreshing extends; its JSON is part of
// the saved state.
type Session struct {
	ID         string `json:"id"`
	CreatedAt  int64  `json:"created"`  // Unix ms
	LastUsedAt int64  `json:"lastUsed"` // Unix ms
	IP         string `json:"ip,omitempty"`
	UserAgent  string `json:"userAgent,omitempty"`
	Generation int64  `json:"generation"` // of the valid refresh token
}

// UpdateProfile changes the user's own profile. Only the user sends it.
type UpdateProfile struct {
	ExpectedVersion int64 // 0: any
	Name            string
	Phone           string
	Locale          string // BCP 47, "de-AT"
}

// SetUser changes the name, role and activity of a user. Super admins send it, and
// admins of the user's company; no caller changes its own role or activity. The
// reply waits until the tokens that carry the old role are withdrawn.
type SetUser struct {
	ExpectedVersion int64 // 0: any
	Name            string
	Role            entrepot.Role // a staff role for a company's staff, super_admin or customer for others
	IsActive        bool          // false ends all sessions
}

// Erase removes the person: the account becomes unusable, its personal data is
// removed and its e-mail address is free again. Id, role and company stay, because
// other entities refer to them. The reply waits until all tokens are withdrawn.
type Erase struct {
	ExpectedVersion int64 // 0: any
}

// PrepareLeave announces that the caller will remove a super admin by SetUser or
// Erase within ten seconds. Only other super admins send it.
type PrepareLeave struct{}

// Vouch confirms that a super admin stays. The platform sends it to the super admin
// that prepared another's leave; a user that is no super admin, or whose own leave
// is prepared, refuses. So of two that remove each other both are refused, and one
// super admin is always left.
type Vouch struct{}

// Get returns the user to callers that may see it.
type Get struct{}

// GetCredentials returns the data that a login is checked against. Only the platform
// sends it.
type GetCredentials struct{}

// AssignShop adds a shop to those of a shop manager or shop staff; a second time
// changes nothing. The reply waits until the older tokens are withdrawn. Only the
// steps of the shop grain send it.
type AssignShop struct {
	ShopID    entrepot.ID
	CompanyID entrepot.ID // of shop and user
	Manager   bool        // the user must be a shop manager
}

// UnassignShop removes a shop from those of the user, if it is one of them. The
// reply waits until the older tokens are withdrawn. Only the steps of the shop grain
// send it.
type UnassignShop struct {
	ShopID    entrepot.ID
	CompanyID entrepot.ID // of shop and user
}

// Account is the part of a user that others may see; its JSON is part of the saved state.
type Account struct {
	ID            entrepot.ID   `json:"id,omitempty"`
	Email         string        `json:"email,omitempty"`
	Name          string        `json:"name,omitempty"`
	Phone         string        `json:"phone,omitempty"`
	Locale        string        `json:"locale,omitempty"` // BCP 47
	Role          entrepot.Role `json:"role,omitempty"`
	CompanyID     entrepot.ID   `json:"companyId,omitempty"`
	ShopIDs       []entrepot.ID `json:"shopIds,omitempty"`
	IsActive      bool          `json:"isActive,omitempty"`
	EmailVerified bool          `json:"emailVerified,omitempty"`
	CreatedAt     int64         `json:"created,omitempty"`   // Unix ms
	UpdatedAt     int64         `json:"updated,omitempty"`   // Unix ms
	LastLoginAt   int64         `json:"lastLogin,omitempty"` // Unix ms
	// Version counts the changes of the profile, for If-Match. Logins do not count,
	// because they would outdate a form that is open on another device.
	Version int64 `json:"version,omitempty"`
}

// User is a user without secrets.
type User struct {
	Account

	TOTPEnabled bool
	IssuedAt    int64 // Unix ms; the earliest issue time of tokens that are not withdrawn
}

// Credentials holds the data that a login is checked against.
type Credentials struct {
	User         *User
	PasswordHash string
	TOTPSealed   []byte // of a second factor that is begun, or on if User.TOTPEnabled
}

func (Register) Answers(*User)              {}
func (RequestProof) Answers(*User)          {}
func (VerifyEmail) Answers(*User)           {}
func (CheckReset) Answers(*User)            {}
func (ResetPassword) Answers(*User)         {}
func (NoteLogin) Answers(*User)             {}
func (BeginTOTP) Answers(*User)             {}
func (ConfirmTOTP) Answers(*User)           {}
func (RemoveTOTP) Answers(*User)            {}
func (ResetTOTP) Answers(*User)             {}
func (NoteLogout) Answers(*User)            {}
func (Refresh) Answers(*Refreshed)          {}
func (ChangePassword) Answers(*User)        {}
func (ListSessions) Answers(*Sessions)      {}
func (UpdateProfile) Answers(*User)         {}
func (SetUser) Answers(*User)               {}
func (Erase) Answers(*User)                 {}
func (PrepareLeave) Answers(*User)          {}
func (Vouch) Answers(*User)                 {}
func (Get) Answers(*User)                   {}
func (GetCredentials) Answers(*Credentials) {}
func (AssignShop) Answers(*User)            {}
func (UnassignShop) Answers(*User)          {}
