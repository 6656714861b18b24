package stock

import (
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
)

// adjustments are the reasons of an adjustment with the allowed sign: -1 fewer, 1 more, 0 either.
var adjustments = map[string]int64{"damaged": -1, "lost": -1, "expired": -1, "found": 1, "correction": 0, "other": 0}

// Lengths of the texts of a movement, in characters.
const (
	maxReason    = 200
	maxNote      = 500
	maxReference = 255
)

// Reference remembers a movement by its natural id, so that a repeated command moves
// nothing, and a command with the same id and another quantity is refused.
type Reference struct {
	Digest   string `json:"r"`
	Quantity int64  `json:"q"`
	At       int64  `json:"a"`           // Unix ms
	Left     []Left `json:"l,omitempty"` // what a shipment took, to repeat its reply
}

// How many references an item remembers. The newest leastReferences stay forever;
// older ones go after keepReferences. Repeats come from steps without a result, which
// are tried again every few seconds, so a day is long. When mostReferences are
// younger than that, the next movement has to wait, because a reference forgotten
// early could move goods twice.
const (
	leastReferences = 64
	mostReferences  = 1024
	keepReferences  = 24 * time.Hour
)

// referenced is a movement with a reference to remember.
type referenced struct {
	events.InventoryUpdated
	ref Reference
}

// Receive adds goods to the item. The first goods create it.
func (s *State) Receive(t entrepot.Turn, c Receive) ([]events.Event, error) {
	e, err := s.opening(t, c.ProductID, c.VariantID, c.CompanyID, c.LocationID)
	if err != nil {
		return nil, err
	}
	if err := s.mayMove(t, e); err != nil {
		return nil, err
	}
	if err := checkTexts(c.Reason, "", c.Reference); err != nil {
		return nil, err
	}
	ref := s.reference(t, c.Quantity, c.Reference, events.Received)
	if done, err := s.done(t, ref); done || err != nil {
		return nil, err
	}
	if err := s.roomFor(c.Quantity); err != nil {
		return nil, err
	}
	if err := s.checkBatch(t, c.Lot, c.ExpiresOn); err != nil {
		return nil, err
	}
	e.Kind, e.Quantity, e.Reason, e.Reference = events.Received, c.Quantity, c.Reason, c.Reference
	e.Batch, e.BatchExpiresMs = c.Lot, c.ExpiresOn
	if err := s.priced(&e, c.UnitCost, c.Currency); err != nil {
		return nil, err
	}
	change(&e, c.Quantity)
	return s.levels().moved(e, ref), nil
}

// Arrive adds pieces of a transfer to the item. The first ones create it.
func (s *State) Arrive(t entrepot.Turn, c Arrive) ([]events.Event, error) {
	if err := t.RequireSystem(); err != nil {
		return nil, err
	}
	e, err := s.opening(t, c.ProductID, c.VariantID, c.CompanyID, c.LocationID)
	if err != nil {
		return nil, err
	}
	if c.TransferID == "" {
		return nil, entrepot.Invalid("transferId", "required", "must name the transfer")
	}
	ref := s.reference(t, c.Quantity, c.TransferID+"/"+c.Reference, events.TransferredIn)
	if done, err := s.done(t, ref); done || err != nil {
		return nil, err
	}
	if err := s.roomFor(c.Quantity); err != nil {
		return nil, err
	}
	if len(c.Parts) > 0 {
		return s.arrive(t, c, e, ref)
	}
	e.Kind, e.Quantity, e.TransferID, e.Reference = events.TransferredIn, c.Quantity, c.TransferID, c.Reference
	// Goods of another currency come in at the average of the item.
	if c.UnitCost != nil && (s.Currency == "" || s.Currency == c.Currency) {
		if err := s.priced(&e, c.UnitCost, c.Currency); err != nil {
			return nil, err
		}
	}
	change(&e, c.Quantity)
	return s.levels().moved(e, ref), nil
}

