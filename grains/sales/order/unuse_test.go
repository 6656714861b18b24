package order_test

import (
	"testing"
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/sales/order"
)

func (f shopfloor) cancel(id entrepot.ID) {
	f.t.Helper()
	if _, err := grains.Ask(f.buyer(), f, order.Of(id), order.Cancel{}); err != nil {
		f.t.Fatal(err)
	}
}

// A cancelled paid order gives the use of the code back, also the customer's, once and
// after a restart.
func TestAPaidOrderThatIsCancelledGivesTheCodeBack(t *testing.T) {
	t.Parallel()
	f := openWithCode(t, 1, 1)
	for range 3 {
		id := entrepot.NewID()
		var placed []*order.Order
		f.until("the code is free", func() (ok bool) {
			var err error
			placed, err = f.placeAs(customer, cheaper(id, harbour, 1, 1))
			if err != nil {
				id = entrepot.NewID() // a refused order stays refused
			}
			return err == nil
		})
		f.pay(placed[0])
		f.untilUses(1, 0)
		_, err := f.placeAs(customer, cheaper(entrepot.NewID(), harbour, 1, 1))
		rule(t, err, "limit")
		f.Restart()
		f.cancel(id)
		f.cancel(id)
		f.untilUses(0, 0)
	}
}

// The use of several orders goes back with the last of them, whether it was paid or
// not.
func TestACodeOfSeveralOrdersGoesBackWithTheLast(t *testing.T) {
	t.Parallel()
	for _, both := range []bool{true, false} {
		f := openWithCode(t, 1, 1)
		first := entrepot.NewID()
		second := order.SiblingID(first, station)
		groups := []order.Group{cheaper(first, harbour, 1, 1), cheaper(second, station, 1, 1)}
		for _, g := range groups {
			g.Promotions[0].FirstOrder = true
		}
		placed, err := f.placeAs(customer, groups...)
		if err != nil {
			t.Fatal(err)
		}
		f.pay(placed[0])
		f.untilUses(1, 0)
		if both {
			f.pay(placed[1])
			f.until("paid", func() bool { return f.get(second).Status == order.Confirmed })
		}
		f.Restart()
		f.cancel(first)
		f.until("restocked", func() bool { return f.stock(beans, harbour).Available == 500 })
		_, err = f.placeAs(customer, early(entrepot.NewID(), harbour, 1))
		rule(t, err, "limit") // its sibling is not cancelled
		f.cancel(second)
		f.untilUses(0, 0)
		f.until("the first order is free", func() bool {
			_, err := f.placeAs(customer, early(entrepot.NewID(), harbour, 1))
			return err == nil
		})
	}
}

// A paid and cancelled order does not count as the first; nor does one that was paid
// late.
func TestCancelledPaidOrderIsNotTheFirst(t *testing.T) {
	t.Parallel()
	for _, late := range []bool{false, true} {
		f := openWithCode(t, 0, 0)
		start := time.Now()
		f.SetNow(start)
		id := entrepot.NewID()
		placed, err := f.placeAs(customer, early(id, harbour, 1))
		if err != nil {
			t.Fatal(err)
		}
		if late {
			f.SetNow(start.Add(order.DefaultHold + time.Second))
			f.Wake(order.Name, id)
			f.untilUses(0, 0)
		}
		f.pay(placed[0])
		f.untilUses(1, 0)
		_, err = f.placeAs(customer, early(entrepot.NewID(), harbour, 1))
		rule(t, err, "first_order")
		f.cancel(id)
		f.untilUses(0, 0)
		f.until("the first order is free", func() bool {
			_, err := f.placeAs(customer, early(entrepot.NewID(), harbour, 1))
			return err == nil
		})
	}
}
