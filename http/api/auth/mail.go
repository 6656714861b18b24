package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/auth/invitation"
	"entrepot/grains/auth/mail"
	"entrepot/grains/auth/user"
	"entrepot/grains/query"
	"entrepot/http/rest"
	"entrepot/persistence"
)

// How long a mailed token is good.
const (
	verifyFor = 24 * time.Hour
	resetFor  = time.Hour
	inviteFor = 7 * 24 * time.Hour
)

// forgotAfter is when a forgotten password is answered, whether there is such an
// account or not: well beyond what writing the mail takes.
const forgotAfter = 250 * time.Millisecond

// mailRoutes are what an account's mails are asked for and answered with.
func (s *authAPI) mailRoutes() []rest.Route {
	return []rest.Route{
		rest.Bind(rest.Route{
			ID: "request-verification", Method: http.MethodPost, Path: "/auth/verify-email/request",
			Access: rest.LoggedIn.AnyStanding(), Status: http.StatusAccepted,
			Summary: "Request address verification",
			Doc:     "At most one mail a minute; the link is valid for 24 hours and invalidates the previous one.",
		}, s.requestVerification),
		rest.Bind(rest.Route{
			ID: "change-email", Method: http.MethodPost, Path: "/auth/change-email",
			Access: rest.LoggedIn.AnyStanding(), Status: http.StatusAccepted,
			Summary: "Change e-mail address",
			Doc: "Requires the password. Sends a mail to the new address, which takes effect once its token " +
				"is sent to /auth/verify-email; until then the old address stays.",
		}, s.changeEmail),
		rest.Bind(rest.Route{
			ID: "verify-email", Method: http.MethodPost, Path: "/auth/verify-email", Access: rest.Open,
			Status: http.StatusNoContent, Summary: "Verify e-mail address",
			Doc: "409 if another account has taken the new address meanwhile.",
		}, s.verifyEmail),
		rest.Bind(rest.Route{
			ID: "forgot-password", Method: http.MethodPost, Path: "/auth/forgot-password", Access: rest.Open,
			Status: http.StatusAccepted, Summary: "Request password reset",
			Doc: "The response is the same, and takes as long, if there is no such account. At most one mail " +
				"a minute; the link is valid for an hour.",
		}, s.forgotPassword),
		rest.Bind(rest.Route{
			ID: "reset-password", Method: http.MethodPost, Path: "/auth/reset-password", Access: rest.Open,
			Status: http.StatusNoContent, Summary: "Reset password",
			Doc: "Ends all sessions. A second factor stays as it is.",
		}, s.resetPassword),
		rest.Bind(rest.Route{
			ID: "list-mails", Method: http.MethodGet, Path: "/auth/mails",
			Access: rest.Only(entrepot.SuperAdmin), Summary: "List mails",
			Doc: "For development only, since the links grant access. Available if MAIL_OUTBOX_VIEW is on; " +
				"otherwise 404.",
		}, s.listMails),
	}
}

// mailToken is "<id of what it opens>.<secret>": what the owner of an address is
// sent. Its hash stands with the owner, its sealed form in the mail.
type mailToken struct {
	owner  entrepot.ID
	secret [32]byte
}

func newMailToken(owner entrepot.ID) (t mailToken) {
	t.owner = owner
	_, _ = rand.Read(t.secret[:]) // never fails
	return t
}

func (t *mailToken) hash() []byte { h := sha256.Sum256(t.secret[:]); return h[:] }

func (t *mailToken) String() string {
	return t.owner + "." + base64.RawURLEncoding.EncodeToString(t.secret[:])
}

var errMailToken = entrepot.Invalid("token", "valid", "is wrong, used or expired; request another one")

func parseMailToken(text string) (t mailToken, err error) {
	owner, rest, _ := strings.Cut(text, ".")
	secret, err := base64.RawURLEncoding.Strict().DecodeString(rest)
	if err != nil || len(secret) != len(t.secret) || !entrepot.ValidID(owner) {
		return t, errMailToken
	}
	t.owner = owner
	copy(t.secret[:], secret)
	return t, nil
}

// mailed is a new mail's id and the token for it, sealed.
func (s *authAPI) mailed(t mailToken) (mailID entrepot.ID, sealed []byte) {
	mailID = entrepot.NewID()
	return mailID, s.Seal.Seal(mailPurpose(mailID), []byte(t.String()))
}

func mailPurpose(mailID entrepot.ID) string { return "mail:" + mailID }

func (s *authAPI) proofToken(owner entrepot.ID, good time.Duration) *user.Token {
	t := newMailToken(owner)
	id, sealed := s.mailed(t)
	return &user.Token{MailID: id, Hash: t.hash(), Sealed: sealed, Until: s.Now().Add(good).UnixMilli()}
}

// MailToken is what a mail's link carries.
type MailToken struct {
	Token string `json:"token" minLength:"1" maxLength:"100"`
}

// open reads a mailed token. Wrong ones count for the caller's address.
func (s *authAPI) open(ctx context.Context, text string) (t mailToken, forgive func(), err error) {
	if forgive, err = s.Logins.beginFrom(entrepot.CallerFrom(ctx).IP); err != nil {
		return t, nil, err
	}
	t, err = parseMailToken(text)
	return t, forgive, err
}

// notMailed is a token whose owner does not know it, or is not there.
func notMailed(err error) error {
	if entrepot.CodeOf(err) == entrepot.CodeNotFound {
		return errMailToken
	}
	return err
}

func (s *authAPI) requestVerification(ctx context.Context, _ *struct{}) (*rest.NoContent, error) {
	id := entrepot.CallerFrom(ctx).UserID
	_, err := grains.Ask(ctx, s.Asker, user.Of(id), user.RequestProof{Purpose: user.ToVerifyEmail, Token: s.proofToken(id, verifyFor)})
	return nil, err
}

