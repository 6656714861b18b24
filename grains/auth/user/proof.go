package user

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"entrepot"
	"entrepot/events"
)

// What a token that was mailed is good for. They are the mails' templates too.
const (
	ForVerify   = "verify_email"
	ChangeEmail = "change_email"
	ForReset    = "reset_password"
)

// proofEvery is how often a mail of one purpose is sent to a user.
const proofEvery = time.Minute

// proof is a token that was mailed: who shows it reads the user's mail.
type proof struct {
	Hash  []byte `json:"hash"`
	At    int64  `json:"at"`
	Until int64  `json:"until"`
	Email string `json:"email,omitempty"` // to change to
}

// shown reports whether the hash is of the token, in time.
func (p *proof) shown(t entrepot.Turn, hash []byte) bool {
	return p != nil && len(hash) > 0 && bytes.Equal(p.Hash, hash) && t.Now.UnixMilli() < p.Until
}

// letter is a mail that has to be written.
type letter struct {
	ID       entrepot.ID `json:"id"`
	Template string      `json:"template"`
	To       string      `json:"to"`
	Locale   string      `json:"locale,omitempty"`
	Sealed   []byte      `json:"sealed"`
	Until    int64       `json:"until"`
}

type proofAsked struct {
	events.Private
	Purpose string
	Proof   proof
	Letter  letter
}

type letterWritten struct {
	events.Private
	ID entrepot.ID
}

var errProof = entrepot.Invalid("token", "valid", "is not valid, was used, or is too old; ask for another")

func asked(t entrepot.Turn, purpose, to, locale string, k *Token) proofAsked {
	p := proof{Hash: bytes.Clone(k.Hash), At: t.Now.UnixMilli(), Until: k.Until}
	if purpose == ChangeEmail {
		p.Email = to
	}
	return proofAsked{
		Purpose: purpose, Proof: p,
		Letter: letter{ID: k.MailID, Template: purpose, To: to, Locale: locale, Sealed: bytes.Clone(k.Sealed), Until: k.Until},
	}
}

// RequestProof has a token mailed.
func (s *State) RequestProof(t entrepot.Turn, c RequestProof) ([]events.Event, error) {
	before, to := s.Verify, s.Email
	switch {
	case s.gone(), !t.Caller.Is(s.ID), (c.Purpose == ForReset) != (t.Caller.Role == entrepot.System):
		return nil, entrepot.ErrNotFound
	case !s.IsActive:
		return nil, entrepot.Errorf(entrepot.CodeForbidden, "the account is disabled")
	case c.Token == nil || len(c.Token.Hash) == 0 || c.Token.Until <= t.Now.UnixMilli():
		return nil, entrepot.Invalid("token", "required", "must be given")
	case c.Purpose == ForReset:
		before = s.Reset
	case c.Purpose == ChangeEmail:
		if before, to = s.Change, c.Email; to == s.Email || !strings.Contains(to, "@") || to != strings.ToLower(strings.TrimSpace(to)) {
			return nil, entrepot.Invalid("email", "email", "must be another e-mail address, in lower case")
		}
	case c.Purpose != ForVerify:
		return nil, entrepot.Invalid("purpose", "enum", "is none of verify_email, change_email, reset_password")
	case s.EmailVerified:
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the address is verified already")
	}
	if before != nil {
		if wait := time.UnixMilli(before.At).Add(proofEvery).Sub(t.Now); wait > 0 {
			return nil, &entrepot.Error{Code: entrepot.CodeRateLimited, Message: "such a mail was sent just now; try again later", RetryAfter: wait}
		}
	}
	return []events.Event{asked(t, c.Purpose, to, s.Locale, c.Token)}, nil
}

// VerifyEmail notes that the user reads mail at the address, or takes the new one
// over. Tokens carry the address, so those that say the old one go.
func (s *State) VerifyEmail(t entrepot.Turn, c VerifyEmail) ([]events.Event, error) {
	if t.Caller.Role != entrepot.System {
		return nil, entrepot.ErrNotFound
	}
	u := s.public()
	u.EmailVerified, u.UpdatedAt = true, t.Now
	switch {
	case s.gone() || !s.IsActive:
		return nil, errProof
	case s.Verify.shown(t, c.Hash):
		return []events.Event{events.UserUpdated{User: u}}, nil
	case !s.Change.shown(t, c.Hash):
		return nil, errProof
	case len(s.Stale) >= maxStale:
		return nil, entrepot.Unavailable("earlier sessions of the user are still being ended")
	}
	u.Email = s.Change.Email
	return append([]events.Event{events.UserUpdated{User: u}}, s.outdate(t)...), nil
}

func (s *State) emailVerified(VerifyEmail) (*User, bool, error) {
	return s.View(), len(s.Stale) == 0, nil
}

// CheckReset answers the user that the token would give another password.
func (s *State) CheckReset(t entrepot.Turn, q CheckReset) (*User, error) {
	if t.Caller.Role != entrepot.System {
		return nil, entrepot.ErrNotFound
	}
	if s.gone() || !s.IsActive || !s.Reset.shown(t, q.Hash) {
		return nil, errProof
	}
	return s.View(), nil
}

// ResetPassword sets another password. Whoever had the old one is out; and the
// token came by mail, so the address is verified.
func (s *State) ResetPassword(t entrepot.Turn, c ResetPassword) ([]events.Event, error) {
	if _, err := s.CheckReset(t, CheckReset{Hash: c.Hash}); err != nil {
		return nil, err
	}
	switch {
	case c.NewHash == "":
		return nil, entrepot.Invalid("password", "required", "must be given")
	case len(s.Stale) >= maxStale:
		return nil, entrepot.Unavailable("earlier sessions of the user are still being ended")
	}
	u := s.public()
	u.EmailVerified, u.UpdatedAt = true, t.Now
	return append([]events.Event{events.UserUpdated{User: u}, passwordSet{Hash: c.NewHash}}, s.endAll(t)...), nil
}

func (s *State) passwordReset(ResetPassword) (*User, bool, error) {
	return s.View(), len(s.Stale) == 0, nil
}

// MailWritten notes that the mail grain has a letter.
func (s *State) MailWritten(t entrepot.Turn, c MailWritten) ([]events.Event, error) {
	if t.Caller.Role != entrepot.System {
		return nil, entrepot.ErrNotFound
	}
	if !slices.ContainsFunc(s.Letters, func(l letter) bool { return l.ID == c.MailID }) {
		return nil, nil
	}
	return []events.Event{letterWritten{ID: c.MailID}}, nil
}

func (s *State) applyProof(e events.Event) {
	switch f := e.(type) {
	case proofAsked:
		s.Letters = append(s.Letters, f.Letter)
		switch f.Purpose {
		case ForReset:
			s.Reset = &f.Proof
		case ChangeEmail:
			s.Change = &f.Proof
		default:
			s.Verify = &f.Proof
		}
	case letterWritten:
		s.Letters = slices.DeleteFunc(s.Letters, func(l letter) bool { return l.ID == f.ID })
	}
}
