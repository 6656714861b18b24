package inventory

import (
	"context"
	"fmt"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains/inventory/stock"
	"entrepot/http/rest"
	"entrepot/persistence"
)

// PastStock is a stock item as it was.
type PastStock struct {
	ItemID    entrepot.ID `json:"itemId"`
	At        rest.Time   `json:"at"`
	OnHand    int64       `json:"onHand"`
	Reserved  int64       `json:"reserved"`
	Available int64       `json:"available"`
	Sequence  int64       `json:"sequence" doc:"of the last movement by then; 0: there was none yet"`
}

type historyInput struct {
	rest.IDPath
	At time.Time `query:"at" required:"true" doc:"the moment asked about" example:"2026-01-31T12:00:00Z"`
}

// history answers from the ledger's rows, which are moments behind the item; a
// row on its way is waited for by the client, never passed over.
func (s *inventoryAPI) history(ctx context.Context, in *historyInput) (*rest.Answer[PastStock], error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	item, err := s.ask(ctx, id, stock.Get{})
	if err != nil {
		return nil, err
	}
	at := in.At.UTC().UnixMilli()
	past := PastStock{ItemID: id, At: rest.Time(at)}
	if at >= item.UpdatedAt {
		past.OnHand, past.Reserved, past.Available, past.Sequence = item.OnHand, item.Reserved, item.Available, item.Movements
		return rest.AnswerOf(past), nil
	}
	last, err := s.lastBy(ctx, id, at)
	if err != nil {
		return nil, err
	}
	if last.Sequence < item.Movements {
		next, err := s.rows(ctx, persistence.Query{Where: []persistence.Cond{
			{Field: "itemId", Value: id}, {Field: "movement", Value: last.Sequence + 1},
		}, Limit: 1})
		if err != nil {
			return nil, err
		}
		if len(next.Items) == 0 {
			return nil, entrepot.Unavailable("the ledger is moments behind the item")
		}
	}
	past.OnHand, past.Reserved, past.Available, past.Sequence = last.OnHandAfter, last.ReservedAfter, last.AvailableAfter, last.Sequence
	return rest.AnswerOf(past), nil
}

// sameMoment bounds the pages of movements in one millisecond, as when many
// reservations expire together.
const sameMoment = 50

// lastBy is the item's last movement at a moment or before; the zero one for none.
func (s *inventoryAPI) lastBy(ctx context.Context, id entrepot.ID, at int64) (Movement, error) {
	q := persistence.Query{Where: []persistence.Cond{
		{Field: "itemId", Value: id}, {Field: persistence.CreatedAt, Op: persistence.Lt, Value: time.UnixMilli(at + 1).UTC()},
	}, Desc: true, Limit: 100}
	var last Movement
	for range sameMoment {
		page, err := s.rows(ctx, q)
		if err != nil {
			return last, err
		}
		for _, m := range page.Items {
			if last.Sequence > 0 && m.At != last.At {
				return last, nil
			}
			if m.Sequence > last.Sequence {
				last = m
			}
		}
		if q.Cursor = page.NextCursor; q.Cursor == "" {
			break
		}
	}
	return last, nil
}

// Explanation is why a stock item's on-hand is what it is.
type Explanation struct {
	ItemID    entrepot.ID `json:"itemId"`
	OnHand    int64       `json:"onHand"`
	Reserved  int64       `json:"reserved"`
	Available int64       `json:"available"`
	Sums      StockSums   `json:"sums" doc:"onHand = received - sold + restocked + adjusted + counted - transferredOut + transferredIn"`
	Latest    []Movement  `json:"latest" doc:"the last movements, newest first"`
	Check     LedgerCheck `json:"check"`
}

// LedgerCheck reports whether the ledger's rows add up.
type LedgerCheck struct {
	Consistent bool       `json:"consistent" doc:"every row that was read follows from the one before it, and the newest is the item"`
	Complete   bool       `json:"complete" doc:"the ledger was read to its beginning, and its sums are the item's"`
	Checked    int64      `json:"checked" doc:"rows read"`
	Pending    int64      `json:"pending,omitempty" doc:"the newest movements, whose rows are still on their way"`
	FirstGap   *LedgerGap `json:"firstGap,omitempty" doc:"the newest place where the rows do not add up"`
	NextBefore int64      `json:"nextBefore,omitempty" doc:"before of the request that continues the check"`
}

// LedgerGap is a movement that does not follow from the one before it.
type LedgerGap struct {
	Sequence int64  `json:"sequence"`
	Message  string `json:"message"`
}

type explainInput struct {
	rest.IDPath
	Before int64 `query:"before" minimum:"0" doc:"check the movements before this one; default: from the newest"`
}

