// Package user is one account of the platform: the person, their permissions, their
// sessions, and the data that a login is checked against.
//
// Commands: Register, UpdateProfile (user.go); NoteLogin, NoteLogout, Refresh,
// ChangePassword (session.go); RequestProof, VerifyEmail, ResetPassword (proof.go);
// BeginTOTP, ConfirmTOTP, RemoveTOTP, ResetTOTP (totp.go); SetUser, Erase (admin.go);
// PrepareLeave, Vouch (leave.go); AssignShop, UnassignShop (shops.go). Queries: Get,
// GetCredentials, ListSessions, CheckReset.
//
// Persisted: the whole [State]. The password hash is part of it, arrives by a
// private fact and leaves only by GetCredentials, to the platform itself.
package user

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"entrepot"
	"entrepot/events"
)

// State is a user. The zero State is not registered yet.
type State struct {
	Account

	PasswordHash string `json:"passwordHash,omitempty"`
	Erased       int64  `json:"erased,omitempty"` // Unix ms; when the person was erased

	Leave   *leave `json:"leave,omitempty"`   // prepared, of a super admin
	Vouched int64  `json:"vouched,omitempty"` // Unix ms
	TOTP    *totp  `json:"totp,omitempty"`

	Verify  *proof   `json:"verify,omitempty"` // mailed tokens that are not used yet
	Reset   *proof   `json:"reset,omitempty"`
	Change  *proof   `json:"change,omitempty"`
	Letters []letter `json:"letters,omitempty"` // mails that the mail grains do not have yet

	Sessions []session `json:"sessions,omitempty"` // in the order of their logins
	Stale    []stale   `json:"stale,omitempty"`    // withdrawals that the access grain does not have yet
	StaleSeq int64     `json:"staleSeq,omitempty"` // number of the last withdrawal
	Outdated int64     `json:"outdated,omitempty"` // Unix ms; tokens issued earlier are withdrawn
}

// passwordSet is the private half of a new password, which no event publishes.
type passwordSet struct {
	events.Private
	Hash string
}

// Register creates the account.
func (s *State) Register(t entrepot.Turn, c Register) ([]events.Event, error) {
	if err := mayRegister(t.Caller, c); err != nil {
		return nil, err
	}
	if s.ID != "" {
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the user is registered already")
	}
	if err := check(c); err != nil {
		return nil, err
	}
	facts := []events.Event{
		events.UserRegistered{User: events.User{
			UserID: t.ID, Email: c.Email, Name: c.Name, Role: c.Role, CompanyID: c.CompanyID,
			ShopIDs: slices.Clone(c.ShopIDs), IsActive: true, EmailVerified: c.EmailVerified,
			CreatedAt: t.Now, UpdatedAt: t.Now,
		}},
		passwordSet{Hash: c.PasswordHash},
	}
	if c.Verify != nil {
		facts = append(facts, requested(t, ToVerifyEmail, c.Email, "", c.Verify))
	}
	return facts, nil
}

// mayRegister lets anonymous callers register as customers, company admins register
// their own staff, and super admins and the platform everybody.
func mayRegister(caller entrepot.Caller, c Register) error {
	if c.EmailVerified && caller.Role != entrepot.System {
		return entrepot.Errorf(entrepot.CodeForbidden, "only the owner of an address verifies it")
	}
	switch caller.Role {
	case entrepot.System, entrepot.SuperAdmin:
		return nil
	case entrepot.CompanyAdmin:
		if !isStaff(c.Role) {
			return entrepot.Errorf(entrepot.CodeForbidden, "company admins register only the staff of their company")
		}
		if !caller.MayReachCompany(c.CompanyID) {
			return entrepot.ErrNotFound
		}
		return nil
	case "":
		if c.Role != entrepot.Customer {
			return entrepot.Errorf(entrepot.CodeForbidden, "only customers register themselves")
		}
		return nil
	default:
		return entrepot.Errorf(entrepot.CodeForbidden, "your role may not register users")
	}
}

// isStaff reports whether users of the role belong to a company.
func isStaff(r entrepot.Role) bool {
	return r == entrepot.CompanyAdmin || r == entrepot.ShopManager || r == entrepot.ShopStaff
}

func check(c Register) error {
	role := c.Role
	switch {
	case !isStaff(role) && role != entrepot.Customer && role != entrepot.SuperAdmin:
		return entrepot.Invalid("role", "enum", "must be super_admin, company_admin, shop_manager, shop_staff or customer")
	case !strings.Contains(c.Email, "@") || c.Email != strings.ToLower(strings.TrimSpace(c.Email)):
		return entrepot.Invalid("email", "email", "must be an e-mail address in lower case")
	case c.PasswordHash == "":
		return entrepot.Invalid("password", "required", "must be given")
	case isStaff(role) && !entrepot.ValidID(c.CompanyID):
		return entrepot.Invalid("companyId", "required", "must be given for staff")
	case !isStaff(role) && c.CompanyID != "":
		return entrepot.Invalid("companyId", "forbidden", "must be absent for the role %s", role)
	case role != entrepot.ShopManager && role != entrepot.ShopStaff && len(c.ShopIDs) > 0:
		return entrepot.Invalid("shopIds", "forbidden", "must be empty for the role %s", role)
	case slices.ContainsFunc(c.ShopIDs, func(id string) bool { return !entrepot.ValidID(id) }):
		return entrepot.Invalid("shopIds", "id", "must be shop ids")
	default:
		return nil
	}
}

