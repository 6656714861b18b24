package order_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/inventory/stock"
	"entrepot/grains/sales/order"

	"pgregory.net/rapid"
)

const north, south = "eeeeeeeeeeeeeeeeeeeeeee8", "eeeeeeeeeeeeeeeeeeeeeee9"

// sourced returns the group with locations that its lines may come from.
func sourced(g order.Group, strategy string, sources ...string) order.Group {
	g.Strategy, g.Sources = strategy, sources
	return g
}

// from formats the places that a line comes from.
func from(l order.Line) string {
	var out []string
	for _, a := range l.Allocations {
		name := map[string]string{harbour: "harbour", station: "station", north: "north", south: "south"}[a.LocationID]
		out = append(out, fmt.Sprintf("%s %d", name, a.Quantity))
	}
	return strings.Join(out, ", ")
}

func TestStrategiesAllocate(t *testing.T) {
	for name, c := range map[string]struct {
		strategy string
		stock    map[string]int64 // of kettles, beside 5 in the harbour
		want     int64
		from     string // "" refused
	}{
		"the first that has the whole line": {order.ByPriority, map[string]int64{north: 9, south: 9}, 4, "harbour 4"},
		"the next that has it":              {order.ByPriority, map[string]int64{north: 9, south: 9}, 7, "north 7"},
		"split in order when none has": {
			order.ByPriority, map[string]int64{north: 4, south: 9}, 12, "harbour 5, north 4, south 3",
		},
		"the most stock": {order.MostStock, map[string]int64{north: 6, south: 9}, 4, "south 4"},
		"split over the most stock": {
			order.MostStock, map[string]int64{north: 6, south: 9}, 12, "south 9, north 3",
		},
		"nearest is as listed": {order.Nearest, map[string]int64{north: 9, south: 9}, 6, "north 6"},
		"all of it": {
			order.ByPriority, map[string]int64{north: 1, south: 1}, 7, "harbour 5, north 1, south 1",
		},
		"more than all of it":                 {order.ByPriority, map[string]int64{north: 1, south: 1}, 8, ""},
		"a location that never had the goods": {order.ByPriority, nil, 5, "harbour 5"},
		"an unknown strategy is by priority":  {"", map[string]int64{north: 9}, 6, "north 6"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := open(t)
			for location, n := range c.stock {
				f.receive(kettle, location, n)
			}
			id := entrepot.NewID()
			placed, err := f.place(sourced(group(id, harbour, line(kettle, c.want, 100)), c.strategy, harbour, north, south))
			if c.from == "" {
				if entrepot.CodeOf(err) != entrepot.CodeOutOfStock || entrepot.AsError(err).Fields[0].Field != kettle+"@"+harbour {
					t.Fatalf("%v", err)
				}
				return
			}
			if err != nil || from(placed[0].Lines[0]) != c.from {
				t.Fatalf("%v, %v", placed, err)
			}
			f.Restart()
			o := f.get(id)
			if from(o.Lines[0]) != c.from {
				t.Fatalf("after a restart: %v", o)
			}
			// Paid, sold where it was allocated; cancelled, back where it came from.
			f.pay(o)
			for _, a := range o.Lines[0].Allocations {
				f.until("sold", func() bool { return f.stock(kettle, a.LocationID).Sold == a.Quantity })
			}
			if _, err := grains.Ask(f.buyer(), f, order.Of(id), order.Cancel{}); err != nil {
				t.Fatal(err)
			}
			for _, a := range o.Lines[0].Allocations {
				f.until("restocked", func() bool {
					s := f.stock(kettle, a.LocationID)
					return s.Restocked == a.Quantity && s.Reserved == 0
				})
			}
		})
	}
}

// Pieces are promised beyond what is on hand as the last resort.
func TestAllocationBeyondOnHand(t *testing.T) {
	f := open(t)
	f.receive(kettle, north, 1)
	if _, err := grains.Ask(
		f.Platform(), f, stock.Of(stock.ID(kettle, north)), stock.Configure{BackorderLimit: new(int64(10))},
	); err != nil {
		t.Fatal(err)
	}
	placed, err := f.place(
		sourced(group(entrepot.NewID(), harbour, line(kettle, 9, 100)), order.ByPriority, harbour, north),
	)
	if err != nil || from(placed[0].Lines[0]) != "harbour 5, north 4" {
		t.Fatalf("%v, %v", placed, err)
	}
	if s := f.stock(kettle, north); s.Reserved != 1 || s.Backordered != 3 {
		t.Fatalf("%v", s)
	}
	if n := placed[0].Lines[0].Backordered; n != 3 {
		t.Errorf("%d of the line are backordered, want 3", n)
	}
}

