package stock

import (
	"cmp"
	"slices"

	"entrepot"
	"entrepot/events"
)

// Batch is the pieces on hand of one lot. Pieces on hand beyond all batches have no
// lot and do not expire.
type Batch struct {
	Lot       string `json:"l"`
	Quantity  int64  `json:"q"`
	ExpiresOn int64  `json:"x,omitempty"` // Unix ms; 0: never
	Expired   bool   `json:"e,omitempty"` // not for sale
}

// MaxBatches is how many lots an item may have on hand through Receive.
const MaxBatches = 100

// expiredBy returns the pieces of lots that expire by a time.
func (s *Record) expiredBy(ms int64) (n int64) {
	for _, b := range s.Batches {
		if b.Expired || (b.ExpiresOn != 0 && b.ExpiresOn <= ms) {
			n += b.Quantity
		}
	}
	return n
}

// stale returns the facts that lots have expired, of the lots that are still for sale.
func (s *State) stale(t entrepot.Turn) (happened []events.Event) {
	for _, b := range s.Batches {
		if !b.Expired && b.ExpiresOn != 0 && b.ExpiresOn <= t.Now.UnixMilli() {
			happened = append(happened, events.InventoryBatchExpired{
				ItemID: s.ID, ProductID: s.ProductID, VariantID: s.VariantID, CompanyID: s.CompanyID, LocationID: s.LocationID,
				Batch: b.Lot, Quantity: b.Quantity, ExpiresMs: b.ExpiresOn, AtMs: t.Now.UnixMilli(),
			})
		}
	}
	return happened
}

// aged returns the item with expired lots off sale, and the facts of it.
func (s *State) aged(t entrepot.Turn) (*State, []events.Event) {
	late := s.stale(t)
	if len(late) == 0 {
		return s, nil
	}
	next := s.clone()
	for _, e := range late {
		next.Apply(e)
	}
	return next, late
}

// pick chooses the lots that pieces leave from: the named lot, else the first to
// expire. Lots without an expiry and pieces without a lot come later, expired lots last.
func (s *Record) pick(quantity int64, lot string) (parts []events.BatchPart) {
	take := func(b *Batch, most int64) {
		if n := min(quantity, b.Quantity, most); n > 0 {
			parts = append(parts, events.BatchPart{Batch: b.Lot, Quantity: n, Expired: b.Expired})
			quantity -= n
		}
	}
	if lot != "" {
		for i := range s.Batches {
			if s.Batches[i].Lot == lot {
				take(&s.Batches[i], quantity)
			}
		}
		return parts
	}
	loose := s.OnHand
	for _, b := range s.Batches {
		loose -= b.Quantity
	}
	for i := range s.Batches {
		if b := &s.Batches[i]; !b.Expired {
			take(b, quantity)
		}
	}
	quantity -= min(quantity, loose)
	for i := range s.Batches {
		if b := &s.Batches[i]; b.Expired {
			take(b, quantity)
		}
	}
	return parts
}

// lapsed reports whether a lot has expired.
func (s *Record) lapsed(lot string) bool {
	return slices.ContainsFunc(s.Batches, func(b Batch) bool { return b.Lot == lot && b.Expired })
}

// batched applies a movement to the lots.
func (s *State) batched(e events.InventoryUpdated) {
	if e.Delta > 0 && e.Batch != "" {
		at := slices.IndexFunc(s.Batches, func(b Batch) bool { return b.Lot == e.Batch })
		if at < 0 {
			s.Batches = append(s.Batches, Batch{Lot: e.Batch, ExpiresOn: e.BatchExpiresMs})
			at = len(s.Batches) - 1
		}
		s.Batches[at].Quantity += e.Delta
		slices.SortStableFunc(s.Batches, func(a, b Batch) int {
			return cmp.Compare(uint64(a.ExpiresOn)-1, uint64(b.ExpiresOn)-1) //nolint:gosec // never (0) sorts last
		})
	}
	for _, p := range e.Parts {
		for i := range s.Batches {
			if s.Batches[i].Lot == p.Batch {
				s.Batches[i].Quantity -= p.Quantity
			}
		}
	}
	if len(e.Parts) > 0 {
		s.Batches = slices.DeleteFunc(s.Batches, func(b Batch) bool { return b.Quantity <= 0 })
	}
}

// checkBatch returns an error for a lot that cannot be received.
func (s *State) checkBatch(t entrepot.Turn, lot string, expires int64) error {
	if len([]rune(lot)) > maxLot {
		return entrepot.Invalid("batch", "maxLength", "must be at most %d characters", maxLot)
	}
	if expires != 0 && lot == "" {
		return entrepot.Invalid("batch", "required", "must be given for goods that expire")
	}
	if expires != 0 && (expires <= t.Now.UnixMilli() || expires > lastMoment) {
		return entrepot.Invalid("expiresOn", "future", "must be in the future")
	}
	at := slices.IndexFunc(s.Batches, func(b Batch) bool { return b.Lot == lot })
	switch {
	case lot == "":
		return nil
	case at >= 0 && s.Batches[at].ExpiresOn != expires:
		return entrepot.Errorf(entrepot.CodeConflict, "the item has the batch with another expiry")
	case at < 0 && len(s.Batches) >= MaxBatches:
		return entrepot.Errorf(entrepot.CodeConflict, "the item has %d batches on hand, which is the most", MaxBatches)
	}
	return nil
}

const maxLot = 64
