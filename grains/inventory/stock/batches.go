package stock

import (
	"cmp"
	"slices"

	"entrepot"
	"entrepot/events"
)

// Batch is pieces on hand of one lot. What is on hand beyond all batches is of no
// lot and does not expire.
type Batch struct {
	Lot       string `json:"l"`
	Quantity  int64  `json:"q"`
	ExpiresOn int64  `json:"x,omitempty"` // 0: never
	Expired   bool   `json:"e,omitempty"` // its time has passed: not for sale
}

// MaxBatches is how many lots one item may have on hand by receipts of goods.
const MaxBatches = 100

// expiredBy is how many pieces are of lots that expire by a time.
func (s *Record) expiredBy(ms int64) (n int64) {
	for _, b := range s.Batches {
		if b.Expired || (b.ExpiresOn != 0 && b.ExpiresOn <= ms) {
			n += b.Quantity
		}
	}
	return n
}

// stale are the lots whose time has passed and which still count as good.
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

// aged is the item with those lots off sale, and the facts of that.
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

// pick settles which lots pieces leave from: the named one, else first expired,
// first out; lots without an expiry and pieces of no lot come after those with
// one, and what has expired last of all.
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

// lapsed reports whether the time of a lot has passed.
func (s *Record) lapsed(lot string) bool {
	return slices.ContainsFunc(s.Batches, func(b Batch) bool { return b.Lot == lot && b.Expired })
}

// batched changes the lots by a movement.
func (s *State) batched(e events.InventoryUpdated) {
	if e.Delta > 0 && e.Batch != "" {
		at := slices.IndexFunc(s.Batches, func(b Batch) bool { return b.Lot == e.Batch })
		if at < 0 {
			s.Batches = append(s.Batches, Batch{Lot: e.Batch, ExpiresOn: e.BatchExpiresMs})
			at = len(s.Batches) - 1
		}
		s.Batches[at].Quantity += e.Delta
		slices.SortStableFunc(s.Batches, func(a, b Batch) int { return cmp.Compare(uint64(a.ExpiresOn)-1, uint64(b.ExpiresOn)-1) }) //nolint:gosec // never (0) sorts last
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

// checkBatch refuses a lot that cannot be received.
func (s *State) checkBatch(t entrepot.Turn, lot string, expires int64) error {
	if len([]rune(lot)) > maxLot {
		return entrepot.Invalid("batch", "maxLength", "must be at most %d characters", maxLot)
	}
	if expires != 0 && lot == "" {
		return entrepot.Invalid("batch", "required", "what expires must name its batch")
	}
	if expires != 0 && (expires <= t.Now.UnixMilli() || expires > lastMoment) {
		return entrepot.Invalid("expiresOn", "future", "must be in the future")
	}
	at := slices.IndexFunc(s.Batches, func(b Batch) bool { return b.Lot == lot })
	switch {
	case lot == "":
		return nil
	case at >= 0 && s.Batches[at].ExpiresOn != expires:
		return entrepot.Errorf(entrepot.CodeConflict, "the batch is there with another expiry")
	case at < 0 && len(s.Batches) >= MaxBatches:
		return entrepot.Errorf(entrepot.CodeConflict, "the item has %d batches on hand, which is the most", MaxBatches)
	}
	return nil
}

const maxLot = 64
