package cart

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/persistence/storetest"

	"pgregory.net/rapid"
)

var (
	user    = entrepot.DeriveID("user")
	company = entrepot.DeriveID("company")
	start   = time.UnixMilli(1_750_000_000_123).UTC()
)

func turn(role entrepot.Role, userID entrepot.ID) entrepot.Turn {
	return entrepot.Turn{ID: user, Now: start, Caller: entrepot.Caller{Role: role, UserID: userID}}
}

func product(i int) entrepot.ID { return entrepot.DeriveID("product", fmt.Sprint(i)) }
func shop(i int) entrepot.ID    { return entrepot.DeriveID("shop", fmt.Sprint(i)) }

func add(p, s int, quantity, price int64, currency string) AddItem {
	return AddItem{
		ProductID: product(p), ShopID: shop(s), CompanyID: company, Quantity: quantity,
		Price: price, Currency: currency, Name: fmt.Sprint("product ", p),
	}
}

func play(s *State, facts []events.Event) {
	for _, f := range facts {
		s.Apply(f)
	}
}

// cartOf returns a cart after the additions.
func cartOf(t testing.TB, adds ...AddItem) *State {
	t.Helper()
	s := &State{}
	for _, c := range adds {
		facts, err := s.AddItem(turn(entrepot.Customer, user), c)
		if err != nil {
			t.Fatal(err)
		}
		play(s, facts)
	}
	return s
}

func TestAddItemRules(t *testing.T) {
	t.Parallel()
	full := &State{}
	for i := range MaxLines {
		full.Lines = append(full.Lines, Line{ID: ItemID(product(i), shop(0)), Quantity: 1})
	}
	full.Currency = "EUR"
	dear := cartOf(t, add(0, 0, 1, entrepot.MaxMinor-10, "EUR"))
	for name, c := range map[string]struct {
		state *State
		turn  entrepot.Turn
		cmd   AddItem
		want  entrepot.Code
	}{
		"the user":       {&State{}, turn(entrepot.Customer, user), add(1, 1, 1, 1999, "EUR"), ""},
		"the platform":   {&State{}, turn(entrepot.System, ""), add(1, 1, 1, 1999, "EUR"), ""},
		"free of charge": {&State{}, turn(entrepot.Customer, user), add(1, 1, 1, 0, "EUR"), ""},
		"another user": {
			&State{}, turn(entrepot.Customer, "x"), add(1, 1, 1, 1999, "EUR"), entrepot.CodeNotFound,
		},
		"nobody": {&State{}, turn("", ""), add(1, 1, 1, 1999, "EUR"), entrepot.CodeNotFound},
		"even a super admin": {
			&State{}, turn(entrepot.SuperAdmin, "x"), add(1, 1, 1, 1999, "EUR"), entrepot.CodeNotFound,
		},
		"no pieces": {
			&State{}, turn(entrepot.Customer, user), add(1, 1, 0, 1999, "EUR"), entrepot.CodeInvalid,
		},
		"negative pieces": {
			&State{}, turn(entrepot.Customer, user), add(1, 1, -1, 1999, "EUR"), entrepot.CodeInvalid,
		},
		"too many pieces": {
			&State{}, turn(entrepot.Customer, user), add(1, 1, MaxQuantity+1, 1999, "EUR"), entrepot.CodeInvalid,
		},
		"too many pieces in sum": {
			cartOf(t, add(1, 1, MaxQuantity, 1, "EUR")), turn(entrepot.Customer, user), add(1, 1, 1, 1, "EUR"),
			entrepot.CodeInvalid,
		},
		"negative price": {
			&State{}, turn(entrepot.Customer, user), add(1, 1, 1, -1, "EUR"), entrepot.CodeInvalid,
		},
		"no currency": {&State{}, turn(entrepot.Customer, user), add(1, 1, 1, 1, ""), entrepot.CodeInvalid},
		"no product": {
			&State{}, turn(entrepot.Customer, user),
			AddItem{ShopID: shop(1), Quantity: 1, Currency: "EUR"},
			entrepot.CodeInvalid,
		},
		"no shop": {
			&State{}, turn(entrepot.Customer, user),
			AddItem{ProductID: product(1), Quantity: 1, Currency: "EUR"},
			entrepot.CodeInvalid,
		},
		"another currency": {
			cartOf(t, add(1, 1, 1, 1, "EUR")), turn(entrepot.Customer, user), add(2, 1, 1, 1, "USD"), entrepot.CodeConflict,
		},
		"a line too many": {
			full, turn(entrepot.Customer, user), add(MaxLines, 0, 1, 1, "EUR"), entrepot.CodeConflict,
		},
		"more of a line when full": {full, turn(entrepot.Customer, user), add(0, 0, 1, 1, "EUR"), ""},
		"a line that overflows": {
			&State{}, turn(entrepot.Customer, user), add(1, 1, MaxQuantity, entrepot.MaxMinor, "EUR"), entrepot.CodeInvalid,
		},
		"a total that overflows":    {dear, turn(entrepot.Customer, user), add(1, 0, 11, 1, "EUR"), entrepot.CodeInvalid},
		"a total at the very bound": {dear, turn(entrepot.Customer, user), add(1, 0, 10, 1, "EUR"), ""},
		"a dear line getting cheap": {dear, turn(entrepot.Customer, user), add(0, 0, 1, 6, "EUR"), ""},
		"a cheap line getting dear": {
			cartOf(t, add(0, 0, 9000, 1, "EUR")), turn(entrepot.Customer, user), add(0, 0, 1, entrepot.MaxMinor/9000, "EUR"),
			entrepot.CodeInvalid,
		},
		"quantity and price at most": {&State{}, turn(entrepot.Customer, user), add(1, 1, 1, entrepot.MaxMinor, "EUR"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts, err := c.state.AddItem(c.turn, c.cmd)
			if entrepot.CodeOf(err) != c.want || (err == nil) != (len(facts) == 1) {
				t.Fatalf("%d facts, %v; want code %q", len(facts), err, c.want)
			}
		})
	}
}