// Adjust corrects the pieces on hand. It takes no reserved pieces.
func (s *State) Adjust(t entrepot.Turn, c Adjust) ([]events.Event, error) {
	if err := s.mayMove(t, s.movement(t, "", 0, "")); err != nil {
		return nil, err
	}
	delta := c.Delta
	way, known := adjustments[c.Reason]
	switch {
	case !known:
		return nil, entrepot.Invalid("reason", "enum", "must be damaged, lost, expired, found, correction or other")
	case delta == 0 || delta > MaxQuantity || delta < -MaxQuantity:
		return nil, entrepot.Invalid("delta", "range", "must be -%d to %d, and not 0", MaxQuantity, MaxQuantity)
	case way > 0 && delta < 0:
		return nil, entrepot.Invalid("delta", "sign", "must be positive for %s goods", c.Reason)
	case way < 0 && delta > 0:
		return nil, entrepot.Invalid("delta", "sign", "must be negative for %s goods", c.Reason)
	}
	if err := checkTexts("", c.Note, c.Reference); err != nil {
		return nil, err
	}
	ref := s.reference(t, delta, c.Reference, events.Adjusted)
	if done, err := s.done(t, ref); done || err != nil {
		return nil, err
	}
	if lot := c.Lot; lot != "" {
		at := slices.IndexFunc(s.Batches, func(b Batch) bool { return b.Lot == lot })
		switch {
		case at < 0:
			return nil, entrepot.Invalid("batch", "exists", "the item has no such batch on hand")
		case -delta > s.Batches[at].Quantity:
			return nil, lacking(s.Batches[at].Quantity)
		}
	}
	return s.shift(t, events.Adjusted, delta, ref, func(e *events.InventoryUpdated) {
		e.Batch = c.Lot
		e.Reason, e.Note, e.Reference = c.Reason, c.Note, c.Reference
	})
}

// Count books the variance of a stocktake: what was counted less what was expected at
// that moment. Movements since then stay.
func (s *State) Count(t entrepot.Turn, c Count) ([]events.Event, error) {
	if err := s.mayMove(t, s.movement(t, "", 0, "")); err != nil {
		return nil, err
	}
	switch {
	case c.Reference == "":
		return nil, entrepot.Invalid("reference", "required", "must name the stocktake")
	case c.Counted < 0 || c.Counted > MaxQuantity:
		return nil, entrepot.Invalid("counted", "range", "must be 0 to %d", MaxQuantity)
	case c.Expected < 0 || c.Expected > MaxQuantity:
		return nil, entrepot.Invalid("expected", "range", "must be 0 to %d", MaxQuantity)
	}
	if err := checkTexts("", "", c.Reference); err != nil {
		return nil, err
	}
	delta := c.Counted - c.Expected
	ref := s.reference(t, delta, c.Reference, events.Counted)
	if done, err := s.done(t, ref); done || err != nil {
		return nil, err
	}
	return s.shift(t, events.Counted, delta, ref, func(e *events.InventoryUpdated) { e.Reference = c.Reference })
}

// Ship takes pieces out for a transfer: those reserved for it, or available ones.
func (s *State) Ship(t entrepot.Turn, c Ship) ([]events.Event, error) {
	if err := s.mayOrder(t); err != nil {
		return nil, err
	}
	switch q := c.Quantity; {
	case c.TransferID == "":
		return nil, entrepot.Invalid("transferId", "required", "must name the transfer")
	case q < 1 || q > MaxQuantity:
		return nil, entrepot.Invalid("quantity", "range", "must be 1 to %d", MaxQuantity)
	}
	ref := s.reference(t, c.Quantity, c.TransferID, events.TransferredOut)
	if done, err := s.done(t, ref); done || err != nil {
		return nil, err
	}
	describe := func(e *events.InventoryUpdated) { e.TransferID = c.TransferID }
	if r, held := s.hold(c.TransferID); held { // its own reservation is released and taken in one
		happened := s.levels().list(s.levels().ending(t, events.Released, r))
		next := s.clone()
		next.Apply(happened[0])
		out, err := next.shift(t, events.TransferredOut, -c.Quantity, ref, describe)
		if err != nil {
			return nil, err
		}
		return append(happened, s.leaving(out)...), nil
	}
	out, err := s.shift(t, events.TransferredOut, -c.Quantity, ref, describe)
	return s.leaving(out), err
}

