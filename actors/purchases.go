package actors

import (
	"context"
	"errors"
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains/review"
	"entrepot/persistence"
)

// errNoPurchase asks for another delivery: that the order was paid has not come yet.
var errNoPurchase = errors.New("a paid order is cancelled and what was bought is not known yet")

// Purchases keeps who bought what, a row a product of a paid order, and no
// purchase any more if the order was cancelled afterwards.
func Purchases(store persistence.Store, clock func() time.Time) events.Handler {
	return On(func(ctx context.Context, batch []*events.Delivery) []error {
		p := purchases{ctx, store, clock().UTC(), batch, make([]error, len(batch))}
		p.begin()
		p.end()
		return p.results
	}, "order.confirmed", "order.cancelled")
}

type purchases struct {
	ctx     context.Context
	store   persistence.Store
	now     time.Time
	batch   []*events.Delivery
	results []error
}

// begin inserts the rows of paid orders. What is there already was delivered before.
func (p *purchases) begin() {
	var writes []persistence.Write
	var at []int
	state, err := p.store.Marshal(&struct{}{})
	for i, d := range p.batch {
		if d.Type != "order.confirmed" {
			continue
		}
		var e events.OrderConfirmed
		if err := errors.Join(err, decodeOrder(d, &e, &e.OrderID)); err != nil {
			p.results[i] = events.Permanent(err)
			continue
		}
		units := map[entrepot.ID]int64{}
		for _, item := range e.Items {
			units[item.ProductID] += item.Quantity
		}
		for product, n := range units {
			writes = append(writes, persistence.Write{Collection: review.Purchases, Doc: persistence.Document{
				ID: entrepot.DeriveID("purchase", e.OrderID, product), Version: 1, CompanyID: e.CompanyID, ShopID: e.ShopID, OwnerID: e.CustomerID,
				CreatedAt: d.OccurredAt, UpdatedAt: p.now, Fields: []any{product, e.OrderID, review.Paid, n}, State: state,
			}})
			at = append(at, i)
		}
	}
	p.commit(writes, at, isThere)
}

func decodeOrder(d *events.Delivery, e events.Event, id *entrepot.ID) error {
	err := d.Decode(e)
	if err == nil && *id == "" {
		err = errors.New("an event of no order")
	}
	return err
}

func (p *purchases) commit(writes []persistence.Write, at []int, fine func(error) bool) {
	if len(writes) == 0 {
		return
	}
	for j, err := range p.store.Commit(p.ctx, writes) {
		if err != nil && !fine(err) {
			p.results[at[j]] = err
		}
	}
}

// end takes back the purchases of orders that were cancelled after they were paid.
func (p *purchases) end() {
	at := map[entrepot.ID]int{} // by order: its cancellation
	var orders []any
	for i, d := range p.batch {
		if d.Type != "order.cancelled" {
			continue
		}
		var e events.OrderCancelled
		switch err := decodeOrder(d, &e, &e.OrderID); {
		case err != nil:
			p.results[i] = events.Permanent(err)
		case e.PaymentID != "":
			orders, at[e.OrderID] = append(orders, e.OrderID), i
		}
	}
	rows, err := p.of(orders)
	var writes []persistence.Write
	var of []int
	found := map[entrepot.ID]bool{}
	for _, row := range rows {
		was := review.PurchaseOf(&row)
		found[was.OrderID] = true
		if was.Cancelled {
			continue
		}
		row.Version++
		row.UpdatedAt = p.now
		row.Fields = []any{was.ProductID, was.OrderID, review.Cancelled, was.Units}
		writes, of = append(writes, persistence.Write{Collection: review.Purchases, Doc: row}), append(of, at[was.OrderID])
	}
	for order, i := range at {
		if err == nil && !found[order] {
			p.results[i] = errNoPurchase
		} else if err != nil {
			p.results[i] = err
		}
	}
	p.commit(writes, of, func(error) bool { return false })
}

// of are the rows of some orders.
func (p *purchases) of(orders []any) (rows []persistence.Document, err error) {
	for some := range slices.Chunk(orders, 100) {
		q := persistence.Query{Limit: 100, Where: []persistence.Cond{{Field: "orderId", Op: persistence.In, Values: some}}}
		for {
			docs, next, err := p.store.Find(p.ctx, review.Purchases, entrepot.AllTenants(), q)
			if err != nil {
				return nil, err
			}
			rows = append(rows, docs...)
			if q.Cursor = next; next == "" {
				break
			}
		}
	}
	return rows, nil
}