func TestAddTakesThePresentPrice(t *testing.T) {
	t.Parallel()
	s := cartOf(t, add(1, 1, 2, 1000, "EUR"), add(1, 1, 1, 900, "EUR"))
	if len(s.Lines) != 1 || s.Lines[0].Quantity != 3 || s.Lines[0].Price != 900 || s.Total() != 2700 {
		t.Fatalf("%+v", s)
	}
}

func TestTake(t *testing.T) {
	t.Parallel()
	s := cartOf(t, add(1, 1, 5, 100, "EUR"), add(2, 1, 1, 100, "EUR"), add(3, 2, 4, 100, "EUR"))
	take := Take{OrderID: "o1", Items: []Taken{
		{ProductID: product(1), ShopID: shop(1), Quantity: 3},
		{ProductID: product(2), ShopID: shop(1), Quantity: 9}, // somebody removed pieces meanwhile
		{ProductID: product(4), ShopID: shop(1), Quantity: 1}, // and this line
	}}
	if _, err := s.Take(turn(entrepot.Customer, user), take); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Fatalf("a customer takes: %v", err)
	}
	facts, err := s.Take(turn(entrepot.System, ""), take)
	if err != nil {
		t.Fatal(err)
	}
	play(s, facts)
	if len(s.Lines) != 2 || s.Lines[0].Quantity != 2 || s.Lines[1].Quantity != 4 {
		t.Fatalf("left: %+v", s.Lines)
	}
	if u := facts[1].(changed).CartUpdated; u.OrderID != "o1" || u.Total != "6.00" || len(u.Items) != 2 {
		t.Fatalf("event: %+v", u)
	}
	if again, err := s.Take(turn(entrepot.System, ""), take); err != nil || again != nil {
		t.Fatalf("again: %v, %v", again, err)
	}
	// A take that finds nothing is remembered, or its repetition would take what came later.
	nothing := Take{OrderID: "o2", Items: []Taken{{ProductID: product(9), ShopID: shop(1), Quantity: 1}}}
	facts, err = s.Take(turn(entrepot.System, ""), nothing)
	if err != nil || len(facts) != 1 || facts[0].EventType() != "" {
		t.Fatalf("nothing to take: %v, %v", facts, err)
	}
	for i := range MaxTaken + 5 {
		facts, _ = s.Take(turn(entrepot.System, ""), Take{OrderID: fmt.Sprint("later", i)})
		play(s, facts)
	}
	if len(s.Taken) != MaxTaken || s.Taken[MaxTaken-1] != fmt.Sprint("later", MaxTaken+4) {
		t.Fatalf("remembers %d: %v", len(s.Taken), s.Taken)
	}
}

func TestClearAnUnusedCart(t *testing.T) {
	t.Parallel()
	s := &State{}
	facts, err := s.Clear(turn(entrepot.Customer, user), Clear{})
	if err != nil {
		t.Fatal(err)
	}
	play(s, facts)
	if v := s.reply(); v.UserID != user || len(v.Items) != 0 {
		t.Fatalf("%+v", v)
	}
}

