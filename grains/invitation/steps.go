package invitation

import (
	"context"
	"strconv"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/invitation/invitationpb"
	"entrepot/grains/mail/mailpb"
	"entrepot/grains/user/userpb"

	"google.golang.org/protobuf/proto"
)

// steps writes the mail, and registers the user. An invitation asks Mail and
// User, which never ask an invitation.
func steps(s *State) []grains.Step {
	var out []grains.Step
	if s.MailID != "" {
		cmd := &mailpb.Put{To: s.Email, Template: Template, Locale: s.Locale, CompanyId: s.CompanyID, Sealed: s.Sealed, UntilMs: s.Until}
		id := s.MailID
		out = append(out, grains.Step{Key: "mail:" + id, Do: func(ctx context.Context, a grains.Asker) (proto.Message, error) {
			if _, err := a.Ask(ctx, mailpb.Kind, id, cmd); err != nil {
				return nil, err
			}
			return &invitationpb.MailWritten{MailId: id}, nil
		}})
	}
	if s.Status == Registering {
		out = append(out, grains.Step{Key: "register:" + strconv.FormatInt(s.Attempt, 10), Do: register(s)})
	}
	return out
}

// register makes the user under an id that follows from the invitation's, so that
// another try meets the same one. A taken address is an answer, not a failure.
func register(s *State) func(context.Context, grains.Asker) (proto.Message, error) {
	cmd := &userpb.Register{
		Email: s.Email, Name: s.Name, PasswordHash: s.PasswordHash, Role: string(s.Role), CompanyId: s.CompanyID, EmailVerified: true,
	}
	id, attempt := entrepot.DeriveID("invited", s.ID), s.Attempt
	return func(ctx context.Context, a grains.Asker) (proto.Message, error) {
		_, err := a.Ask(ctx, userpb.Kind, id, cmd)
		switch entrepot.CodeOf(err) {
		case "":
			return &invitationpb.Registered{Attempt: attempt, UserId: id}, nil
		case entrepot.CodeConflict, entrepot.CodeInvalid, entrepot.CodeForbidden: // no try will change it
			if _, err := a.Ask(ctx, userpb.Kind, id, &userpb.Get{}); err == nil { // registered by an earlier try
				return &invitationpb.Registered{Attempt: attempt, UserId: id}, nil
			} else if entrepot.CodeOf(err) != entrepot.CodeNotFound {
				return nil, err
			}
			return &invitationpb.Registered{Attempt: attempt}, nil
		default:
			return nil, err
		}
	}
}
