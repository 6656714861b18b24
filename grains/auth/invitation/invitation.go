// Package invitation invites one person by mail to the staff of a company or to the
// super admins. The holder of the mailed token chooses name and password, and is
// registered as a user.
//
// Commands: Invite, Revoke, Accept. Queries: Get, Check. By time: an unused token
// expires. Persisted: the whole [State], with the token's hash; its sealed form only
// until the mail is written, the password's hash only until the user is registered.
package invitation

import (
	"bytes"
	"strings"
	"time"

	"entrepot"
	"entrepot/events"
)

// The statuses of an invitation.
const (
	Pending     = "pending"
	Registering = "registering" // accepted; shown as Pending until the user is registered
	Accepted    = "accepted"
	Revoked     = "revoked"
	Expired     = "expired"
)

// Template is the template of the mail.
const Template = "invitation"

// State is an invitation. The zero State is not sent yet.
type State struct {
	Invitation

	Hash   []byte      `json:"hash,omitempty"`   // SHA-256 of the token
	MailID entrepot.ID `json:"mailId,omitempty"` // empty once the mail is written
	Locale string      `json:"locale,omitempty"`
	Sealed []byte      `json:"sealed,omitempty"`

	Attempt      int64  `json:"attempt,omitempty"` // number of the registration
	Name         string `json:"name,omitempty"`
	PasswordHash string `json:"passwordHash,omitempty"`
}

// secrets is the private half of an invitation, which no event publishes.
type secrets struct {
	events.Private
	MailID       entrepot.ID
	Locale       string
	Hash, Sealed []byte
}

type mailWritten struct{ events.Private }

type tokenShown struct {
	events.Private
	Name, PasswordHash string
}

type refused struct{ events.Private }

type accepted struct {
	events.Private
	UserID entrepot.ID
}

type expired struct{ events.Private }

// mayInvite lets super admins invite everybody but customers, and company admins the
// staff of their own company.
func mayInvite(c entrepot.Caller, role entrepot.Role, company entrepot.ID) error {
	staff := role == entrepot.CompanyAdmin || role == entrepot.ShopManager || role == entrepot.ShopStaff
	switch {
	case !staff && role != entrepot.SuperAdmin:
		return entrepot.Invalid("role", "enum", "must be super_admin, company_admin, shop_manager or shop_staff")
	case staff && !entrepot.ValidID(company):
		return entrepot.Invalid("companyId", "required", "must be given for the staff of a company")
	case !staff && company != "":
		return entrepot.Invalid("companyId", "forbidden", "must be absent for super_admin")
	case c.Role == entrepot.SuperAdmin:
		return nil
	case c.Role != entrepot.CompanyAdmin || !staff:
		return entrepot.Errorf(entrepot.CodeForbidden, "company admins invite only the staff of their company")
	case !c.MayReachCompany(company):
		return entrepot.ErrNotFound
	default:
		return nil
	}
}

// Invite sends the mail.
func (s *State) Invite(t entrepot.Turn, c Invite) ([]events.Event, error) {
	if err := mayInvite(t.Caller, c.Role, c.CompanyID); err != nil {
		return nil, err
	}
	switch {
	case s.ID != "":
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the invitation is sent already")
	case !strings.Contains(c.Email, "@") || c.Email != strings.ToLower(strings.TrimSpace(c.Email)):
		return nil, entrepot.Invalid("email", "email", "must be an e-mail address in lower case")
	case len(c.Hash) == 0 || len(c.Sealed) == 0 || c.MailID == "" || c.Until <= t.Now.UnixMilli():
		return nil, entrepot.Invalid("token", "required", "must be given")
	}
	return []events.Event{
		events.UserInvited{
			InvitationID: t.ID, Email: c.Email, Role: c.Role, CompanyID: c.CompanyID,
			InvitedBy: t.Caller.UserID, InvitedAt: t.Now, ExpiresAt: time.UnixMilli(c.Until).UTC(),
		},
		secrets{MailID: c.MailID, Locale: c.Locale, Hash: bytes.Clone(c.Hash), Sealed: bytes.Clone(c.Sealed)},
	}, nil
}

// visibleTo reports whether the caller may see the invitation: super admins, and the
// inviting company's admins.
func (s *State) visibleTo(c entrepot.Caller) bool {
	if s.ID == "" {
		return false
	}
	return c.Role == entrepot.SuperAdmin || (c.Role == entrepot.CompanyAdmin && c.MayReachCompany(s.CompanyID))
}

