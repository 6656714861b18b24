// Package user is one account of the platform: who it is, what it may do, and
// what a login is checked against.
//
// Commands: Register, UpdateProfile, NoteLogin, NoteLogout, ChangePassword, Refresh (session.go), AssignShop, UnassignShop
// (shops.go), SetUser, Erase (admin.go), PrepareLeave, Vouch (leave.go), RequestProof, VerifyEmail, ResetPassword (proof.go), BeginTOTP, ConfirmTOTP, RemoveTOTP, ResetTOTP (totp.go), Withdrawn and
// MailWritten (of its steps). Queries: Get, GetCredentials, ListSessions, CheckReset.
// Persisted: the whole [State]. The password hash is part of it, comes in by a
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

// State is a user. The zero State has not registered yet.
type State struct {
	ID           entrepot.ID   `json:"id,omitempty"`
	Email        string        `json:"email,omitempty"`
	Name         string        `json:"name,omitempty"`
	Phone        string        `json:"phone,omitempty"`
	Locale       string        `json:"locale,omitempty"`
	PasswordHash string        `json:"passwordHash,omitempty"`
	Role         entrepot.Role `json:"role,omitempty"`
	CompanyID    entrepot.ID   `json:"companyId,omitempty"`
	ShopIDs      []entrepot.ID `json:"shopIds,omitempty"`
	IsActive     bool          `json:"isActive,omitempty"`
	CreatedAt    int64         `json:"created,omitempty"` // Unix ms, as all times of the state
	UpdatedAt    int64         `json:"updated,omitempty"`
	LastLogin    int64         `json:"lastLogin,omitempty"`
	// Version counts the changes of the profile, for If-Match. Logins do not
	// count: they would make a form stale that is open on another device.
	Version int64 `json:"version,omitempty"`
	Erased  int64 `json:"erased,omitempty"` // when the person was removed

	EmailVerified bool     `json:"emailVerified,omitempty"`
	Leave         *leave   `json:"leave,omitempty"` // of a super admin, prepared
	Vouched       int64    `json:"vouched,omitempty"`
	TOTP          *totp    `json:"totp,omitempty"`
	Verify        *proof   `json:"verify,omitempty"` // mailed and not used yet
	Reset         *proof   `json:"reset,omitempty"`
	Change        *proof   `json:"change,omitempty"`  // of the address
	Letters       []letter `json:"letters,omitempty"` // that the mail grain has yet to have

	Sessions []Session `json:"sessions,omitempty"`
	Stale    []stale   `json:"stale,omitempty"`    // withdrawals that the access grain has yet to know
	StaleSeq int64     `json:"staleSeq,omitempty"` // names them
	Outdated int64     `json:"outdated,omitempty"` // tokens from before are withdrawn; later ones say so of their content
}

// passwordSet is the secret half of a registration.
type passwordSet struct {
	events.Private
	Hash string
}

// Register makes the account.
func (s *State) Register(t entrepot.Turn, c Register) ([]events.Event, error) {
	if err := mayRegister(t.Caller, c); err != nil {
		return nil, err
	}
	if s.ID != "" {
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the user is already registered")
	}
	if err := check(c); err != nil {
		return nil, err
	}
	facts := []events.Event{
		events.UserRegistered{User: events.User{
			UserID: t.ID, Email: c.Email, Name: c.Name, Role: entrepot.Role(c.Role),
			CompanyID: c.CompanyID, ShopIDs: slices.Clone(c.ShopIDs), IsActive: true, EmailVerified: c.EmailVerified,
			CreatedAt: t.Now, UpdatedAt: t.Now,
		}},
		passwordSet{Hash: c.PasswordHash},
	}
	if c.Verify != nil {
		facts = append(facts, asked(t, ForVerify, c.Email, "", c.Verify))
	}
	return facts, nil
}

// mayRegister: strangers register themselves as customers, company admins their
// own staff, super admins and the platform anybody.
func mayRegister(caller entrepot.Caller, c Register) error {
	role := entrepot.Role(c.Role)
	if c.EmailVerified && caller.Role != entrepot.System {
		return entrepot.Errorf(entrepot.CodeForbidden, "an address is verified by its owner")
	}
	switch caller.Role {
	case entrepot.System, entrepot.SuperAdmin:
		return nil
	case entrepot.CompanyAdmin:
		if !isStaff(role) {
			return entrepot.Errorf(entrepot.CodeForbidden, "a company admin registers the staff of the company only")
		}
		if !caller.MayReachCompany(c.CompanyID) {
			return entrepot.ErrNotFound
		}
		return nil
	case "":
		if role != entrepot.Customer {
			return entrepot.Errorf(entrepot.CodeForbidden, "only customers register themselves")
		}
		return nil
	default:
		return entrepot.Errorf(entrepot.CodeForbidden, "this role registers nobody")
	}
}

// isStaff reports whether users of the role belong to a company.
func isStaff(r entrepot.Role) bool {
	return r == entrepot.CompanyAdmin || r == entrepot.ShopManager || r == entrepot.ShopStaff
}

