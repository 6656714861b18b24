package user

import (
	"context"
	"strconv"

	"entrepot/grains"
	"entrepot/grains/access/accesspb"
	"entrepot/grains/mail/mailpb"
	"entrepot/grains/user/userpb"

	"google.golang.org/protobuf/proto"
)

// steps tells the access grain of every withdrawal, and the mail grain of every
// letter. A user asks Access and Mail, which ask nobody.
func steps(s *State) []grains.Step {
	out := make([]grains.Step, 0, len(s.Stale)+len(s.Letters))
	for _, w := range s.Stale {
		cmd := &accesspb.Withdraw{UserId: s.ID, SessionId: w.Session, BeforeMs: w.Before, UntilMs: w.Until}
		out = append(out, step("withdraw:"+strconv.FormatInt(w.Number, 10), accesspb.Kind, accesspb.ID, cmd, &userpb.Withdrawn{Number: w.Number}))
	}
	for _, l := range s.Letters {
		cmd := &mailpb.Put{To: l.To, Template: l.Template, Locale: l.Locale, UserId: s.ID, CompanyId: s.CompanyID, Sealed: l.Sealed, UntilMs: l.Until}
		out = append(out, step("mail:"+l.ID, mailpb.Kind, l.ID, cmd, &userpb.MailWritten{MailId: l.ID}))
	}
	return out
}

// step sends one command, and says so to the user once it is done.
func step(key, kind, id string, cmd, done proto.Message) grains.Step {
	return grains.Step{Key: key, Do: func(ctx context.Context, a grains.Asker) (proto.Message, error) {
		if _, err := a.Ask(ctx, kind, id, cmd); err != nil {
			return nil, err
		}
		return done, nil
	}}
}
