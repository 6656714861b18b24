package user

import (
	"bytes"
	"slices"
	"strings"

	"entrepot"
	"entrepot/events"
)

// maxRecovery is the maximum number of recovery codes of a user.
const maxRecovery = 10

// totp is a second factor (RFC 6238). The auth service, which alone can open the
// secret, reports the time step of the code; the user accepts each step once.
type totp struct {
	Sealed   []byte   `json:"sealed"`
	On       bool     `json:"on,omitempty"`
	Step     int64    `json:"step,omitempty"`     // of the newest used code
	Recovery [][]byte `json:"recovery,omitempty"` // SHA-256 of the unused recovery codes
}

type totpBegun struct {
	events.Private
	Sealed []byte
}

type totpConfirmed struct {
	events.Private
	Step     int64
	Recovery [][]byte
}

type totpUsed struct {
	events.Private
	Step int64
}

type recoveryUsed struct {
	events.Private
	Hash []byte
}

// totpResealed is the same secret, sealed with another key.
type totpResealed struct {
	events.Private
	Sealed []byte
}

type totpRemoved struct{ events.Private }

func (s *State) totpOn() bool { return s.TOTP != nil && s.TOTP.On }

var (
	errTOTPRequired = entrepot.Errorf(entrepot.CodeTOTPRequired,
		"the account has a second factor; send totp or recoveryCode")
	errTOTPUsed = entrepot.Errorf(entrepot.CodeUnauthenticated, "the code is wrong or used")
)

// secondFactor uses up a code or a recovery code; it returns nothing for users
// without a second factor.
func (s *State) secondFactor(step int64, recovery []byte) ([]events.Event, error) {
	switch {
	case !s.totpOn():
		return nil, nil
	case step > s.TOTP.Step:
		return []events.Event{totpUsed{Step: step}}, nil
	case step != 0:
		return nil, errTOTPUsed
	case len(recovery) == 0:
		return nil, errTOTPRequired
	case !slices.ContainsFunc(s.TOTP.Recovery, func(h []byte) bool { return bytes.Equal(h, recovery) }):
		return nil, errTOTPUsed
	default:
		return []events.Event{recoveryUsed{Hash: bytes.Clone(recovery)}}, nil
	}
}

// resealed replaces the sealed secret by one sealed with a newer key, unless the
// secret has changed meanwhile.
func (s *State) resealed(old, now []byte) []events.Event {
	if s.TOTP == nil || len(now) == 0 || !bytes.Equal(s.TOTP.Sealed, old) {
		return nil
	}
	return []events.Event{totpResealed{Sealed: bytes.Clone(now)}}
}

// BeginTOTP keeps a secret, in place of an unconfirmed one.
func (s *State) BeginTOTP(t entrepot.Turn, c BeginTOTP) ([]events.Event, error) {
	switch {
	case s.gone() || t.Caller.Role == entrepot.System || !t.Caller.Is(s.ID):
		return nil, entrepot.ErrNotFound
	case s.totpOn():
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the account has a second factor; remove it first")
	case len(c.Sealed) == 0:
		return nil, entrepot.Invalid("sealed", "required", "must be given")
	}
	return []events.Event{totpBegun{Sealed: bytes.Clone(c.Sealed)}}, nil
}

// ConfirmTOTP turns the second factor on; the code that confirmed it is used up.
func (s *State) ConfirmTOTP(t entrepot.Turn, c ConfirmTOTP) ([]events.Event, error) {
	switch {
	case s.gone() || t.Caller.Role == entrepot.System || !t.Caller.Is(s.ID):
		return nil, entrepot.ErrNotFound
	case s.TOTP == nil || s.TOTP.On || !bytes.Equal(s.TOTP.Sealed, c.Sealed):
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the account has no such second factor to confirm; begin again")
	case c.Step <= 0 || len(c.Recovery) == 0 || len(c.Recovery) > maxRecovery:
		return nil, entrepot.Invalid("code", "required", "must be given")
	}
	u := s.public()
	u.TOTPEnabled, u.UpdatedAt = true, t.Now
	return []events.Event{
		totpConfirmed{Step: c.Step, Recovery: cloneAll(c.Recovery)},
		events.UserUpdated{User: u},
	}, nil
}

// RemoveTOTP turns the second factor off.
func (s *State) RemoveTOTP(t entrepot.Turn, c RemoveTOTP) ([]events.Event, error) {
	switch {
	case s.gone() || t.Caller.Role == entrepot.System || !t.Caller.Is(s.ID):
		return nil, entrepot.ErrNotFound
	case !s.totpOn():
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the account has no second factor")
	case c.CurrentHash != s.PasswordHash:
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the password has changed meanwhile; log in again")
	}
	if _, err := s.secondFactor(c.TOTPStep, c.RecoveryHash); err != nil {
		return nil, err
	}
	u := s.public()
	u.TOTPEnabled, u.UpdatedAt = false, t.Now
	return []events.Event{totpRemoved{}, events.UserUpdated{User: u}}, nil
}

// maxReason is the maximum length of the reason of a reset, in bytes.
const maxReason = 2000

// ResetTOTP turns off the second factor of a user that has lost app and recovery
// codes. Afterwards the password alone opens the account, so the reset is published
// with its reason and ends all sessions.
func (s *State) ResetTOTP(t entrepot.Turn, c ResetTOTP) ([]events.Event, error) {
	if s.gone() || !t.Caller.Administers(s.CompanyID) {
		return nil, entrepot.ErrNotFound
	}
	switch {
	case t.Caller.UserID == s.ID:
		return nil, entrepot.Errorf(entrepot.CodeForbidden,
			"you may not reset your own second factor; remove it with a code, or ask another administrator")
	case strings.TrimSpace(c.Reason) == "" || len(c.Reason) > maxReason:
		return nil, entrepot.Invalid("reason", "required", "must be given, in at most %d bytes", maxReason)
	case !s.totpOn():
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the account has no second factor")
	case len(s.Stale) >= maxStale:
		return nil, errWithdrawing
	}
	u := s.public()
	u.TOTPEnabled, u.UpdatedAt = false, t.Now
	facts := []events.Event{
		totpRemoved{},
		events.UserSecondFactorReset{
			UserID: s.ID, Role: s.Role, CompanyID: s.CompanyID, Reason: c.Reason, ResetAt: t.Now,
		},
		events.UserUpdated{User: u},
	}
	return append(facts, s.endAll(t)...), nil
}

func (s *State) applyTOTP(e events.Event) {
	switch f := e.(type) {
	case totpBegun:
		s.TOTP = &totp{Sealed: f.Sealed}
	case totpRemoved:
		s.TOTP = nil
	case totpConfirmed:
		s.TOTP.On, s.TOTP.Step, s.TOTP.Recovery = true, f.Step, slices.Clone(f.Recovery)
	case totpResealed:
		s.TOTP.Sealed = f.Sealed
	case totpUsed:
		s.TOTP.Step = f.Step
	case recoveryUsed:
		s.TOTP.Recovery = slices.DeleteFunc(s.TOTP.Recovery, func(h []byte) bool { return bytes.Equal(h, f.Hash) })
	}
}

// cloneAll returns copies of byte slices.
func cloneAll(list [][]byte) [][]byte {
	out := make([][]byte, len(list))
	for i, b := range list {
		out[i] = bytes.Clone(b)
	}
	return out
}
