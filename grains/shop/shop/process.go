package shop

import (
	"context"
	"slices"
	"strings"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/auth/user"
)

// process sets the calls of a staffing. Each phase asks all of its users, and the
// last reply decides on the next phase.
func process(k *grains.Kind) {
	grains.Process(k,
		grains.Step(check, unasked(check), checkUser, (*State).replied),
		grains.Step(assign, unasked(assign), assignUser, (*State).replied),
		grains.Step(release, unasked(release), releaseUser, (*State).replied),

		// Compensation: the assignments made before a refusal are removed.
		grains.Step(undo, unasked(undo), releaseUser, (*State).replied),
	)
}

// unasked returns one element for each user that has not replied in the phase.
func unasked(phase string) func(*State) []string {
	return func(s *State) (of []string) {
		n := s.Staffing
		if n == nil || n.Phase != phase {
			return nil
		}
		for _, u := range n.users() {
			if !slices.Contains(n.Told, u) {
				of = append(of, n.ID+":"+u)
			}
		}
		return of
	}
}

// userIn returns the user of an element.
func userIn(of string) entrepot.ID { return of[strings.LastIndexByte(of, ':')+1:] }

// checkUser refuses users that cannot be assigned, so that assignments seldom have to
// be removed again.
func checkUser(ctx context.Context, a grains.Asker, s *State, of string) (userReplied, error) {
	w := s.Staffing.wanted(userIn(of))
	u, err := grains.Ask(ctx, a, user.Of(w.UserID), user.Get{})
	if err == nil {
		err = assignable(u, s.CompanyID, w.Manager)
	}
	return w.reply(err)
}

func assignable(u *user.User, company entrepot.ID, manager bool) error {
	switch {
	case u.CompanyID != company:
		return entrepot.ErrNotFound
	case !u.IsActive:
		return entrepot.Errorf(entrepot.CodeConflict, "the account is disabled")
	case u.Role != entrepot.ShopManager && (manager || u.Role != entrepot.ShopStaff):
		return entrepot.Errorf(entrepot.CodeConflict, "a user of the role %s cannot get this assignment", u.Role)
	default:
		return nil
	}
}

func assignUser(ctx context.Context, a grains.Asker, s *State, of string) (userReplied, error) {
	w := s.Staffing.wanted(userIn(of))
	_, err := grains.Ask(ctx, a, user.Of(w.UserID), user.AssignShop{
		ShopID: s.ID, CompanyID: s.CompanyID, Manager: w.Manager,
	})
	return w.reply(err)
}

// releaseUser removes an assignment. A user that is gone has none, so it never refuses.
func releaseUser(ctx context.Context, a grains.Asker, s *State, of string) (userReplied, error) {
	w := s.Staffing.wanted(userIn(of))
	_, err := grains.Ask(ctx, a, user.Of(w.UserID), user.UnassignShop{ShopID: s.ID, CompanyID: s.CompanyID})
	r, err := w.reply(err)
	r.Refusal = nil
	return r, err
}

// reply returns a user's reply; an error means that there is none yet.
func (w wanted) reply(err error) (userReplied, error) {
	r := userReplied{UserID: w.UserID}
	switch entrepot.CodeOf(err) {
	case "":
		return r, nil
	case entrepot.CodeNotFound:
		r.Refusal = &refusal{Field: w.Field, Missing: true, Reason: "is not a user of the company"}
		return r, nil
	case entrepot.CodeConflict, entrepot.CodeInvalid:
		r.Refusal = &refusal{Field: w.Field, Reason: entrepot.AsError(err).Message}
		return r, nil
	default:
		return r, err
	}
}

// replied records a user's reply. The last reply of a phase starts the next phase, or
// ends the staffing.
func (s *State) replied(t entrepot.Turn, r userReplied) ([]events.Event, error) {
	n := s.Staffing
	facts := []events.Event{r}
	if len(n.Told)+1 < len(n.users()) {
		return facts, nil
	}
	refused := n.Refusal != nil || r.Refusal != nil
	switch {
	case n.Phase == check && !refused:
		return append(facts, staffingTurned{Phase: assign}), nil
	case n.Phase == assign && !refused && len(n.Gone) > 0:
		return append(facts, staffingTurned{Phase: release}), nil
	case n.Phase == assign && refused && len(n.New) > 0:
		return append(facts, staffingTurned{Phase: undo}), nil
	case refused && n.Opens:
		gone := events.ShopDeleted{ShopID: s.ID, CompanyID: s.CompanyID, DeletedAt: t.Now}
		return append(facts, staffingEnded{}, gone), nil
	case refused || s.DeletedAt != 0:
		return append(facts, staffingEnded{}), nil
	default:
		return append(facts, n.done(s, t)), nil
	}
}
