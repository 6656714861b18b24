package transfer

import (
	"context"
	"slices"
	"strconv"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/inventory/stock"
)

// steps is the process as a table: in this saved state, make these calls. Every
// call is idempotent by the shipment's or the receipt's id. A transfer asks stock
// items, which ask nobody.
func steps(s *State) []grains.OldStep {
	switch s.Status {
	case reserving:
		return []grains.OldStep{{Key: "reserve:" + s.ShipmentID(), Do: reserve(s)}}
	case freeing:
		return []grains.OldStep{{Key: "free:" + s.ShipmentID(), Do: free(s)}}
	case Shipping:
		return []grains.OldStep{{Key: "ship:" + s.ShipmentID(), Do: ship(s)}}
	case Returning:
		return []grains.OldStep{{Key: s.returnKey(), Do: bringBack(s)}}
	}
	if r := s.pending(); r != nil {
		return []grains.OldStep{{Key: "receipt:" + r.ID, Do: book(s, r)}}
	}
	return nil
}

// holdFor is how long the source keeps the lines of a shipment for it: longer
// than any outage in which a shipment stands half made.
const holdFor = 30 * 24 * time.Hour

// reserve sets every line aside. Nothing is given back here when one lacks: a
// late repetition of this step would undo what a later one has done.
func reserve(s *State) func(context.Context, grains.Asker) (any, error) {
	lines, shipment, from, expires := slices.Clone(s.Lines), s.ShipmentID(), s.FromID, s.Begun+holdFor.Milliseconds()
	return func(ctx context.Context, a grains.Asker) (any, error) {
		lacks, err := grains.Each(lines, func(l Line) (bool, error) {
			hold := stock.Reserve{OrderID: shipment, Quantity: l.Quantity, ExpiresAt: expires, Moves: true}
			item, err := grains.Ask(ctx, a, stock.Of(stock.ID(l.VariantID, from)), hold)
			if err != nil {
				return refusal(err)
			}
			return item.Backordered > 0, nil // promised, and not there: an order waits for that, a truck does not
		})
		return Held{ShipmentID: shipment, Missing: named(lines, lacks)}, err
	}
}

// free gives back what was set aside and refuses what comes late.
func free(s *State) func(context.Context, grains.Asker) (any, error) {
	lines, shipment, from := slices.Clone(s.Lines), s.ShipmentID(), s.FromID
	return func(ctx context.Context, a grains.Asker) (any, error) {
		_, err := grains.Each(lines, func(l Line) (bool, error) {
			_, err := grains.Ask(ctx, a, stock.Of(stock.ID(l.VariantID, from)), stock.Release{OrderID: shipment})
			return false, err
		})
		return Freed{ShipmentID: shipment}, err
	}
}

// ship takes every line out of the source.
func ship(s *State) func(context.Context, grains.Asker) (any, error) {
	lines, shipment, from := slices.Clone(s.Lines), s.ShipmentID(), s.FromID
	return func(ctx context.Context, a grains.Asker) (any, error) {
		left := make([]*stock.Item, len(lines))
		at := make([]int, len(lines))
		for i := range at {
			at[i] = i
		}
		_, err := grains.Each(at, func(i int) (short bool, err error) {
			left[i], short, err = takeOut(ctx, a, stock.ID(lines[i].VariantID, from), shipment, lines[i].Quantity)
			return short, err
		})
		if err != nil {
			return nil, err
		}
		answer := Shipped{ShipmentID: shipment}
		for i, l := range lines {
			answer.Parts = append(answer.Parts, departed(l, left[i]))
		}
		return answer, nil
	}
}

// takeOut ships one line. A stock item that counts what is set aside for the
// shipment as not available gets it back first.
func takeOut(ctx context.Context, a grains.Asker, item, shipment entrepot.ID, quantity int64) (left *stock.Item, short bool, err error) {
	out := stock.Ship{TransferID: shipment, Quantity: quantity}
	left, err = grains.Ask(ctx, a, stock.Of(item), out)
	if err != nil && entrepot.CodeOf(err) != entrepot.CodeOutOfStock {
		return nil, false, err
	}
	_, freed := grains.Ask(ctx, a, stock.Of(item), stock.Release{OrderID: shipment})
	if freed != nil || err == nil {
		return left, false, freed
	}
	left, err = grains.Ask(ctx, a, stock.Of(item), out)
	if err != nil {
		short, err = refusal(err)
	}
	return left, short, err
}

