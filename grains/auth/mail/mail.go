// Package mail is one mail that carries a secret: its address, its template and the
// sealed token. The published event announces the mail without the token; the
// service that sends mails gets the token by the mail's id.
//
// Commands: Put. Queries: Get. By time: address and token are removed once the
// token is void. Persisted: the whole [State].
package mail

import (
	"bytes"
	"time"

	"entrepot"
	"entrepot/events"
)

// State is a mail. The zero State is not written yet; an emptied one has no address.
type State struct{ Mail }

// sealed is the private half of a mail, which no event publishes.
type sealed struct {
	events.Private
	Token []byte
}

type emptied struct{ events.Private }

// Put writes the mail.
func (s *State) Put(t entrepot.Turn, c Put) ([]events.Event, error) {
	if err := t.RequireSystem(); err != nil {
		return nil, err
	}
	switch {
	case s.ID != "":
		return nil, nil
	case c.To == "":
		return nil, entrepot.Invalid("to", "required", "must be given")
	case c.Template == "":
		return nil, entrepot.Invalid("template", "required", "must be given")
	case len(c.Sealed) == 0:
		return nil, entrepot.Invalid("sealed", "required", "must be given")
	}
	return []events.Event{
		events.UserMailRequested{
			MailID: t.ID, Email: c.To, Template: c.Template, Locale: c.Locale, UserID: c.UserID, CompanyID: c.CompanyID,
			RequestedAt: t.Now, ExpiresAt: time.UnixMilli(c.Until).UTC(),
		},
		sealed{Token: bytes.Clone(c.Sealed)},
	}, nil
}

// WakeAt returns when the token is void; zero for an emptied mail.
func (s *State) WakeAt() time.Time {
	if s.To == "" {
		return time.Time{}
	}
	return time.UnixMilli(s.Until).UTC()
}

// Wake empties a mail whose token is void.
func (s *State) Wake(t entrepot.Turn) []events.Event {
	if s.To == "" || t.Now.UnixMilli() < s.Until {
		return nil
	}
	return []events.Event{emptied{}}
}

// Get returns the mail to the platform.
func (s *State) Get(t entrepot.Turn, _ Get) (*Mail, error) {
	if err := t.RequireSystem(); err != nil || s.To == "" {
		return nil, entrepot.ErrNotFound
	}
	return s.view(), nil
}

// view returns a copy of the mail.
func (s *State) view() *Mail {
	m := s.Mail
	m.Sealed = bytes.Clone(m.Sealed)
	return &m
}

// Apply changes the state by one fact.
func (s *State) Apply(e events.Event) {
	switch f := e.(type) {
	case events.UserMailRequested:
		s.Mail = Mail{
			ID: f.MailID, To: f.Email, Template: f.Template, Locale: f.Locale, UserID: f.UserID, CompanyID: f.CompanyID,
			CreatedAt: f.RequestedAt.UnixMilli(), Until: f.ExpiresAt.UnixMilli(),
		}
	case sealed:
		s.Sealed = f.Token
	case emptied:
		s.To, s.Sealed = "", nil
	}
}
