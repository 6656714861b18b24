package actors

import (
	"context"
	"errors"
	"sync"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/persistence"
	"entrepot/search"
)

// Availability is what can be sold, a row a stock item, as the e-commerce service
// knows it from inventory.updated: in ecommercedb, so that its lists need not
// ask the inventory service. The _id is the item's, shopId its location.
var Availability = &persistence.Collection{
	Name: "availability",
	Fields: []persistence.Field{
		{Name: "productId", Type: persistence.String},
		{Name: "variantId", Type: persistence.String},
		{Name: "available", Type: persistence.Int},
		{Name: "movement", Type: persistence.Int}, // of the item, that left it so
	},
	Indexes: [][]string{{persistence.UpdatedAt}, {"productId"}},
}

func levelOf(d *persistence.Document) search.Stock {
	productID, _ := d.Fields[0].(string)
	available, _ := d.Fields[2].(int64)
	movement, _ := d.Fields[3].(int64)
	s := search.Stock{ItemID: d.ID, ProductID: productID, LocationID: d.ShopID, Available: available, Movement: movement}
	if variantID, _ := d.Fields[1].(string); variantID != productID {
		s.VariantID = variantID
	}
	return s
}

// Stocked keeps [Availability]. Of a batch only each item's last movement is
// written, and one that is older than the row's changes nothing: events may come
// twice and, with several members, out of order.
func Stocked(store persistence.Store, clock func() time.Time) events.Handler {
	k := &levelKeeper{store: store, clock: clock, rows: map[entrepot.ID]levelRow{}}
	return k.handle
}

// maxLevels is how many items' rows are remembered, so that their version need
// not be read before each write.
const maxLevels = 200_000

type levelKeeper struct {
	store persistence.Store
	clock func() time.Time

	mu   sync.Mutex // batches are handled one after another: rows are read and then written
	rows map[entrepot.ID]levelRow
}

type levelRow struct{ version, movement int64 }

// level is a movement with the fields that matter here.
type level struct {
	ItemID     entrepot.ID `json:"itemId"`
	ProductID  entrepot.ID `json:"productId"`
	VariantID  entrepot.ID `json:"variantId"`
	CompanyID  entrepot.ID `json:"companyId"`
	LocationID entrepot.ID `json:"locationId"`
	Available  int64       `json:"available"`
	Movement   int64       `json:"movement"`
}

// EventType is inventory.updated.
func (level) EventType() string { return "inventory.updated" }

func (k *levelKeeper) handle(ctx context.Context, batch []*events.Delivery) []error {
	k.mu.Lock()
	defer k.mu.Unlock()
	results := make([]error, len(batch))
	last := map[entrepot.ID]level{}
	at := map[entrepot.ID][]int{}
	for i, d := range batch {
		if d.Type != "inventory.updated" {
			continue
		}
		var m level
		if err := d.Decode(&m); err != nil {
			results[i] = events.Permanent(err)
			continue
		}
		at[m.ItemID] = append(at[m.ItemID], i)
		if have, ok := last[m.ItemID]; !ok || m.Movement > have.Movement {
			last[m.ItemID] = m
		}
	}
	for id, err := range k.write(ctx, last) {
		for _, i := range at[id] {
			results[i] = err
		}
	}
	return results
}

// write replaces the rows that are older, and answers the items that failed.
func (k *levelKeeper) write(ctx context.Context, last map[entrepot.ID]level) map[entrepot.ID]error {
	failed := map[entrepot.ID]error{}
	for range 3 { // another member may write the same rows
		var writes []persistence.Write
		for id, m := range last {
			delete(failed, id)
			row, err := k.row(ctx, id)
			switch {
			case err != nil:
				failed[id] = err
			case m.Movement > row.movement:
				writes = append(writes, k.replacing(m, row))
			}
		}
		if len(writes) == 0 {
			return failed
		}
		again := map[entrepot.ID]level{}
		for i, err := range k.store.Commit(ctx, writes) {
			id := writes[i].Doc.ID
			if err == nil {
				k.remember(id, levelRow{writes[i].Doc.Version, last[id].Movement})
				continue
			}
			delete(k.rows, id)
			failed[id] = err
			if errors.Is(err, persistence.ErrStale) {
				again[id] = last[id]
			}
		}
		if len(again) == 0 {
			return failed
		}
		last = again
	}
	return failed
}

func (k *levelKeeper) row(ctx context.Context, id entrepot.ID) (levelRow, error) {
	if r, ok := k.rows[id]; ok {
		return r, nil
	}
	d, err := k.store.Load(ctx, Availability, id)
	if errors.Is(err, persistence.ErrNotFound) {
		return levelRow{}, nil
	}
	if err != nil {
		return levelRow{}, err
	}
	r := levelRow{d.Version, levelOf(d).Movement}
	k.remember(id, r)
	return r, nil
}

func (k *levelKeeper) remember(id entrepot.ID, r levelRow) {
	if len(k.rows) >= maxLevels {
		clear(k.rows) // they are read again
	}
	k.rows[id] = r
}

func (k *levelKeeper) replacing(m level, row levelRow) persistence.Write {
	now := k.clock().UTC()
	variant := m.VariantID
	if variant == "" {
		variant = m.ProductID
	}
	state, err := k.store.Marshal(&struct{}{})
	if err != nil {
		panic(err) // of nothing
	}
	return persistence.Write{Collection: Availability, Doc: persistence.Document{
		ID: m.ItemID, Version: row.version + 1, CompanyID: m.CompanyID, ShopID: m.LocationID, CreatedAt: now, UpdatedAt: now,
		Fields: []any{m.ProductID, variant, m.Available, m.Movement}, State: state,
	}}
}

// UnitsSold is what orders have sold, a row an order.created event, for the order
// by popularity. A row goes when it weighs nothing any more.
var UnitsSold = &persistence.Collection{
	Name:    "unitsSold",
	Indexes: [][]string{{persistence.UpdatedAt}},
}

type soldUnits struct {
	Lines []soldLine `json:"lines"`
}

type soldLine struct {
	ProductID entrepot.ID `json:"productId"`
	Units     int64       `json:"units"`
}

// Popular keeps [UnitsSold].
func Popular(store persistence.Store, clock func() time.Time) events.Handler {
	return func(ctx context.Context, batch []*events.Delivery) []error {
		now := clock().UTC()
		return insertAt(store, UnitsSold, &now, func(e *events.Envelope) (*persistence.Document, error) {
			if e.Type != "order.created" {
				return nil, nil
			}
			var o events.OrderCreated
			if err := e.Decode(&o); err != nil {
				return nil, err
			}
			var u soldUnits
			for _, i := range o.Items {
				u.Lines = append(u.Lines, soldLine{i.ProductID, i.Quantity})
			}
			state, err := store.Marshal(&u)
			return &persistence.Document{CompanyID: e.CompanyID, ShopID: e.ShopID, WakeAt: e.OccurredAt.Add(salesSince), State: state}, err
		})(ctx, batch)
	}
}

// SearchRows feeds the rows that searches and lists rest on.
func SearchRows(store persistence.Store, clock func() time.Time) events.Handler {
	return Each(Stocked(store, clock), Popular(store, clock))
}
