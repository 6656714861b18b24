package stock

import (
	"entrepot"
	"entrepot/events"
)

// Settings are what people have set for the item. Zero values are an item nobody has set anything for.
type Settings struct {
	// ReorderPoint: available at or below it is low. 0: only out of stock is told.
	ReorderPoint    int64 `json:"reorderPoint,omitempty"`
	ReorderQuantity int64 `json:"reorderQuantity,omitempty"` // what to buy then
	SafetyStock     int64 `json:"safetyStock,omitempty"`     // pieces on hand that are not promised to orders
	// BackorderLimit pieces may be promised beyond on-hand, until BackorderEndsAt if that is set.
	BackorderLimit  int64 `json:"backorderLimit,omitempty"`
	BackorderEndsAt int64 `json:"backorderEndsMs,omitempty"`
}

// MaxBackorder bounds what may be promised beyond on-hand: every such sale stands
// in the state until it is delivered.
const MaxBackorder = 10_000

// lastMoment is the end of the year 9999 in Unix milliseconds, the last that RFC 3339 writes.
const lastMoment = 253_402_300_799_999

// Alerts of an item, as it is listed by.
const (
	Low = "low" // available at or below the reorder point
	Out = "out" // nothing available
)

// alerted is the private fact that the item's alert is another now.
type alerted struct {
	events.Private
	alert string
}

// Configure sets what is given of the settings.
func (s *State) Configure(t entrepot.Turn, c Configure) ([]events.Event, error) {
	if err := s.mayMove(t, s.movement(t, "", 0, "")); err != nil {
		return nil, err
	}
	if err := entrepot.CheckVersion(c.ExpectedVersion, s.revision()); err != nil {
		return nil, err
	}
	set := s.Settings
	for _, f := range []struct {
		name string
		to   *int64
		at   *int64
		most int64
	}{
		{"reorderPoint", c.ReorderPoint, &set.ReorderPoint, MaxQuantity},
		{"reorderQuantity", c.ReorderQuantity, &set.ReorderQuantity, MaxQuantity},
		{"safetyStock", c.SafetyStock, &set.SafetyStock, MaxQuantity},
		{"backorder.limit", c.BackorderLimit, &set.BackorderLimit, MaxBackorder},
		{"backorder.until", c.BackorderEndsAt, &set.BackorderEndsAt, lastMoment},
	} {
		if f.to == nil {
			continue
		}
		if *f.to < 0 || *f.to > f.most {
			return nil, entrepot.Invalid(f.name, "range", "must be 0 to %d", f.most)
		}
		*f.at = *f.to
	}
	if set == s.Settings {
		return nil, nil
	}
	return []events.Event{events.InventoryConfigured{
		ItemID: s.ID, ProductID: s.ProductID, VariantID: s.VariantID, CompanyID: s.CompanyID, LocationID: s.LocationID,
		ReorderPoint: set.ReorderPoint, ReorderQuantity: set.ReorderQuantity, SafetyStock: set.SafetyStock,
		BackorderLimit: set.BackorderLimit, BackorderEndsMs: set.BackorderEndsAt,
		Revision: s.revision() + 1, AtMs: t.Now.UnixMilli(),
	}}, nil
}

// revision counts the changes of the settings from 1; it is the item's ETag.
// What is on hand changes with every order and is not edited from what was read.
func (s *Record) revision() int64 { return max(1, s.Revision) }

// watched is a decision with what precedes and follows it: lots whose time has
// passed are taken off sale, goods go to those who were
// promised them beyond on-hand, and the item's alerts are raised: low_stock when
// available falls to the reorder point, out_of_stock when it falls to nothing,
// each once until it has risen again.
func watched[C any](decide func(*State, entrepot.Turn, C) ([]events.Event, error)) func(*State, entrepot.Turn, C) ([]events.Event, error) {
	return func(s *State, t entrepot.Turn, c C) ([]events.Event, error) {
		aged, late := s.aged(t)
		happened, err := decide(aged, t, c)
		if err != nil {
			return nil, err
		}
		return s.watch(t, s.deliver(t, append(late, happened...))), nil
	}
}

// watch adds the alerts that what happened has crossed into. Between the facts
// of one decision nobody could see the item, so only where it ends counts.
func (s *State) watch(t entrepot.Turn, happened []events.Event) []events.Event {
	after, set, changed := s.levels(), s.Settings, false
	l := events.StockLevel{ItemID: s.ID, ProductID: s.ProductID, VariantID: s.VariantID, CompanyID: s.CompanyID, LocationID: s.LocationID}
	for _, h := range happened {
		switch e := h.(type) {
		case events.InventoryUpdated:
			after.follow(e)
			l.ItemID, l.ProductID, l.VariantID, l.CompanyID, l.LocationID, changed = e.ItemID, e.ProductID, e.VariantID, e.CompanyID, e.LocationID, true
		case referenced:
			after.follow(e.InventoryUpdated)
			l.ItemID, l.ProductID, l.VariantID, l.CompanyID, l.LocationID, changed = e.ItemID, e.ProductID, e.VariantID, e.CompanyID, e.LocationID, true
		case events.InventoryConfigured:
			set, changed = settingsOf(e), true
		case events.InventoryBatchExpired:
			changed = true
		}
	}
	if !changed {
		return happened
	}
	after.safety = set.SafetyStock
	if len(s.Batches) > 0 {
		next := s.clone()
		for _, e := range happened {
			next.Apply(e)
		}
		after.expired = next.levels().expired
	}
	available := after.available()
	now := ""
	switch {
	case available == 0:
		now = Out
	case available <= set.ReorderPoint:
		now = Low
	}
	if now == s.Alert {
		return happened
	}
	l.OnHand, l.Reserved, l.Available = after.onHand, after.reserved, available
	l.ReorderPoint, l.ReorderQuantity, l.AtMs = set.ReorderPoint, set.ReorderQuantity, t.Now.UnixMilli()
	if s.Alert == "" && available <= set.ReorderPoint && set.ReorderPoint > 0 {
		happened = append(happened, events.InventoryLowStock{StockLevel: l})
	}
	if now == Out {
		happened = append(happened, events.InventoryOutOfStock{StockLevel: l})
	}
	return append(happened, alerted{alert: now})
}

func settingsOf(e events.InventoryConfigured) Settings {
	return Settings{
		ReorderPoint: e.ReorderPoint, ReorderQuantity: e.ReorderQuantity, SafetyStock: e.SafetyStock,
		BackorderLimit: e.BackorderLimit, BackorderEndsAt: e.BackorderEndsMs,
	}
}
