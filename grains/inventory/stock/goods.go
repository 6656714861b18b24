package stock

import (
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
)

// Reasons of an adjustment, and which way each may go: -1 fewer, 1 more, 0 either.
var adjustments = map[string]int64{"damaged": -1, "lost": -1, "expired": -1, "found": 1, "correction": 0, "other": 0}

// Lengths of what a movement tells.
const (
	maxReason    = 200
	maxNote      = 500
	maxReference = 255
)

// Reference remembers a movement by its natural id, and what it moved, so that
// asked twice it is done once and another content under the same id is refused.
type Reference struct {
	Digest   string `json:"r"`
	Quantity int64  `json:"q"`
	At       int64  `json:"a"`
	Left     []Left `json:"l,omitempty"` // what a shipment took, to answer the same again
}

// How many references an item remembers. The newest leastReferences stay for
// good; above that they go after keepReferences. A repeat comes from a step that
// has no answer yet, which is tried again every few seconds while there are
// members, so a day is long. When mostReferences are younger, the next movement
// waits: forgetting one early could do it twice.
const (
	leastReferences = 64
	mostReferences  = 1024
	keepReferences  = 24 * time.Hour
)

// referenced is a movement to be remembered by its natural id.
type referenced struct {
	events.InventoryUpdated
	ref Reference
}

// Receive adds goods to the item; the first one makes it.
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

// Arrive brings pieces of a transfer in; the first ones make the item.
func (s *State) Arrive(t entrepot.Turn, c Arrive) ([]events.Event, error) {
	if t.Caller.Role != entrepot.System {
		return nil, entrepot.ErrNotFound
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
	if c.UnitCost != nil && (s.Currency == "" || s.Currency == c.Currency) { // goods of another currency are taken in at the average
		if err := s.priced(&e, c.UnitCost, c.Currency); err != nil {
			return nil, err
		}
	}
	change(&e, c.Quantity)
	return s.levels().moved(e, ref), nil
}

// Adjust corrects what is on hand. It takes only what is available.
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
		return nil, entrepot.Invalid("delta", "range", "must not be 0, nor more than %d pieces", MaxQuantity)
	case way*delta < 0:
		return nil, entrepot.Invalid("delta", "sign", "%s goods make on-hand %s", c.Reason, map[bool]string{true: "rise", false: "fall"}[way > 0])
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

// Count books what a stocktake found: the difference to what was expected when
// it was counted, whatever has moved since.
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

// Ship takes pieces out for a transfer, of what is available.
func (s *State) Ship(t entrepot.Turn, c Ship) ([]events.Event, error) {
	if t.Caller.Role != entrepot.System || s.ID == "" {
		return nil, entrepot.ErrNotFound
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
	tell := func(e *events.InventoryUpdated) { e.TransferID = c.TransferID }
	if r, held := s.hold(c.TransferID); held { // set aside for it: given up and taken in one
		happened := s.levels().list(s.levels().ending(t, events.Released, r))
		next := s.clone()
		next.Apply(happened[0])
		out, err := next.shift(t, events.TransferredOut, -c.Quantity, ref, tell)
		if err != nil {
			return nil, err
		}
		return append(happened, s.leaving(out)...), nil
	}
	out, err := s.shift(t, events.TransferredOut, -c.Quantity, ref, tell)
	return s.leaving(out), err
}

// shift is a movement of on-hand up or down, which leaves alone what is set aside for orders.
func (s *State) shift(t entrepot.Turn, kind string, delta int64, ref Reference, tell func(*events.InventoryUpdated)) ([]events.Event, error) {
	if delta > 0 {
		if err := s.roomFor(delta); err != nil {
			return nil, err
		}
	}
	happened, after := s.expire(t)
	e := after.movement(t, kind, max(delta, -delta), "")
	tell(&e)
	if e.Batch != "" && s.lapsed(e.Batch) {
		after.expired = 0 // they are what is taken
	}
	if delta < 0 && after.free()+delta < 0 {
		return nil, lacking(after.free())
	}
	after.expired = s.levels().expired
	change(&e, delta)
	return append(happened, after.moved(e, ref)...), nil
}

// lacking refuses with what is available.
func lacking(available int64) error {
	return entrepot.Errorf(entrepot.CodeOutOfStock, "%d available", available)
}

// opening is the beginning of a movement that may be the item's first, of a product at a location.
func (s *State) opening(t entrepot.Turn, product, variant, company, location entrepot.ID) (events.InventoryUpdated, error) {
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

// mayMove: goods are moved by whoever runs the location.
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
		return entrepot.Invalid("quantity", "range", "must be 1 to %d, and so must the stock after it", MaxQuantity)
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

// reference is the natural id of a movement of a kind; none for an empty name.
func (s *State) reference(t entrepot.Turn, quantity int64, name, kind string) Reference {
	if name == "" {
		return Reference{}
	}
	return Reference{Digest: entrepot.DeriveID("reference", kind, name), Quantity: quantity, At: t.Now.UnixMilli()}
}

// done reports whether the movement was made before.
func (s *State) done(t entrepot.Turn, ref Reference) (bool, error) {
	if ref.Digest == "" {
		return false, nil
	}
	for i := range s.Refs {
		if s.Refs[i].Digest != ref.Digest {
			continue
		}
		if s.Refs[i].Quantity != ref.Quantity {
			return false, entrepot.Errorf(entrepot.CodeConflict, "this reference has moved another quantity")
		}
		return true, nil
	}
	if len(s.Refs) >= mostReferences && !s.Refs[0].forgettable(t.Now.UnixMilli()) {
		return false, entrepot.Unavailable("the item has had %d referenced movements within a day", mostReferences)
	}
	return false, nil
}

func (r Reference) forgettable(now int64) bool { return r.At+keepReferences.Milliseconds() <= now }

// refer remembers a movement by its natural id.
func (s *State) refer(e referenced) {
	drop := 0
	for drop < len(s.Refs)+1-leastReferences && s.Refs[drop].forgettable(e.ref.At) {
		drop++
	}
	s.Refs = append(slices.Delete(s.Refs, 0, drop), e.ref)
}
