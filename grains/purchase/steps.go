package purchase

import (
	"context"
	"slices"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/purchase/purchasepb"
	"entrepot/grains/series/seriespb"
	"entrepot/grains/stock/stockpb"

	"google.golang.org/protobuf/proto"
)

// steps is the process as a table. A purchase order asks the number series and
// stock items, which ask nobody.
func steps(s *State) []grains.Step {
	if s.Status == ordering {
		return []grains.Step{{Key: "number", Do: number(s)}}
	}
	if r := s.pending(); r != nil {
		return []grains.Step{{Key: "receipt:" + r.ID, Do: book(s, r)}}
	}
	return nil
}

func number(s *State) func(context.Context, grains.Asker) (proto.Message, error) {
	series, next := seriespb.ID(s.CompanyID, "purchase", s.year()), &seriespb.Next{ForId: s.ID, CompanyId: s.CompanyID}
	return func(ctx context.Context, a grains.Asker) (proto.Message, error) {
		n, err := grains.Ask[*seriespb.Number](ctx, a, seriespb.Kind, series, next)
		return &purchasepb.Numbered{Number: n.GetNumber()}, err
	}
}

// book brings a delivery into the location's stock. The reference makes a part
// of it come in once.
func book(s *State, r *Receipt) func(context.Context, grains.Asker) (proto.Message, error) {
	id, parts, goods := r.ID, slices.Clone(r.Parts), make([]*stockpb.Receive, len(r.Parts))
	for i := range parts {
		p := &parts[i]
		goods[i] = &stockpb.Receive{
			ProductId: s.line(p.VariantID).ProductID, VariantId: p.VariantID, CompanyId: s.CompanyID, LocationId: s.LocationID,
			Quantity: p.Quantity, Reason: "purchase " + s.Number, Reference: "po:" + s.ID + ":" + id,
			UnitCostMinor: &p.Cost, Currency: s.Currency, Batch: p.Batch, ExpiresOnMs: p.Expires,
		}
	}
	return func(ctx context.Context, a grains.Asker) (proto.Message, error) {
		no, err := grains.Each(goods, func(c *stockpb.Receive) (bool, error) {
			_, err := a.Ask(ctx, stockpb.Kind, stockpb.ID(c.VariantId, c.LocationId), c)
			return grains.Refused(err, entrepot.CodeInvalid) // more than a stock item may hold
		})
		answer := &purchasepb.Booked{ReceiptId: id}
		for i := range no {
			if no[i] {
				answer.Refused = append(answer.Refused, parts[i].VariantID)
			}
		}
		return answer, err
	}
}
