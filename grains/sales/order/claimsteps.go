package order

import (
	"context"
	"slices"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/ecommerce/promotion"
)

// claimID is what the orders of a checkout claim their promo codes by. Each plan
// has one of its own: what was given back with an earlier one cannot be claimed again.
func (s *State) claimID() entrepot.ID { return attemptID(s.CheckoutID, s.Attempt) }

// claims are the uses of promo codes that orders make together: one of each code,
// however many of the orders get something of it.
func (s *State) claims(id entrepot.ID, groups []Group) (out []claim) {
	for _, g := range groups {
		for _, p := range g.Promotions {
			out = s.with(out, id, g.OrderID, p.Version, claim{promotion: p.ID, code: p.Code, limit: p.PerCustomer, alone: p.Alone})
		}
	}
	return append(out, s.firsts(id, groups)...)
}

// firsts are the claims of the customer's one first order with each company whose
// codes ask for that: of all such codes together, so that no two orders use them.
func (s *State) firsts(id entrepot.ID, groups []Group) (out []claim) {
	for _, g := range groups {
		p := slices.IndexFunc(g.Promotions, func(p Promotion) bool { return p.FirstOrder })
		if p >= 0 {
			out = s.with(out, id, g.OrderID, 0, claim{promotion: promotion.FirstID(g.CompanyID), code: g.Promotions[p].Code, limit: 1, first: true})
		}
	}
	return out
}

// with adds an order to the claim of the same promotion, which is made if there is none.
func (s *State) with(claims []claim, id, order entrepot.ID, version int64, c claim) []claim {
	at := slices.IndexFunc(claims, func(have claim) bool { return have.promotion == c.promotion })
	if at < 0 {
		c.customer = s.CustomerID
		c.cmd = promotion.Claim{
			ClaimID: id, ExpiresAt: s.ExpiresAt + Guard.Milliseconds(), Version: version,
			CustomerID: s.CustomerID, Limit: c.limit, PromotionID: c.promotion,
		}
		at, claims = len(claims), append(claims, c)
	}
	claims[at].cmd.Orders = append(claims[at].cmd.Orders, order)
	return claims
}

// claim is one use of a promo code.
type claim struct {
	promotion, customer entrepot.ID
	code                string
	limit               int64 // by customer
	first               bool  // of being the first order, which is the customer's alone
	alone               bool  // of one order of the checkout
	cmd                 promotion.Claim
}

// tell sends a command to the customer's uses, if they are limited, and then to the promotion.
func (c claim) tell(ctx context.Context, a grains.Asker, cmd any) error {
	if c.limit > 0 {
		if _, err := a.Ask(ctx, promotion.UseOf(promotion.UseID(c.promotion, c.customer)), cmd); err != nil {
			return err
		}
	}
	if c.first {
		return nil
	}
	_, err := a.Ask(ctx, promotion.Of(c.promotion), cmd)
	return err
}

// release gives a use back for all its orders.
func (c claim) release(ctx context.Context, a grains.Asker) error {
	for _, o := range c.cmd.Orders {
		cmd := promotion.Release{ClaimID: c.cmd.ClaimID, OrderID: o}
		if err := c.tell(ctx, a, cmd); err != nil && entrepot.CodeOf(err) != entrepot.CodeNotFound {
			return err
		}
	}
	return nil
}

// claimAndReserve does both for all or for none: what is refused is named, and the
// rest is given back. A claim that has ended is one of this step that gave it
// back before and whose answer was lost: the stock items refuse then as well.
func claimAndReserve(ctx context.Context, a grains.Asker, claims []claim, holds []hold) ([]MissingMsg, *Refused, error) {
	var no *Refused
	for _, c := range claims {
		answer := c.tell(ctx, a, c.cmd)
		is, err := refused(answer)
		if err != nil {
			return nil, nil, err
		}
		if is {
			no = refusedBy(c, answer)
			break
		}
	}
	missing, err := []MissingMsg(nil), error(nil)
	if no == nil || no.Rule == ruleEnded {
		missing, err = reserveAll(ctx, a, holds)
	}
	switch {
	case err != nil || (len(missing) == 0 && no == nil):
		return nil, nil, err
	case len(missing) == 0 && no.Rule == ruleEnded:
		err = releaseAll(ctx, a, holds)
	case len(missing) > 0:
		no = nil
	}
	for _, c := range claims {
		if err == nil {
			err = c.release(ctx, a)
		}
	}
	return missing, no, err
}

// ruleEnded is the promotion's word for a claim that was given back or used for good.
const ruleEnded = "ended"

func refusedBy(c claim, err error) *Refused {
	out := &Refused{Code: c.code, Rule: "exists", Message: "there is no such code"}
	if e := entrepot.AsError(err); e.Code != entrepot.CodeNotFound && len(e.Fields) > 0 {
		out.Rule, out.Message = e.Fields[0].Rule, e.Fields[0].Message
	}
	if c.first && out.Rule == "limit" {
		out.Rule, out.Message = "first_order", "the code is for the first order with the company only"
	}
	return out
}

// paidClaim is the id that the order last claimed its codes by.
func (s *State) paidClaim() entrepot.ID {
	if s.HoldID == revivedID(s.ID) {
		return s.HoldID
	}
	return s.claimID()
}

// settle makes the uses final.
func settle(s *State) func(context.Context, grains.Asker) (any, error) {
	id, order := s.paidClaim(), s.ID
	claims := s.claims(id, []Group{s.Group})
	return func(ctx context.Context, a grains.Asker) (any, error) {
		for _, c := range claims {
			if err := c.tell(ctx, a, promotion.Settle{ClaimID: id, OrderID: order}); err != nil && entrepot.CodeOf(err) != entrepot.CodeNotFound {
				return nil, err
			}
		}
		return Settled{}, nil
	}
}

// unclaim gives this order's part of the uses back.
func unclaim(s *State) func(context.Context, grains.Asker) (any, error) {
	claims := s.claims(s.claimID(), []Group{s.Group})
	return func(ctx context.Context, a grains.Asker) (any, error) {
		for _, c := range claims {
			if err := c.release(ctx, a); err != nil {
				return nil, err
			}
		}
		return Unclaimed{}, nil
	}
}

// unuse gives this order's part of the final uses back. A revived order claimed
// them alone.
func unuse(s *State) func(context.Context, grains.Asker) (any, error) {
	id, order, revived := s.paidClaim(), s.ID, s.HoldID == revivedID(s.ID)
	claims := s.claims(id, []Group{s.Group})
	return func(ctx context.Context, a grains.Asker) (any, error) {
		for _, c := range claims {
			back := promotion.Return{ClaimID: id, OrderID: order, Alone: c.alone || revived}
			if err := c.tell(ctx, a, back); err != nil && entrepot.CodeOf(err) != entrepot.CodeNotFound {
				return nil, err
			}
		}
		return Unused{}, nil
	}
}

// alone marks the codes that one group only gets something of.
func alone(groups []*Group) {
	shared := map[entrepot.ID]int{}
	for _, g := range groups {
		for _, p := range g.Promotions {
			shared[p.ID]++
		}
	}
	for _, g := range groups {
		for i := range g.Promotions {
			g.Promotions[i].Alone = shared[g.Promotions[i].ID] == 1
		}
	}
}