// After any commands the cart equals a map of quantities, is within its limits, and is
// rebuilt by its facts alone.
func TestCartKeepsItsInvariants(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, replayed, model := &State{}, &State{}, map[entrepot.ID]int64{}
		orders, history := 0, []events.Event(nil)
		for range rapid.IntRange(1, 60).Draw(t, "commands") {
			before, currency, lines := snapshot(t, s), s.Currency, len(s.Lines)
			facts, err := anyCommand(t, s, model, &orders)
			if snapshot(t, s) != before {
				t.Fatal("a decision changed the state")
			}
			if err != nil && len(facts) > 0 {
				t.Fatal("a refusal with facts")
			}
			play(s, facts)
			play(replayed, facts)
			checkInvariants(t, s, model)
			checkEvents(t, s, facts)
			if lines > 0 && len(s.Lines) > 0 && s.Currency != currency {
				t.Fatalf("lines in %s are now in %s", currency, s.Currency)
			}
			history = append(history, facts...)
		}
		for _, f := range history { // what happened does not change afterwards
			if u, ok := f.(changed); ok && amount((&State{Lines: u.lines}).Total(), u.Currency) != u.Total {
				t.Fatalf("a fact changed after it was applied: %+v", u)
			}
		}
		if !reflect.DeepEqual(s, replayed) {
			t.Fatalf("replay\n%+v\n%+v", s, replayed)
		}
	})
}

// anyCommand decides one random command, and applies it to the model.
func anyCommand(t *rapid.T, s *State, model map[entrepot.ID]int64, orders *int) ([]events.Event, error) {
	mine, platform := turn(entrepot.Customer, user), turn(entrepot.System, "")
	p, sh := rapid.IntRange(0, 3).Draw(t, "product"), rapid.IntRange(0, 1).Draw(t, "shop")
	quantity := rapid.OneOf(rapid.Int64Range(-1, 5), rapid.Int64Range(4000, 10_001)).Draw(t, "quantity")
	item := ItemID(product(p), shop(sh))
	switch rapid.SampledFrom([]string{"add", "add", "add", "set", "remove", "take", "clear"}).Draw(t, "command") {
	case "add":
		price := rapid.OneOf(
			rapid.Int64Range(-1, 5000), rapid.Int64Range(entrepot.MaxMinor/10_000, entrepot.MaxMinor),
		).Draw(t, "price")
		facts, err := s.AddItem(
			mine, add(p, sh, quantity, price, rapid.SampledFrom([]string{"EUR", "EUR", "JPY"}).Draw(t, "currency")),
		)
		if err == nil {
			model[item] += quantity
		}
		return facts, err
	case "set":
		facts, err := s.SetQuantity(mine, SetQuantity{ItemID: item, Quantity: quantity})
		if err == nil {
			model[item] = quantity
		}
		return facts, err
	case "remove":
		facts, err := s.RemoveItem(mine, RemoveItem{ItemID: item})
		if (err == nil) != (model[item] > 0) {
			t.Fatalf("remove of %d pieces: %v", model[item], err)
		}
		delete(model, item)
		return facts, err
	case "take":
		*orders++
		model[item] = max(0, model[item]-max(0, quantity))
		return s.Take(platform, Take{OrderID: fmt.Sprint("o", *orders), Items: []Taken{
			{ProductID: product(p), ShopID: shop(sh), Quantity: quantity},
		}})
	default:
		clear(model)
		return s.Clear(mine, Clear{})
	}
}

func checkInvariants(t *rapid.T, s *State, model map[entrepot.ID]int64) {
	var total int64
	pieces := map[entrepot.ID]int64{}
	for _, l := range s.Lines {
		if l.Quantity < 1 || l.Quantity > MaxQuantity || l.Price < 0 || pieces[l.ID] != 0 ||
			l.ID != ItemID(l.ProductID, l.ShopID) {
			t.Fatalf("line %+v", l)
		}
		pieces[l.ID] = l.Quantity
		total += l.Price * l.Quantity
	}
	for id, n := range model {
		if pieces[id] != n {
			t.Fatalf("line %s has %d pieces, the model %d", id, pieces[id], n)
		}
	}
	if v := s.reply(); v.Total != total || total > entrepot.MaxMinor || len(v.Items) != len(s.Lines) {
		t.Fatalf("view %+v, total %d", v, total)
	}
	if (s.Currency == "") != (len(s.Lines) == 0) || len(s.Lines) > MaxLines || len(s.Taken) > MaxTaken {
		t.Fatalf("state %+v", s)
	}
	var back State
	if err := json.Unmarshal([]byte(snapshot(t, s)), &back); err != nil || !reflect.DeepEqual(&back, s) {
		t.Fatalf("JSON round trip: %v\n%+v\n%+v", err, s, back)
	}
}

