// Package mail is one mail with a secret in it: who gets it, by which template,
// and the token, sealed. The event says that there is such a mail and not what
// the token is; who sends mail asks for it by its id.
//
// Commands: Put. Queries: Get. By time: the address and the token are removed
// once the token is void. Persisted: the whole [State].
package mail

import (
	"bytes"
	"time"

	"entrepot"
	"entrepot/events"
)

// State is a mail. The zero State is not written yet.
type State struct {
	ID        entrepot.ID `json:"id,omitempty"`
	To        string      `json:"to,omitempty"`
	Template  string      `json:"template,omitempty"`
	Locale    string      `json:"locale,omitempty"`
	UserID    entrepot.ID `json:"userId,omitempty"`
	CompanyID entrepot.ID `json:"companyId,omitempty"`
	Sealed    []byte      `json:"sealed,omitempty"`
	CreatedAt int64       `json:"created,omitempty"` // Unix ms, as all times of the state
	Until     int64       `json:"until,omitempty"`
}

// sealed is the secret half of a mail.
type sealed struct {
	events.Private
	Token []byte
}

type emptied struct{ events.Private }

// Put writes the mail.
func (s *State) Put(t entrepot.Turn, c Put) ([]events.Event, error) {
	switch {
	case t.Caller.Role != entrepot.System:
		return nil, entrepot.ErrNotFound
	case s.ID != "":
		return nil, nil
	case c.To == "" || c.Template == "" || len(c.Sealed) == 0:
		return nil, entrepot.Invalid("to", "required", "a mail has an address, a template and a token")
	}
	return []events.Event{
		events.UserMailRequested{
			MailID: t.ID, Email: c.To, Template: c.Template, Locale: c.Locale, UserID: c.UserID, CompanyID: c.CompanyID,
			RequestedAt: t.Now, ExpiresAt: time.UnixMilli(c.Until).UTC(),
		},
		sealed{Token: bytes.Clone(c.Sealed)},
	}, nil
}

// WakeAt is when the token is void.
func (s *State) WakeAt() time.Time {
	if s.To == "" {
		return time.Time{}
	}
	return time.UnixMilli(s.Until).UTC()
}

// Wake removes what nobody needs any more.
func (s *State) Wake(t entrepot.Turn) []events.Event {
	if s.To == "" || t.Now.UnixMilli() < s.Until {
		return nil
	}
	return []events.Event{emptied{}}
}

// Apply changes the state by one fact.
func (s *State) Apply(e events.Event) {
	switch f := e.(type) {
	case events.UserMailRequested:
		*s = State{
			ID: f.MailID, To: f.Email, Template: f.Template, Locale: f.Locale, UserID: f.UserID, CompanyID: f.CompanyID,
			CreatedAt: f.RequestedAt.UnixMilli(), Until: f.ExpiresAt.UnixMilli(),
		}
	case sealed:
		s.Sealed = f.Token
	case emptied:
		s.To, s.Sealed = "", nil
	}
}

// Get answers the mail, to the platform only.
func (s *State) Get(t entrepot.Turn, _ Get) (*Mail, error) {
	if s.To == "" || t.Caller.Role != entrepot.System {
		return nil, entrepot.ErrNotFound
	}
	return s.View(), nil
}

// View is the mail, its token sealed.
func (s *State) View() *Mail {
	return &Mail{
		ID: s.ID, To: s.To, Template: s.Template, Locale: s.Locale, UserID: s.UserID, CompanyID: s.CompanyID,
		Sealed: bytes.Clone(s.Sealed), CreatedAt: s.CreatedAt, Until: s.Until,
	}
}
