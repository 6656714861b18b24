package actors

import (
	"context"
	"errors"
	"slices"

	"entrepot"
	"entrepot/events"
	"entrepot/grains/review"
	"entrepot/persistence"
)

// purchaseRank orders the states of a purchase, which only go forward: then it
// does not matter how often an event comes, nor whether a retry overtakes.
var purchaseRank = map[string]int{review.Ordered: 1, review.Paid: 2, review.Cancelled: 3}

// errNoPurchase asks for another delivery: the order's creation has not come yet.
var errNoPurchase = errors.New("the order is paid and what was ordered is not known yet")

// Purchases keeps who bought what, a row a product of an order: ordered, then
// paid, and no purchase any more if the order was cancelled.
func Purchases(store persistence.Store) events.Handler {
	return On(func(ctx context.Context, batch []*events.Delivery) []error {
		results := make([]error, len(batch))
		p := purchases{ctx, store, batch, results}
		p.begin()
		p.advance()
		return results
	}, "order.created", "order.confirmed", "order.cancelled")
}

type purchases struct {
	ctx     context.Context
	store   persistence.Store
	batch   []*events.Delivery
	results []error
}

// begin inserts the rows of new orders. What is there already was delivered before.
func (p *purchases) begin() {
	var writes []persistence.Write
	var at []int
	state, err := p.store.Marshal(&struct{}{})
	for i, d := range p.batch {
		if d.Type != "order.created" {
			continue
		}
		var e events.OrderCreated
		if err := errors.Join(err, d.Decode(&e)); err != nil {
			p.results[i] = events.Permanent(err)
			continue
		}
		seen := map[entrepot.ID]bool{}
		for _, item := range e.Items {
			if seen[item.ProductID] {
				continue
			}
			seen[item.ProductID] = true
			writes = append(writes, persistence.Write{Collection: review.Purchases, Doc: persistence.Document{
				ID: entrepot.DeriveID("purchase", e.OrderID, item.ProductID), Version: 1, CompanyID: e.CompanyID, ShopID: e.ShopID, OwnerID: e.CustomerID,
				CreatedAt: d.OccurredAt, UpdatedAt: d.OccurredAt, Fields: []any{item.ProductID, e.OrderID, review.Ordered}, State: state,
			}})
			at = append(at, i)
		}
	}
	p.commit(writes, at, isThere)
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

// advance moves the rows of orders that were paid or cancelled.
func (p *purchases) advance() {
	last := map[entrepot.ID]int{} // by order: the delivery that goes furthest
	status := func(i int) string {
		if p.batch[i].Type == "order.cancelled" {
			return review.Cancelled
		}
		return review.Paid
	}
	var orders []any
	for i, d := range p.batch {
		var e events.OrderConfirmed // reads what both have
		switch err := d.Decode(&e); {
		case d.Type == "order.created":
		case err != nil || e.OrderID == "":
			p.results[i] = events.Permanent(errors.Join(errors.New("an event of no order"), err))
		default:
			before, known := last[e.OrderID]
			if !known {
				orders = append(orders, e.OrderID)
			}
			if !known || purchaseRank[status(i)] > purchaseRank[status(before)] {
				last[e.OrderID] = i
			}
		}
	}
	rows, err := p.of(orders)
	var writes []persistence.Write
	var at []int
	found := map[entrepot.ID]bool{}
	for _, row := range rows {
		order, _ := row.Fields[1].(string)
		was, _ := row.Fields[2].(string)
		i := last[order]
		found[order] = true
		if purchaseRank[was] >= purchaseRank[status(i)] {
			continue
		}
		row.Version++
		row.UpdatedAt = p.batch[i].OccurredAt
		row.Fields = []any{row.Fields[0], order, status(i)}
		writes, at = append(writes, persistence.Write{Collection: review.Purchases, Doc: row}), append(at, i)
	}
	for order, i := range last {
		switch {
		case err != nil:
			p.results[i] = err
		case !found[order] && status(i) == review.Paid:
			p.results[i] = errNoPurchase
		}
	}
	p.commit(writes, at, func(error) bool { return false })
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
