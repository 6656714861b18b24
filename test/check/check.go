// Package check reads what a run of the platform has left in its databases, from
// outside, and holds it against the invariants I1 to I6 of docs/guarantees.md. What
// the run's clients saw, if given, must agree with it.
//
// It shares with the platform only the words: the state structs, the envelope and
// the names of the collections.
package check

import (
	"context"
	"fmt"
	"time"

	"entrepot"
	"entrepot/actors/audit"
	"entrepot/cmd/entrepot/services"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/inventory/stock"
	"entrepot/grains/payment/payment"
	"entrepot/grains/sales/order"
)

// Violation is one broken rule.
type Violation struct {
	Rule string // I1 to I6, or "linear"
	Text string
	// Settles: what is still on its way would look the same. Only after quiet is it a fault.
	Settles bool
}

func (v Violation) String() string { return v.Rule + " " + v.Text }

// Doc is one document as a database keeps it.
type Doc struct {
	Kind     string
	ID       entrepot.ID
	Version  int64
	Sequence int64
	WakeAt   time.Time
	Outbox   []events.Envelope
	Decode   func(into any) error // of the state
}

// Source is an installation's databases. It changes nothing in them.
type Source interface {
	// Each reads all documents of a collection; a collection that is not there has none.
	Each(ctx context.Context, database, collection string, f func(Doc) error) error
	// Kept counts the events in queues where none may stay: dead letters, unrouted.
	Kept(ctx context.Context) (map[string]int64, error)
	Close() error
}

// World is everything that a run has left.
type World struct {
	Docs      map[string]map[entrepot.ID]Doc // by kind
	Items     map[entrepot.ID]*StockItem
	Orders    map[entrepot.ID]*Order
	Payments  map[entrepot.ID]*payment.Payment
	Audit     []events.Envelope
	Movements []events.Envelope // rows of the ledger
	Kept      map[string]int64
	ReadAt    time.Time
}

// Read takes the world from its databases.
func Read(ctx context.Context, s Source) (*World, error) {
	w := &World{
		Docs: map[string]map[entrepot.ID]Doc{}, Items: map[entrepot.ID]*StockItem{},
		Orders: map[entrepot.ID]*Order{}, Payments: map[entrepot.ID]*payment.Payment{}, ReadAt: time.Now(),
	}
	for i := range services.Table {
		for _, k := range services.Table[i].Kinds {
			if err := w.read(ctx, s, services.Table[i].Database, k()); err != nil {
				return nil, err
			}
		}
	}
	var err error
	if w.Audit, err = envelopes(ctx, s, "auditdb", audit.Logs.Name); err != nil {
		return nil, err
	}
	if w.Movements, err = envelopes(ctx, s, "inventorydb", stock.Movements.Name); err != nil {
		return nil, err
	}
	w.Kept, err = s.Kept(ctx)
	return w, err
}

// read adds the documents of a kind.
func (w *World) read(ctx context.Context, s Source, database string, kind *grains.Kind) error {
	w.Docs[kind.Name] = map[entrepot.ID]Doc{}
	err := s.Each(ctx, database, kind.Collection.Name, func(d Doc) error {
		d.Kind = kind.Name
		w.Docs[kind.Name][d.ID] = d
		return w.take(d)
	})
	if err != nil {
		return fmt.Errorf("%s.%s: %w", database, kind.Collection.Name, err)
	}
	return nil
}

// take decodes the states that the rules are about.
func (w *World) take(d Doc) error {
	switch d.Kind {
	case stock.Kind().Name:
		return decode(d, w.Items)
	case order.Kind().Name:
		return decode(d, w.Orders)
	case payment.Kind().Name:
		return decode(d, w.Payments)
	}
	return nil
}

func decode[S any](d Doc, into map[entrepot.ID]*S) error {
	s := new(S)
	if err := d.Decode(s); err != nil {
		return fmt.Errorf("%s %s: %w", d.Kind, d.ID, err)
	}
	into[d.ID] = s
	return nil
}

func envelopes(ctx context.Context, s Source, database, collection string) (out []events.Envelope, err error) {
	err = s.Each(ctx, database, collection, func(d Doc) error {
		var e events.Envelope
		if err := d.Decode(&e); err != nil {
			return fmt.Errorf("%s %s: %w", collection, d.ID, err)
		}
		if e.ID != d.ID {
			return fmt.Errorf("%s %s holds the event %s", collection, d.ID, e.ID)
		}
		out = append(out, e)
		return nil
	})
	return out, err
}

// Check holds the world, and what clients saw of it (nil: nothing), against every rule.
func Check(w *World, h *History) []Violation {
	r := &report{}
	checkAudit(r, w)
	ledger := checkStock(r, w)
	checkOrders(r, w, ledger)
	checkPayments(r, w)
	checkQuiet(r, w)
	if h != nil {
		checkHistory(r, w, h, ledger)
		checkReplies(r, h)
		checkLinear(r, w, h)
	}
	return r.found
}

// Certain are the violations that no time can cure.
func Certain(all []Violation) (out []Violation) {
	for _, v := range all {
		if !v.Settles {
			out = append(out, v)
		}
	}
	return out
}

// Unsettled are the violations that time may cure.
func Unsettled(all []Violation) (n int) {
	for _, v := range all {
		if v.Settles {
			n++
		}
	}
	return n
}

// Summary counts what the world holds, so that an empty one is not taken for a sound one.
func (w *World) Summary() string {
	status := map[string]int{}
	for _, o := range w.Orders {
		status[o.Status]++
	}
	return fmt.Sprintf("%d stock items, orders %v, %d payments, %d events audited, %d movements",
		len(w.Items), status, len(w.Payments), len(w.Audit), len(w.Movements))
}

// most is how many violations of one rule are told one by one.
const most = 20

type report struct {
	found []Violation
	rules map[string]int
}

func (r *report) add(settles bool, rule, format string, args ...any) {
	if r.rules == nil {
		r.rules = map[string]int{}
	}
	if r.rules[rule]++; r.rules[rule] > most {
		return
	}
	r.found = append(r.found, Violation{Rule: rule, Text: fmt.Sprintf(format, args...), Settles: settles})
}

// broken is a fault whenever it is seen; waiting is one only after quiet.
func (r *report) broken(rule, format string, args ...any)  { r.add(false, rule, format, args...) }
func (r *report) waiting(rule, format string, args ...any) { r.add(true, rule, format, args...) }
