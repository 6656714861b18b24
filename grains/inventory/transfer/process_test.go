package transfer

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/grains/inventory/stock"
	"entrepot/persistence/storetest"
)

// yard is a transfer and the stock at both its ends, on the real host.
type yard struct {
	t *testing.T
	*grainstest.Member
}

func newYard(t *testing.T, tea0, mug0 int64) *yard {
	t.Helper()
	y := &yard{t, grainstest.New(t, storetest.NewMemory(), []*grains.Kind{Kind(), stock.Kind()})}
	for variant, n := range map[string]int64{tea: tea0, mug: mug0} {
		if n == 0 {
			continue
		}
		y.must(grains.Ask(y.Platform(), y, stock.Of(stock.ID(variant, from)), stock.Receive{ProductID: variant, CompanyID: company, LocationID: from, Quantity: n, Reason: "purchase"}))
	}
	y.must(y.ask(admin, creation()))
	return y
}

func (y *yard) must(_ any, err error) {
	y.t.Helper()
	if err != nil {
		y.t.Fatal(err)
	}
}

func (y *yard) ask(c entrepot.Caller, cmd any) (any, error) {
	return y.Ask(y.As(c), Of(id), cmd)
}

// levels are the pieces on hand and set aside of a variant somewhere.
func (y *yard) levels(variant, location string) (onHand, reserved int64) {
	y.t.Helper()
	r, err := grains.Ask(y.Platform(), y, stock.Of(stock.ID(variant, location)), stock.Get{})
	if entrepot.CodeOf(err) == entrepot.CodeNotFound {
		return 0, 0
	}
	y.must(r, err)
	i := r.(*stock.Item)
	return i.OnHand, i.Reserved
}

// lies checks what lies at both ends, and that nothing is set aside.
func (y *yard) lies(when string, teaFrom, mugFrom, teaTo, mugTo int64) {
	y.t.Helper()
	var got [4]int64
	for i, at := range []struct{ variant, location string }{{tea, from}, {mug, from}, {tea, to}, {mug, to}} {
		var reserved int64
		if got[i], reserved = y.levels(at.variant, at.location); reserved != 0 {
			y.t.Errorf("%s: %d are set aside", when, reserved)
		}
	}
	if want := [4]int64{teaFrom, mugFrom, teaTo, mugTo}; got != want {
		y.t.Errorf("%s: tea and mugs here and there: %v, want %v", when, got, want)
	}
}

func TestATransferFromEndToEnd(t *testing.T) {
	t.Parallel()
	y := newYard(t, 12, 4)
	y.must(y.ask(source, Ship{}))
	y.lies("shipped", 2, 0, 0, 0)
	y.Restart()
	first := Receive{ReceiptID: "1", Parts: []Part{{VariantID: tea, Quantity: 6}}}
	y.must(y.ask(target, first))
	y.must(y.ask(target, first))
	y.lies("a part of it received, told twice", 2, 0, 6, 0)
	y.Restart()
	y.must(y.ask(target, Receive{ReceiptID: "2", Parts: []Part{{VariantID: tea, Quantity: 3}, {VariantID: mug, Quantity: 4}}, Final: true, Reason: "broken"}))
	y.lies("received", 2, 0, 9, 4)
	r, err := y.ask(staff, Get{})
	y.must(r, err)
	v := r.(*Transfer)
	if v.Status != Received || v.Lines[0].Lost != 1 || v.Lines[0].InTransit != 0 || v.Lines[1].Lost != 0 || v.Reason != "broken" || len(v.Receipts) != 2 {
		t.Fatalf("%v", v)
	}
	types := slices.DeleteFunc(y.EventTypes(), func(s string) bool { return strings.HasPrefix(s, "inventory.") })
	if want := []string{"transfer.created", "transfer.shipped", "transfer.partly_received", "transfer.partly_received", "transfer.received"}; !slices.Equal(types, want) {
		t.Errorf("%v", types)
	}
}

