package order

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/ecommerce/cart"
	"entrepot/grains/inventory/stock"
	"entrepot/grains/payment/payment"
	"entrepot/grains/sales/series"
)

// steps is the process as a table: in this saved state, make these calls. Every
// call is idempotent by the order's id, so any member may make it again.
// An order asks Promotion, Stock, Series, Cart, Payment and sibling orders; none of them asks an order back.
func steps(s *State) []grains.OldStep {
	var out []grains.OldStep
	add := func(due bool, key string, do func(s *State) func(context.Context, grains.Asker) (any, error)) {
		if due {
			out = append(out, grains.OldStep{Key: key, Do: do(s)})
		}
	}
	planning := s.Status == Placing && s.unplanned()
	add(planning, "allocate:"+strconv.FormatInt(s.Attempt+1, 10), allocate)
	add(s.Status == Placing && !planning, s.reserveKey(), reserve)
	add(s.Todo.Adopt, "adopt", adopt)
	add(s.Todo.Commit, "commit", commit)
	add(s.Todo.Revive, "revive", revive)
	add(s.Todo.Settle, "settle", settle)
	// Compensation: stock and money go back.
	add(s.Todo.Release, "release", release)
	add(s.Todo.Restock, "restock", restock)
	add(s.Todo.Unclaim, "unclaim", unclaim)
	add(s.Todo.Unuse && !s.Todo.Settle, "unuse", unuse)
	add(s.Todo.Refund, "refund:"+s.Payment, refund)
	return out
}

// hold is one reservation that the process makes.
type hold struct {
	stock   entrepot.ID
	id      entrepot.ID // reservation id
	line    Line
	shop    entrepot.ID
	expires int64
	planned bool // by an allocation
	order   entrepot.ID
	at      int           // the line's place in its group
	beyond  *atomic.Int64 // what of it is not on hand, once it is reserved
}

// holds are the reservations of the whole checkout.
func (s *State) holds() (out []hold) {
	for _, g := range s.groups() {
		out = append(out, s.of(g, attemptID(g.OrderID, s.Attempt))...)
	}
	return out
}

// own are the reservations of this order alone, under its present reservation id.
func (s *State) own() []hold { return s.of(&s.Group, s.HoldID) }

// of are the reservations of a group, by the plan if there is one: a line from
// several locations is several.
func (s *State) of(g *Group, id entrepot.ID) []hold {
	out := make([]hold, 0, len(g.Lines))
	for i, l := range g.Lines {
		h := hold{
			stock: stock.ID(l.Variant(), g.ShopID), id: id, line: l, shop: g.ShopID, expires: s.ExpiresAt + Guard.Milliseconds(),
			planned: len(l.Allocations) > 0, order: g.OrderID, at: i, beyond: &atomic.Int64{},
		}
		if len(l.Allocations) == 0 {
			out = append(out, h)
		}
		for _, a := range l.Allocations {
			h.stock, h.line.Quantity, h.beyond = stock.ID(l.Variant(), a.LocationID), a.Quantity, &atomic.Int64{}
			out = append(out, h)
		}
	}
	return out
}

// reserveKey names the reservation by the plan it follows.
func (s *State) reserveKey() string {
	if s.Attempt == 0 {
		return "reserve"
	}
	return "reserve:" + strconv.FormatInt(s.Attempt, 10)
}