// Every order of a checkout has the backordered pieces of its own lines, also after
// goods have come in.
func TestBackorderedPiecesOfLines(t *testing.T) {
	f := open(t)
	for _, shop := range []string{harbour, station} {
		f.receive(kettle, shop, 1)
		if _, err := grains.Ask(
			f.Platform(), f, stock.Of(stock.ID(kettle, shop)), stock.Configure{BackorderLimit: new(int64(10))},
		); err != nil {
			t.Fatal(err)
		}
	}
	there := map[string]int64{harbour: f.stock(kettle, harbour).Available, station: f.stock(kettle, station).Available}
	first := entrepot.NewID()
	second := order.SiblingID(first, station)
	placed, err := f.place(
		group(first, harbour, line(kettle, there[harbour], 100)),
		group(second, station, line(kettle, there[station]+4, 100)),
	)
	if err != nil {
		t.Fatal(err)
	}
	f.until("adopted", func() bool { return f.get(second).Status == order.Pending })
	f.receive(kettle, station, 100)
	f.Restart()
	for id, want := range map[string]int64{first: 0, second: 4} {
		if n := f.get(id).Lines[0].Backordered; n != want {
			t.Errorf("%d of the line are backordered, want %d", n, want)
		}
	}
	if placed[0].Lines[0].Backordered != 0 || placed[1].Lines[0].Backordered != 4 {
		t.Errorf("placed: %v", placed)
	}
}

// Two orders of a checkout reserve at one warehouse apart from each other.
func TestTwoShopsOfOneWarehouse(t *testing.T) {
	f := open(t)
	f.receive(kettle, north, 5)
	first := entrepot.NewID()
	second := order.SiblingID(first, station)
	placed, err := f.place(
		sourced(group(first, harbour, line(kettle, 3, 100)), order.ByPriority, north),
		sourced(group(second, station, line(kettle, 4, 100)), order.ByPriority, north, station),
	)
	if err != nil || from(placed[0].Lines[0]) != "north 3" || from(placed[1].Lines[0]) != "station 4" {
		t.Fatalf("%v, %v", placed, err)
	}
	first = entrepot.NewID()
	second = order.SiblingID(first, station)
	placed, err = f.place(
		sourced(group(first, harbour, line(kettle, 1, 100)), order.ByPriority, north),
		sourced(group(second, station, line(kettle, 1, 100)), order.ByPriority, north),
	)
	if err != nil {
		t.Fatal(err)
	}
	if s := f.stock(kettle, north); s.Reserved != 5 || len(s.Reservations) != 3 {
		t.Fatalf("%v", s)
	}
	f.until("adopted", func() bool { return f.get(second).Status == order.Pending })
	f.pay(placed[1])
	f.until("the second shop's sale", func() bool { return f.stock(kettle, north).Sold == 1 })
	if _, err := grains.Ask(f.buyer(), f, order.Of(first), order.Cancel{}); err != nil {
		t.Fatal(err)
	}
	f.until("the first shop's pieces are back", func() bool { return f.stock(kettle, north).Reserved == 3 })
}

