package stocktake

import (
	"context"
	"slices"
	"strconv"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/inventory/stock"
)

// steps book what was counted, a part at a time. A stocktake asks stock items,
// which ask nobody; its id is the reference that makes a count be booked once.
func steps(s *State) []grains.OldStep {
	if s.Status != Closing {
		return nil
	}
	var lines []Line
	for _, l := range s.Lines {
		if l.CountedAt != 0 {
			lines = append(lines, l)
		}
	}
	var out []grains.OldStep
	for part := range slices.Chunk(lines, partSize) {
		n := int64(len(out))
		out = append(out, grains.OldStep{Key: "book:" + strconv.FormatInt(n, 10), Do: book(s, n, part)})
	}
	return slices.DeleteFunc(out, func(step grains.OldStep) bool {
		return slices.ContainsFunc(s.Booked, func(n int64) bool { return step.Key == "book:"+strconv.FormatInt(n, 10) })
	})
}

func book(s *State, n int64, lines []Line) func(context.Context, grains.Asker) (any, error) {
	reference, location := s.ID, s.LocationID
	return func(ctx context.Context, a grains.Asker) (any, error) {
		no, err := grains.Each(lines, func(l Line) (bool, error) {
			_, err := grains.Ask(ctx, a, stock.Of(stock.ID(l.VariantID, location)), stock.Count{Counted: l.Counted, Expected: l.Expected, Reference: reference})
			return grains.Refused(err, entrepot.CodeOutOfStock, entrepot.CodeInvalid, entrepot.CodeNotFound, entrepot.CodeConflict)
		})
		answer := Booked{Part: n}
		for i := range no {
			if no[i] {
				answer.Refused = append(answer.Refused, Refusal{
					VariantID: lines[i].VariantID, Reason: "the stock item refuses: pieces that are set aside cannot be counted away",
				})
			}
		}
		return answer, err
	}
}