// departed is what a line took out of the source; nil for nothing.
func departed(l Line, item *stock.Item) ShippedPart {
	p := ShippedPart{VariantID: l.VariantID}
	if item == nil {
		return p
	}
	p.Quantity, p.Currency = l.Quantity, item.Currency
	var valued, cost int64
	for _, g := range item.Shipped {
		valued, cost = valued+g.Valued, cost+g.Cost
		p.Goods = append(p.Goods, Goods{
			Quantity: g.Quantity, Lot: g.Lot, ExpiresOn: g.ExpiresOn, Valued: g.Valued, Cost: g.Cost, Average: g.Average,
		})
	}
	if valued > 0 {
		unit := share(cost, 1, valued)
		p.UnitCost = &unit
	}
	return p
}

// book brings a receipt into the destination's stock.
func book(s *State, r *Receipt) func(context.Context, grains.Asker) (any, error) {
	id, parts := r.ID, slices.Clone(r.Parts)
	arrivals := make([]stock.Arrive, len(parts))
	for i, p := range parts {
		arrivals[i] = s.arrival(p, s.ToID, id)
	}
	return func(ctx context.Context, a grains.Asker) (any, error) {
		refused, err := arrive(ctx, a, arrivals)
		return Booked{ReceiptID: id, Refused: refused}, err
	}
}

// arrive brings goods in, and names the variants that their stock refuses: more
// pieces or lots than an item may hold.
func arrive(ctx context.Context, a grains.Asker, arrivals []stock.Arrive) (refused []string, err error) {
	no, err := grains.Each(arrivals, func(c stock.Arrive) (bool, error) {
		_, err := grains.Ask(ctx, a, stock.Of(stock.ID(c.VariantID, c.LocationID)), c)
		return grains.Refused(err, entrepot.CodeInvalid, entrepot.CodeConflict)
	})
	for i := range no {
		if no[i] {
			refused = append(refused, arrivals[i].VariantID)
		}
	}
	return refused, err
}

func (s *State) returnKey() string {
	if s.Returns == 0 {
		return "return"
	}
	return "return:" + strconv.FormatInt(s.Returns, 10)
}

// bringBack brings what is in transit into the source's stock. One reference for
// all attempts: what came back in an earlier one does not come again.
func bringBack(s *State) func(context.Context, grains.Asker) (any, error) {
	var arrivals []stock.Arrive
	for i := range s.Lines {
		if n := s.Lines[i].inTransit(); n > 0 {
			c := s.arrival(events.TransferPart{VariantID: s.Lines[i].VariantID, Quantity: n}, s.FromID, "return")
			c.Back = true
			arrivals = append(arrivals, c)
		}
	}
	attempt := s.Returns
	return func(ctx context.Context, a grains.Asker) (any, error) {
		refused, err := arrive(ctx, a, arrivals)
		return Returned{Attempt: attempt, Refused: refused}, err
	}
}

func (s *State) arrival(p events.TransferPart, at entrepot.ID, reference string) stock.Arrive {
	l := s.line(p.VariantID)
	c := stock.Arrive{
		TransferID: s.ShipmentID(), Reference: reference, ProductID: l.ProductID, VariantID: l.VariantID,
		CompanyID: s.CompanyID, LocationID: at, Quantity: p.Quantity, UnitCost: l.UnitCost, Currency: l.Currency,
	}
	for _, g := range cut(l.Goods, l.Arrived+l.Returned, p.Quantity) {
		c.Parts = append(c.Parts, stock.Goods{
			Quantity: g.Quantity, Lot: g.Lot, ExpiresOn: g.ExpiresOn, Valued: g.Valued, Cost: g.Cost, Average: g.Average,
		})
	}
	return c
}

// refusal: the stock item says no, and will.
func refusal(err error) (bool, error) {
	return grains.Refused(err, entrepot.CodeOutOfStock, entrepot.CodeConflict, entrepot.CodeNotFound)
}

func named(lines []Line, no []bool) (out []string) {
	for i := range no {
		if no[i] {
			out = append(out, lines[i].VariantID)
		}
	}
	return out
}