// checkEvents checks the public data of the events against the state.
func checkEvents(t *rapid.T, s *State, facts []events.Event) {
	for _, f := range facts {
		switch e := f.(type) {
		case added:
			if e.Total != amount(s.Total(), s.Currency) || e.LineQuantity != s.Lines[s.find(e.ItemID)].Quantity {
				t.Fatalf("%+v of %+v", e, s)
			}
		case changed:
			if e.Total != amount(s.Total(), s.Currency) || e.Currency != s.Currency || len(e.Items) != len(s.Lines) {
				t.Fatalf("%+v of %+v", e, s)
			}
		}
	}
}

func snapshot(t *rapid.T, s *State) string {
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestCartOnTheHost(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{Kind()})
	ctx := m.As(entrepot.Caller{Role: entrepot.Customer, UserID: user})
	c, err := grains.Ask(ctx, m, Of(user), add(1, 1, 2, 1999, "EUR"))
	if err != nil || c.Total != 3998 || c.UserID != user {
		t.Fatalf("%+v, %v", c, err)
	}
	if _, err := grains.Ask(ctx, m, Of(user), SetQuantity{ItemID: c.Items[0].ID, Quantity: 1}); err != nil {
		t.Fatal(err)
	}
	list := m.Events()
	if len(list) != 2 || list[0].Type != "cart.item_added" || list[1].Type != "cart.updated" {
		t.Fatalf("%v", m.EventTypes())
	}
	var e events.CartItemAdded
	if err := list[0].Decode(&e); err != nil || e.Total != "39.98" || e.LineQuantity != 2 || e.ItemID != c.Items[0].ID {
		t.Fatalf("%s, %v", list[0].Data, err)
	}
	m.Restart()
	c, err = grains.Ask(ctx, m, Of(user), Get{})
	if err != nil || c.Total != 1999 || len(c.Items) != 1 || c.Currency != "EUR" {
		t.Fatalf("after the restart: %+v, %v", c, err)
	}
	stranger := m.As(entrepot.Caller{Role: entrepot.Customer, UserID: company})
	if _, err := grains.Ask(stranger, m, Of(user), Get{}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Fatalf("a stranger: %v", err)
	}
}

// An addition to a cart of five lines: decide, apply, reply, encode.
func BenchmarkAddItem(b *testing.B) {
	s := cartOf(
		b, add(1, 1, 1, 1, "EUR"), add(2, 1, 1, 1, "EUR"), add(3, 1, 1, 1, "EUR"), add(4, 1, 1, 1, "EUR"),
		add(5, 1, 1, 1, "EUR"),
	)
	t, cmd := turn(entrepot.Customer, user), add(3, 1, 1, 1, "EUR")
	b.ReportAllocs()
	for b.Loop() {
		facts, err := s.AddItem(t, cmd)
		if err != nil {
			b.Fatal(err)
		}
		play(s, facts)
		s.Lines[2].Quantity = 1
		_ = s.reply()
		if _, err := json.Marshal(s); err != nil {
			b.Fatal(err)
		}
	}
}

// Two variants of a product are two lines. A line of the product itself stores no
// variant.
func TestVariantsAreLinesOfTheirOwn(t *testing.T) {
	t.Parallel()
	small, large := add(1, 1, 1, 100, "EUR"), add(1, 1, 2, 120, "EUR")
	small.VariantID, large.VariantID = entrepot.DeriveID("S"), entrepot.DeriveID("L")
	itself := add(2, 1, 1, 50, "EUR")
	itself.VariantID = itself.ProductID
	s := cartOf(t, small, large, itself, add(2, 1, 1, 50, "EUR"))
	if len(s.Lines) != 3 || s.Lines[2].Quantity != 2 || s.Lines[2].VariantID != "" || s.Total() != 440 {
		t.Fatalf("%+v", s.Lines)
	}
	v := s.reply()
	if v.Items[0].VariantID != small.VariantID || v.Items[1].VariantID != large.VariantID ||
		v.Items[2].VariantID != itself.ProductID {
		t.Fatalf("view: %+v", v.Items)
	}
	facts, err := s.Take(turn(entrepot.System, ""), Take{OrderID: "o", Items: []Taken{
		{ProductID: large.ProductID, VariantID: large.VariantID, ShopID: large.ShopID, Quantity: 2},
		{ProductID: itself.ProductID, VariantID: itself.ProductID, ShopID: itself.ShopID, Quantity: 1},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if u := facts[1].(changed).CartUpdated; len(u.Items) != 2 || u.Items[0].VariantID != small.VariantID ||
		u.Items[1].VariantID != itself.ProductID {
		t.Fatalf("event: %+v", u)
	}
	play(s, facts)
	if len(s.Lines) != 2 || s.Lines[0].VariantID != small.VariantID || s.Lines[1].Quantity != 1 {
		t.Fatalf("left: %+v", s.Lines)
	}
}
