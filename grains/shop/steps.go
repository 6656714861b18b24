package shop

import (
	"context"
	"slices"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/shop/shoppb"
	"entrepot/grains/user/userpb"

	"google.golang.org/protobuf/proto"
)

// steps asks the users of a staffing what its phase asks. A shop asks users, who
// ask Access and Mail alone.
func steps(s *State) []grains.Step {
	n := s.Staffing
	if n == nil {
		return nil
	}
	var out []grains.Step
	for _, u := range n.asked() {
		if slices.Contains(n.Told, u) {
			continue
		}
		out = append(out, grains.Step{Key: n.Phase + ":" + n.ID + ":" + u, Do: s.question(u)})
	}
	return out
}

// question asks one user what the phase asks. A user who says no has answered;
// one who cannot be asked has not.
func (s *State) question(user entrepot.ID) func(context.Context, grains.Asker) (proto.Message, error) {
	n, shop, company := s.Staffing, s.ID, s.CompanyID
	manager := slices.ContainsFunc(n.Ask, func(a asked) bool { return a.UserID == user && a.Manager })
	told := &shoppb.StaffTold{Id: n.ID, Phase: n.Phase, UserId: user}
	return func(ctx context.Context, a grains.Asker) (proto.Message, error) {
		var err error
		switch told.Phase {
		case check:
			err = employed(ctx, a, user, company, manager)
		case assign:
			_, err = a.Ask(ctx, userpb.Kind, user, &userpb.AssignShop{ShopId: shop, CompanyId: company, Manager: manager})
		default:
			_, err = a.Ask(ctx, userpb.Kind, user, &userpb.UnassignShop{ShopId: shop, CompanyId: company})
		}
		answer := proto.CloneOf(told)
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
func employed(ctx context.Context, a grains.Asker, user, company entrepot.ID, manager bool) error {
	u, err := grains.Ask[*userpb.User](ctx, a, userpb.Kind, user, &userpb.Get{})
	switch {
	case err != nil:
		return err
	case u.CompanyId != company:
		return entrepot.ErrNotFound
	case !u.IsActive:
		return entrepot.Errorf(entrepot.CodeConflict, "the account is disabled")
	case entrepot.Role(u.Role) != entrepot.ShopManager && (manager || entrepot.Role(u.Role) != entrepot.ShopStaff):
		return entrepot.Errorf(entrepot.CodeConflict, "the role %s is not assigned to a shop like this", u.Role)
	default:
		return nil
	}
}
