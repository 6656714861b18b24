package wishlist

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/persistence/storetest"
)

var (
	user     = entrepot.DeriveID("user")
	customer = entrepot.Caller{Role: entrepot.Customer, UserID: user}
	system   = entrepot.SystemCaller("test")
	start    = time.UnixMilli(1_750_000_000_123).UTC()
)

func id(kind string, i int) entrepot.ID { return entrepot.DeriveID(kind, fmt.Sprint(i)) }

func turn(c entrepot.Caller) entrepot.Turn { return entrepot.Turn{ID: user, Now: start, Caller: c} }

func wish(product, variant int) AddItem {
	i := Item{ProductID: id("product", product), CompanyID: id("company", 1), Name: "Mug", Price: 1999, Currency: "EUR"}
	if variant > 0 {
		i.VariantID = id("variant", variant)
	}
	return AddItem{i}
}

func listOf(t *testing.T, wishes ...AddItem) *State {
	t.Helper()
	s := &State{}
	for _, c := range wishes {
		facts, err := s.AddItem(turn(customer), c)
		if err != nil {
			t.Fatal(err)
		}
		play(s, facts)
	}
	return s
}

func play(s *State, facts []events.Event) {
	for _, f := range facts {
		s.Apply(f)
	}
}

func TestAddItemRules(t *testing.T) {
	t.Parallel()
	full := &State{Wishlist: Wishlist{UserID: user}}
	for i := range MaxItems {
		full.Items = append(full.Items, Item{ProductID: id("product", i)})
	}
	change := func(f func(*Item)) AddItem { c := wish(1, 0); f(&c.Item); return c }
	for name, c := range map[string]struct {
		state  *State
		caller entrepot.Caller
		cmd    AddItem
		code   entrepot.Code
		facts  int
	}{
		"the customer":           {&State{}, customer, wish(1, 0), "", 1},
		"a variant":              {&State{}, customer, wish(1, 1), "", 1},
		"another variant":        {listOf(t, wish(1, 1)), customer, wish(1, 2), "", 1},
		"an item on the list":    {listOf(t, wish(1, 1)), customer, wish(1, 1), "", 0},
		"another customer":       {&State{}, entrepot.Caller{Role: entrepot.Customer, UserID: "x"}, wish(1, 0), entrepot.CodeNotFound, 0},
		"even a super admin":     {&State{}, entrepot.Caller{Role: entrepot.SuperAdmin, UserID: "x"}, wish(1, 0), entrepot.CodeNotFound, 0},
		"an anonymous caller":    {&State{}, entrepot.Caller{}, wish(1, 0), entrepot.CodeNotFound, 0},
		"no product":             {&State{}, customer, change(func(i *Item) { i.ProductID = "" }), entrepot.CodeInvalid, 0},
		"a malformed variant id": {&State{}, customer, change(func(i *Item) { i.VariantID = "x" }), entrepot.CodeInvalid, 0},
		"no currency":            {&State{}, customer, change(func(i *Item) { i.Currency = "" }), entrepot.CodeInvalid, 0},
		"a negative price":       {&State{}, customer, change(func(i *Item) { i.Price = -1 }), entrepot.CodeInvalid, 0},
		"a full list":            {full, customer, wish(MaxItems, 0), entrepot.CodeConflict, 0},
		"an item on a full list": {full, customer, wish(1, 0), "", 0},
		"an erased list":         {&State{Wishlist: Wishlist{UserID: user}, Erased: true}, customer, wish(1, 0), entrepot.CodeNotFound, 0},
		"the platform":           {&State{}, system, wish(1, 0), "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts, err := c.state.AddItem(turn(c.caller), c.cmd)
			if entrepot.CodeOf(err) != c.code || len(facts) != c.facts {
				t.Fatalf("%v, %v", facts, err)
			}
		})
	}
}

func TestRemoveItemOrProduct(t *testing.T) {
	t.Parallel()
	s := listOf(t, wish(1, 1), wish(1, 2), wish(2, 0), wish(2, 3))
	for _, c := range []struct {
		id   entrepot.ID
		left []entrepot.ID
	}{
		{id("variant", 9), nil},
		{id("product", 1), []entrepot.ID{id("product", 2), id("variant", 3)}}, // not an item id: all items of the product
		{id("product", 1), nil},
		{id("product", 2), []entrepot.ID{id("variant", 3)}}, // an item id: only this item
		{id("variant", 3), []entrepot.ID{}},
	} {
		facts, err := s.RemoveItem(turn(customer), RemoveItem{ID: c.id})
		if c.left == nil {
			if entrepot.CodeOf(err) != entrepot.CodeNotFound {
				t.Errorf("remove missing %s: %v, %v, want not found", c.id, facts, err)
			}
			continue
		}
		play(s, facts)
		var left []entrepot.ID
		for i := range s.Items {
			left = append(left, s.Items[i].ID())
		}
		if err != nil || !slices.Equal(left, c.left) {
			t.Fatalf("after removing %s: items %v, error %v", c.id, left, err)
		}
		if last := facts[len(facts)-1].(events.WishlistItemRemoved); last.Items != len(c.left) {
			t.Errorf("event has %d items, want %d", last.Items, len(c.left))
		}
	}
	if _, err := s.RemoveItem(turn(entrepot.Caller{Role: entrepot.Customer, UserID: "x"}), RemoveItem{ID: id("product", 2)}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Errorf("another customer removes: %v, want not found", err)
	}
}

func TestListSurvivesRestart(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{Kind()})
	ask := func(c entrepot.Caller, cmd grains.Message[*Wishlist]) (*Wishlist, error) {
		return grains.Ask(m.As(c), m, Of(user), cmd)
	}
	if v, err := ask(customer, Get{}); err != nil || v.UserID != user || len(v.Items) != 0 {
		t.Fatalf("new list: %v, %v, want empty", v, err)
	}
	for _, c := range []AddItem{wish(1, 0), wish(2, 2), wish(1, 0)} {
		if _, err := ask(customer, c); err != nil {
			t.Fatal(err)
		}
	}
	before, err := ask(customer, RemoveItem{ID: id("product", 1)})
	if err != nil || len(before.Items) != 1 || before.Items[0].ID() != id("variant", 2) || before.Items[0].Price != 1999 {
		t.Fatalf("%v, %v", before, err)
	}
	m.Restart()
	if after, err := ask(customer, Get{}); err != nil || !reflect.DeepEqual(before, after) {
		t.Fatalf("after the restart: %v, %v", after, err)
	}
	if _, err := ask(customer, Erase{}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Fatalf("customer erases: %v, want not found", err)
	}
	for range 2 {
		if v, err := ask(system, Erase{}); err != nil || len(v.Items) != 0 {
			t.Fatalf("%v, %v", v, err)
		}
	}
	m.Restart()
	if _, err := ask(customer, wish(1, 0)); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Fatalf("add to an erased list: %v, want not found", err)
	}
	if got := m.EventTypes(); !slices.Equal(got, []string{"wishlist.item_added", "wishlist.item_added", "wishlist.item_removed"}) {
		t.Errorf("%v", got)
	}
	var e events.WishlistItemAdded
	if first := m.Events()[1]; first.Decode(&e) != nil || e.UserID != user || e.VariantID != id("variant", 2) || e.Price != "19.99" || e.Items != 2 {
		t.Errorf("%+v", e)
	}
}
