package auth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // RFC 6238 and every authenticator app use HMAC-SHA-1, which collisions do not break
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/auth/user"
	"entrepot/grains/query"
	"entrepot/http/rest"
)

// RFC 6238 as authenticator apps have it.
const (
	totpPeriod      = 30 // seconds
	totpSecretBytes = 20 // of HMAC-SHA-1, RFC 4226 section 4
	totpDigits      = 6
	recoveryCodes   = 10
	recoveryBytes   = 10 // 80 random bits need no slow hash
)

var base32Text = base32.StdEncoding.WithPadding(base32.NoPadding)

// totpCode is the code of a time step (RFC 4226 section 5.3).
func totpCode(secret []byte, step int64) string {
	m := hmac.New(sha1.New, secret)
	_ = binary.Write(m, binary.BigEndian, step) // a hash takes everything
	sum := m.Sum(nil)
	at := sum[len(sum)-1] & 0xf
	n := binary.BigEndian.Uint32(sum[at:]) & 0x7fff_ffff
	return fmt.Sprintf("%0*d", totpDigits, n%1_000_000)
}

// totpStep is the step whose code was shown: the present one, or one beside it,
// as clocks differ; 0 for none. It takes as long whichever it is.
func totpStep(secret []byte, code string, now time.Time) (step int64) {
	present := now.Unix() / totpPeriod
	for s := present - 1; s <= present+1; s++ {
		if subtle.ConstantTimeCompare([]byte(totpCode(secret, s)), []byte(code)) == 1 {
			step = s
		}
	}
	return step
}

// SecondFactor is the setup of a user's second factor.
type SecondFactor struct {
	TOTP         string `json:"totp,omitempty" pattern:"^[0-9]{6}$" patternDescription:"six digits" doc:"of the authenticator app" example:"123456"`
	RecoveryCode string `json:"recoveryCode,omitempty" maxLength:"40" doc:"instead of totp; single use"`
}

// shownFactor is a second factor as the user's grain judges it.
type shownFactor struct {
	step     int64
	recovery []byte
	resealed []byte // the secret under the seal's present key, if another has sealed it
}

var errCode = entrepot.Errorf(entrepot.CodeUnauthenticated, "the code is wrong or was used")

// shown checks the code of a user who has a second factor; whether it was used
// before, and whether it is missing, is for the user's grain to say.
func (s *authAPI) shown(known *user.Credentials, f SecondFactor) (shownFactor, error) {
	switch {
	case !known.User.TOTPEnabled:
		return shownFactor{}, nil
	case f.TOTP != "":
		step, err := s.stepOf(known, f.TOTP)
		if err == nil && step == 0 {
			err = errCode
		}
		return shownFactor{step: step, resealed: s.resealed(known)}, err
	case f.RecoveryCode != "":
		return shownFactor{recovery: recoveryHash(f.RecoveryCode)}, nil
	default:
		return shownFactor{}, nil
	}
}

// stepOf is the step that a code is of; 0 for none.
func (s *authAPI) stepOf(known *user.Credentials, code string) (int64, error) {
	secret, err := s.Seal.Open(totpPurpose(known.User.ID), known.TOTPSealed)
	if err != nil {
		return 0, err
	}
	return totpStep(secret, code, s.Now()), nil
}

// resealed keeps old keys of the seal from being needed for ever; nil where there
// is nothing to do.
func (s *authAPI) resealed(known *user.Credentials) []byte {
	if !s.Seal.Stale(known.TOTPSealed) {
		return nil
	}
	purpose := totpPurpose(known.User.ID)
	secret, err := s.Seal.Open(purpose, known.TOTPSealed)
	if err != nil {
		return nil
	}
	return s.Seal.Seal(purpose, secret)
}

func totpPurpose(user entrepot.ID) string { return "totp:" + user }

// recoveryHash is of the code however it was typed.
func recoveryHash(code string) []byte {
	plain := strings.NewReplacer("-", "", " ", "").Replace(strings.ToLower(code))
	h := sha256.Sum256([]byte(plain))
	return h[:]
}

// newRecoveryCodes are ten codes "abcd-efgh-ijkl-mnop" and their hashes.
func newRecoveryCodes() (codes []string, hashes [][]byte) {
	for range recoveryCodes {
		var b [recoveryBytes]byte
		_, _ = rand.Read(b[:]) // never fails
		c := strings.ToLower(base32Text.EncodeToString(b[:]))
		codes = append(codes, c[:4]+"-"+c[4:8]+"-"+c[8:12]+"-"+c[12:])
		hashes = append(hashes, recoveryHash(c))
	}
	return codes, hashes
}