// shift returns a movement of the pieces on hand up or down, after expired
// reservations ended. It takes no reserved pieces. describe completes the movement.
func (s *State) shift(
	t entrepot.Turn, kind string, delta int64, ref Reference, describe func(*events.InventoryUpdated),
) ([]events.Event, error) {
	if delta > 0 {
		if err := s.roomFor(delta); err != nil {
			return nil, err
		}
	}
	happened, after := s.expire(t)
	e := after.movement(t, kind, max(delta, -delta), "")
	describe(&e)
	if e.Batch != "" && s.lapsed(e.Batch) {
		after.expired = 0 // the expired lot itself is taken
	}
	if delta < 0 && after.free()+delta < 0 {
		return nil, lacking(after.free())
	}
	after.expired = s.levels().expired
	change(&e, delta)
	return append(happened, after.moved(e, ref)...), nil
}

// lacking returns CodeOutOfStock with the number of available pieces.
func lacking(available int64) error {
	return entrepot.Errorf(entrepot.CodeOutOfStock, "%d available", available)
}

// opening begins a movement that may be the first of the item.
func (s *State) opening(
	t entrepot.Turn, product, variant, company, location entrepot.ID,
) (events.InventoryUpdated, error) {
	e := s.movement(t, "", 0, "")
	if s.ID != "" {
		return e, nil
	}
	e.ItemID, e.ProductID, e.VariantID = t.ID, product, variant
	e.CompanyID, e.LocationID = company, location
	if e.VariantID == "" {
		e.VariantID = e.ProductID
	}
	if e.ProductID == "" || e.CompanyID == "" || t.ID != ID(e.VariantID, e.LocationID) {
		return e, entrepot.ErrNotFound
	}
	return e, nil
}

// mayMove admits managers of the location, and the company's admins.
func (s *State) mayMove(t entrepot.Turn, e events.InventoryUpdated) error {
	if e.ItemID == "" || !t.Caller.MayReachShop(e.CompanyID, e.LocationID) {
		return entrepot.ErrNotFound
	}
	if t.Caller.Role == entrepot.ShopStaff {
		return entrepot.Errorf(entrepot.CodeForbidden, "shop staff may not change stock")
	}
	return nil
}

func (s *State) roomFor(quantity int64) error {
	if quantity < 1 || quantity > MaxQuantity || s.OnHand+quantity > MaxQuantity {
		return entrepot.Invalid("quantity", "range", "must be 1 to %d, with the pieces on hand", MaxQuantity)
	}
	return nil
}

func checkTexts(reason, note, reference string) error {
	for _, f := range []struct {
		name, text string
		most       int
	}{{"reason", reason, maxReason}, {"note", note, maxNote}, {"reference", reference, maxReference}} {
		if len([]rune(f.text)) > f.most {
			return entrepot.Invalid(f.name, "maxLength", "must be at most %d characters", f.most)
		}
	}
	return nil
}

// reference returns the reference of a movement; without a name it has no digest.
func (s *State) reference(t entrepot.Turn, quantity int64, name, kind string) Reference {
	if name == "" {
		return Reference{}
	}
	return Reference{Digest: entrepot.DeriveID("reference", kind, name), Quantity: quantity, At: t.Now.UnixMilli()}
}

// done reports whether the movement was made before. It returns an error when it had
// another quantity, or when the item cannot remember more references now.
func (s *State) done(t entrepot.Turn, ref Reference) (bool, error) {
	if ref.Digest == "" {
		return false, nil
	}
	for i := range s.Refs {
		if s.Refs[i].Digest != ref.Digest {
			continue
		}
		if s.Refs[i].Quantity != ref.Quantity {
			return false, entrepot.Errorf(entrepot.CodeConflict, "the reference is used for another quantity")
		}
		return true, nil
	}
	if len(s.Refs) >= mostReferences && !s.Refs[0].forgettable(t.Now.UnixMilli()) {
		return false, entrepot.Unavailable("the item has had %d referenced movements within a day", mostReferences)
	}
	return false, nil
}

func (r Reference) forgettable(now int64) bool { return r.At+keepReferences.Milliseconds() <= now }

// refer remembers the reference of a movement.
func (s *State) refer(e referenced) {
	drop := 0
	for drop < len(s.Refs)+1-leastReferences && s.Refs[drop].forgettable(e.ref.At) {
		drop++
	}
	s.Refs = append(slices.Delete(s.Refs, 0, drop), e.ref)
}
