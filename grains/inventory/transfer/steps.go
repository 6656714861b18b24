package transfer

import (
	"context"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/inventory/stock"
)

// reservedFor is how long the source reserves the lines of a shipment: longer than
// any outage in the middle of one.
const reservedFor = 30 * 24 * time.Hour

// reserve reserves every line at the source and returns the variants that lack
// pieces. It releases nothing then: a late repetition of this step would undo what
// a later step has done.
func reserve(ctx context.Context, a grains.Asker, s *State, shipment string) (missing []entrepot.ID, err error) {
	lacks, err := grains.Each(s.Lines, func(l Line) (bool, error) {
		item, err := grains.Ask(ctx, a, s.source(l.VariantID), stock.Reserve{
			OrderID: shipment, Quantity: l.Quantity, ExpiresAt: s.Begun + reservedFor.Milliseconds(), Moves: true,
		})
		if err != nil {
			return refusal(err)
		}
		return item.Backordered > 0, nil // backordered pieces are not there to be shipped
	})
	return variants(s.Lines, lacks), err
}

// free releases the lines at the source, and bars reservations that come late.
func free(ctx context.Context, a grains.Asker, s *State, shipment string) (struct{}, error) {
	_, err := grains.Each(s.Lines, func(l Line) (bool, error) {
		_, err := grains.Ask(ctx, a, s.source(l.VariantID), stock.Release{OrderID: shipment})
		return false, err
	})
	return struct{}{}, err
}

// departure is what a line took out of the source; Quantity 0 for nothing.
type departure struct {
	variantID entrepot.ID
	quantity  int64
	currency  string
	goods     []stock.Goods
}

// ship takes every line out of the source.
func ship(ctx context.Context, a grains.Asker, s *State, shipment string) ([]departure, error) {
	out, at := make([]departure, len(s.Lines)), make([]int, len(s.Lines))
	for i := range at {
		at[i] = i
	}
	_, err := grains.Each(at, func(i int) (lacks bool, err error) {
		out[i], lacks, err = s.takeOut(ctx, a, &s.Lines[i], shipment)
		return lacks, err
	})
	return out, err
}

// takeOut ships one line. When the stock item counts the pieces reserved for the
// shipment as not available, it releases them and ships again.
func (s *State) takeOut(
	ctx context.Context, a grains.Asker, l *Line, shipment entrepot.ID,
) (out departure, lacks bool, err error) {
	out.variantID = l.VariantID
	item, take := s.source(l.VariantID), stock.Ship{TransferID: shipment, Quantity: l.Quantity}
	left, err := grains.Ask(ctx, a, item, take)
	short := entrepot.CodeOf(err) == entrepot.CodeOutOfStock
	if err != nil && !short {
		return out, false, err
	}
	if _, err := grains.Ask(ctx, a, item, stock.Release{OrderID: shipment}); err != nil {
		return out, false, err
	}
	if short {
		if left, err = grains.Ask(ctx, a, item, take); err != nil {
			lacks, err = refusal(err)
			return out, lacks, err
		}
	}
	out.quantity, out.currency, out.goods = l.Quantity, left.Currency, left.Goods
	return out, false, nil
}

// booking is the result of bringing a receipt into the stock of the destination.
type booking struct {
	receiptID entrepot.ID
	refused   []entrepot.ID // variants
}

// book brings a receipt into the stock of the destination.
func book(ctx context.Context, a grains.Asker, s *State, receipt string) (booking, error) {
	var arrivals []stock.Arrive
	for _, p := range s.receipt(receipt).Parts {
		arrivals = append(arrivals, s.arrival(p, s.ToID, receipt))
	}
	refused, err := arrive(ctx, a, arrivals)
	return booking{receiptID: receipt, refused: refused}, err
}

// bringBack brings what is in transit into the stock of the source and returns the
// variants that it refuses. All attempts have one reference, so what came back in an
// earlier attempt does not come again.
func bringBack(ctx context.Context, a grains.Asker, s *State, _ string) ([]entrepot.ID, error) {
	var arrivals []stock.Arrive
	for i := range s.Lines {
		l := &s.Lines[i]
		if n := l.InTransit(); n > 0 {
			c := s.arrival(events.TransferPart{VariantID: l.VariantID, Quantity: n}, s.FromID, "return")
			c.Back = true
			arrivals = append(arrivals, c)
		}
	}
	return arrive(ctx, a, arrivals)
}

// arrive brings goods into stock and returns the variants that the stock items
// refuse, because they hold as many pieces or lots as they may.
func arrive(ctx context.Context, a grains.Asker, arrivals []stock.Arrive) (refused []entrepot.ID, err error) {
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

// arrival returns the command that brings a part of a line to a location, with the
// lots and costs of the pieces that come next.
func (s *State) arrival(p events.TransferPart, at entrepot.ID, reference string) stock.Arrive {
	l := s.line(p.VariantID)
	return stock.Arrive{
		TransferID: s.ShipmentID(), Reference: reference, ProductID: l.ProductID, VariantID: l.VariantID,
		CompanyID: s.CompanyID, LocationID: at, Quantity: p.Quantity, UnitCost: l.UnitCost, Currency: l.Currency,
		Parts: cut(l.Goods, l.Arrived+l.Returned, p.Quantity),
	}
}

// source returns the ref of the source's stock item of a variant.
func (s *State) source(variant entrepot.ID) grains.Ref { return stock.Of(stock.ID(variant, s.FromID)) }

// refusal reports whether a stock item refuses a command for good.
func refusal(err error) (bool, error) {
	return grains.Refused(err, entrepot.CodeOutOfStock, entrepot.CodeConflict, entrepot.CodeNotFound)
}

// variants returns the variants of the lines that are marked.
func variants(lines []Line, marked []bool) (out []entrepot.ID) {
	for i := range marked {
		if marked[i] {
			out = append(out, lines[i].VariantID)
		}
	}
	return out
}
