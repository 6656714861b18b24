package actors

import (
	"context"
	"sync"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/order/orderpb"
	"entrepot/grains/payment/paymentpb"

	"google.golang.org/protobuf/proto"
)

// Sales tells orders what became of their payments.
func Sales(a grains.Asker) events.Handler {
	return perEvent(a, func(d *events.Delivery) (kind string, id entrepot.ID, cmd proto.Message, err error) {
		switch d.Type {
		case "payment.success":
			var e events.PaymentSuccess
			if err := d.Decode(&e); err != nil {
				return "", "", nil, events.Permanent(err)
			}
			m, err := entrepot.ParseMoney("amount", string(e.Amount), e.Currency)
			if err != nil {
				return "", "", nil, events.Permanent(err)
			}
			return orderpb.Kind, e.OrderID, &orderpb.Paid{PaymentId: e.PaymentID, AmountMinor: m.Minor, Currency: m.Currency}, nil
		case "payment.failed":
			var e events.PaymentFailed
			if err := d.Decode(&e); err != nil {
				return "", "", nil, events.Permanent(err)
			}
			return orderpb.Kind, e.OrderID, &orderpb.PaymentFailed{PaymentId: e.PaymentID, Reason: e.Reason}, nil
		}
		return "", "", nil, nil
	})
}

// Payments opens the payment of every new order.
func Payments(a grains.Asker) events.Handler {
	return perEvent(a, func(d *events.Delivery) (kind string, id entrepot.ID, cmd proto.Message, err error) {
		if d.Type != "order.created" {
			return "", "", nil, nil
		}
		var e events.OrderCreated
		if err := d.Decode(&e); err != nil {
			return "", "", nil, events.Permanent(err)
		}
		m, err := entrepot.ParseMoney("total", string(e.Total), e.Currency)
		if err != nil {
			return "", "", nil, events.Permanent(err)
		}
		return paymentpb.Kind, paymentpb.ID(e.OrderID), &paymentpb.Open{
			OrderId: e.OrderID, CustomerId: e.CustomerID, CompanyId: e.CompanyID, ShopId: e.ShopID,
			AmountMinor: m.Minor, Currency: m.Currency,
		}, nil
	})
}

// reactions is how many commands a consumer has under way at a time.
const reactions = 64

// perEvent turns each event into one command whose id is the event's, so a
// second delivery is the same command. Commands of one batch run side by side,
// those to the same entity one after another.
func perEvent(a grains.Asker, react func(*events.Delivery) (kind string, id entrepot.ID, cmd proto.Message, err error)) events.Handler {
	return func(ctx context.Context, batch []*events.Delivery) []error {
		results := make([]error, len(batch))
		lanes := map[entrepot.ID][]int{}
		for i, d := range batch {
			lanes[d.Aggregate.ID] = append(lanes[d.Aggregate.ID], i)
		}
		var wg sync.WaitGroup
		slots := make(chan struct{}, reactions)
		for _, lane := range lanes {
			slots <- struct{}{}
			wg.Go(func() {
				defer func() { <-slots }()
				for _, i := range lane {
					results[i] = one(ctx, a, batch[i], react)
				}
			})
		}
		wg.Wait()
		return results
	}
}

func one(ctx context.Context, a grains.Asker, d *events.Delivery, react func(*events.Delivery) (string, entrepot.ID, proto.Message, error)) error {
	kind, id, cmd, err := react(d)
	if err != nil || cmd == nil {
		return err
	}
	ctx = entrepot.WithCaller(grains.WithTrace(ctx, d.TraceParent), entrepot.SystemCaller(d.ID))
	ctx = grains.WithCommand(ctx, grains.CommandID{ID: d.ID})
	_, err = a.Ask(ctx, kind, id, cmd)
	switch entrepot.CodeOf(err) {
	case entrepot.CodeInvalid, entrepot.CodeConflict, entrepot.CodeNotFound, entrepot.CodeKeyReused:
		return events.Permanent(err) // no retry changes it: kept as a dead letter, with this reason
	}
	return err
}
