package purchase

import (
	"context"
	"slices"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/inventory/stock"
	"entrepot/grains/sales/series"
)

// steps is the process as a table. A purchase order asks the number series and
// stock items, which ask nobody.
func steps(s *State) []grains.OldStep {
	if s.Status == ordering {
		return []grains.OldStep{{Key: "number", Do: number(s)}}
	}
	if r := s.pending(); r != nil {
		return []grains.OldStep{{Key: "receipt:" + r.ID, Do: book(s, r)}}
	}
	return nil
}

func number(s *State) func(context.Context, grains.Asker) (any, error) {
	seriesID, next := series.ID(s.CompanyID, "purchase", s.year()), series.Next{ForID: s.ID, CompanyID: s.CompanyID}
	return func(ctx context.Context, a grains.Asker) (any, error) {
		n, err := grains.Ask(ctx, a, series.Of(seriesID), next)
		return Numbered{Number: n.Number}, err
	}
}

// book brings a delivery into the location's stock. The reference makes a part
// of it come in once.
func book(s *State, r *Receipt) func(context.Context, grains.Asker) (any, error) {
	id, parts, goods := r.ID, slices.Clone(r.Parts), make([]stock.Receive, len(r.Parts))
	for i := range parts {
		p := &parts[i]
		goods[i] = stock.Receive{
			ProductID: s.line(p.VariantID).ProductID, VariantID: p.VariantID, CompanyID: s.CompanyID, LocationID: s.LocationID,
			Quantity: p.Quantity, Reason: "purchase " + s.Number, Reference: "po:" + s.ID + ":" + id,
			UnitCost: &p.UnitCost, Currency: s.Currency, Lot: p.Batch, ExpiresOn: p.ExpiresOn,
		}
	}
	return func(ctx context.Context, a grains.Asker) (any, error) {
		no, err := grains.Each(goods, func(c stock.Receive) (bool, error) {
			_, err := grains.Ask(ctx, a, stock.Of(stock.ID(c.VariantID, c.LocationID)), c)
			return grains.Refused(err, entrepot.CodeInvalid) // more than a stock item may hold
		})
		answer := Booked{ReceiptID: id}
		for i := range no {
			if no[i] {
				answer.Refused = append(answer.Refused, parts[i].VariantID)
			}
		}
		return answer, err
	}
}
