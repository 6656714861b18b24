package check

import (
	"fmt"
	"math"
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains/sales/order"

	"github.com/anishathalye/porcupine"
)

// The stock item as clients know it is one number, the available pieces: an order
// takes some or finds too few, a cancellation gives some back, a look tells it.
type stockCall struct {
	kind string
	n    int64
}

type stockAnswer struct {
	outcome   string
	available int64
}

// stockModel begins with the pieces received. An unknown outcome may or may not
// have happened.
func stockModel(received int64) porcupine.Model {
	m := porcupine.NondeterministicModel{
		Init:  func() []interface{} { return []interface{}{received} },
		Equal: func(a, b interface{}) bool { return a == b },
		Step: func(state, input, output interface{}) []interface{} {
			have, in, out := state.(int64), input.(stockCall), output.(stockAnswer)
			after := have
			switch in.kind {
			case Level:
				if out.available != have {
					return nil
				}
				return []interface{}{have}
			case Place, Reserve:
				after -= in.n
			case Cancel, Release:
				after += in.n
			}
			fits := after >= 0
			switch {
			case out.outcome == OK && fits:
				return []interface{}{after}
			case out.outcome == Refused && !fits:
				return []interface{}{have}
			case out.outcome == Unknown && fits:
				return []interface{}{have, after}
			case out.outcome == Unknown:
				return []interface{}{have}
			default:
				return nil
			}
		},
		DescribeOperation: func(in, out interface{}) string { return fmt.Sprintf("%v → %v", in, out) },
	}
	return m.ToModel()
}

// patience is how long porcupine may search for one item's order of events.
const patience = 30 * time.Second

// checkLinear: the history of every item that was sold in orders of one line has
// an order of events in which each answer is right.
func checkLinear(r *report, w *World, h *History) {
	for _, item := range h.Items {
		if !item.Linear {
			continue
		}
		ops := operations(w, h, item.ID)
		switch porcupine.CheckOperationsTimeout(stockModel(item.Received), ops, patience) {
		case porcupine.Illegal:
			r.broken("linear", "no order of the %d operations on item %s explains their answers", len(ops), item.ID)
		case porcupine.Unknown:
			r.broken("linear", "porcupine found no answer for the %d operations on item %s within %v", len(ops), item.ID, patience)
		}
	}
}

// operations are an item's history for porcupine.
func operations(w *World, h *History, item entrepot.ID) []porcupine.Operation {
	released := releases(w, item)
	lastCancel := map[entrepot.ID]int{}
	for i := range h.Ops {
		if op := &h.Ops[i]; op.Kind == Cancel && op.Item == item && op.Outcome != Refused {
			lastCancel[op.OrderID] = i
		}
	}
	var out []porcupine.Operation
	for i := range h.Ops {
		op := &h.Ops[i]
		if op.Item != item {
			continue
		}
		o := porcupine.Operation{
			ClientId: op.Client, Call: op.Call, Return: op.Return,
			Input: stockCall{op.Kind, op.Quantity}, Output: stockAnswer{op.Outcome, op.Available},
		}
		switch op.Kind {
		case Place:
			if op.Outcome == Refused && op.Code != string(entrepot.CodeOutOfStock) {
				continue // refused for another reason before it asked for stock
			}
			if op.Outcome == Unknown {
				outcome, known := resolved(w, op)
				if known && outcome == "" {
					continue // it never happened
				}
				o.Return, o.Output = math.MaxInt64, stockAnswer{outcome: outcome}
			}
		case Cancel:
			// The stock comes back by a step after the answer: not before the
			// ledger's own time for it, and any time after.
			at, done := released[op.OrderID]
			if op.Outcome == Refused || lastCancel[op.OrderID] != i || !done {
				continue
			}
			o.Output = stockAnswer{outcome: OK}
			o.Call, o.Return = max(op.Call, h.since(at)), math.MaxInt64
		case Reserve, Release:
			if op.Outcome == Unknown {
				o.Return = math.MaxInt64
			}
		case Level:
			if op.Outcome != OK {
				continue
			}
		default:
			continue
		}
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b porcupine.Operation) int { return int(min(1, max(-1, a.Call-b.Call))) })
	return out
}

// resolved is what became of an order whose client got no answer; known and empty: nothing.
func resolved(w *World, op *Op) (outcome string, known bool) {
	if op.Key == "" {
		return Unknown, false
	}
	switch o := w.Orders[order.KeyedID(op.Customer, op.Key)]; {
	case o == nil || o.ID == "":
		return "", true
	case o.Status == order.Placing:
		return Unknown, false
	case o.Status == order.Rejected:
		return Refused, true
	default:
		return OK, true
	}
}

// releases are when an item took back what orders held, by the ledger.
func releases(w *World, item entrepot.ID) map[entrepot.ID]time.Time {
	at := map[entrepot.ID]time.Time{}
	for i := range w.Audit {
		e := &w.Audit[i]
		if e.Aggregate.ID != item || e.Type != (events.InventoryUpdated{}).EventType() {
			continue
		}
		var m events.InventoryUpdated
		if err := e.Decode(&m); err == nil && (m.Kind == events.Released || m.Kind == events.Restocked) {
			at[m.OrderID] = time.UnixMilli(m.AtMs)
		}
	}
	return at
}
