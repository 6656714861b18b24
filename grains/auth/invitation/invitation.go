// Package invitation asks one person, by mail, to become staff of a company or a
// super admin. Who shows the mailed token chooses name and password, and is
// registered as a user.
//
// Commands: Invite, Revoke, Accept, MailWritten and Registered (of its steps).
// Queries: Get, Check. By time: a token that was not used is void. Persisted: the
// whole [State], with the token's hash; its sealed form only until the mail is
// written, the password's hash only until the user is registered.
package invitation

import (
	"bytes"
	"strings"
	"time"

	"entrepot"
	"entrepot/events"
)

// The states of an invitation.
const (
	Pending     = "pending"
	Registering = "registering" // accepted; shown as pending until the user is there
	Accepted    = "accepted"
	Revoked     = "revoked"
	Expired     = "expired"
)

// Template is the mail's.
const Template = "invitation"

// State is an invitation. The zero State was not sent yet.
type State struct {
	ID        entrepot.ID   `json:"id,omitempty"`
	Email     string        `json:"email,omitempty"`
	Role      entrepot.Role `json:"role,omitempty"`
	CompanyID entrepot.ID   `json:"companyId,omitempty"`
	Status    string        `json:"status,omitempty"`
	InvitedBy entrepot.ID   `json:"invitedBy,omitempty"`
	UserID    entrepot.ID   `json:"userId,omitempty"`
	CreatedAt int64         `json:"created,omitempty"` // Unix ms, as all times of the state
	Until     int64         `json:"until,omitempty"`

	Hash   []byte      `json:"hash,omitempty"`
	MailID entrepot.ID `json:"mailId,omitempty"` // while it has to be written
	Locale string      `json:"locale,omitempty"`
	Sealed []byte      `json:"sealed,omitempty"`

	Attempt      int64  `json:"attempt,omitempty"` // to register
	Name         string `json:"name,omitempty"`
	PasswordHash string `json:"passwordHash,omitempty"`
}

// secrets is the private half of an invitation.
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

// mayInvite: super admins anybody but customers, company admins the staff of
// their own company.
func mayInvite(c entrepot.Caller, role entrepot.Role, company entrepot.ID) error {
	staff := role == entrepot.CompanyAdmin || role == entrepot.ShopManager || role == entrepot.ShopStaff
	switch {
	case !staff && role != entrepot.SuperAdmin:
		return entrepot.Invalid("role", "enum", "is none of super_admin, company_admin, shop_manager, shop_staff")
	case staff && !entrepot.ValidID(company):
		return entrepot.Invalid("companyId", "required", "staff belong to a company")
	case !staff && company != "":
		return entrepot.Invalid("companyId", "forbidden", "this role belongs to no company")
	case c.Role == entrepot.SuperAdmin:
		return nil
	case c.Role != entrepot.CompanyAdmin || !staff:
		return entrepot.Errorf(entrepot.CodeForbidden, "a company admin invites the staff of the company only")
	case !c.MayReachCompany(company):
		return entrepot.ErrNotFound
	default:
		return nil
	}
}

// Invite sends the mail.
func (s *State) Invite(t entrepot.Turn, c Invite) ([]events.Event, error) {
	if err := mayInvite(t.Caller, entrepot.Role(c.Role), c.CompanyID); err != nil {
		return nil, err
	}
	switch {
	case s.ID != "":
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the invitation was sent already")
	case !strings.Contains(c.Email, "@") || c.Email != strings.ToLower(strings.TrimSpace(c.Email)):
		return nil, entrepot.Invalid("email", "email", "must be an e-mail address in lower case")
	case len(c.Hash) == 0 || len(c.Sealed) == 0 || c.MailID == "" || c.Until <= t.Now.UnixMilli():
		return nil, entrepot.Invalid("token", "required", "must be given")
	}
	return []events.Event{
		events.UserInvited{
			InvitationID: t.ID, Email: c.Email, Role: entrepot.Role(c.Role), CompanyID: c.CompanyID, InvitedBy: t.Caller.UserID,
			InvitedAt: t.Now, ExpiresAt: time.UnixMilli(c.Until).UTC(),
		},
		secrets{MailID: c.MailID, Locale: c.Locale, Hash: bytes.Clone(c.Hash), Sealed: bytes.Clone(c.Sealed)},
	}, nil
}

