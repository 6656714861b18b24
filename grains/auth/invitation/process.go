package invitation

import (
	"context"
	"strconv"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/auth/mail"
	"entrepot/grains/auth/user"
)

// process sets the calls of an invitation: it writes the mail and, once the token
// is accepted, registers the user.
func process(k *grains.Kind) {
	grains.Process(k,
		grains.Step("mail", (*State).unwrittenMail, writeMail, (*State).mailWritten),
		grains.Step("register", (*State).attempt, register, (*State).registered),
	)
}

// unwrittenMail returns the id of the mail that is still to be written.
func (s *State) unwrittenMail() []string {
	if s.MailID == "" {
		return nil
	}
	return []string{s.MailID}
}

func writeMail(ctx context.Context, a grains.Asker, s *State, id string) (grains.Done, error) {
	_, err := grains.Ask(ctx, a, mail.Of(id), mail.Put{
		To: s.Email, Template: Template, Locale: s.Locale, CompanyID: s.CompanyID, Sealed: s.Sealed, Until: s.Until,
	})
	return grains.Done{}, err
}

func (s *State) mailWritten(entrepot.Turn, grains.Done) ([]events.Event, error) {
	return []events.Event{mailWritten{}}, nil
}

// attempt returns the number of the attempt that is under way.
func (s *State) attempt() []string {
	if s.Status != Registering {
		return nil
	}
	return []string{strconv.FormatInt(s.Attempt, 10)}
}

// registration is the outcome of an attempt. An empty UserID is a refusal.
type registration struct{ UserID entrepot.ID }

// register makes the user under an id derived from the invitation's, so that every
// try meets the same user. A taken address is a refusal.
func register(ctx context.Context, a grains.Asker, s *State, _ string) (registration, error) {
	id := entrepot.DeriveID("invited", s.ID)
	_, err := grains.Ask(ctx, a, user.Of(id), user.Register{
		Email: s.Email, Name: s.Name, PasswordHash: s.PasswordHash, Role: s.Role, CompanyID: s.CompanyID,
		EmailVerified: true,
	})
	switch entrepot.CodeOf(err) {
	case "":
		return registration{UserID: id}, nil
	case entrepot.CodeConflict, entrepot.CodeInvalid, entrepot.CodeForbidden: // final
	default:
		return registration{}, err
	}
	_, err = grains.Ask(ctx, a, user.Of(id), user.Get{})
	switch entrepot.CodeOf(err) {
	case "": // an earlier try registered the user
		return registration{UserID: id}, nil
	case entrepot.CodeNotFound:
		return registration{}, nil
	default:
		return registration{}, err
	}
}

func (s *State) registered(_ entrepot.Turn, r registration) ([]events.Event, error) {
	if r.UserID == "" {
		return []events.Event{refused{}}, nil
	}
	return []events.Event{accepted{UserID: r.UserID}}, nil
}
