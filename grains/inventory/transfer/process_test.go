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
	"entrepot/events"
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
		y.deliver(variant, n)
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

// deliver brings pieces into the stock of the source.
func (y *yard) deliver(variant entrepot.ID, n int64) {
	y.t.Helper()
	y.must(grains.Ask(y.Platform(), y, stock.Of(stock.ID(variant, from)), stock.Receive{
		ProductID: variant, CompanyID: company, LocationID: from, Quantity: n, Reason: "purchase",
	}))
}

func (y *yard) ask(c entrepot.Caller, cmd grains.Message[*Transfer]) (*Transfer, error) {
	return grains.Ask(y.As(c), y, Of(id), cmd)
}

func (y *yard) get(c entrepot.Caller) *Transfer {
	y.t.Helper()
	v, err := y.ask(c, Get{})
	y.must(v, err)
	return v
}

// levels returns the on-hand and the reserved pieces of a variant at a location.
func (y *yard) levels(variant, location string) (onHand, reserved int64) {
	y.t.Helper()
	i, err := grains.Ask(y.Platform(), y, stock.Of(stock.ID(variant, location)), stock.Get{})
	if entrepot.CodeOf(err) == entrepot.CodeNotFound {
		return 0, 0
	}
	y.must(i, err)
	return i.OnHand, i.Reserved
}

// lies checks the pieces on hand at both ends, and that none is reserved.
func (y *yard) lies(when string, teaFrom, mugFrom, teaTo, mugTo int64) {
	y.t.Helper()
	var got [4]int64
	for i, at := range []struct{ variant, location string }{{tea, from}, {mug, from}, {tea, to}, {mug, to}} {
		var reserved int64
		if got[i], reserved = y.levels(at.variant, at.location); reserved != 0 {
			y.t.Errorf("%s: %d reserved, want none", when, reserved)
		}
	}
	if want := [4]int64{teaFrom, mugFrom, teaTo, mugTo}; got != want {
		y.t.Errorf("%s: tea and mugs at the source and the destination: %v, want %v", when, got, want)
	}
}

func TestTransferFromEndToEnd(t *testing.T) {
	t.Parallel()
	y := newYard(t, 12, 4)
	y.must(y.ask(source, Ship{}))
	y.lies("shipped", 2, 0, 0, 0)
	y.Restart()
	first := Receive{ReceiptID: "1", Parts: []events.TransferPart{{VariantID: tea, Quantity: 6}}}
	y.must(y.ask(target, first))
	y.must(y.ask(target, first))
	y.lies("a part received, sent twice", 2, 0, 6, 0)
	y.Restart()
	last := []events.TransferPart{{VariantID: tea, Quantity: 3}, {VariantID: mug, Quantity: 4}}
	y.must(y.ask(target, Receive{ReceiptID: "2", Parts: last, Final: true, Reason: "broken"}))
	y.lies("received", 2, 0, 9, 4)
	v := y.get(staff)
	if v.Status != Received || v.Lines[0].Lost != 1 || v.Lines[0].InTransit() != 0 || v.Lines[1].Lost != 0 ||
		v.Reason != "broken" || len(v.Receipts) != 2 {
		t.Fatalf("%+v; want two receipts, and one piece of the first line broken", v)
	}
	types := slices.DeleteFunc(y.EventTypes(), func(s string) bool { return strings.HasPrefix(s, "inventory.") })
	want := []string{
		"transfer.created", "transfer.shipped", "transfer.partly_received", "transfer.partly_received", "transfer.received",
	}
	if !slices.Equal(types, want) {
		t.Errorf("events: %v, want %v", types, want)
	}
}

// When a line lacks pieces, the error names it and nothing leaves. The next attempt
// ships everything.
func TestShipmentIsAllOrNothing(t *testing.T) {
	t.Parallel()
	y := newYard(t, 12, 3)
	_, err := y.ask(source, Ship{})
	e := entrepot.AsError(err)
	if e.Code != entrepot.CodeOutOfStock || len(e.Fields) != 1 || e.Fields[0].Field != "lines[1].quantity" {
		t.Fatalf("%v", err)
	}
	y.lies("refused", 12, 3, 0, 0)
	y.deliver(mug, 1)
	y.must(y.ask(source, Ship{}))
	y.lies("shipped to the last piece", 2, 0, 0, 0)
}

// A stock item with backorders reserves pieces that are not on hand. They are not shipped.
func TestBackorderedPiecesAreNotShipped(t *testing.T) {
	t.Parallel()
	y := newYard(t, 12, 3)
	y.must(grains.Ask(y.Platform(), y, stock.Of(stock.ID(mug, from)), stock.Configure{BackorderLimit: new(int64(100))}))
	if _, err := y.ask(source, Ship{}); entrepot.CodeOf(err) != entrepot.CodeOutOfStock {
		t.Fatalf("%v", err)
	}
	y.lies("refused", 12, 3, 0, 0)
}

func TestCancelledGoodsReturn(t *testing.T) {
	t.Parallel()
	y := newYard(t, 10, 4)
	y.must(y.ask(source, Ship{}))
	y.must(y.ask(target, Receive{ReceiptID: "1", Parts: []events.TransferPart{{VariantID: tea, Quantity: 6}}}))
	y.must(y.ask(source, Cancel{Reason: "flood"}))
	y.must(y.ask(source, Cancel{Reason: "flood"}))
	y.lies("cancelled", 4, 4, 6, 0)
}

