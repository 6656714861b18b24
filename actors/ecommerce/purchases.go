package ecommerce

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"entrepot"
	"entrepot/actors"
	"entrepot/events"
	"entrepot/grains/ecommerce/review"
	"entrepot/persistence"
)

// errNoPurchase asks for another delivery: a cancellation arrived before the confirmation.
var errNoPurchase = errors.New("paid order cancelled before its order.confirmed arrived")

// Purchases records which customer bought which product in [review.Purchases]: a row per product
// of a paid order. If the order is cancelled later, its rows are marked as cancelled.
func Purchases(store persistence.Store, clock func() time.Time) events.Handler {
	return actors.On(func(ctx context.Context, batch []*events.Delivery) []error {
		p := purchaseBatch{store, clock().UTC(), batch, make([]error, len(batch))}
		p.insertConfirmed(ctx)
		p.markCancelled(ctx)
		return p.results
	}, "order.confirmed", "order.cancelled")
}

// purchaseBatch is one batch of deliveries with the result of each.
type purchaseBatch struct {
	store   persistence.Store
	now     time.Time
	batch   []*events.Delivery
	results []error
}

// insertConfirmed inserts the rows of paid orders. Rows that exist come from earlier deliveries.
func (p *purchaseBatch) insertConfirmed(ctx context.Context) {
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
		for productID, n := range units {
			writes = append(writes, persistence.Write{Collection: review.Purchases, Doc: persistence.Document{
				ID: entrepot.DeriveID("purchase", e.OrderID, productID), Version: 1,
				CompanyID: e.CompanyID, ShopID: e.ShopID, OwnerID: e.CustomerID,
				CreatedAt: d.OccurredAt, UpdatedAt: p.now,
				Fields: []any{productID, e.OrderID, review.Paid, n}, State: state,
			}})
			at = append(at, i)
		}
	}
	p.commit(ctx, writes, at, actors.Exists)
}

// markCancelled marks the purchases of orders that were cancelled after their payment.
func (p *purchaseBatch) markCancelled(ctx context.Context) {
	cancelled := map[entrepot.ID]int{} // by order: the index of its cancellation
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
			orders, cancelled[e.OrderID] = append(orders, e.OrderID), i
		}
	}
	rows, err := p.rowsOf(ctx, orders)
	var writes []persistence.Write
	var at []int
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
		writes = append(writes, persistence.Write{Collection: review.Purchases, Doc: row})
		at = append(at, cancelled[was.OrderID])
	}
	for order, i := range cancelled {
		if err == nil && !found[order] {
			p.results[i] = errNoPurchase
		} else if err != nil {
			p.results[i] = err
		}
	}
	p.commit(ctx, writes, at, func(error) bool { return false })
}

// rowsOf returns the purchases of the orders.
func (p *purchaseBatch) rowsOf(ctx context.Context, orders []any) (rows []persistence.Document, err error) {
	for some := range slices.Chunk(orders, 100) {
		q := persistence.Query{Limit: 100, Where: []persistence.Cond{{Field: "orderId", Op: persistence.In, Values: some}}}
		for {
			docs, next, err := p.store.Find(ctx, review.Purchases, entrepot.AllTenants(), q)
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

// commit writes, and assigns each error that is not accepted to the delivery of its write.
func (p *purchaseBatch) commit(ctx context.Context, writes []persistence.Write, at []int, accept func(error) bool) {
	if len(writes) == 0 {
		return
	}
	for j, err := range p.store.Commit(ctx, writes) {
		if err != nil && !accept(err) {
			p.results[at[j]] = err
		}
	}
}

// decodeOrder decodes an event of an order. id points to the event's order id, which must be set.
func decodeOrder(d *events.Delivery, e events.Event, id *entrepot.ID) error {
	err := d.Decode(e)
	if err == nil && *id == "" {
		err = fmt.Errorf("%s without orderId", d.Type)
	}
	return err
}
