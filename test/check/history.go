package check

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"entrepot"
	"entrepot/grains/payment/payment"
	"entrepot/grains/sales/order"
)

// History is what the clients of a run asked and were told.
type History struct {
	Began time.Time `json:"began"`
	Items []Item    `json:"items"`
	Ops   []Op      `json:"ops"`
	// Replies are of the same keyed request, sent again after the run.
	Replies []Reply `json:"replies,omitempty"`
}

// Item is a stock item of the run.
type Item struct {
	ID       entrepot.ID `json:"id"`
	Received int64       `json:"received"`
	// Linear: bought only in orders of this one line, so that every order is one
	// reservation, and every cancellation one release.
	Linear bool `json:"linear"`
}

// What a client asks, and how it ends.
const (
	Place     = "place"
	Pay       = "pay"
	Cancel    = "cancel"
	Receive   = "receive" // goods
	Reserve   = "reserve" // of a stock item itself, without an order
	Release   = "release"
	ReadOrder = "read"
	Level     = "level" // a stock item's available pieces

	OK      = "ok"
	Refused = "refused" // with Code
	Unknown = "unknown" // no answer within the client's patience
)

// Op is one operation with all its retries. Times are nanoseconds since the run began.
type Op struct {
	Client   int         `json:"client"`
	Kind     string      `json:"kind"`
	Call     int64       `json:"call"`
	Return   int64       `json:"return"`
	Attempts int         `json:"attempts"`
	Outcome  string      `json:"outcome"`
	Code     string      `json:"code,omitempty"`
	Key      string      `json:"key,omitempty"`
	Customer entrepot.ID `json:"customer,omitempty"`
	OrderID  entrepot.ID `json:"orderId,omitempty"`
	Item     entrepot.ID `json:"item,omitempty"` // the stock item of a linear order
	Quantity int64       `json:"quantity,omitempty"`
	// The order as it was told.
	Number  string `json:"number,omitempty"`
	Status  string `json:"status,omitempty"`
	Payment string `json:"payment,omitempty"`
	Lines   []Line `json:"lines,omitempty"`
	// Available pieces, as Level was told.
	Available int64 `json:"available,omitempty"`
}

// Line is one line of an acknowledged order.
type Line struct {
	ProductID entrepot.ID `json:"productId"`
	Quantity  int64       `json:"quantity"`
}

// Reply is one request and what its first answer and a later one were.
type Reply struct {
	What  string `json:"what"`
	First string `json:"first"`
	Again string `json:"again"`
}

// since is a moment of the wall clock as operations tell theirs.
func (h *History) since(at time.Time) int64 { return at.Sub(h.Began.Round(0)).Nanoseconds() }

// Load reads a history that Save wrote.
func Load(file string) (*History, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	h := &History{}
	return h, json.Unmarshal(b, h)
}

// Save writes the history as JSON.
func (h *History) Save(file string) error {
	b, err := json.Marshal(h)
	if err != nil {
		return err
	}
	return os.WriteFile(file, b, 0o600)
}

// checkReplies is I6: same key, same reply.
func checkReplies(r *report, h *History) {
	for _, p := range h.Replies {
		if p.First != p.Again {
			r.broken("I6", "%s\n  was answered %s\n  and then     %s", p.What, p.First, p.Again)
		}
	}
}

// rank orders the statuses that an order goes through by itself.
var rank = map[string]int{order.Pending: 1, order.Confirmed: 2, order.Cancelled: 3}

