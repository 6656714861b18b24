package transfer

import (
	"context"
	"slices"
	"strconv"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/stock/stockpb"
	"entrepot/grains/transfer/transferpb"

	"google.golang.org/protobuf/proto"
)

// steps is the process as a table: in this saved state, make these calls. Every
// call is idempotent by the shipment's or the receipt's id. A transfer asks stock
// items, which ask nobody.
func steps(s *State) []grains.Step {
	switch s.Status {
	case reserving:
		return []grains.Step{{Key: "reserve:" + s.ShipmentID(), Do: reserve(s)}}
	case freeing:
		return []grains.Step{{Key: "free:" + s.ShipmentID(), Do: free(s)}}
	case Shipping:
		return []grains.Step{{Key: "ship:" + s.ShipmentID(), Do: ship(s)}}
	case Returning:
		return []grains.Step{{Key: s.returnKey(), Do: bringBack(s)}}
	}
	if r := s.pending(); r != nil {
		return []grains.Step{{Key: "receipt:" + r.ID, Do: book(s, r)}}
	}
	return nil
}

// holdFor is how long the source keeps the lines of a shipment for it: longer
// than any outage in which a shipment stands half made.
const holdFor = 30 * 24 * time.Hour

// reserve sets every line aside. Nothing is given back here when one lacks: a
// late repetition of this step would undo what a later one has done.
func reserve(s *State) func(context.Context, grains.Asker) (proto.Message, error) {
	lines, shipment, from, expires := slices.Clone(s.Lines), s.ShipmentID(), s.FromID, s.Begun+holdFor.Milliseconds()
	return func(ctx context.Context, a grains.Asker) (proto.Message, error) {
		lacks, err := grains.Each(lines, func(l Line) (bool, error) {
			hold := &stockpb.Reserve{OrderId: shipment, Quantity: l.Quantity, ExpiresMs: expires, Moves: true}
			item, err := grains.Ask[*stockpb.Item](ctx, a, stockpb.Kind, stockpb.ID(l.VariantID, from), hold)
			if err != nil {
				return refusal(err)
			}
			return item.GetBackordered() > 0, nil // promised, and not there: an order waits for that, a truck does not
		})
		return &transferpb.Held{ShipmentId: shipment, Missing: named(lines, lacks)}, err
	}
}

// free gives back what was set aside and refuses what comes late.
func free(s *State) func(context.Context, grains.Asker) (proto.Message, error) {
	lines, shipment, from := slices.Clone(s.Lines), s.ShipmentID(), s.FromID
	return func(ctx context.Context, a grains.Asker) (proto.Message, error) {
		_, err := grains.Each(lines, func(l Line) (bool, error) {
			_, err := a.Ask(ctx, stockpb.Kind, stockpb.ID(l.VariantID, from), &stockpb.Release{OrderId: shipment})
			return false, err
		})
		return &transferpb.Freed{ShipmentId: shipment}, err
	}
}

// ship takes every line out of the source.
func ship(s *State) func(context.Context, grains.Asker) (proto.Message, error) {
	lines, shipment, from := slices.Clone(s.Lines), s.ShipmentID(), s.FromID
	return func(ctx context.Context, a grains.Asker) (proto.Message, error) {
		left := make([]*stockpb.Item, len(lines))
		at := make([]int, len(lines))
		for i := range at {
			at[i] = i
		}
		_, err := grains.Each(at, func(i int) (short bool, err error) {
			left[i], short, err = takeOut(ctx, a, stockpb.ID(lines[i].VariantID, from), shipment, lines[i].Quantity)
			return short, err
		})
		if err != nil {
			return nil, err
		}
		answer := &transferpb.Shipped{ShipmentId: shipment}
		for i, l := range lines {
			answer.Parts = append(answer.Parts, departed(l, left[i]))
		}
		return answer, nil
	}
}

