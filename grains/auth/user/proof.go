package user

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"entrepot"
	"entrepot/events"
)

// The purposes of mailed tokens, which are also the templates of the mails.
const (
	ToVerifyEmail   = "verify_email"
	ToChangeEmail   = "change_email"
	ToResetPassword = "reset_password"
)

// proofEvery is the minimum time between two mails of one purpose to a user.
const proofEvery = time.Minute

// proof is a mailed token; its holder reads the user's mail.
type proof struct {
	Hash  []byte `json:"hash"`
	At    int64  `json:"at"`              // Unix ms; when it was requested
	Until int64  `json:"until"`           // Unix ms
	Email string `json:"email,omitempty"` // the new address of ToChangeEmail
}

// matches reports whether the hash is that of the token and the token is in force.
func (p *proof) matches(t entrepot.Turn, hash []byte) bool {
	return p != nil && len(hash) > 0 && bytes.Equal(p.Hash, hash) && t.Now.UnixMilli() < p.Until
}

// letter is a mail that is still to be written.
type letter struct {
	ID       entrepot.ID `json:"id"`
	Template string      `json:"template"`
	To       string      `json:"to"`
	Locale   string      `json:"locale,omitempty"`
	Sealed   []byte      `json:"sealed"`
	Until    int64       `json:"until"`
}

type proofRequested struct {
	events.Private
	Purpose string
	Proof   proof
	Letter  letter
}

type letterWritten struct {
	events.Private
	ID entrepot.ID
}

var errProof = entrepot.Invalid("token", "valid", "is wrong, used or expired; request another one")

// requested returns the fact of a token for a purpose, mailed to an address.
func requested(t entrepot.Turn, purpose, to, locale string, k *Token) proofRequested {
	p := proof{Hash: bytes.Clone(k.Hash), At: t.Now.UnixMilli(), Until: k.Until}
	if purpose == ToChangeEmail {
		p.Email = to
	}
	return proofRequested{
		Purpose: purpose, Proof: p,
		Letter: letter{
			ID: k.MailID, Template: purpose, To: to, Locale: locale, Sealed: bytes.Clone(k.Sealed), Until: k.Until,
		},
	}
}

// RequestProof mails a token.
func (s *State) RequestProof(t entrepot.Turn, c RequestProof) ([]events.Event, error) {
	before, to := s.Verify, s.Email
	switch {
	case s.gone(), !t.Caller.Is(s.ID), (c.Purpose == ToResetPassword) != (t.Caller.Role == entrepot.System):
		return nil, entrepot.ErrNotFound
	case !s.IsActive:
		return nil, entrepot.Errorf(entrepot.CodeForbidden, "the account is disabled")
	case c.Token == nil || len(c.Token.Hash) == 0 || c.Token.Until <= t.Now.UnixMilli():
		return nil, entrepot.Invalid("token", "required", "must be given")
	case c.Purpose == ToResetPassword:
		before = s.Reset
	case c.Purpose == ToChangeEmail:
		before, to = s.Change, c.Email
		if to == s.Email || !strings.Contains(to, "@") || to != strings.ToLower(strings.TrimSpace(to)) {
			return nil, entrepot.Invalid("email", "email", "must be another e-mail address, in lower case")
		}
	case c.Purpose != ToVerifyEmail:
		return nil, entrepot.Invalid("purpose", "enum", "must be verify_email, change_email or reset_password")
	case s.EmailVerified:
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the address is verified already")
	}
	if before != nil {
		if wait := time.UnixMilli(before.At).Add(proofEvery).Sub(t.Now); wait > 0 {
			return nil, &entrepot.Error{
				Code: entrepot.CodeRateLimited, RetryAfter: wait,
				Message: "such a mail is sent at most once a minute; try again later",
			}
		}
	}
	return []events.Event{requested(t, c.Purpose, to, s.Locale, c.Token)}, nil
}

// VerifyEmail marks the address as verified, or replaces it by the new one. Access
// tokens carry the address, so a new address withdraws them.
func (s *State) VerifyEmail(t entrepot.Turn, c VerifyEmail) ([]events.Event, error) {
	if err := t.RequireSystem(); err != nil {
		return nil, err
	}
	u := s.public()
	u.EmailVerified, u.UpdatedAt = true, t.Now
	switch {
	case s.gone() || !s.IsActive:
		return nil, errProof
	case s.Verify.matches(t, c.Hash):
		return []events.Event{events.UserUpdated{User: u}}, nil
	case !s.Change.matches(t, c.Hash):
		return nil, errProof
	case len(s.Stale) >= maxStale:
		return nil, errWithdrawing
	}
	u.Email = s.Change.Email
	return append([]events.Event{events.UserUpdated{User: u}}, s.outdate(t)...), nil
}

// CheckReset returns the user if the token may reset its password.
func (s *State) CheckReset(t entrepot.Turn, q CheckReset) (*User, error) {
	if err := t.RequireSystem(); err != nil {
		return nil, err
	}
	if s.gone() || !s.IsActive || !s.Reset.matches(t, q.Hash) {
		return nil, errProof
	}
	return s.view(), nil
}

// ResetPassword sets another password and ends all sessions. The token was mailed, so
// the address is verified as well.
func (s *State) ResetPassword(t entrepot.Turn, c ResetPassword) ([]events.Event, error) {
	if _, err := s.CheckReset(t, CheckReset{Hash: c.Hash}); err != nil {
		return nil, err
	}
	switch {
	case c.NewHash == "":
		return nil, entrepot.Invalid("password", "required", "must be given")
	case len(s.Stale) >= maxStale:
		return nil, errWithdrawing
	}
	u := s.public()
	u.EmailVerified, u.UpdatedAt = true, t.Now
	return append([]events.Event{events.UserUpdated{User: u}, passwordSet{Hash: c.NewHash}}, s.endAll(t)...), nil
}

func (s *State) applyProof(e events.Event) {
	switch f := e.(type) {
	case proofRequested:
		s.Letters = append(s.Letters, f.Letter)
		switch f.Purpose {
		case ToResetPassword:
			s.Reset = &f.Proof
		case ToChangeEmail:
			s.Change = &f.Proof
		default:
			s.Verify = &f.Proof
		}
	case letterWritten:
		s.Letters = slices.DeleteFunc(s.Letters, func(l letter) bool { return l.ID == f.ID })
	}
}
