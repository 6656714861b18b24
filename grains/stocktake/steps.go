package stocktake

import (
	"context"
	"slices"
	"strconv"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/stock/stockpb"
	"entrepot/grains/stocktake/stocktakepb"

	"google.golang.org/protobuf/proto"
)

// steps book what was counted, a part at a time. A stocktake asks stock items,
// which ask nobody; its id is the reference that makes a count be booked once.
func steps(s *State) []grains.Step {
	if s.Status != Closing {
		return nil
	}
	var lines []Line
	for _, l := range s.Lines {
		if l.At != 0 {
			lines = append(lines, l)
		}
	}
	var out []grains.Step
	for part := range slices.Chunk(lines, partSize) {
		n := int64(len(out))
		out = append(out, grains.Step{Key: "book:" + strconv.FormatInt(n, 10), Do: book(s, n, part)})
	}
	return slices.DeleteFunc(out, func(step grains.Step) bool {
		return slices.ContainsFunc(s.Booked, func(n int64) bool { return step.Key == "book:"+strconv.FormatInt(n, 10) })
	})
}

func book(s *State, n int64, lines []Line) func(context.Context, grains.Asker) (proto.Message, error) {
	reference, location := s.ID, s.LocationID
	return func(ctx context.Context, a grains.Asker) (proto.Message, error) {
		no, err := grains.Each(lines, func(l Line) (bool, error) {
			_, err := a.Ask(ctx, stockpb.Kind, stockpb.ID(l.VariantID, location), &stockpb.Count{Counted: l.Counted, Expected: l.Expected, Reference: reference})
			return grains.Refused(err, entrepot.CodeOutOfStock, entrepot.CodeInvalid, entrepot.CodeNotFound, entrepot.CodeConflict)
		})
		answer := &stocktakepb.Booked{Part: n}
		for i := range no {
			if no[i] {
				answer.Refused = append(answer.Refused, &stocktakepb.Refusal{
					VariantId: lines[i].VariantID, Reason: "the stock item refuses: pieces that are set aside cannot be counted away",
				})
			}
		}
		return answer, err
	}
}