// TestAShipmentIsAllOrNothing: what lacks is named, nothing leaves, and when it
// is there the next attempt ships it.
func TestAShipmentIsAllOrNothing(t *testing.T) {
	t.Parallel()
	y := newYard(t, 12, 3)
	_, err := y.ask(source, Ship{})
	e := entrepot.AsError(err)
	if e.Code != entrepot.CodeOutOfStock || len(e.Fields) != 1 || e.Fields[0].Field != "lines[1].quantity" {
		t.Fatalf("%v", err)
	}
	y.lies("refused", 12, 3, 0, 0)
	y.must(grains.Ask(y.Platform(), y, stock.Of(stock.ID(mug, from)), stock.Receive{ProductID: mug, CompanyID: company, LocationID: from, Quantity: 1, Reason: "purchase"}))
	y.must(y.ask(source, Ship{}))
	y.lies("shipped to the last piece", 2, 0, 0, 0)
}

// TestWhatIsOnlyPromisedIsNotShipped: a stock item that takes backorders promises
// pieces that are not there; none of them goes on a truck.
func TestWhatIsOnlyPromisedIsNotShipped(t *testing.T) {
	t.Parallel()
	y := newYard(t, 12, 3)
	y.must(grains.Ask(y.Platform(), y, stock.Of(stock.ID(mug, from)), stock.Configure{BackorderLimit: new(int64(100))}))
	if _, err := y.ask(source, Ship{}); entrepot.CodeOf(err) != entrepot.CodeOutOfStock {
		t.Fatalf("%v", err)
	}
	y.lies("refused", 12, 3, 0, 0)
}

func TestWhatIsCancelledGoesBack(t *testing.T) {
	t.Parallel()
	y := newYard(t, 10, 4)
	y.must(y.ask(source, Ship{}))
	y.must(y.ask(target, Receive{ReceiptID: "1", Parts: []Part{{VariantID: tea, Quantity: 6}}}))
	y.must(y.ask(source, Cancel{Reason: "flood"}))
	y.must(y.ask(source, Cancel{Reason: "flood"}))
	y.lies("cancelled", 4, 4, 6, 0)
}

// dying is an Asker whose calls of steps fail at some times before they are made
// and at others after, as when a member dies in between.
type dying struct {
	*grainstest.Member
	calls *atomic.Int64
	every int64
}

var errDied = errors.New("died")

func (d *dying) Ask(ctx context.Context, kind string, id entrepot.ID, cmd any) (any, error) {
	n := d.calls.Add(1)
	if n%d.every == 0 {
		return nil, errDied
	}
	r, err := d.Member.Ask(ctx, grains.Ref{Kind: kind, ID: id}, cmd)
	if n%d.every == d.every/2 {
		return nil, errDied
	}
	return r, err
}

// TestStepsRunAgainAndDoubleNothing: every step is made again and again from the
// saved state, beside others of the same, with calls that fail before or after
// they are made and restarts of the stock in between, until one has its answer.
func TestStepsRunAgainAndDoubleNothing(t *testing.T) {
	t.Parallel()
	for _, every := range []int64{2, 3, 5, 7} {
		y := newYard(t, 10, 4)
		s := at(t, Draft)
		again := func() any {
			t.Helper()
			all := steps(s)
			if len(all) != 1 {
				t.Fatalf("%s has %d steps", s.Status, len(all))
			}
			var wg sync.WaitGroup
			for range 3 {
				wg.Go(func() {
					d := &dying{y.Member, &atomic.Int64{}, every}
					for range 10 {
						_, _ = all[0].Do(y.Platform(), d)
					}
				})
			}
			wg.Wait()
			y.Restart()
			answer, err := all[0].Do(y.Platform(), y.Member)
			y.must(answer, err)
			return answer
		}
		facts, err := s.Ship(turn(source), Ship{})
		do(t, s, facts, err)
		facts, err = s.Held(turn(system), again().(Held))
		do(t, s, facts, err)
		facts, err = s.Shipped(turn(system), again().(Shipped))
		do(t, s, facts, err)
		y.lies("shipped", 0, 0, 0, 0)
		facts, err = s.Receive(turn(target), Receive{ReceiptID: "1", Parts: []Part{{VariantID: tea, Quantity: 7}}})
		do(t, s, facts, err)
		facts, err = s.Booked(turn(system), again().(Booked))
		do(t, s, facts, err)
		y.lies("received", 0, 0, 7, 0)
		facts, err = s.Cancel(turn(admin), Cancel{})
		do(t, s, facts, err)
		facts, err = s.Returned(turn(system), again().(Returned))
		do(t, s, facts, err)
		y.lies("returned", 3, 4, 7, 0)
		if s.Status != Cancelled {
			t.Errorf("is %s", s.Status)
		}
	}
}