// reserve claims the promo codes and asks every stock item for its pieces. One refusal releases them all;
// otherwise the orders get their numbers and the cart loses the lines.
func reserve(s *State) func(context.Context, grains.Asker) (any, error) {
	holds, groups := s.holds(), s.checkout()
	fromCart, customer, order, yearOf, attempt := s.FromCart, s.CustomerID, s.ID, strconv.Itoa(year(s.CreatedAt)), s.Attempt
	claims := s.claims(s.claimID(), groups)
	return func(ctx context.Context, a grains.Asker) (any, error) {
		missing, refused, err := claimAndReserve(ctx, a, claims, holds)
		if err != nil || len(missing) > 0 || refused != nil {
			return Reserved{Missing: missing, Refused: refused, Attempt: attempt}, err
		}
		answer := Reserved{Attempt: attempt, Backordered: backordered(holds)}
		for _, g := range groups {
			seriesID := series.ID(g.CompanyID, "order", yearOf)
			n, err := grains.Ask(ctx, a, series.Of(seriesID), series.Next{ForID: g.OrderID, CompanyID: g.CompanyID})
			if err != nil {
				return nil, err
			}
			answer.Orders = append(answer.Orders, Numbered{OrderID: g.OrderID, Number: n.Number})
		}
		if fromCart {
			take := cart.Take{OrderID: order}
			for _, g := range groups {
				for _, l := range g.Lines {
					take.Items = append(take.Items, cart.Taken{
						ProductID: l.ProductID, VariantID: l.Variant(), ShopID: g.ShopID, Quantity: l.Quantity,
					})
				}
			}
			if _, err := grains.Ask(ctx, a, cart.Of(customer), take); err != nil {
				return nil, err
			}
		}
		return answer, nil
	}
}

// reserveAll reserves all holds or none: what lacks is named, and the others are released.
func reserveAll(ctx context.Context, a grains.Asker, holds []hold) ([]MissingMsg, error) {
	no, err := each(holds, func(h hold) (bool, error) {
		item, err := grains.Ask(ctx, h.asker(a), stock.Of(h.stock), stock.Reserve{OrderID: h.id, Quantity: h.line.Quantity, ExpiresAt: h.expires})
		for _, r := range item.Reservations {
			h.beyond.Store(r.Backordered)
		}
		return refused(err)
	})
	lacks := missing(holds, no)
	if err != nil || len(lacks) == 0 {
		return nil, err
	}
	if err := releaseAll(ctx, a, holds); err != nil {
		return nil, err
	}
	return lacks, nil
}

// backordered names what of the lines is promised and not on hand.
func backordered(holds []hold) (out []Backordered) {
	for _, h := range holds {
		if n := h.beyond.Load(); n > 0 {
			out = append(out, Backordered{OrderID: h.order, Line: int64(h.at), Quantity: n})
		}
	}
	return out
}

func releaseAll(ctx context.Context, a grains.Asker, holds []hold) error {
	_, err := each(holds, func(h hold) (bool, error) {
		_, err := grains.Ask(ctx, h.asker(a), stock.Of(h.stock), stock.Release{OrderID: h.id})
		return false, err
	})
	return err
}

// refused tells an answer that says no from one that says nothing yet.
func refused(err error) (bool, error) {
	switch entrepot.CodeOf(err) {
	case "":
		return false, nil
	case entrepot.CodeOutOfStock, entrepot.CodeConflict, entrepot.CodeNotFound:
		return true, nil
	default:
		return false, err
	}
}

// each makes one call a hold, side by side, and tells which were refused.
func each(holds []hold, call func(hold) (refused bool, err error)) ([]bool, error) {
	no, errs := make([]bool, len(holds)), make([]error, len(holds))
	var wg sync.WaitGroup
	for i := 1; i < len(holds); i++ {
		wg.Go(func() { no[i], errs[i] = call(holds[i]) })
	}
	no[0], errs[0] = call(holds[0])
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return no, nil
}

// missing names the holds that were refused.
func missing(holds []hold, no []bool) (out []MissingMsg) {
	for i := range no {
		if h := &holds[i]; no[i] {
			out = append(out, MissingMsg{
				ProductID: h.line.ProductID, VariantID: h.line.Variant(), ShopID: h.shop, Wanted: h.line.Quantity,
			})
		}
	}
	return out
}

