package auth

import (
	"context"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/auth/user"
	"entrepot/grains/query"
	"entrepot/http/edge"
	"entrepot/http/rest"
)

type changePasswordInput struct {
	Authorization string `header:"Authorization" hidden:"true"`
	Body          struct {
		CurrentPassword string `json:"currentPassword" minLength:"1" maxLength:"128"`
		NewPassword     string `json:"newPassword" minLength:"8" maxLength:"128" example:"a long sentence is easy to remember"`
	}
}

// changePassword requires the old password, so that a stolen access token is not
// enough to take an account over.
func (s *authAPI) changePassword(ctx context.Context, in *changePasswordInput) (*rest.NoContent, error) {
	c := entrepot.CallerFrom(ctx)
	token, _ := edge.BearerToken(in.Authorization)
	claims, err := s.Tokens.Verify(token)
	if err != nil {
		return nil, err
	}
	if err := checkNewPassword(in.Body.NewPassword, c.Email); err != nil {
		known := *entrepot.AsError(err)
		known.Fields = []entrepot.FieldError{{Field: "newPassword", Rule: known.Fields[0].Rule, Message: known.Fields[0].Message}}
		return nil, &known
	}
	known, forgive, err := s.confirm(ctx, "currentPassword", in.Body.CurrentPassword)
	if err != nil {
		return nil, err
	}
	forgive()
	hash, err := s.Passwords.Hash(ctx, in.Body.NewPassword)
	if err != nil {
		return nil, err
	}
	_, err = grains.Ask(ctx, s.Asker, user.Of(c.UserID), user.ChangePassword{
		CurrentHash: known.PasswordHash, NewHash: hash, KeepSession: claims.Session,
	})
	if err != nil {
		return nil, err
	}
	rest.RefreshStanding(ctx, s.Standing)
	return nil, nil
}

// confirm checks the password of who is logged in: a stolen access token must
// not be enough. Until it is forgiven the attempt counts as a wrong login.
func (s *authAPI) confirm(ctx context.Context, field, password string) (known *user.Credentials, forgive func(), err error) {
	c := entrepot.CallerFrom(ctx)
	if forgive, err = s.Logins.begin(c.Email, c.IP); err != nil {
		return nil, nil, err
	}
	known, err = grains.Ask(query.AsPlatform(ctx), s.Asker, user.Of(c.UserID), user.GetCredentials{})
	right := false
	if err == nil {
		right, err = s.Passwords.Check(ctx, known.PasswordHash, password)
	}
	switch {
	case err != nil:
		forgive()
		return nil, nil, err
	case !right:
		return nil, nil, entrepot.Invalid(field, "wrong", "is not the password")
	default:
		return known, forgive, nil
	}
}