// Many concurrent checkouts over the same locations promise nothing twice, and refused
// ones hold nothing.
func TestManyAllocateAtOnce(t *testing.T) {
	f := open(t)
	for _, l := range []string{north, south} {
		f.receive(kettle, l, 5)
	}
	var orders sync.Map
	var placed atomic.Int64
	var wg sync.WaitGroup
	for range 30 {
		wg.Go(func() {
			id := entrepot.NewID()
			o, err := f.place(sourced(group(id, harbour, line(kettle, 2, 100)), order.MostStock, harbour, north, south))
			switch entrepot.CodeOf(err) {
			case "":
				placed.Add(1)
				orders.Store(id, o[0])
			case entrepot.CodeOutOfStock:
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	reserved := map[string]int64{}
	orders.Range(func(_, o any) bool {
		for _, a := range o.(*order.Order).Lines[0].Allocations {
			reserved[a.LocationID] += a.Quantity
		}
		return true
	})
	if n := placed.Load(); n > 7 || n < 4 {
		t.Errorf("%d orders of 2 for 15 pieces", n)
	}
	for _, l := range []string{harbour, north, south} {
		if s := f.stock(kettle, l); s.Reserved != reserved[l] || s.Reserved > 5 {
			t.Errorf("%s holds %d, its orders %d", l, s.Reserved, reserved[l])
		}
	}
}

// A plan whose stock was sold meanwhile is made anew, with another reservation id, and
// the third failure rejects the checkout.
func TestAPlanThatFailsIsMadeAnew(t *testing.T) {
	s := &order.State{}
	system := entrepot.Turn{ID: "o", Caller: entrepot.SystemCaller("test")}
	apply := func(happened []events.Event, err error) []events.Event {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range happened {
			s.Apply(e)
		}
		return happened
	}
	apply(s.Place(system, order.Place{CustomerID: customer, Groups: []order.Group{
		sourced(group("o", harbour, line(kettle, 2, 100)), order.ByPriority, harbour, north),
	}}))
	ids := map[string]bool{}
	for attempt := int64(1); attempt <= 3; attempt++ {
		plan := map[entrepot.ID][][]order.Allocation{"o": {{{LocationID: north, Quantity: 2}}}}
		for range 2 { // delivered twice
			apply(s.Allocated(system, attempt, plan))
		}
		if s.Attempt != attempt || ids[s.HoldID] || len(s.Group.Lines[0].Allocations) != 1 {
			t.Fatalf("attempt %d: %+v", attempt, s)
		}
		ids[s.HoldID] = true
		for _, told := range []int64{attempt - 1, attempt} { // an old result changes nothing
			lack := order.Missing{ProductID: kettle, VariantID: kettle, ShopID: harbour, Wanted: 2}
			happened := apply(s.Reserved(system, told, lack))
			if told != attempt && len(happened) > 0 {
				t.Fatalf("an old result led to %v", happened)
			}
		}
		if attempt < 3 && (s.Status != order.Placing || s.Group.Lines[0].Allocations != nil) {
			t.Fatalf("after attempt %d: %+v", attempt, s)
		}
	}
	if s.Status != order.Rejected || len(s.Missing) != 1 {
		t.Fatalf("after three: %+v", s)
	}
}

// A plan gives every line its quantity, takes no more from a place than it has, and
// fails only if the sources together have too little.
func TestPlansNeverPromiseMoreThanIsThere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sources := []string{"a", "b", "c"}[:rapid.IntRange(1, 3).Draw(t, "sources")]
		levels := map[string]order.Level{}
		for _, s := range sources {
			levels[s] = order.Level{
				Available: rapid.Int64Range(0, 9).Draw(t, "available"), Beyond: rapid.Int64Range(0, 3).Draw(t, "beyond"),
			}
		}
		var wants []int64
		for range rapid.IntRange(1, 3).Draw(t, "groups") {
			wants = append(wants, rapid.Int64Range(1, 12).Draw(t, "want"))
		}
		strategy := rapid.SampledFrom([]string{order.ByPriority, order.MostStock}).Draw(t, "strategy")
		left := int64(0)
		for _, l := range levels {
			left += l.Available + l.Beyond
		}
		taken := map[string]int64{}
		for i, got := range order.PlanForTest(strategy, sources, levels, wants) {
			if got == nil {
				if left >= wants[i] {
					t.Fatalf("refused %d of %d", wants[i], left)
				}
				continue
			}
			sum := int64(0)
			for _, a := range got {
				sum += a.Quantity
				taken[a.LocationID] += a.Quantity
				if a.Quantity < 1 {
					t.Fatalf("allocation %+v", a)
				}
			}
			if left -= sum; sum != wants[i] {
				t.Fatalf("allocated %d of %d", sum, wants[i])
			}
		}
		for s, n := range taken {
			if n > levels[s].Available+levels[s].Beyond {
				t.Fatalf("%s gives %d of %+v", s, n, levels[s])
			}
		}
	})
}