// UpdateProfile changes the user's own profile.
func (s *State) UpdateProfile(t entrepot.Turn, c UpdateProfile) ([]events.Event, error) {
	if s.gone() || !t.Caller.Is(s.ID) {
		return nil, entrepot.ErrNotFound
	}
	if err := entrepot.CheckVersion(c.ExpectedVersion, s.Version); err != nil {
		return nil, err
	}
	if strings.TrimSpace(c.Name) == "" {
		return nil, entrepot.Invalid("name", "required", "must be given")
	}
	if c.Name == s.Name && c.Phone == s.Phone && c.Locale == s.Locale {
		return nil, nil
	}
	u := s.public()
	u.Name, u.Phone, u.Locale, u.UpdatedAt = c.Name, c.Phone, c.Locale, t.Now
	return []events.Event{events.UserUpdated{User: u}}, nil
}

// Get returns the user to callers that may see it.
func (s *State) Get(t entrepot.Turn, _ Get) (*User, error) {
	if !s.VisibleTo(t.Caller) {
		return nil, entrepot.ErrNotFound
	}
	return s.view(), nil
}

// VisibleTo reports whether the caller may see the user: the user itself, super
// admins, the company's admins, and the managers of a shop of the user. Erased users
// are invisible.
func (a *Account) VisibleTo(c entrepot.Caller) bool {
	switch {
	case a.ID == "" || a.Email == "": // erased users keep their id only
		return false
	case c.Is(a.ID), c.Role == entrepot.SuperAdmin:
		return true
	case c.Role == entrepot.CompanyAdmin:
		return c.MayReachCompany(a.CompanyID)
	case c.Role == entrepot.ShopManager:
		return slices.ContainsFunc(a.ShopIDs, func(shop entrepot.ID) bool {
			return c.MayReachShop(a.CompanyID, shop)
		})
	default:
		return false
	}
}

// GetCredentials returns the data that a login is checked against.
func (s *State) GetCredentials(t entrepot.Turn, _ GetCredentials) (*Credentials, error) {
	if s.gone() || t.Caller.Role != entrepot.System {
		return nil, entrepot.ErrNotFound
	}
	c := &Credentials{User: s.view(), PasswordHash: s.PasswordHash}
	if s.TOTP != nil {
		c.TOTPSealed = bytes.Clone(s.TOTP.Sealed)
	}
	return c, nil
}

// view returns the user without secrets.
func (s *State) view() *User {
	u := &User{Account: s.Account, TOTPEnabled: s.totpOn(), IssuedAt: max(s.LastLoginAt, s.Outdated)}
	u.ShopIDs = slices.Clone(u.ShopIDs)
	return u
}

// settled returns the user once the access grain has every withdrawal; then every
// member has them within its next poll.
func (s *State) settled() (*User, bool, error) { return s.view(), len(s.Stale) == 0, nil }

// errWithdrawing refuses more withdrawals than the state may hold.
var errWithdrawing = entrepot.Unavailable("earlier sessions of the user are still being ended; try again")

func (s *State) createdAt() time.Time { return time.UnixMilli(s.CreatedAt).UTC() }

// Apply changes the state by one fact.
func (s *State) Apply(e events.Event) {
	switch f := e.(type) {
	case events.UserRegistered:
		s.CreatedAt = f.CreatedAt.UnixMilli()
		s.become(f.User)
	case events.UserUpdated:
		s.become(f.User)
	case events.UserDeleted:
		s.forget(f)
	case passwordSet:
		s.PasswordHash, s.Reset = f.Hash, nil
	case proofRequested, letterWritten:
		s.applyProof(e)
	case leavePrepared:
		s.Leave = &f.leave
	case vouched:
		s.Vouched = f.At
	case events.UserLoggedIn:
		s.LastLoginAt = f.LoggedInAt.UnixMilli()
	case totpBegun, totpResealed, totpConfirmed, totpUsed, recoveryUsed, totpRemoved:
		s.applyTOTP(e)
	default: // events.UserLoggedOut and UserSecondFactorReset serve the audit trail only
		s.applySession(e)
	}
}

// become sets the published data.
func (s *State) become(u events.User) {
	if u.Email != s.Email { // tokens mailed to the old address are void
		s.Verify, s.Reset, s.Change = nil, nil, nil
	}
	s.ID, s.Email, s.Name, s.Phone, s.Locale, s.Role = u.UserID, u.Email, u.Name, u.Phone, u.Locale, u.Role
	s.CompanyID, s.ShopIDs, s.IsActive = u.CompanyID, slices.Clone(u.ShopIDs), u.IsActive
	s.EmailVerified = u.EmailVerified
	if s.EmailVerified {
		s.Verify = nil
	}
	s.UpdatedAt = u.UpdatedAt.UnixMilli()
	s.Version++
}

// public returns the published data.
func (s *State) public() events.User {
	return events.User{
		UserID: s.ID, Email: s.Email, Name: s.Name, Phone: s.Phone, Locale: s.Locale, Role: s.Role,
		CompanyID: s.CompanyID, ShopIDs: slices.Clone(s.ShopIDs), IsActive: s.IsActive,
		EmailVerified: s.EmailVerified, TOTPEnabled: s.totpOn(),
		CreatedAt: s.createdAt(), UpdatedAt: time.UnixMilli(s.UpdatedAt).UTC(),
	}
}
