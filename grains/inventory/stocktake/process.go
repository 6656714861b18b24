package stocktake

import (
	"context"
	"slices"
	"strconv"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/inventory/stock"
)

// process books the counts of a closing stocktake, one part at a time. A stocktake
// asks stock items, which ask no grain.
var process = []grains.Row[*State]{
	grains.Step("book", (*State).unbooked, book, (*State).booked),
}

// partSize is how many items one step books.
const partSize = 50

// unbooked returns the numbers of the parts that are still to be booked.
func (s *State) unbooked() (out []string) {
	if s.Status != Closing {
		return nil
	}
	for n := range s.parts() {
		if !slices.Contains(s.Booked, n) {
			out = append(out, strconv.FormatInt(n, 10))
		}
	}
	return out
}

// parts returns how many steps the booking has.
func (s *State) parts() int64 {
	return int64(len(s.countedLines())+partSize-1) / partSize
}

func (s *State) countedLines() []Line {
	return slices.DeleteFunc(slices.Clone(s.Lines), func(l Line) bool { return !l.IsCounted() })
}

// booking is the result of booking one part.
type booking struct {
	part    int64
	refused []entrepot.ID // variants
}

// book brings the counts of a part to the stock items. The id of the stocktake is
// the reference that makes a stock item book a count once.
func book(ctx context.Context, a grains.Asker, s *State, of string) (booking, error) {
	n, err := strconv.ParseInt(of, 10, 64)
	if err != nil {
		return booking{}, err
	}
	lines := s.countedLines()
	lines = lines[n*partSize : min((n+1)*partSize, int64(len(lines)))]
	no, err := grains.Each(lines, func(l Line) (bool, error) {
		count := stock.Count{Counted: l.Counted, Expected: l.Expected, Reference: s.ID}
		_, err := grains.Ask(ctx, a, stock.Of(stock.ID(l.VariantID, s.LocationID)), count)
		return grains.Refused(err,
			entrepot.CodeOutOfStock, entrepot.CodeInvalid, entrepot.CodeNotFound, entrepot.CodeConflict)
	})
	r := booking{part: n}
	for i := range no {
		if no[i] {
			r.refused = append(r.refused, lines[i].VariantID)
		}
	}
	return r, err
}

// booked notes a booked part. The last one closes the stocktake.
func (s *State) booked(t entrepot.Turn, r booking) ([]events.Event, error) {
	facts := []events.Event{partBooked{booking: r}}
	if int64(len(s.Booked))+1 < s.parts() {
		return facts, nil
	}
	return append(facts, s.report(t.Now, r.refused)), nil
}
