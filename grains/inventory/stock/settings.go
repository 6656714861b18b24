package stock

import (
	"entrepot"
	"entrepot/events"
)

// Settings are what people set for an item. The zero value is an item without settings.
type Settings struct {
	ReorderPoint    int64 `json:"reorderPoint,omitempty"`    // available at or below it is low; 0: no such alert
	ReorderQuantity int64 `json:"reorderQuantity,omitempty"` // what to buy at the reorder point
	SafetyStock     int64 `json:"safetyStock,omitempty"`     // pieces on hand that are not promised to orders
	BackorderLimit  int64 `json:"backorderLimit,omitempty"`
	BackorderEndsAt int64 `json:"backorderEndsMs,omitempty"`
}

// MaxBackorder bounds the pieces promised beyond on-hand, because the state keeps
// every such sale until it is delivered.
const MaxBackorder = 10_000

// lastMoment is the end of the year 9999 in Unix ms, the last time of RFC 3339.
const lastMoment = 253_402_300_799_999

// Alerts of an item.
const (
	Low = "low" // available at or below the reorder point
	Out = "out" // nothing available
)

// alerted is the fact that the alert of the item has changed.
type alerted struct {
	events.Private
	alert string
}

// Configure changes the given settings.
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

// revision returns the number of the settings' version, from 1. It is the item's ETag,
// because clients edit the settings, and stock changes with every order.
func (s *Record) revision() int64 { return max(1, s.Revision) }

// decision decides on a command.
type decision[C any] = func(*State, entrepot.Turn, C) ([]events.Event, error)

// watched adds to a decision what comes before and after it. Expired lots go off sale
// first. Then backorders get free goods, and alerts are raised: low_stock when
// available falls to the reorder point, out_of_stock when it falls to 0, each once
// until it has risen again.
func watched[C any](decide decision[C]) decision[C] {
	return func(s *State, t entrepot.Turn, c C) ([]events.Event, error) {
		aged, late := s.aged(t)
		happened, err := decide(aged, t, c)
		if err != nil {
			return nil, err
		}
		return s.watch(t, s.deliver(t, append(late, happened...))), nil
	}
}

// watch adds the alerts of a decision. Only the levels after all its facts count,
// because nothing can read the item in between.
func (s *State) watch(t entrepot.Turn, happened []events.Event) []events.Event {
	after, set, changed := s.levels(), s.Settings, false
	l := events.StockLevel{
		ItemID: s.ID, ProductID: s.ProductID, VariantID: s.VariantID, CompanyID: s.CompanyID, LocationID: s.LocationID,
	}
	for _, h := range happened {
		if r, ok := h.(referenced); ok {
			h = r.InventoryUpdated
		}
		switch e := h.(type) {
		case events.InventoryUpdated:
			after.follow(e)
			l.ItemID, l.ProductID, l.VariantID = e.ItemID, e.ProductID, e.VariantID
			l.CompanyID, l.LocationID, changed = e.CompanyID, e.LocationID, true
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
