package stock

import (
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
)

// Left is the stored form of [Goods] that a shipment took.
type Left struct {
	Quantity  int64  `json:"q"`
	Lot       string `json:"l,omitempty"`
	ExpiresOn int64  `json:"x,omitempty"`
	Valued    int64  `json:"v,omitempty"` // of Quantity, the pieces that have a cost
	Cost      int64  `json:"c,omitempty"` // of those, first in, first out
	Average   int64  `json:"a,omitempty"`
}

// leaving adds to the reference of a shipment the goods that leave: by lots in the
// order in which they leave, with the cost of the pieces that have one.
func (s *State) leaving(happened []events.Event) []events.Event {
	for i, h := range happened {
		e, ok := h.(referenced)
		if !ok || e.Kind != events.TransferredOut {
			continue
		}
		loose := e.Quantity
		for _, p := range e.Parts {
			at := slices.IndexFunc(s.Batches, func(b Batch) bool { return b.Lot == p.Batch })
			e.ref.Left = append(e.ref.Left, Left{Quantity: p.Quantity, Lot: p.Batch, ExpiresOn: s.Batches[at].ExpiresOn})
			loose -= p.Quantity
		}
		if loose > 0 {
			e.ref.Left = append(e.ref.Left, Left{Quantity: loose})
		}
		valued := s.Valued()
		valued = min(valued, max(0, e.Quantity-(s.OnHand-valued)))
		fifo, average := s.costOf(e.Quantity)
		before := int64(0)
		for j := range e.ref.Left {
			l := &e.ref.Left[j]
			l.Valued = min(l.Quantity, valued-before)
			after := before + l.Valued
			l.Cost = share(fifo, after, valued) - share(fifo, before, valued)
			l.Average = share(average, after, valued) - share(average, before, valued)
			before = after
		}
		happened[i] = e
	}
	return happened
}

// shipped replies to Ship with what left, also when the command is repeated.
func (s *State) shipped(c Ship) (*Shipment, bool, error) {
	v := &Shipment{Currency: s.Currency}
	digest := s.reference(entrepot.Turn{}, 0, c.TransferID, events.TransferredOut).Digest
	for _, r := range s.Refs {
		if r.Digest != digest {
			continue
		}
		for _, l := range r.Left {
			v.Goods = append(v.Goods, Goods(l))
		}
	}
	return v, true, nil
}

// arrive adds goods with their lots and their value at the source: one movement a lot,
// all or none. Goods of another currency come in at the average of the item.
func (s *State) arrive(
	t entrepot.Turn, c Arrive, first events.InventoryUpdated, ref Reference,
) ([]events.Event, error) {
	next, sum := s.clone(), int64(0)
	var happened []events.Event
	for i, p := range c.Parts {
		e := first
		if i > 0 {
			e = next.movement(t, "", 0, "")
		}
		if p.Quantity < 1 || p.Valued < 0 || p.Valued > p.Quantity || p.Cost < 0 || p.Average < 0 {
			return nil, entrepot.Invalid("parts", "range",
				"must have 1 piece or more, no negative values, and no more valued pieces than pieces")
		}
		sum += p.Quantity
		e.Kind, e.Quantity, e.TransferID, e.Reference = events.TransferredIn, p.Quantity, c.TransferID, c.Reference
		e.Batch, e.BatchExpiresMs = next.lotOf(p)
		if most := batchesFor(c); e.Batch != "" && len(next.Batches) >= most && !next.has(e.Batch) {
			return nil, entrepot.Errorf(entrepot.CodeConflict, "the item has %d batches on hand, which is the most", most)
		}
		if err := next.worth(&e, p, c.Currency); err != nil {
			return nil, err
		}
		change(&e, p.Quantity)
		moved := next.levels().moved(e, ref)
		next.Apply(moved[0])
		happened, ref = append(happened, moved...), Reference{} // the first movement carries the reference
	}
	if sum != c.Quantity {
		return nil, entrepot.Invalid("parts", "sum", "must be %d pieces", c.Quantity)
	}
	return append(happened, next.stale(t)...), nil // lots that expired on the way are not for sale
}

// worth sets the cost of a movement to the value of the goods at the source. Pieces
// without a cost there have none here.
func (s *State) worth(e *events.InventoryUpdated, p Goods, currency string) error {
	if currency == "" && p.Valued == 0 {
		currency = s.Currency
	}
	if currency == "" || (s.Currency != "" && s.Currency != currency) {
		return nil
	}
	tooMuch := p.Cost > entrepot.MaxMinor || p.Average > entrepot.MaxMinor
	if tooMuch || s.FIFO()+p.Cost > maxValue || s.Average+p.Average > maxValue {
		return entrepot.Invalid("parts", "maximum", "the goods are worth too much")
	}
	e.Currency, e.Unvalued = currency, e.Quantity-p.Valued
	e.Cost = entrepot.Money{Minor: p.Cost, Currency: currency}.Amount()
	if p.Average != p.Cost {
		e.AverageCost = entrepot.Money{Minor: p.Average, Currency: currency}.Amount()
	}
	return nil
}

// mostBatches bounds the lots of an item when goods arrive from another location.
// They are refused later than deliveries of suppliers, because they are on their way.
const mostBatches = 2 * MaxBatches

// batchesFor returns the bound of the lots for an arrival. It is high for returned
// goods, which have no other place to go.
func batchesFor(c Arrive) int {
	if c.Back {
		return 5 * mostBatches
	}
	return mostBatches
}

// lotOf returns the lot of arriving goods. When the item has a lot of this name with
// another expiry, the expiry is added to the name.
func (s *State) lotOf(p Goods) (lot string, expires int64) {
	lot, expires = p.Lot, p.ExpiresOn
	at := slices.IndexFunc(s.Batches, func(b Batch) bool { return b.Lot == lot })
	if lot == "" || at < 0 || s.Batches[at].ExpiresOn == expires {
		return lot, expires
	}
	day := "never"
	if expires != 0 {
		day = time.UnixMilli(expires).UTC().Format(time.RFC3339)
	}
	r := []rune(lot)
	return string(r[:min(len(r), maxLot-len(day)-1)]) + " " + day, expires
}

func (s *State) has(lot string) bool {
	return slices.ContainsFunc(s.Batches, func(b Batch) bool { return b.Lot == lot })
}
