package invitation

import (
	"context"
	"strconv"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/auth/mail"
	"entrepot/grains/auth/user"
)

// steps writes the mail, and registers the user. An invitation asks Mail and
// User, which never ask an invitation.
func steps(s *State) []grains.OldStep {
	var out []grains.OldStep
	if s.MailID != "" {
		cmd := mail.Put{To: s.Email, Template: Template, Locale: s.Locale, CompanyID: s.CompanyID, Sealed: s.Sealed, Until: s.Until}
		id := s.MailID
		out = append(out, grains.OldStep{Key: "mail:" + id, Do: func(ctx context.Context, a grains.Asker) (any, error) {
			if _, err := grains.Ask(ctx, a, mail.Of(id), cmd); err != nil {
				return nil, err
			}
			return MailWritten{MailID: id}, nil
		}})
	}
	if s.Status == Registering {
		out = append(out, grains.OldStep{Key: "register:" + strconv.FormatInt(s.Attempt, 10), Do: register(s)})
	}
	return out
}

// register makes the user under an id that follows from the invitation's, so that
// another try meets the same one. A taken address is an answer, not a failure.
func register(s *State) func(context.Context, grains.Asker) (any, error) {
	cmd := user.Register{
		Email: s.Email, Name: s.Name, PasswordHash: s.PasswordHash, Role: string(s.Role), CompanyID: s.CompanyID, EmailVerified: true,
	}
	id, attempt := entrepot.DeriveID("invited", s.ID), s.Attempt
	return func(ctx context.Context, a grains.Asker) (any, error) {
		_, err := grains.Ask(ctx, a, user.Of(id), cmd)
		switch entrepot.CodeOf(err) {
		case "":
			return Registered{Attempt: attempt, UserID: id}, nil
		case entrepot.CodeConflict, entrepot.CodeInvalid, entrepot.CodeForbidden: // no try will change it
			if _, err := grains.Ask(ctx, a, user.Of(id), user.Get{}); err == nil { // registered by an earlier try
				return Registered{Attempt: attempt, UserID: id}, nil
			} else if entrepot.CodeOf(err) != entrepot.CodeNotFound {
				return nil, err
			}
			return Registered{Attempt: attempt}, nil
		default:
			return nil, err
		}
	}
}