// adopt lets every sibling stand as an order of its own.
func adopt(s *State) func(context.Context, grains.Asker) (any, error) {
	var all []Adopt
	for _, sib := range s.Siblings {
		all = append(all, Adopt{
			CheckoutID: s.CheckoutID, CustomerID: s.CustomerID, Group: pbGroup(sib.Group), ShippingAddress: pbAddress(s.Shipping),
			BillingAddress: pbAddress(s.Billing), Notes: s.Notes, Number: numberOf(sib.Number), ExpiresAt: s.ExpiresAt, CreatedAt: s.CreatedAt,
			Attempt: s.Attempt,
		})
	}
	return func(ctx context.Context, a grains.Asker) (any, error) {
		for _, c := range all {
			if _, err := grains.Ask(ctx, a, Of(c.Group.OrderID), c); err != nil {
				return nil, err
			}
		}
		return Adopted{}, nil
	}
}

// commit turns the reservations into sales. Where one is gone and sold to others
// the rest is brought back, and the answer names it.
func commit(s *State) func(context.Context, grains.Asker) (any, error) {
	holds := s.own()
	return func(ctx context.Context, a grains.Asker) (any, error) {
		no, err := each(holds, func(h hold) (bool, error) {
			_, err := grains.Ask(ctx, a, stock.Of(h.stock), stock.Commit{OrderID: h.id, Quantity: h.line.Quantity})
			return refused(err)
		})
		lacks := missing(holds, no)
		if err != nil || len(lacks) == 0 {
			return Committed{}, err
		}
		for i, h := range holds {
			if no[i] {
				continue
			}
			back := stock.Restock{OrderID: h.id, Quantity: h.line.Quantity, Reason: "another line of the order is sold out"}
			if _, err := grains.Ask(ctx, a, stock.Of(h.stock), back); err != nil {
				return nil, err
			}
		}
		return Committed{Missing: lacks}, nil
	}
}

// revive reserves anew for money that came after the order had expired.
func revive(s *State) func(context.Context, grains.Asker) (any, error) {
	holds := s.own()
	for i := range holds {
		holds[i].expires = s.UpdatedAt + DefaultHold.Milliseconds()
	}
	claims := s.claims(s.HoldID, []Group{s.Group})
	return func(ctx context.Context, a grains.Asker) (any, error) {
		missing, refused, err := claimAndReserve(ctx, a, claims, holds)
		return Revived{Missing: missing, Refused: refused}, err
	}
}

// release gives the order's first reservations back; a revived order's are committed, never released.
func release(s *State) func(context.Context, grains.Asker) (any, error) {
	holds := s.own()
	for i := range holds {
		holds[i].id = attemptID(s.ID, s.Attempt)
	}
	return func(ctx context.Context, a grains.Asker) (any, error) {
		return Released{}, releaseAll(ctx, a, holds)
	}
}

func restock(s *State) func(context.Context, grains.Asker) (any, error) {
	holds := s.own()
	return func(ctx context.Context, a grains.Asker) (any, error) {
		_, err := each(holds, func(h hold) (bool, error) {
			_, err := grains.Ask(ctx, a, stock.Of(h.stock), stock.Restock{OrderID: h.id, Quantity: h.line.Quantity, Reason: "order cancelled"})
			return false, err
		})
		return Restocked{}, err
	}
}

// refund voids the payment, which gives back what was captured.
func refund(s *State) func(context.Context, grains.Asker) (any, error) {
	paymentID := payment.ID(s.ID)
	return func(ctx context.Context, a grains.Asker) (any, error) {
		_, err := grains.Ask(ctx, a, payment.Of(paymentID), payment.Void{Reason: "order cancelled"})
		if err != nil && entrepot.CodeOf(err) != entrepot.CodeNotFound { // never opened: nothing to give back
			return nil, err
		}
		return RefundDone{}, nil
	}
}

// numberOf is the place in the series of an order number made by number.
func numberOf(s string) int64 {
	if len(s) < 6 {
		return 0
	}
	n, _ := strconv.ParseInt(s[5:], 10, 64) // "2026-000123", as number writes it
	return n
}
