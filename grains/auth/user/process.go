package user

import (
	"context"
	"slices"
	"strconv"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/auth/access"
	"entrepot/grains/auth/mail"
)

// process sets the calls of a user: it sends every withdrawal of tokens to the
// access grain, and writes every mail.
func process(k *grains.Kind) {
	grains.Process(k,
		grains.Step("withdraw", (*State).openWithdrawals, withdraw, (*State).withdrawn),
		grains.Step("mail", (*State).unwrittenMails, writeMail, (*State).mailWritten),
	)
}

// openWithdrawals returns the numbers of the withdrawals that the access grain does
// not have yet.
func (s *State) openWithdrawals() (numbers []string) {
	for _, w := range s.Stale {
		numbers = append(numbers, w.key())
	}
	return numbers
}

func (w stale) key() string { return strconv.FormatInt(w.Number, 10) }

func withdraw(ctx context.Context, a grains.Asker, s *State, number string) (staleKnown, error) {
	i := slices.IndexFunc(s.Stale, func(w stale) bool { return w.key() == number })
	if i < 0 { // the access grain has it meanwhile
		return staleKnown{}, nil
	}
	w := s.Stale[i]
	_, err := grains.Ask(ctx, a, access.Of(access.ID), access.Withdraw{
		UserID: s.ID, SessionID: w.Session, Before: w.Before, Until: w.Until,
	})
	return staleKnown{Number: w.Number}, err
}

func (s *State) withdrawn(_ entrepot.Turn, known staleKnown) ([]events.Event, error) {
	return []events.Event{known}, nil
}

// unwrittenMails returns the ids of the mails that the mail grains do not have yet.
func (s *State) unwrittenMails() (ids []string) {
	for _, l := range s.Letters {
		ids = append(ids, l.ID)
	}
	return ids
}

func writeMail(ctx context.Context, a grains.Asker, s *State, id string) (letterWritten, error) {
	i := slices.IndexFunc(s.Letters, func(l letter) bool { return l.ID == id })
	if i < 0 { // it is written meanwhile
		return letterWritten{ID: id}, nil
	}
	l := s.Letters[i]
	_, err := grains.Ask(ctx, a, mail.Of(id), mail.Put{
		To: l.To, Template: l.Template, Locale: l.Locale, UserID: s.ID, CompanyID: s.CompanyID,
		Sealed: l.Sealed, Until: l.Until,
	})
	return letterWritten{ID: id}, err
}

func (s *State) mailWritten(_ entrepot.Turn, written letterWritten) ([]events.Event, error) {
	return []events.Event{written}, nil
}