// TestALateReserveAfterARefusal: a repetition of the reserve step that comes when
// the lines were given back sets nothing aside.
func TestALateReserveAfterARefusal(t *testing.T) {
	t.Parallel()
	y := newYard(t, 12, 3)
	shadow := at(t, Draft)
	facts, err := shadow.Ship(turn(source), Ship{})
	do(t, shadow, facts, err)
	late := steps(shadow)
	if _, err := y.ask(source, Ship{}); entrepot.CodeOf(err) != entrepot.CodeOutOfStock {
		t.Fatal(err)
	}
	y.must(grains.Ask(y.Platform(), y, stock.Of(stock.ID(mug, from)), stock.Receive{ProductID: mug, CompanyID: company, LocationID: from, Quantity: 9, Reason: "purchase"}))
	if _, err := late[0].Do(y.Platform(), y.Member); err != nil {
		t.Fatal(err)
	}
	y.lies("late", 12, 12, 0, 0)
}

// TestALotArrivesAsThatLotAtItsCost: over the host, with restarts between the
// steps; what is lost is worth nothing any more, what comes back is.
func TestALotArrivesAsThatLotAtItsCost(t *testing.T) {
	t.Parallel()
	y := newYard(t, 0, 4)
	expires := y.Now().UnixMilli() + 1_000_000_000
	y.must(grains.Ask(y.Platform(), y, stock.Of(stock.ID(tea, from)), stock.Receive{
		ProductID: tea, CompanyID: company, LocationID: from, Quantity: 10, Reason: "purchase", UnitCost: new(int64(333)), Currency: "EUR", Lot: "L7", ExpiresOn: expires,
	}))
	y.must(y.ask(source, Ship{}))
	y.Restart()
	y.must(y.ask(target, Receive{ReceiptID: "1", Parts: []Part{{VariantID: tea, Quantity: 7}}}))
	y.Restart()
	y.must(y.ask(source, Cancel{}))
	for _, end := range []struct {
		at     entrepot.ID
		pieces int64
	}{{to, 7}, {from, 3}} {
		r, err := grains.Ask(y.Platform(), y, stock.Of(stock.ID(tea, end.at)), stock.Get{})
		y.must(r, err)
		i := r.(*stock.Item)
		if i.OnHand != end.pieces || i.Fifo != 333*end.pieces || i.Average != 333*end.pieces || i.Currency != "EUR" ||
			len(i.Batches) != 1 || i.Batches[0].Lot != "L7" || i.Batches[0].Quantity != end.pieces || i.Batches[0].ExpiresOn != expires {
			t.Errorf("%v", i)
		}
	}
	r, err := y.ask(source, Get{})
	y.must(r, err)
	if l := r.(*Transfer).Lines[0]; grains.Value(l.UnitCost) != 333 || l.Currency != "EUR" || l.Goods[0].Lot != "L7" {
		t.Errorf("%v", l)
	}
}