func check(c Register) error {
	role := entrepot.Role(c.Role)
	switch {
	case !isStaff(role) && role != entrepot.Customer && role != entrepot.SuperAdmin:
		return entrepot.Invalid("role", "enum", "is none of super_admin, company_admin, shop_manager, shop_staff, customer")
	case !strings.Contains(c.Email, "@") || c.Email != strings.ToLower(strings.TrimSpace(c.Email)):
		return entrepot.Invalid("email", "email", "must be an e-mail address in lower case")
	case c.PasswordHash == "":
		return entrepot.Invalid("password", "required", "must be given")
	case isStaff(role) && !entrepot.ValidID(c.CompanyID):
		return entrepot.Invalid("companyId", "required", "staff belong to a company")
	case !isStaff(role) && c.CompanyID != "":
		return entrepot.Invalid("companyId", "forbidden", "this role belongs to no company")
	case role != entrepot.ShopManager && role != entrepot.ShopStaff && len(c.ShopIDs) > 0:
		return entrepot.Invalid("shopIds", "forbidden", "this role is not assigned to shops")
	case !slices.ContainsFunc(c.ShopIDs, func(id string) bool { return !entrepot.ValidID(id) }):
		return nil
	default:
		return entrepot.Invalid("shopIds", "id", "must be shop ids")
	}
}

// UpdateProfile changes what users say of themselves.
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
	case proofAsked, letterWritten:
		s.applyProof(e)
	case leavePrepared:
		s.Leave = &f.leave
	case vouched:
		s.Vouched = f.At
	case events.UserLoggedIn:
		s.LastLogin = f.LoggedInAt.UnixMilli()
	case totpBegun, totpResealed, totpConfirmed, totpUsed, recoveryUsed, totpRemoved:
		s.applyTOTP(e)
	default: // events.UserLoggedOut and UserSecondFactorReset are for the audit trail
		s.applySession(e)
	}
}

// become takes over the public data.
func (s *State) become(u events.User) {
	if u.Email != s.Email { // what was mailed to the old address is void
		s.Verify, s.Reset, s.Change = nil, nil, nil
	}
	s.ID, s.Email, s.Name, s.Phone, s.Locale, s.Role = u.UserID, u.Email, u.Name, u.Phone, u.Locale, u.Role
	s.CompanyID, s.ShopIDs, s.IsActive = u.CompanyID, slices.Clone(u.ShopIDs), u.IsActive
	if s.EmailVerified = u.EmailVerified; s.EmailVerified {
		s.Verify = nil
	}
	s.UpdatedAt = u.UpdatedAt.UnixMilli()
	s.Version++
}

// public is what events tell.
func (s *State) public() events.User {
	return events.User{
		UserID: s.ID, Email: s.Email, Name: s.Name, Phone: s.Phone, Locale: s.Locale, Role: s.Role,
		CompanyID: s.CompanyID, ShopIDs: slices.Clone(s.ShopIDs), IsActive: s.IsActive, EmailVerified: s.EmailVerified, TOTPEnabled: s.totpOn(),
		CreatedAt: s.createdAt(), UpdatedAt: time.UnixMilli(s.UpdatedAt).UTC(),
	}
}

// Get answers the user to whom may see it.
func (s *State) Get(t entrepot.Turn, _ Get) (*User, error) {
	if !s.VisibleTo(t.Caller) {
		return nil, entrepot.ErrNotFound
	}
	return s.View(), nil
}

// VisibleTo reports whether the caller may see the user: the user itself, the
// platform's and the company's admins, and the managers of a shop that the user
// works in. Nobody sees who was erased.
func (s *State) VisibleTo(c entrepot.Caller) bool {
	switch {
	case s.gone():
		return false
	case c.Is(s.ID), c.Role == entrepot.SuperAdmin:
		return true
	case c.Role == entrepot.CompanyAdmin:
		return c.MayReachCompany(s.CompanyID)
	case c.Role == entrepot.ShopManager:
		return slices.ContainsFunc(s.ShopIDs, func(shop entrepot.ID) bool { return c.MayReachShop(s.CompanyID, shop) })
	default:
		return false
	}
}

// GetCredentials answers what a login is checked against, to the platform only.
func (s *State) GetCredentials(t entrepot.Turn, _ GetCredentials) (*Credentials, error) {
	if s.gone() || t.Caller.Role != entrepot.System {
		return nil, entrepot.ErrNotFound
	}
	c := &Credentials{User: s.View(), PasswordHash: s.PasswordHash}
	if s.TOTP != nil {
		c.TOTPSealed = bytes.Clone(s.TOTP.Sealed)
	}
	return c, nil
}

// View is the user without secrets.
func (s *State) View() *User {
	return &User{
		ID: s.ID, Email: s.Email, Name: s.Name, Phone: s.Phone, Locale: s.Locale, Role: string(s.Role), CompanyID: s.CompanyID,
		ShopIDs: slices.Clone(s.ShopIDs), IsActive: s.IsActive, CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt,
		LastLoginAt: s.LastLogin, IssuedAt: max(s.LastLogin, s.Outdated), Version: s.Version, EmailVerified: s.EmailVerified, TOTPEnabled: s.totpOn(),
	}
}

func (s *State) createdAt() time.Time { return time.UnixMilli(s.CreatedAt).UTC() }
