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

	lru "github.com/hashicorp/golang-lru/v2"
)

// Availability is whether a stock item can be sold, a row an item, as the
// e-commerce service knows it from inventory.updated: in ecommercedb, so that its
// lists need not ask the inventory service. The _id is the item's, shopId its
// location. A sale of one piece of many changes nothing that a list shows: a row
// is written when its item runs out or comes back, and else at most once in
// [levelAge], so available is a number of that age.
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

// levelAge is how old a row may be before a movement that changes nothing that
// lists show is written all the same.
const levelAge = time.Minute

// Stocked keeps [Availability]. An event that is older than the row changes
// nothing: they may come twice and, with several members, out of order.
func Stocked(store persistence.Store, clock func() time.Time) events.Handler {
	return onMovements(stocked(store, clock))
}

func stocked(store persistence.Store, clock func() time.Time) reaction {
	rows, _ := lru.New[entrepot.ID, levelRow](maxLevels) // an error only for a size below 1
	k := &levelKeeper{store: store, clock: clock, rows: rows}
	return k.handle
}

// maxLevels is how many items' rows are cached, so that their version need
// not be read before each write.
const maxLevels = 200_000

type levelKeeper struct {
	store persistence.Store
	clock func() time.Time

	mu   sync.Mutex // batches are handled one after another: rows are read and then written
	rows *lru.Cache[entrepot.ID, levelRow]
}

// levelRow is a row as it was last seen or written, and the last movement known,
// which may be a later one.
type levelRow struct {
	version, movement int64
	stocked           bool
	at                time.Time
}

// moves are an item's movements of one batch: the last of them, and whether any
// of them took the last piece or brought the first.
type moves struct {
	events.InventoryUpdated
	crossed bool
}

// add takes a movement in. What it crossed is told by the movement itself: what is
// remembered of the row may be older than what another member wrote.
func (m *moves) add(e *movement) {
	m.crossed = m.crossed || (e.Available > 0) != (e.before() > 0)
	if e.Movement >= m.Movement {
		m.InventoryUpdated = e.InventoryUpdated
	}
}

// matter reports whether the row must be written.
func (m *moves) matter(row levelRow, now time.Time) bool {
	return m.crossed || row.version == 0 || row.stocked != (m.Available > 0) || now.Sub(row.at) >= levelAge
}

func (k *levelKeeper) handle(ctx context.Context, _ []*events.Delivery, all []movement, results []error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	last := map[entrepot.ID]*moves{}
	at := map[entrepot.ID][]int{}
	for i := range all {
		m := &all[i]
		at[m.ItemID] = append(at[m.ItemID], m.at)
		if last[m.ItemID] == nil {
			last[m.ItemID] = &moves{}
		}
		last[m.ItemID].add(m)
	}
	for id, err := range k.write(ctx, last) {
		for _, i := range at[id] {
			results[i] = err
		}
	}
}

// write replaces the rows where that matters, and answers the items that failed.
func (k *levelKeeper) write(ctx context.Context, last map[entrepot.ID]*moves) map[entrepot.ID]error {
	failed := map[entrepot.ID]error{}
	for range 3 { // another member may write the same rows
		var writes []persistence.Write
		for id, m := range last {
			delete(failed, id)
			row, err := k.row(ctx, id)
			switch {
			case err != nil:
				failed[id] = err
			case m.Movement <= row.movement:
			case m.matter(row, k.clock()):
				writes = append(writes, k.replacing(&m.InventoryUpdated, row))
			default:
				row.movement = m.Movement
				k.rows.Add(id, row)
			}
		}
		if len(writes) == 0 {
			return failed
		}
		again := map[entrepot.ID]*moves{}
		for i, err := range k.store.Commit(ctx, writes) {
			id := writes[i].Doc.ID
			if err == nil {
				k.rows.Add(id, rowOf(&writes[i].Doc))
				continue
			}
			k.rows.Remove(id)
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
	if r, ok := k.rows.Get(id); ok {
		return r, nil
	}
	d, err := k.store.Load(ctx, Availability, id)
	if errors.Is(err, persistence.ErrNotFound) {
		return levelRow{}, nil
	}
	if err != nil {
		return levelRow{}, err
	}
	r := rowOf(d)
	k.rows.Add(id, r)
	return r, nil
}

func rowOf(d *persistence.Document) levelRow {
	l := levelOf(d)
	return levelRow{d.Version, l.Movement, l.Available > 0, d.UpdatedAt}
}

func (k *levelKeeper) replacing(m *events.InventoryUpdated, row levelRow) persistence.Write {
	now := k.clock().UTC()
	state, err := k.store.Marshal(&struct{}{})
	if err != nil {
		panic(err) // of nothing
	}
	return persistence.Write{Collection: Availability, Doc: persistence.Document{
		ID: m.ItemID, Version: row.version + 1, CompanyID: m.CompanyID, ShopID: m.LocationID, CreatedAt: now, UpdatedAt: now,
		Fields: []any{m.ProductID, m.VariantID, m.Available, m.Movement}, State: state,
	}}
}
