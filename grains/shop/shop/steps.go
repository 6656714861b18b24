package shop

import (
	"context"
	"slices"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/auth/user"
)

// steps asks the users of a staffing what its phase asks. A shop asks users, who
// ask Access and Mail alone.
func steps(s *State) []grains.OldStep {
	n := s.Staffing
	if n == nil {
		return nil
	}
	var out []grains.OldStep
	for _, u := range n.asked() {
		if slices.Contains(n.Told, u) {
			continue
		}
		out = append(out, grains.OldStep{Key: n.Phase + ":" + n.ID + ":" + u, Do: s.question(u)})
	}
	return out
}

// question asks one user what the phase asks. A user who says no has answered;
// one who cannot be asked has not.
func (s *State) question(userID entrepot.ID) func(context.Context, grains.Asker) (any, error) {
	n, shop, company := s.Staffing, s.ID, s.CompanyID
	manager := slices.ContainsFunc(n.Ask, func(a asked) bool { return a.UserID == userID && a.Manager })
	told := StaffTold{ID: n.ID, Phase: n.Phase, UserID: userID}
	return func(ctx context.Context, a grains.Asker) (any, error) {
		var err error
		switch told.Phase {
		case check:
			err = employed(ctx, a, userID, company, manager)
		case assign:
			_, err = grains.Ask(ctx, a, user.Of(userID), user.AssignShop{ShopID: shop, CompanyID: company, Manager: manager})
		default:
			_, err = grains.Ask(ctx, a, user.Of(userID), user.UnassignShop{ShopID: shop, CompanyID: company})
		}
		answer := told
		switch entrepot.CodeOf(err) {
		case "":
			return answer, nil
		case entrepot.CodeNotFound:
			answer.Missing, answer.Reason = true, "is no user of the company"
		case entrepot.CodeConflict, entrepot.CodeInvalid:
			answer.Reason = entrepot.AsError(err).Message
		default:
			return nil, err
		}
		answer.Refused = told.Phase == check || told.Phase == assign // who is gone does not work here either
		return answer, nil
	}
}

// employed refuses who cannot be assigned, so that mostly nobody is told who has
// to be told back.
func employed(ctx context.Context, a grains.Asker, userID, company entrepot.ID, manager bool) error {
	u, err := grains.Ask(ctx, a, user.Of(userID), user.Get{})
	switch {
	case err != nil:
		return err
	case u.CompanyID != company:
		return entrepot.ErrNotFound
	case !u.IsActive:
		return entrepot.Errorf(entrepot.CodeConflict, "the account is disabled")
	case entrepot.Role(u.Role) != entrepot.ShopManager && (manager || entrepot.Role(u.Role) != entrepot.ShopStaff):
		return entrepot.Errorf(entrepot.CodeConflict, "the role %s is not assigned to a shop like this", u.Role)
	default:
		return nil
	}
}