// VisibleTo reports whether the caller may see the invitation: who may send one like it.
func (s *State) VisibleTo(c entrepot.Caller) bool {
	return s.ID != "" && (c.Role == entrepot.SuperAdmin || (c.Role == entrepot.CompanyAdmin && c.MayReachCompany(s.CompanyID)))
}

// Revoke makes the token void. One that is void already stays as it is.
func (s *State) Revoke(t entrepot.Turn, _ Revoke) ([]events.Event, error) {
	switch {
	case !s.VisibleTo(t.Caller):
		return nil, entrepot.ErrNotFound
	case s.Status == Accepted || s.Status == Registering:
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the invitation was accepted; disable the user instead")
	case s.Status != Pending:
		return nil, nil
	}
	return []events.Event{events.UserInvitationRevoked{InvitationID: s.ID, Email: s.Email, CompanyID: s.CompanyID, RevokedAt: t.Now}}, nil
}

var (
	errToken = entrepot.Invalid("token", "valid", "is not valid, was used, or is too old; ask for another invitation")
	errTaken = entrepot.Errorf(entrepot.CodeConflict, "there is an account with this e-mail address already; ask to be invited at another")
)

// Check answers the invitation that the token would accept.
func (s *State) Check(t entrepot.Turn, q Check) (*Invitation, error) {
	switch {
	case t.Caller.Role != entrepot.System:
		return nil, entrepot.ErrNotFound
	case s.Status != Pending || t.Now.UnixMilli() >= s.Until || len(q.Hash) == 0 || !bytes.Equal(q.Hash, s.Hash):
		return nil, errToken
	}
	return s.View(), nil
}

// Accept has the user registered.
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

func (s *State) settled(Accept) (*Invitation, bool, error) {
	switch s.Status {
	case Accepted:
		return s.View(), true, nil
	case Registering:
		return nil, false, nil
	default:
		return nil, true, errTaken
	}
}

// Registered notes what became of the user.
func (s *State) Registered(t entrepot.Turn, c Registered) ([]events.Event, error) {
	switch {
	case t.Caller.Role != entrepot.System:
		return nil, entrepot.ErrNotFound
	case s.Status != Registering || c.Attempt != s.Attempt:
		return nil, nil
	case c.UserID == "":
		return []events.Event{refused{}}, nil
	default:
		return []events.Event{accepted{UserID: c.UserID}}, nil
	}
}

// MailWritten notes that the mail grain has the mail.
func (s *State) MailWritten(t entrepot.Turn, c MailWritten) ([]events.Event, error) {
	if t.Caller.Role != entrepot.System {
		return nil, entrepot.ErrNotFound
	}
	if s.MailID == "" || s.MailID != c.MailID {
		return nil, nil
	}
	return []events.Event{mailWritten{}}, nil
}

// WakeAt is when an unused token is void.
func (s *State) WakeAt() time.Time {
	if s.Status != Pending {
		return time.Time{}
	}
	return time.UnixMilli(s.Until).UTC()
}

// Wake says so.
func (s *State) Wake(t entrepot.Turn) []events.Event {
	if s.Status != Pending || t.Now.UnixMilli() < s.Until {
		return nil
	}
	return []events.Event{expired{}}
}

// Apply changes the state by one fact.
func (s *State) Apply(e events.Event) {
	switch f := e.(type) {
	case events.UserInvited:
		*s = State{
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

// close ends the invitation; nothing secret is left of it.
func (s *State) close(status string) {
	s.Status, s.Hash, s.MailID, s.Sealed, s.Name, s.PasswordHash = status, nil, "", nil, "", ""
}

// Get answers the invitation to whom may see it.
func (s *State) Get(t entrepot.Turn, _ Get) (*Invitation, error) {
	if !s.VisibleTo(t.Caller) {
		return nil, entrepot.ErrNotFound
	}
	return s.View(), nil
}

// View is the invitation without secrets.
func (s *State) View() *Invitation {
	status := s.Status
	if status == Registering {
		status = Pending
	}
	return &Invitation{
		ID: s.ID, Email: s.Email, Role: string(s.Role), CompanyID: s.CompanyID, Status: status, InvitedBy: s.InvitedBy,
		UserID: s.UserID, CreatedAt: s.CreatedAt, Until: s.Until,
	}
}