// takeOut ships one line. A stock item that counts what is set aside for the
// shipment as not available gets it back first.
func takeOut(ctx context.Context, a grains.Asker, item, shipment entrepot.ID, quantity int64) (left *stockpb.Item, short bool, err error) {
	out := &stockpb.Ship{TransferId: shipment, Quantity: quantity}
	left, err = grains.Ask[*stockpb.Item](ctx, a, stockpb.Kind, item, out)
	if err != nil && entrepot.CodeOf(err) != entrepot.CodeOutOfStock {
		return nil, false, err
	}
	_, freed := a.Ask(ctx, stockpb.Kind, item, &stockpb.Release{OrderId: shipment})
	if freed != nil || err == nil {
		return left, false, freed
	}
	left, err = grains.Ask[*stockpb.Item](ctx, a, stockpb.Kind, item, out)
	if err != nil {
		short, err = refusal(err)
	}
	return left, short, err
}

// departed is what a line took out of the source; nil for nothing.
func departed(l Line, item *stockpb.Item) *transferpb.ShippedPart {
	p := &transferpb.ShippedPart{VariantId: l.VariantID}
	if item == nil {
		return p
	}
	p.Quantity, p.Currency = l.Quantity, item.Currency
	var valued, cost int64
	for _, g := range item.Shipped {
		valued, cost = valued+g.Valued, cost+g.CostMinor
		p.Goods = append(p.Goods, &transferpb.Goods{
			Quantity: g.Quantity, Batch: g.Batch, ExpiresOnMs: g.ExpiresOnMs, Valued: g.Valued, CostMinor: g.CostMinor, AverageMinor: g.AverageMinor,
		})
	}
	if valued > 0 {
		unit := share(cost, 1, valued)
		p.UnitCostMinor = &unit
	}
	return p
}

// book brings a receipt into the destination's stock.
func book(s *State, r *Receipt) func(context.Context, grains.Asker) (proto.Message, error) {
	id, parts := r.ID, slices.Clone(r.Parts)
	arrivals := make([]*stockpb.Arrive, len(parts))
	for i, p := range parts {
		arrivals[i] = s.arrival(p, s.ToID, id)
	}
	return func(ctx context.Context, a grains.Asker) (proto.Message, error) {
		refused, err := arrive(ctx, a, arrivals)
		return &transferpb.Booked{ReceiptId: id, Refused: refused}, err
	}
}

// arrive brings goods in, and names the variants that their stock refuses: more
// pieces or lots than an item may hold.
func arrive(ctx context.Context, a grains.Asker, arrivals []*stockpb.Arrive) (refused []string, err error) {
	no, err := grains.Each(arrivals, func(c *stockpb.Arrive) (bool, error) {
		_, err := a.Ask(ctx, stockpb.Kind, stockpb.ID(c.VariantId, c.LocationId), c)
		return grains.Refused(err, entrepot.CodeInvalid, entrepot.CodeConflict)
	})
	for i := range no {
		if no[i] {
			refused = append(refused, arrivals[i].VariantId)
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
func bringBack(s *State) func(context.Context, grains.Asker) (proto.Message, error) {
	var arrivals []*stockpb.Arrive
	for i := range s.Lines {
		if n := s.Lines[i].inTransit(); n > 0 {
			c := s.arrival(events.TransferPart{VariantID: s.Lines[i].VariantID, Quantity: n}, s.FromID, "return")
			c.Back = true
			arrivals = append(arrivals, c)
		}
	}
	attempt := s.Returns
	return func(ctx context.Context, a grains.Asker) (proto.Message, error) {
		refused, err := arrive(ctx, a, arrivals)
		return &transferpb.Returned{Attempt: attempt, Refused: refused}, err
	}
}

func (s *State) arrival(p events.TransferPart, at entrepot.ID, reference string) *stockpb.Arrive {
	l := s.line(p.VariantID)
	c := &stockpb.Arrive{
		TransferId: s.ShipmentID(), Reference: reference, ProductId: l.ProductID, VariantId: l.VariantID,
		CompanyId: s.CompanyID, LocationId: at, Quantity: p.Quantity, UnitCostMinor: l.UnitCost, Currency: l.Currency,
	}
	for _, g := range cut(l.Goods, l.Arrived+l.Returned, p.Quantity) {
		c.Parts = append(c.Parts, &stockpb.Goods{
			Quantity: g.Quantity, Batch: g.Lot, ExpiresOnMs: g.Expires, Valued: g.Valued, CostMinor: g.Cost, AverageMinor: g.Average,
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
