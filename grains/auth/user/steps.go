package user

import (
	"context"
	"strconv"

	"entrepot/grains"
	"entrepot/grains/auth/access"
	"entrepot/grains/auth/mail"
)

// steps tells the access grain of every withdrawal, and the mail grain of every
// letter. A user asks Access and Mail, which ask nobody.
func steps(s *State) []grains.OldStep {
	out := make([]grains.OldStep, 0, len(s.Stale)+len(s.Letters))
	for _, w := range s.Stale {
		cmd := access.Withdraw{UserID: s.ID, SessionID: w.Session, Before: w.Before, Until: w.Until}
		out = append(out, step("withdraw:"+strconv.FormatInt(w.Number, 10), access.Name, access.ID, cmd, Withdrawn{Number: w.Number}))
	}
	for _, l := range s.Letters {
		cmd := mail.Put{To: l.To, Template: l.Template, Locale: l.Locale, UserID: s.ID, CompanyID: s.CompanyID, Sealed: l.Sealed, Until: l.Until}
		out = append(out, step("mail:"+l.ID, mail.Name, l.ID, cmd, MailWritten{MailID: l.ID}))
	}
	return out
}

// step sends one command, and says so to the user once it is done.
func step(key, kind, id string, cmd, done any) grains.OldStep {
	return grains.OldStep{Key: key, Do: func(ctx context.Context, a grains.Asker) (any, error) {
		if _, err := a.Ask(ctx, grains.Ref{Kind: kind, ID: id}, cmd); err != nil {
			return nil, err
		}
		return done, nil
	}}
}
