package order

import (
	"context"
	"strconv"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/ecommerce/cart"
	"entrepot/grains/inventory/stock"
	"entrepot/grains/payment/payment"
	"entrepot/grains/sales/series"
)

// allocation is a plan: the places that each line comes from, by order and line.
type allocation struct {
	lines   map[entrepot.ID][][]Allocation
	missing []Missing // any: the sources do not have enough
}

// allocate plans by what the sources have. The plan holds nothing: reserving it
// shows what was sold meanwhile.
func allocate(ctx context.Context, a grains.Asker, s *State, _ string) (allocation, error) {
	out := allocation{lines: map[entrepot.ID][][]Allocation{}}
	levels, err := levelsOf(ctx, a, s.groups())
	if err != nil {
		return out, err
	}
	for _, g := range s.groups() {
		if len(g.Sources) == 0 {
			continue
		}
		lines, lacks := plan(g, levels)
		out.lines[g.OrderID] = lines
		for _, l := range lacks {
			out.missing = append(out.missing, l.missing(g.ShopID, l.Quantity))
		}
	}
	return out, nil
}

// levelsOf reads the level of every place that a group may be sourced from. A place
// without the goods has none.
func levelsOf(ctx context.Context, a grains.Asker, groups []*Group) (map[place]*level, error) {
	levels := map[place]*level{}
	var places []place
	for _, g := range groups {
		for _, l := range g.Lines {
			for _, source := range g.Sources {
				at := place{l.VariantID, source}
				if levels[at] == nil {
					levels[at] = &level{}
					places = append(places, at)
				}
			}
		}
	}
	_, err := grains.Each(places, func(at place) (bool, error) {
		item, err := grains.Ask(ctx, a, stock.Of(stock.ID(at.variant, at.location)), stock.Get{})
		if err != nil {
			return grains.Refused(err, entrepot.CodeNotFound)
		}
		*levels[at] = level{item.Available, item.Promisable - item.Available}
		return false, nil
	})
	return levels, err
}

// hold is one reservation that the process makes: of a line, or of its pieces from
// one place.
type hold struct {
	Missing                 // the pieces, if the reservation is refused
	Backordered             // those not on hand, once it is made
	id          entrepot.ID // reservation id
	location    entrepot.ID
	expires     int64
	planned     bool // by an allocation
}

func (h *hold) of() grains.Ref { return stock.Of(stock.ID(h.VariantID, h.location)) }

// asker distinguishes the calls for two orders of a checkout to one stock item: a
// warehouse may serve both their shops.
func (h *hold) asker(a grains.Asker) grains.Asker {
	if !h.planned {
		return a
	}
	return grains.Distinct(a, h.id)
}

// holds returns the reservations of the whole checkout.
func (s *State) holds() (out []*hold) {
	for _, g := range s.groups() {
		out = append(out, s.holdsOf(g, attemptID(g.OrderID, s.Attempt), s.ExpiresAt)...)
	}
	return out
}

// own returns the reservations of this order alone, under its present reservation id.
func (s *State) own() []*hold { return s.holdsOf(&s.Group, s.HoldID, s.ExpiresAt) }

// holdsOf returns the reservations of a group, one for each place that a line comes
// from by the plan.
func (s *State) holdsOf(g *Group, id entrepot.ID, expires int64) (out []*hold) {
	for i, l := range g.Lines {
		from := l.Allocations
		if len(from) == 0 {
			from = []Allocation{{g.ShopID, l.Quantity}}
		}
		for _, a := range from {
			out = append(out, &hold{
				Missing: l.missing(g.ShopID, a.Quantity), Backordered: Backordered{OrderID: g.OrderID, Line: i},
				id: id, location: a.LocationID, expires: expires + Guard.Milliseconds(), planned: len(l.Allocations) > 0,
			})
		}
	}
	return out
}

// reservation is the result of a try to claim the promo codes and reserve the stock.
type reservation struct {
	numbers map[entrepot.ID]int64 // in their company's series, by order
	beyond  []Backordered
	missing []Missing // any: nothing is reserved
	refused *Refused  // a promo code: nothing is reserved
}

// reserve claims the promo codes and reserves all lines, all or none; then it draws
// the orders' numbers and takes the lines out of the cart.
func reserve(ctx context.Context, a grains.Asker, s *State, _ string) (reservation, error) {
	holds := s.holds()
	r, err := claimAndReserve(ctx, a, s.claims(s.claimID(), s.groups()), holds)
	if err != nil || r.refused != nil || len(r.missing) > 0 {
		return r, err
	}
	for _, h := range holds {
		if h.Quantity > 0 {
			r.beyond = append(r.beyond, h.Backordered)
		}
	}
	if r.numbers, err = drawNumbers(ctx, a, s); err != nil || !s.FromCart {
		return r, err
	}
	_, err = grains.Ask(ctx, a, cart.Of(s.CustomerID), cart.Take{OrderID: s.ID, Items: s.taken()})
	return r, err
}