func (s *authAPI) totpRoutes() []rest.Route {
	return []rest.Route{
		rest.Bind(rest.Route{
			ID: "begin-totp", Method: http.MethodPost, Path: "/auth/totp",
			Access: rest.LoggedIn.AnyStanding(), Summary: "Begin second factor setup",
			Doc: "The secret is returned only here. It takes effect once a code is confirmed.",
		}, s.beginTOTP),
		rest.Bind(rest.Route{
			ID: "confirm-totp", Method: http.MethodPost, Path: "/auth/totp/confirm",
			Access: rest.LoggedIn.AnyStanding(), Summary: "Enable second factor",
			Doc: "The recovery codes are returned only here; each can be used once instead of a code.",
		}, s.confirmTOTP),
		rest.Bind(rest.Route{
			ID: "remove-totp", Method: http.MethodDelete, Path: "/auth/totp",
			Access: rest.LoggedIn.AnyStanding(), Status: http.StatusNoContent,
			Summary: "Disable second factor",
		}, s.removeTOTP),
	}
}

// TOTPSecret is the secret for an authenticator app.
type TOTPSecret struct {
	Secret string `json:"secret" doc:"base32" example:"JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"`
	URI    string `json:"uri" doc:"as a URI for a QR code" example:"otpauth://totp/Entrepot:ada@example.com?secret=…"`
}

type beginTOTPInput struct {
	Body struct {
		Password string `json:"password" minLength:"1" maxLength:"128"`
	}
}

func (s *authAPI) beginTOTP(ctx context.Context, in *beginTOTPInput) (*rest.Answer[TOTPSecret], error) {
	known, forgive, err := s.confirm(ctx, "password", in.Body.Password)
	if err != nil {
		return nil, err
	}
	forgive()
	var secret [totpSecretBytes]byte
	_, _ = rand.Read(secret[:]) // never fails
	id := known.User.ID
	_, err = grains.Ask(ctx, s.Asker, user.Of(id), user.BeginTOTP{Sealed: s.Seal.Seal(totpPurpose(id), secret[:])})
	if err != nil {
		return nil, err
	}
	text := base32Text.EncodeToString(secret[:])
	q := url.Values{"secret": {text}, "issuer": {"Entrepot"}, "algorithm": {"SHA1"}, "digits": {"6"}, "period": {"30"}}
	return rest.AnswerOf(TOTPSecret{
		Secret: text, URI: "otpauth://totp/" + url.PathEscape("Entrepot:"+known.User.Email) + "?" + q.Encode(),
	}), nil
}

// RecoveryCodes let their owner in without the authenticator app.
type RecoveryCodes struct {
	RecoveryCodes []string `json:"recoveryCodes" example:"[\"abcd-efgh-ijkl-mnop\"]"`
}

type confirmTOTPInput struct {
	Body struct {
		Code string `json:"code" pattern:"^[0-9]{6}$" patternDescription:"six digits" example:"123456"`
	}
}

func (s *authAPI) confirmTOTP(ctx context.Context, in *confirmTOTPInput) (*rest.Answer[RecoveryCodes], error) {
	c := entrepot.CallerFrom(ctx)
	forgive, err := s.Logins.begin(c.Email, c.IP)
	if err != nil {
		return nil, err
	}
	known, err := grains.Ask(query.AsPlatform(ctx), s.Asker, user.Of(c.UserID), user.GetCredentials{})
	switch {
	case err == nil && (len(known.TOTPSealed) == 0 || known.User.TOTPEnabled):
		err = entrepot.Errorf(entrepot.CodeConflict, "there is no second factor to confirm; begin first")
		fallthrough
	case err != nil:
		forgive()
		return nil, err
	}
	step, err := s.stepOf(known, in.Body.Code)
	if err != nil {
		return nil, err
	}
	if step == 0 {
		return nil, entrepot.Invalid("code", "wrong", "is not the code of now; is the clock right?")
	}
	forgive()
	codes, hashes := newRecoveryCodes()
	_, err = grains.Ask(ctx, s.Asker, user.Of(c.UserID), user.ConfirmTOTP{Sealed: known.TOTPSealed, Step: step, Recovery: hashes})
	if err != nil {
		return nil, err
	}
	return rest.AnswerOf(RecoveryCodes{codes}), nil
}

type removeTOTPInput struct {
	Body struct {
		Password string `json:"password" minLength:"1" maxLength:"128"`
		SecondFactor
	}
}

// removeTOTP needs both factors: one that was stolen must not turn the other off.
// What is wrong counts as a wrong login does.
func (s *authAPI) removeTOTP(ctx context.Context, in *removeTOTPInput) (*rest.NoContent, error) {
	known, forgive, err := s.confirm(ctx, "password", in.Body.Password)
	if err != nil {
		return nil, err
	}
	shown, err := s.shown(known, in.Body.SecondFactor)
	if err == nil {
		_, err = grains.Ask(ctx, s.Asker, user.Of(known.User.ID), user.RemoveTOTP{
			CurrentHash: known.PasswordHash, TOTPStep: shown.step, RecoveryHash: shown.recovery,
		})
	}
	switch entrepot.CodeOf(err) {
	case entrepot.CodeUnauthenticated:
		return nil, entrepot.Invalid("totp", "wrong", "is wrong or was used")
	case entrepot.CodeTOTPRequired:
		forgive()
		return nil, entrepot.Invalid("totp", "required", "must be given, or recoveryCode")
	default:
		forgive()
		return nil, err
	}
}