// dying is an Asker whose calls fail sometimes before and sometimes after they are
// made, as when a member dies.
type dying struct {
	*grainstest.Member
	calls *atomic.Int64
	every int64
}

var errDied = errors.New("died")

func (d *dying) Ask(ctx context.Context, to grains.Ref, cmd any, o ...grains.Option) (grains.Answer, error) {
	n := d.calls.Add(1)
	if n%d.every == 0 {
		return grains.Answer{}, errDied
	}
	r, err := d.Member.Ask(ctx, to, cmd, o...)
	if n%d.every == d.every/2 {
		return grains.Answer{}, errDied
	}
	return r, err
}

// again makes the calls of a step many times, beside others of the same, with calls
// that fail and a restart of the stock, until there is a result.
func again[R any](
	y *yard, s *State, every int64, do func(context.Context, grains.Asker, *State, string) (R, error), of string,
) R {
	y.t.Helper()
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			d := &dying{y.Member, &atomic.Int64{}, every}
			for range 10 {
				_, _ = do(y.Platform(), d, s, of)
			}
		})
	}
	wg.Wait()
	y.Restart()
	r, err := do(y.Platform(), y.Member, s, of)
	y.must(r, err)
	return r
}

// Steps that run again and again move the goods once.
func TestRepeatedStepsMoveGoodsOnce(t *testing.T) {
	t.Parallel()
	for _, every := range []int64{2, 3, 5, 7} {
		y := newYard(t, 10, 4)
		s := at(t, Draft)
		facts, err := s.Ship(turn(source), Ship{})
		do(t, s, facts, err)
		facts, err = s.reserved(turn(system), again(y, s, every, reserve, s.ShipmentID()))
		do(t, s, facts, err)
		facts, err = s.shipped(turn(system), again(y, s, every, ship, s.ShipmentID()))
		do(t, s, facts, err)
		y.lies("shipped", 0, 0, 0, 0)
		facts, err = s.Receive(turn(target), Receive{ReceiptID: "1", Parts: []events.TransferPart{{VariantID: tea, Quantity: 7}}})
		do(t, s, facts, err)
		facts, err = s.booked(turn(system), again(y, s, every, book, "1"))
		do(t, s, facts, err)
		y.lies("received", 0, 0, 7, 0)
		facts, err = s.Cancel(turn(admin), Cancel{})
		do(t, s, facts, err)
		facts, err = s.returned(turn(system), again(y, s, every, bringBack, ""))
		do(t, s, facts, err)
		y.lies("returned", 3, 4, 7, 0)
		if s.Status != Cancelled {
			t.Errorf("status %s, want cancelled", s.Status)
		}
	}
}

// A repetition of the reserve step after the lines were released reserves nothing.
func TestLateReserveAfterRefusal(t *testing.T) {
	t.Parallel()
	y := newYard(t, 12, 3)
	shadow := at(t, Draft)
	facts, err := shadow.Ship(turn(source), Ship{})
	do(t, shadow, facts, err)
	if _, err := y.ask(source, Ship{}); entrepot.CodeOf(err) != entrepot.CodeOutOfStock {
		t.Fatal(err)
	}
	y.deliver(mug, 9)
	if _, err := reserve(y.Platform(), y.Member, shadow, shadow.ShipmentID()); err != nil {
		t.Fatal(err)
	}
	y.lies("late", 12, 12, 0, 0)
}

// Goods keep their lot and cost when they arrive and when they return, with restarts
// between the steps.
func TestLotKeepsItsCost(t *testing.T) {
	t.Parallel()
	y := newYard(t, 0, 4)
	expires := y.Now().UnixMilli() + 1_000_000_000
	y.must(grains.Ask(y.Platform(), y, stock.Of(stock.ID(tea, from)), stock.Receive{
		ProductID: tea, CompanyID: company, LocationID: from, Quantity: 10, Reason: "purchase",
		UnitCost: new(int64(333)), Currency: "EUR", Lot: "L7", ExpiresOn: expires,
	}))
	y.must(y.ask(source, Ship{}))
	y.Restart()
	y.must(y.ask(target, Receive{ReceiptID: "1", Parts: []events.TransferPart{{VariantID: tea, Quantity: 7}}}))
	y.Restart()
	y.must(y.ask(source, Cancel{}))
	for _, end := range []struct {
		at     entrepot.ID
		pieces int64
	}{{to, 7}, {from, 3}} {
		i, err := grains.Ask(y.Platform(), y, stock.Of(stock.ID(tea, end.at)), stock.Get{})
		y.must(i, err)
		if i.OnHand != end.pieces || i.FIFO() != 333*end.pieces || i.Average != 333*end.pieces || i.Currency != "EUR" ||
			len(i.Batches) != 1 || i.Batches[0].Lot != "L7" || i.Batches[0].Quantity != end.pieces || i.Batches[0].ExpiresOn != expires {
			t.Errorf("%v", i)
		}
	}
	if l := y.get(source).Lines[0]; l.UnitCost == nil || *l.UnitCost != 333 || l.Currency != "EUR" || l.Goods[0].Lot != "L7" {
		t.Errorf("%v", l)
	}
}