type changeEmailInput struct {
	Body struct {
		EmailAddress
		Password string `json:"password" minLength:"1" maxLength:"128"`
	}
}

// changeEmail does not tell whether the new address has an account: only who
// reads its mail learns that.
func (s *authAPI) changeEmail(ctx context.Context, in *changeEmailInput) (*rest.NoContent, error) {
	known, forgive, err := s.confirm(ctx, "password", in.Body.Password)
	if err != nil {
		return nil, err
	}
	forgive()
	id := known.User.ID
	_, err = grains.Ask(ctx, s.Asker, user.Of(id), user.RequestProof{
		Purpose: user.ToChangeEmail, Email: in.Body.lower(), Token: s.proofToken(id, verifyFor),
	})
	return nil, err
}

type mailTokenInput struct{ Body MailToken }

func (s *authAPI) verifyEmail(ctx context.Context, in *mailTokenInput) (*rest.NoContent, error) {
	t, forgive, err := s.open(ctx, in.Body.Token)
	if err != nil {
		return nil, err
	}
	if _, err := grains.Ask(query.AsPlatform(ctx), s.Asker, user.Of(t.owner), user.VerifyEmail{Hash: t.hash()}); err != nil {
		return nil, notMailed(err)
	}
	forgive()
	rest.RefreshStanding(ctx, s.Standing)
	return nil, nil
}

type forgotInput struct {
	Body struct {
		Email string `json:"email" minLength:"3" maxLength:"254" example:"customer@demo.example"`
	}
}

func (s *authAPI) forgotPassword(ctx context.Context, in *forgotInput) (*rest.NoContent, error) {
	email := strings.ToLower(strings.TrimSpace(in.Body.Email))
	if _, err := s.Logins.begin("forgot:"+email, entrepot.CallerFrom(ctx).IP); err != nil {
		return nil, err
	}
	answer := time.NewTimer(forgotAfter)
	defer answer.Stop()
	known, err := s.credentials(ctx, email)
	if err != nil {
		return nil, err
	}
	if known != nil {
		id := known.User.ID
		_, err := grains.Ask(query.AsPlatform(ctx), s.Asker, user.Of(id), user.RequestProof{Purpose: user.ToResetPassword, Token: s.proofToken(id, resetFor)})
		if err != nil { // who asks must not learn that there was something to do
			s.Log.WarnContext(ctx, "no mail to reset a password", "error", err, "requestId", entrepot.CallerFrom(ctx).RequestID)
		}
	}
	select {
	case <-answer.C:
	case <-ctx.Done():
	}
	return nil, nil
}

type resetInput struct {
	Body struct {
		MailToken
		Password string `json:"password" minLength:"8" maxLength:"128" example:"a long sentence is easy to remember"`
	}
}

func (s *authAPI) resetPassword(ctx context.Context, in *resetInput) (*rest.NoContent, error) {
	t, forgive, err := s.open(ctx, in.Body.Token)
	if err != nil {
		return nil, err
	}
	u, err := grains.Ask(query.AsPlatform(ctx), s.Asker, user.Of(t.owner), user.CheckReset{Hash: t.hash()})
	if err != nil {
		return nil, notMailed(err)
	}
	forgive()
	if err := checkNewPassword(in.Body.Password, u.Email); err != nil {
		return nil, err
	}
	hash, err := s.Passwords.Hash(ctx, in.Body.Password)
	if err != nil {
		return nil, err
	}
	if _, err := grains.Ask(query.AsPlatform(ctx), s.Asker, user.Of(t.owner), user.ResetPassword{Hash: t.hash(), NewHash: hash}); err != nil {
		return nil, notMailed(err)
	}
	rest.RefreshStanding(ctx, s.Standing)
	return nil, nil
}

// Mail is a mail as the outbox view shows it.
type Mail struct {
	ID        entrepot.ID `json:"id"`
	To        string      `json:"to"`
	Template  string      `json:"template" enum:"verify_email,change_email,reset_password,invitation"`
	Token     string      `json:"token" doc:"parameters of the template"`
	Link      string      `json:"link" doc:"below PUBLIC_URL; the token is in the fragment, which browsers do not send"`
	CreatedAt rest.Time   `json:"createdAt"`
	ExpiresAt rest.Time   `json:"expiresAt"`
}

// mailPages are the pages of the shop's web site that the links lead to.
var mailPages = map[string]string{
	user.ToVerifyEmail: "/verify-email", user.ToChangeEmail: "/verify-email", user.ToResetPassword: "/reset-password", invitation.Template: "/accept-invitation",
}

func (s *authAPI) listMails(ctx context.Context, in *struct{ rest.ListParams }) (*rest.List[Mail], error) {
	if !s.ShowMails {
		return nil, entrepot.ErrNotFound
	}
	q := persistence.Query{Desc: true, Limit: in.Limit, Cursor: in.Cursor, Where: []persistence.Cond{{Field: "open", Op: persistence.Eq, Value: true}}}
	page, err := query.Find(ctx, s.Store, mail.Collection, entrepot.AllTenants(), q, func(m *mail.Mail, _ *persistence.Document) Mail {
		token, err := s.Seal.Open(mailPurpose(m.ID), m.Sealed)
		if err != nil {
			token = nil // of another installation's key: the mail is shown, and opens nothing
		}
		return Mail{
			ID: m.ID, To: m.To, Template: m.Template, Token: string(token), Link: s.PublicURL + mailPages[m.Template] + "#token=" + string(token),
			CreatedAt: rest.Time(m.CreatedAt), ExpiresAt: rest.Time(m.Until),
		}
	})
	return &rest.List[Mail]{Body: page}, err
}