// checkHistory is I2: what was acknowledged is there, as it was told or later.
func checkHistory(r *report, w *World, h *History, l ledger) {
	sold := map[entrepot.ID]int64{}
	received := map[entrepot.ID][2]int64{} // acknowledged, and perhaps
	for i := range h.Ops {
		op := &h.Ops[i]
		switch {
		case op.Kind == Level:
		case op.Kind == Receive:
			n := received[op.Item]
			if op.Outcome == OK {
				n[0] += op.Quantity
			}
			if op.Outcome != Refused {
				n[1] += op.Quantity
			}
			received[op.Item] = n
		case op.Kind == Reserve || op.Kind == Release:
			if t := l.of(op.Item, op.OrderID); op.Outcome == OK && (t.reserved != 1 || (op.Kind == Release && t.ended != 1)) {
				r.broken("I2", "item %s: the %s for %s was acknowledged, the ledger has it %d times, ended %d", op.Item, op.Kind, op.OrderID, t.reserved, t.ended)
			}
		case op.Outcome == Refused && op.Code == string(entrepot.CodeNotFound):
			r.broken("I2", "%s of the acknowledged order %s found nothing", op.Kind, op.OrderID)
		case op.Outcome == Refused && op.Code == string(entrepot.CodeInternal):
			r.broken("I2", "%s was answered with an internal error", op.Kind)
		case op.Outcome == Refused && op.Kind == Place && op.Key != "":
			if o := w.Orders[order.KeyedID(op.Customer, op.Key)]; o != nil && o.ID != "" && o.Status != order.Rejected {
				r.broken("I6", "the request of order %s was refused (%s) after %d attempts, and the order is %s", o.ID, op.Code, op.Attempts, o.Status)
			}
		case op.Outcome == OK:
			checkAcknowledged(r, w, op)
			if o := w.Orders[op.OrderID]; op.Kind == Place && o != nil && o.Status != order.Cancelled {
				sold[op.Item] += op.Quantity
			}
		}
	}
	for _, item := range h.Items {
		if sold[item.ID] > item.Received {
			r.broken("I1", "item %s: %d pieces of %d are sold to clients who were told so: oversold", item.ID, sold[item.ID], item.Received)
		}
		least, most := item.Received+received[item.ID][0], item.Received+received[item.ID][1]
		switch s := w.Items[item.ID]; {
		case s == nil:
			r.broken("I2", "item %s is not there", item.ID)
		case s.Received < least || s.Received > most:
			r.broken("I2", "item %s: %d to %d pieces were received by what clients were told, the item says %d", item.ID, least, most, s.Received)
		}
	}
}

func checkAcknowledged(r *report, w *World, op *Op) {
	o := w.Orders[op.OrderID]
	if o == nil || o.ID == "" {
		r.broken("I2", "%s of order %s was acknowledged, and the order is not there", op.Kind, op.OrderID)
		return
	}
	if rank[op.Status] > rank[o.Status] {
		r.broken("I2", "order %s was told %s and is %s", op.OrderID, op.Status, o.Status)
	}
	switch op.Kind {
	case Place:
		if o.CustomerID != op.Customer || o.Number != op.Number || !sameLines(op.Lines, o.Group.Lines) {
			r.broken("I2", "order %s was told as %s %v and is %s %v of %s", op.OrderID, op.Number, op.Lines, o.Number, o.Group.Lines, o.CustomerID)
		}
		if op.Key != "" && order.KeyedID(op.Customer, op.Key) != op.OrderID {
			r.broken("I6", "the key %s made order %s", op.Key, op.OrderID)
		}
	case Pay:
		p := w.Payments[payment.ID(op.OrderID)]
		if p == nil || p.Captured != o.Totals.Total {
			r.broken("I4", "order %s was told paid, its payment is %+v", op.OrderID, p)
		}
	}
}

func sameLines(told []Line, have []order.Line) bool {
	pieces := map[entrepot.ID]int64{}
	for _, l := range told {
		pieces[l.ProductID] += l.Quantity
	}
	for _, l := range have {
		pieces[l.ProductID] -= l.Quantity
	}
	for _, n := range pieces {
		if n != 0 {
			return false
		}
	}
	return true
}

// String tells an operation in one line.
func (op *Op) String() string {
	return fmt.Sprintf("%s %d of %s: %s %s", op.Kind, op.Quantity, op.Item, op.Outcome, op.Code)
}