func drawNumbers(ctx context.Context, a grains.Asker, s *State) (map[entrepot.ID]int64, error) {
	numbers := map[entrepot.ID]int64{}
	for _, g := range s.groups() {
		of := series.Of(series.ID(g.CompanyID, "order", strconv.Itoa(year(s.CreatedAt))))
		n, err := grains.Ask(ctx, a, of, series.Next{ForID: g.OrderID, CompanyID: g.CompanyID})
		if err != nil {
			return nil, err
		}
		numbers[g.OrderID] = n.Number
	}
	return numbers, nil
}

// taken returns the lines of the whole checkout, for the cart.
func (s *State) taken() (out []cart.Taken) {
	for _, g := range s.groups() {
		for _, l := range g.Lines {
			out = append(out, cart.Taken{
				ProductID: l.ProductID, VariantID: l.VariantID, ShopID: g.ShopID, Quantity: l.Quantity,
			})
		}
	}
	return out
}

// refusals are the codes by which a grain refuses for good.
var refusals = []entrepot.Code{entrepot.CodeOutOfStock, entrepot.CodeConflict, entrepot.CodeNotFound}

// reserveAll reserves all holds or none, and returns the lines that lack.
func reserveAll(ctx context.Context, a grains.Asker, holds []*hold) ([]Missing, error) {
	no, err := grains.Each(holds, func(h *hold) (bool, error) {
		cmd := stock.Reserve{OrderID: h.id, Quantity: h.Wanted, ExpiresAt: h.expires}
		item, err := grains.Ask(ctx, h.asker(a), h.of(), cmd)
		if err != nil {
			return grains.Refused(err, refusals...)
		}
		for _, r := range item.Reservations {
			h.Quantity = r.Backordered
		}
		return false, nil
	})
	lacks := refusedHolds(holds, no)
	if err != nil || len(lacks) == 0 {
		return nil, err
	}
	return lacks, releaseAll(ctx, a, holds)
}

func releaseAll(ctx context.Context, a grains.Asker, holds []*hold) error {
	_, err := grains.Each(holds, func(h *hold) (bool, error) {
		_, err := grains.Ask(ctx, h.asker(a), h.of(), stock.Release{OrderID: h.id})
		return false, err
	})
	return err
}

func refusedHolds(holds []*hold, no []bool) (out []Missing) {
	for i := range no {
		if no[i] {
			out = append(out, holds[i].Missing)
		}
	}
	return out
}

// adopt makes every sibling an order of its own.
func adopt(ctx context.Context, a grains.Asker, s *State, _ string) (grains.Done, error) {
	for _, sib := range s.Siblings {
		if _, err := grains.Ask(ctx, a, Of(sib.OrderID), Adopt{Order: s.sibling(sib), Attempt: s.Attempt}); err != nil {
			return grains.Done{}, err
		}
	}
	return grains.Done{}, nil
}

// commit turns the reservations into sales. If a line is gone, it restocks the
// others and returns the lines that lack.
func commit(ctx context.Context, a grains.Asker, s *State, _ string) ([]Missing, error) {
	holds := s.own()
	no, err := grains.Each(holds, func(h *hold) (bool, error) {
		_, err := grains.Ask(ctx, a, h.of(), stock.Commit{OrderID: h.id, Quantity: h.Wanted})
		return grains.Refused(err, refusals...)
	})
	lacks := refusedHolds(holds, no)
	if err != nil || len(lacks) == 0 {
		return nil, err
	}
	var kept []*hold
	for i, h := range holds {
		if !no[i] {
			kept = append(kept, h)
		}
	}
	return lacks, restockAll(ctx, a, kept, "another line of the order is sold out")
}

// revive claims and reserves anew for money that came after the order had expired.
func revive(ctx context.Context, a grains.Asker, s *State, _ string) (reservation, error) {
	holds := s.own()
	for _, h := range holds {
		h.expires = s.UpdatedAt + DefaultHold.Milliseconds()
	}
	return claimAndReserve(ctx, a, s.claims(s.HoldID, []*Group{&s.Group}), holds)
}

// release releases the order's first reservations. Those of a revived order are
// committed, never released.
func release(ctx context.Context, a grains.Asker, s *State, _ string) (grains.Done, error) {
	return grains.Done{}, releaseAll(ctx, a, s.holdsOf(&s.Group, attemptID(s.ID, s.Attempt), s.ExpiresAt))
}

func restock(ctx context.Context, a grains.Asker, s *State, _ string) (grains.Done, error) {
	return grains.Done{}, restockAll(ctx, a, s.own(), "order cancelled")
}

func restockAll(ctx context.Context, a grains.Asker, holds []*hold, reason string) error {
	_, err := grains.Each(holds, func(h *hold) (bool, error) {
		_, err := grains.Ask(ctx, a, h.of(), stock.Restock{OrderID: h.id, Quantity: h.Wanted, Reason: reason})
		return false, err
	})
	return err
}

// refund voids the payment, which refunds what was captured. A payment that was
// never opened needs no refund.
func refund(ctx context.Context, a grains.Asker, s *State, _ string) (grains.Done, error) {
	_, err := grains.Ask(ctx, a, payment.Of(payment.ID(s.ID)), payment.Void{Reason: "order cancelled"})
	_, err = grains.Refused(err, entrepot.CodeNotFound)
	return grains.Done{}, err
}
