package check

import (
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains/inventory/stock"
)

// checkAudit is I3: every event of every entity is in the audit log, once, and
// every movement of stock is one row of the ledger.
func checkAudit(r *report, w *World) {
	type key struct {
		kind string
		id   entrepot.ID
	}
	sequences := map[key][]int64{}
	for i := range w.Audit {
		a := w.Audit[i].Aggregate
		if w.Docs[a.Kind] == nil {
			r.broken("I3", "the checker does not know the kind %q of event %s", a.Kind, w.Audit[i].ID)
			continue
		}
		sequences[key{a.Kind, a.ID}] = append(sequences[key{a.Kind, a.ID}], a.Sequence)
	}
	for kind, docs := range w.Docs {
		for id, d := range docs {
			checkSequence(r, kind, id, sequences[key{kind, id}], d.Sequence)
			delete(sequences, key{kind, id})
		}
	}
	for k, s := range sequences {
		// A first write may follow between reading the documents and reading the log.
		r.waiting("I3", "%s %s has %d events and no document", k.kind, k.id, len(s))
	}
	checkRows(r, w)
}

func checkSequence(r *report, kind string, id entrepot.ID, have []int64, last int64) {
	slices.Sort(have)
	for i, n := range have {
		switch {
		case i > 0 && n == have[i-1]:
			r.broken("I3", "%s %s: two events have the sequence %d", kind, id, n)
			return
		case n != int64(i)+1:
			r.waiting("I3", "%s %s: event %d of %d is not in the audit log", kind, id, i+1, last)
			return
		}
	}
	if int64(len(have)) != last {
		r.waiting("I3", "%s %s: %d events in the audit log, %d made", kind, id, len(have), last)
	}
}

// checkRows compares the ledger's rows with the events they are made of.
func checkRows(r *report, w *World) {
	rows := map[entrepot.ID]bool{}
	for i := range w.Movements {
		rows[w.Movements[i].ID] = true
	}
	missing := 0
	for i := range w.Audit {
		e := &w.Audit[i]
		if e.Aggregate.Kind != stock.Name || e.Type != (events.InventoryUpdated{}).EventType() {
			continue
		}
		if !rows[e.ID] {
			missing++
		}
		delete(rows, e.ID)
	}
	if missing > 0 {
		r.waiting("I3", "%d movements have no row in the ledger", missing)
	}
	if len(rows) > 0 {
		r.waiting("I3", "%d rows of the ledger are of no event in the audit log", len(rows))
	}
}

// late is how long after its time a wake is missed.
const late = 5 * time.Second

// checkQuiet is I5 but for the orders' own processes: outboxes, wakes and kept events.
func checkQuiet(r *report, w *World) {
	for kind, docs := range w.Docs {
		for id, d := range docs {
			if len(d.Outbox) > 0 {
				r.waiting("I5", "%s %s has %d events in its outbox", kind, id, len(d.Outbox))
			}
			if !d.WakeAt.IsZero() && w.ReadAt.Sub(d.WakeAt) > late {
				r.waiting("I5", "%s %s was to wake at %s, %s ago", kind, id, d.WakeAt.Format(time.TimeOnly), w.ReadAt.Sub(d.WakeAt).Round(time.Second))
			}
		}
	}
	for queue, n := range w.Kept {
		if n > 0 {
			r.waiting("I5", "the queue %s holds %d events", queue, n)
		}
	}
}
