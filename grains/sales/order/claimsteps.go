package order

import (
	"context"
	"slices"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/ecommerce/promotion"
)

// claim is one use of a promo code, for all orders of the checkout that it discounts.
type claim struct {
	promotion.Claim
	code  string
	first bool // of being the first order, which only the customer's use keeps
	alone bool // of one order of the checkout
}

// claimID returns the id by which the checkout claims its promo codes. Each plan has
// its own, as a claim that was released cannot be claimed again.
func (s *State) claimID() entrepot.ID { return attemptID(s.CheckoutID, s.Attempt) }

// paidClaim returns the id by which the order last claimed its codes.
func (s *State) paidClaim() entrepot.ID {
	if s.HoldID == revivedID(s.ID) {
		return s.HoldID
	}
	return s.claimID()
}

// claims returns one claim for each promo code of the groups, and one for each
// company whose codes ask for the customer's first order: that is one claim for all
// such codes, so that no two orders use them.
func (s *State) claims(id entrepot.ID, groups []*Group) (out []claim) {
	add := func(g *Group, c claim) {
		at := slices.IndexFunc(out, func(have claim) bool { return have.PromotionID == c.PromotionID })
		if at < 0 {
			c.ClaimID, c.CustomerID, c.ExpiresAt = id, s.CustomerID, s.ExpiresAt+Guard.Milliseconds()
			at, out = len(out), append(out, c)
		}
		out[at].Orders = append(out[at].Orders, g.OrderID)
	}
	for _, g := range groups {
		for _, p := range g.Promotions {
			c := promotion.Claim{PromotionID: p.ID, Version: p.Version, Limit: p.PerCustomer}
			add(g, claim{Claim: c, code: p.Code, alone: p.Alone})
		}
	}
	for _, g := range groups {
		if at := slices.IndexFunc(g.Promotions, func(p Promotion) bool { return p.FirstOrder }); at >= 0 {
			c := promotion.Claim{PromotionID: promotion.FirstID(g.CompanyID), Limit: 1}
			add(g, claim{Claim: c, code: g.Promotions[at].Code, first: true})
		}
	}
	return out
}

// ownClaims returns the claims of this order alone.
func (s *State) ownClaims(id entrepot.ID) []claim { return s.claims(id, []*Group{&s.Group}) }

// send sends a command to the customer's use, if that is limited, and then to the
// promotion.
func (c *claim) send(ctx context.Context, a grains.Asker, cmd any) error {
	if c.Limit > 0 {
		if _, err := a.Ask(ctx, promotion.UseOf(promotion.UseID(c.PromotionID, c.CustomerID)), cmd); err != nil {
			return err
		}
	}
	if c.first {
		return nil
	}
	_, err := a.Ask(ctx, promotion.Of(c.PromotionID), cmd)
	return err
}

// sendAll sends a command for each claim. One that does not exist is left out.
func sendAll(ctx context.Context, a grains.Asker, claims []claim, cmd func(*claim) any) error {
	for i := range claims {
		if _, err := grains.Refused(claims[i].send(ctx, a, cmd(&claims[i])), entrepot.CodeNotFound); err != nil {
			return err
		}
	}
	return nil
}

// releaseClaims gives the uses back for all their orders.
func releaseClaims(ctx context.Context, a grains.Asker, claims []claim) error {
	for i := range claims {
		for _, o := range claims[i].Orders {
			err := claims[i].send(ctx, a, promotion.Release{ClaimID: claims[i].ClaimID, OrderID: o})
			if _, err = grains.Refused(err, entrepot.CodeNotFound); err != nil {
				return err
			}
		}
	}
	return nil
}

// claimAndReserve claims the promo codes and reserves the stock, all or none.
func claimAndReserve(ctx context.Context, a grains.Asker, claims []claim, holds []*hold) (r reservation, err error) {
	if r.refused, err = claimAll(ctx, a, claims); err != nil {
		return r, err
	}
	// A claim that has ended was released by an earlier try of this step, whose result
	// was lost. The lines that lacked then are found by the stock items' refusals.
	ended := r.refused != nil && r.refused.Rule == ruleEnded
	if r.refused == nil || ended {
		if r.missing, err = reserveAll(ctx, a, holds); err != nil {
			return r, err
		}
	}
	switch {
	case len(r.missing) > 0:
		r.refused = nil
	case r.refused == nil:
		return r, nil
	case ended:
		err = releaseAll(ctx, a, holds)
	}
	if err != nil {
		return r, err
	}
	return r, releaseClaims(ctx, a, claims)
}

// claimAll claims one code after the other, up to the first that is refused.
func claimAll(ctx context.Context, a grains.Asker, claims []claim) (*Refused, error) {
	for i := range claims {
		refusal := claims[i].send(ctx, a, claims[i].Claim)
		no, err := grains.Refused(refusal, refusals...)
		switch {
		case err != nil:
			return nil, err
		case no:
			return claims[i].refusal(refusal), nil
		}
	}
	return nil, nil
}

// ruleEnded is the promotion's rule against a claim that was released or settled.
const ruleEnded = "ended"

func (c *claim) refusal(err error) *Refused {
	out := &Refused{Code: c.code, Rule: "exists", Message: "there is no such code"}
	if e := entrepot.AsError(err); e.Code != entrepot.CodeNotFound && len(e.Fields) > 0 {
		out.Rule, out.Message = e.Fields[0].Rule, e.Fields[0].Message
	}
	if c.first && out.Rule == "limit" {
		out.Rule, out.Message = "first_order", "the code is for the first order with the company only"
	}
	return out
}

// settle makes the uses final.
func settle(ctx context.Context, a grains.Asker, s *State, _ string) (grains.Done, error) {
	return grains.Done{}, sendAll(ctx, a, s.ownClaims(s.paidClaim()), func(c *claim) any {
		return promotion.Settle{ClaimID: c.ClaimID, OrderID: s.ID}
	})
}

// unclaim gives this order's part of the uses back.
func unclaim(ctx context.Context, a grains.Asker, s *State, _ string) (grains.Done, error) {
	return grains.Done{}, releaseClaims(ctx, a, s.ownClaims(s.claimID()))
}

// unuse gives this order's part of the final uses back. A revived order claimed them
// alone.
func unuse(ctx context.Context, a grains.Asker, s *State, _ string) (grains.Done, error) {
	revived := s.HoldID == revivedID(s.ID)
	return grains.Done{}, sendAll(ctx, a, s.ownClaims(s.paidClaim()), func(c *claim) any {
		return promotion.Return{ClaimID: c.ClaimID, OrderID: s.ID, Alone: c.alone || revived}
	})
}
