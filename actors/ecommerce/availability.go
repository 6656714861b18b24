package ecommerce

import (
	"context"
	"errors"
	"sync"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/persistence"
	"entrepot/persistence/search"

	lru "github.com/hashicorp/golang-lru/v2"
)

// Availability is the e-commerce service's copy of stock levels, a row per stock item, made from
// inventory.updated so that lists need not query the inventory service. The _id is the item's id,
// shopId its location. A row is written when its item sells out or comes back, otherwise at most
// once per [maxLevelAge]; so its available quantity may be that old.
var Availability = &persistence.Collection{
	Name: "availability",
	Fields: []persistence.Field{
		{Name: "productId", Type: persistence.String},
		{Name: "variantId", Type: persistence.String},
		{Name: "available", Type: persistence.Int},
		{Name: "movement", Type: persistence.Int}, // number of the item's movement that led to this level
	},
	Indexes: [][]string{{persistence.UpdatedAt}, {"productId"}},
}

// levelOf reads a row of [Availability].
func levelOf(d *persistence.Document) search.Stock {
	productID, _ := d.Fields[0].(string)
	available, _ := d.Fields[2].(int64)
	movement, _ := d.Fields[3].(int64)
	s := search.Stock{
		ItemID: d.ID, ProductID: productID, LocationID: d.ShopID, Available: available, Movement: movement,
	}
	if variantID, _ := d.Fields[1].(string); variantID != productID {
		s.VariantID = variantID
	}
	return s
}

// maxLevelAge is the age at which a row is written again although lists show no difference.
const maxLevelAge = time.Minute

// StockLevels keeps [Availability]. Events older than the row change nothing: events may come
// twice and, with several members, out of order.
func StockLevels(store persistence.Store, clock func() time.Time) events.Handler {
	return onMovements(stockLevels(store, clock))
}

func stockLevels(store persistence.Store, clock func() time.Time) reaction {
	rows, _ := lru.New[entrepot.ID, levelRow](maxCachedLevels) // fails only for a size below 1
	w := &levelWriter{store: store, clock: clock, rows: rows}
	return w.handle
}

// maxCachedLevels bounds the cached rows, which save reading the version before each write.
const maxCachedLevels = 200_000

// levelWriter writes the rows of [Availability].
type levelWriter struct {
	store persistence.Store
	clock func() time.Time

	mu   sync.Mutex // serialises batches, since rows are read before they are written
	rows *lru.Cache[entrepot.ID, levelRow]
}

// levelRow is a row as it was last read or written. movement is the last known movement, which
// may be newer than the row's.
type levelRow struct {
	version, movement int64
	inStock           bool
	at                time.Time
}

// itemMovements sums up an item's movements of one batch: the last one, and whether any of them
// sold the item out or brought it back.
type itemMovements struct {
	events.InventoryUpdated
	crossed bool
}

// add includes a movement. crossed comes from the movement itself, because the cached row may
// be older than a row written by another member.
func (m *itemMovements) add(e *movement) {
	m.crossed = m.crossed || (e.Available > 0) != (e.before() > 0)
	if e.Movement >= m.Movement {
		m.InventoryUpdated = e.InventoryUpdated
	}
}

// needsWrite reports whether the row must be written.
func (m *itemMovements) needsWrite(row levelRow, now time.Time) bool {
	return m.crossed || row.version == 0 || row.inStock != (m.Available > 0) || now.Sub(row.at) >= maxLevelAge
}

func (w *levelWriter) handle(ctx context.Context, _ []*events.Delivery, all []movement, results []error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	byItem := map[entrepot.ID]*itemMovements{}
	at := map[entrepot.ID][]int{}
	for i := range all {
		m := &all[i]
		at[m.ItemID] = append(at[m.ItemID], m.at)
		if byItem[m.ItemID] == nil {
			byItem[m.ItemID] = &itemMovements{}
		}
		byItem[m.ItemID].add(m)
	}
	for id, err := range w.write(ctx, byItem) {
		for _, i := range at[id] {
			results[i] = err
		}
	}
}

// write writes the rows that need it and returns the errors by item. A row that another member
// has written in the meantime is read and tried again, three times in all.
func (w *levelWriter) write(ctx context.Context, byItem map[entrepot.ID]*itemMovements) map[entrepot.ID]error {
	failed := map[entrepot.ID]error{}
	for range 3 {
		var writes []persistence.Write
		for id, m := range byItem {
			delete(failed, id)
			row, err := w.row(ctx, id)
			switch {
			case err != nil:
				failed[id] = err
			case m.Movement <= row.movement:
			case m.needsWrite(row, w.clock()):
				writes = append(writes, w.replace(&m.InventoryUpdated, row))
			default:
				row.movement = m.Movement
				w.rows.Add(id, row)
			}
		}
		if len(writes) == 0 {
			return failed
		}
		stale := map[entrepot.ID]*itemMovements{}
		for i, err := range w.store.Commit(ctx, writes) {
			id := writes[i].Doc.ID
			if err == nil {
				w.rows.Add(id, rowOf(&writes[i].Doc))
				continue
			}
			w.rows.Remove(id)
			failed[id] = err
			if errors.Is(err, persistence.ErrStale) {
				stale[id] = byItem[id]
			}
		}
		if len(stale) == 0 {
			return failed
		}
		byItem = stale
	}
	return failed
}

// row returns the item's row from the cache or the store; a zero row if there is none.
func (w *levelWriter) row(ctx context.Context, id entrepot.ID) (levelRow, error) {
	if r, ok := w.rows.Get(id); ok {
		return r, nil
	}
	d, err := w.store.Load(ctx, Availability, id)
	if errors.Is(err, persistence.ErrNotFound) {
		return levelRow{}, nil
	}
	if err != nil {
		return levelRow{}, err
	}
	r := rowOf(d)
	w.rows.Add(id, r)
	return r, nil
}

func rowOf(d *persistence.Document) levelRow {
	l := levelOf(d)
	return levelRow{d.Version, l.Movement, l.Available > 0, d.UpdatedAt}
}

// replace returns the write of the row's next version with the level after the movement.
func (w *levelWriter) replace(m *events.InventoryUpdated, row levelRow) persistence.Write {
	now := w.clock().UTC()
	state, err := w.store.Marshal(&struct{}{})
	if err != nil {
		panic(err) // an empty struct can be marshalled
	}
	return persistence.Write{Collection: Availability, Doc: persistence.Document{
		ID: m.ItemID, Version: row.version + 1, CompanyID: m.CompanyID, ShopID: m.LocationID,
		CreatedAt: now, UpdatedAt: now,
		Fields: []any{m.ProductID, m.VariantID, m.Available, m.Movement}, State: state,
	}}
}
