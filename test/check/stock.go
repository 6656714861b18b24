package check

import (
	"cmp"
	"slices"

	"entrepot"
	"entrepot/events"
	"entrepot/grains/inventory/stock"
)

// StockItem is the part of a stock item's document that the rules are about.
type StockItem struct {
	stock.Record
	Holds stock.Reservations `json:"holds,omitempty"`
	Owed  []stock.Owed       `json:"owed,omitempty"`
}

// tally is what the ledger says that one reservation id did at one stock item.
type tally struct{ reserved, ended, sold, restocked, pieces int64 }

// ledger is by stock item and reservation id.
type ledger map[entrepot.ID]map[entrepot.ID]*tally

func (l ledger) of(item, hold entrepot.ID) *tally {
	if l[item] == nil {
		l[item] = map[entrepot.ID]*tally{}
	}
	if l[item][hold] == nil {
		l[item][hold] = &tally{}
	}
	return l[item][hold]
}

// checkStock is I1: the levels of every item, and its ledger replayed.
func checkStock(r *report, w *World) ledger {
	byItem := map[entrepot.ID][]events.InventoryUpdated{}
	for i := range w.Audit {
		if e := &w.Audit[i]; e.Aggregate.Kind == stock.Name && e.Type == (events.InventoryUpdated{}).EventType() {
			var m events.InventoryUpdated
			if err := e.Decode(&m); err != nil {
				r.broken("I1", "event %s does not decode: %v", e.ID, err)
				continue
			}
			byItem[m.ItemID] = append(byItem[m.ItemID], m)
		}
	}
	all := ledger{}
	for id, s := range w.Items {
		if s.ID == "" {
			continue // only barred: nothing was ever received
		}
		checkLevels(r, s)
		checkLedger(r, s, byItem[id], all)
		delete(byItem, id)
	}
	for id := range byItem {
		r.broken("I1", "item %s has movements and no document", id)
	}
	return all
}

func checkLevels(r *report, s *StockItem) {
	var held, beyond, owed int64
	seen := map[entrepot.ID]bool{}
	for _, h := range s.Holds {
		held += h.Quantity - h.Backordered
		beyond += h.Backordered
		if seen[h.OrderID] {
			r.broken("I1", "item %s holds twice for %s", s.ID, h.OrderID)
		}
		seen[h.OrderID] = true
	}
	for _, o := range s.Owed {
		owed += o.Quantity
	}
	switch {
	case beyond != s.Backordered || owed != s.Owing:
		r.broken("I1", "item %s: %d held beyond on-hand and %d owed, it says %d and %d", s.ID, beyond, owed, s.Backordered, s.Owing)
	case s.OnHand < 0:
		r.broken("I1", "item %s has %d on hand", s.ID, s.OnHand)
	case held > s.OnHand:
		r.broken("I1", "item %s: %d reserved of %d on hand: oversold", s.ID, held, s.OnHand)
	case held != s.Reserved:
		r.broken("I1", "item %s: reservations of %d pieces, reserved says %d", s.ID, held, s.Reserved)
	case s.OnHand != s.Received-s.Sold+s.Restocked+s.Adjusted+s.Counted-s.TransferredOut+s.TransferredIn:
		r.broken("I1", "item %s: on hand %d is not received %d - sold %d + restocked %d + adjusted %d + counted %d - out %d + in %d",
			s.ID, s.OnHand, s.Received, s.Sold, s.Restocked, s.Adjusted, s.Counted, s.TransferredOut, s.TransferredIn)
	}
}

// checkLedger replays an item's movements from the audit log.
func checkLedger(r *report, s *StockItem, moves []events.InventoryUpdated, all ledger) {
	slices.SortFunc(moves, func(a, b events.InventoryUpdated) int { return cmp.Compare(a.Movement, b.Movement) })
	if int64(len(moves)) < s.Movements {
		r.waiting("I1", "item %s: %d movements in the audit log, %d made", s.ID, len(moves), s.Movements)
		return // the replay would only repeat it
	}
	var onHand, reserved, beyond, owed int64
	for i, m := range moves {
		if m.Movement != int64(i)+1 {
			r.broken("I1", "item %s: movement %d stands in place %d of the ledger", s.ID, m.Movement, i+1)
			return
		}
		all.of(s.ID, m.OrderID).count(m)
		moved, set := change(m)
		onHand, reserved = onHand+moved, reserved+set
		b, o := promised(m)
		beyond, owed = beyond+b, owed+o
		if beyond != m.Backordered || owed != m.Owed || beyond < 0 || owed < 0 {
			r.broken("I1", "item %s: after movement %d (%s) %d backordered and %d owed, the ledger says %d and %d",
				s.ID, m.Movement, m.Kind, beyond, owed, m.Backordered, m.Owed)
			return
		}
		if onHand != m.OnHand || reserved != m.Reserved || onHand < 0 || reserved < 0 || reserved > onHand {
			r.broken("I1", "item %s: after movement %d (%s %d) on hand %d and reserved %d, the ledger says %d and %d",
				s.ID, m.Movement, m.Kind, m.Quantity, onHand, reserved, m.OnHand, m.Reserved)
			return
		}
	}
	if onHand != s.OnHand || reserved != s.Reserved || int64(len(moves)) != s.Movements {
		r.broken("I1", "item %s: the ledger of %d adds up to %d on hand and %d reserved, the item has %d, %d and %d",
			s.ID, len(moves), onHand, reserved, s.Movements, s.OnHand, s.Reserved)
	}
}

// change is what a movement does to on-hand and to what is reserved.
func change(m events.InventoryUpdated) (onHand, reserved int64) {
	switch m.Kind {
	case events.Received, events.Restocked, events.TransferredIn:
		return m.Quantity, 0
	case events.TransferredOut, events.Filled:
		return -m.Quantity, 0
	case events.Adjusted, events.Counted: // either way; a wrong sign shows in the levels
		return m.Delta, 0
	case events.Reserved, events.Covered:
		return 0, m.Quantity
	case events.Released, events.Expired:
		return 0, -m.Quantity
	case events.Sold:
		if m.Direct {
			return -m.Quantity, 0
		}
		return -m.Quantity, -m.Quantity
	}
	return 0, 0
}

// promised is what a movement does to what is promised beyond on-hand: in
// reservations, and in sales.
func promised(m events.InventoryUpdated) (reserved, owed int64) {
	switch m.Kind {
	case events.Reserved:
		return m.Beyond, 0
	case events.Released, events.Expired:
		return -m.Beyond, 0
	case events.Sold:
		return -m.Beyond, m.Beyond
	case events.Covered:
		return -m.Quantity, 0
	case events.Filled, events.Forgone:
		return 0, -m.Quantity
	}
	return 0, 0
}

// count adds a movement to what its reservation id did.
func (t *tally) count(m events.InventoryUpdated) {
	switch m.Kind {
	case events.Reserved:
		t.reserved++
	case events.Released, events.Expired:
		t.ended++
	case events.Sold:
		t.sold++
		t.pieces += m.Quantity + m.Beyond
	case events.Restocked:
		t.restocked++
		t.pieces -= m.Quantity
	case events.Forgone:
		t.pieces -= m.Quantity
	}
}
