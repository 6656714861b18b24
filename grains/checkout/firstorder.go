package checkout

import (
	"context"

	"entrepot"
	"entrepot/grains/ecommerce/promotion"
	"entrepot/grains/ecommerce/review"
	"entrepot/grains/query"
	"entrepot/grains/sales/order"
	"entrepot/persistence"
)

// returning marks the companies with codes for first orders at which the customer has
// ordered before. A guest has not.
func (s *Pricer) returning(
	ctx context.Context, customer entrepot.ID, goods []*companyGoods, found []*promotion.Promotion,
) error {
	if customer == "" {
		return nil
	}
	return query.Each(ctx, len(goods), func(ctx context.Context, at int) (err error) {
		asked := false
		for i := at; i < len(found); i += len(goods) {
			asked = asked || (found[i] != nil && found[i].Terms.FirstOrder)
		}
		if asked {
			goods[at].returning, err = s.orderedBefore(ctx, customer, goods[at].company)
		}
		return err
	})
}

// standing is the statuses of an order that counts. A cancelled or expired order does
// not.
var standing = []any{
	order.Pending, order.Confirmed, order.Processing, order.Shipped, order.Delivered, order.Completed, order.Returned,
}

// orderedBefore reports whether a customer has an order with a company. With the
// sales database it counts every order that was placed before; without it, for the
// estimate of a cart, the paid orders whose events have arrived.
func (s *Pricer) orderedBefore(ctx context.Context, customer, company entrepot.ID) (bool, error) {
	from, of, statuses := s.Orders, order.Collection, standing
	if from == nil {
		from, of, statuses = s.Purchases, review.Purchases, []any{review.Paid}
	}
	q := persistence.Query{Limit: 1, Where: []persistence.Cond{
		{Field: persistence.CompanyID, Op: persistence.Eq, Value: company},
		{Field: "status", Op: persistence.In, Values: statuses},
	}}
	docs, _, err := from.Find(ctx, of, entrepot.OwnedBy(customer), q)
	if err != nil {
		return false, query.Unreadable(of, err)
	}
	return len(docs) > 0, nil
}