// Revoke makes the token void. It changes nothing if the token is void already.
func (s *State) Revoke(t entrepot.Turn, _ Revoke) ([]events.Event, error) {
	switch {
	case !s.visibleTo(t.Caller):
		return nil, entrepot.ErrNotFound
	case s.Status == Accepted || s.Status == Registering:
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the invitation is accepted; disable the user instead")
	case s.Status != Pending:
		return nil, nil
	}
	return []events.Event{events.UserInvitationRevoked{
		InvitationID: s.ID, Email: s.Email, CompanyID: s.CompanyID, RevokedAt: t.Now,
	}}, nil
}

var (
	errToken = entrepot.Invalid("token", "valid", "is wrong, used or expired; request another invitation")
	errTaken = entrepot.Errorf(entrepot.CodeConflict,
		"an account has this e-mail address already; request an invitation to another address")
)

// Check returns the invitation if the token is valid.
func (s *State) Check(t entrepot.Turn, q Check) (*Invitation, error) {
	if err := t.RequireSystem(); err != nil {
		return nil, err
	}
	inForce := s.Status == Pending && t.Now.UnixMilli() < s.Until
	if !inForce || len(q.Hash) == 0 || !bytes.Equal(q.Hash, s.Hash) {
		return nil, errToken
	}
	return s.view(), nil
}

// Accept starts the registration of the user.
func (s *State) Accept(t entrepot.Turn, c Accept) ([]events.Event, error) {
	if _, err := s.Check(t, Check{Hash: c.Hash}); err != nil {
		return nil, err
	}
	switch {
	case strings.TrimSpace(c.Name) == "":
		return nil, entrepot.Invalid("name", "required", "must be given")
	case c.PasswordHash == "":
		return nil, entrepot.Invalid("password", "required", "must be given")
	}
	return []events.Event{tokenShown{Name: c.Name, PasswordHash: c.PasswordHash}}, nil
}

// settled returns the reply to Accept once the registration has ended.
func (s *State) settled(Accept) (*Invitation, bool, error) {
	switch s.Status {
	case Accepted:
		return s.view(), true, nil
	case Registering:
		return nil, false, nil
	default:
		return nil, true, errTaken
	}
}

// WakeAt returns when an unused token expires; zero if none is open.
func (s *State) WakeAt() time.Time {
	if s.Status != Pending {
		return time.Time{}
	}
	return time.UnixMilli(s.Until).UTC()
}

// Wake expires an unused token.
func (s *State) Wake(t entrepot.Turn) []events.Event {
	if s.Status != Pending || t.Now.UnixMilli() < s.Until {
		return nil
	}
	return []events.Event{expired{}}
}

// Get returns the invitation to callers that may see it.
func (s *State) Get(t entrepot.Turn, _ Get) (*Invitation, error) {
	if !s.visibleTo(t.Caller) {
		return nil, entrepot.ErrNotFound
	}
	return s.view(), nil
}

// view returns the invitation without secrets. An accepted one stays pending until
// its user is registered.
func (s *State) view() *Invitation {
	v := s.Invitation
	if v.Status == Registering {
		v.Status = Pending
	}
	return &v
}

// Apply changes the state by one fact.
func (s *State) Apply(e events.Event) {
	switch f := e.(type) {
	case events.UserInvited:
		s.Invitation = Invitation{
			ID: f.InvitationID, Email: f.Email, Role: f.Role, CompanyID: f.CompanyID, InvitedBy: f.InvitedBy,
			Status: Pending, CreatedAt: f.InvitedAt.UnixMilli(), Until: f.ExpiresAt.UnixMilli(),
		}
	case secrets:
		s.MailID, s.Locale, s.Hash, s.Sealed = f.MailID, f.Locale, f.Hash, f.Sealed
	case mailWritten:
		s.MailID, s.Sealed = "", nil
	case events.UserInvitationRevoked:
		s.close(Revoked)
	case expired:
		s.close(Expired)
	case tokenShown:
		s.Status, s.Name, s.PasswordHash = Registering, f.Name, f.PasswordHash
		s.Attempt++
	case refused:
		s.Status, s.Name, s.PasswordHash = Pending, "", ""
	case accepted:
		s.UserID = f.UserID
		s.close(Accepted)
	}
}

// close ends the invitation and removes its secrets.
func (s *State) close(status string) {
	s.Status, s.Hash, s.MailID, s.Sealed, s.Name, s.PasswordHash = status, nil, "", nil, "", ""
}