const (
	latestMovements = 20
	checkedPages    = 10 // of 100 rows
	// rowsLag is how long a movement's row may be on its way before it counts as lost.
	rowsLag = time.Minute
)

func (s *inventoryAPI) explain(ctx context.Context, in *explainInput) (*rest.Answer[Explanation], error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	item, err := s.ask(ctx, id, stock.Get{})
	if err != nil {
		return nil, err
	}
	x := Explanation{
		ItemID: id, OnHand: item.OnHand, Reserved: item.Reserved, Available: item.Available, Sums: sumsOf(item), Latest: []Movement{},
	}
	c := &ledgerWalk{item: item, next: item.Movements, check: &x.Check}
	if in.Before > 0 && in.Before <= item.Movements {
		c.next, c.older = in.Before-1, true
	}
	q := persistence.Query{Where: []persistence.Cond{
		{Field: "itemId", Value: id}, {Field: "movement", Op: persistence.Lt, Value: c.next + 1},
	}, Sort: "movement", Desc: true, Limit: 100}
	for range checkedPages {
		page, err := s.rows(ctx, q)
		if err != nil {
			return nil, err
		}
		x.Latest = append(x.Latest, page.Items[:min(len(page.Items), latestMovements-len(x.Latest))]...)
		for i := range page.Items {
			c.row(&page.Items[i])
		}
		if q.Cursor = page.NextCursor; q.Cursor == "" {
			break
		}
	}
	c.end(s.Now())
	return rest.AnswerOf(x), nil
}

// ledgerWalk reads an item's movements backwards, from the newest.
type ledgerWalk struct {
	item  *stock.Item
	check *LedgerCheck
	next  int64 // the movement that must come now
	older bool  // it did not begin at the newest
	begun bool
	// The levels that the movement that comes now must leave, as the one after it says.
	onHand, reserved int64
	sums             StockSums
}

func (w *ledgerWalk) row(m *Movement) {
	switch {
	case !w.begun && !w.older:
		w.check.Pending = w.next - m.Sequence
		if w.check.Pending == 0 && m.OnHandAfter != w.item.OnHand {
			w.gap(m.Sequence, "leaves %d on hand, the item has %d", m.OnHandAfter, w.item.OnHand)
		}
	case m.Sequence != w.next:
		w.gap(w.next, "the row is missing")
	case w.begun && (m.OnHandAfter != w.onHand || m.ReservedAfter != w.reserved):
		w.gap(m.Sequence+1, "begins with %d on hand and %d reserved, the movement before it leaves %d and %d", w.onHand, w.reserved, m.OnHandAfter, m.ReservedAfter)
	}
	w.begun = true
	w.check.Checked++
	w.next = m.Sequence - 1
	w.onHand, w.reserved = m.OnHandAfter-m.Delta, m.ReservedAfter-m.setAside
	w.sums.add(m)
}

// end judges what was read: the beginning of the ledger, or where to go on.
func (w *ledgerWalk) end(now time.Time) {
	switch {
	case !w.begun && !w.older && w.next > 0:
		w.check.Pending = w.next
	case w.next > 0 && w.check.Checked == checkedPages*100:
		w.check.NextBefore = w.next + 1
	case w.next > 0:
		w.gap(w.next, "the row is missing")
	case w.onHand != 0 || w.reserved != 0:
		w.gap(1, "begins with %d on hand and %d reserved", w.onHand, w.reserved)
	default:
		w.check.Complete = w.check.Pending == 0 && !w.older && w.check.FirstGap == nil
	}
	if w.check.Complete && w.sums != sumsOf(w.item) {
		w.gap(w.item.Movements, "the rows sum up to %+v", w.sums)
	}
	if w.check.Pending > 0 && now.UnixMilli()-w.item.UpdatedAt > rowsLag.Milliseconds() {
		w.gap(w.item.Movements, "rows of the last %d movements are missing", w.check.Pending)
	}
	w.check.Consistent = w.check.FirstGap == nil
}

func (w *ledgerWalk) gap(sequence int64, format string, args ...any) {
	if w.check.FirstGap == nil {
		w.check.FirstGap = &LedgerGap{sequence, fmt.Sprintf(format, args...)}
	}
}

// add counts a movement in the sum of its kind.
func (s *StockSums) add(m *Movement) {
	switch m.Kind {
	case events.Received:
		s.Received += m.Quantity
	case events.Sold, events.Filled:
		s.Sold += m.Quantity
	case events.Restocked:
		s.Restocked += m.Quantity
	case events.Adjusted:
		s.Adjusted += m.Delta
	case events.Counted:
		s.Counted += m.Delta
	case events.TransferredOut:
		s.TransferredOut += m.Quantity
	case events.TransferredIn:
		s.TransferredIn += m.Quantity
	}
}
