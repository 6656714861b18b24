package cart

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/persistence/storetest"
)

// A cart is announced as abandoned once, a day after its last change, and again only
// after another change.
func TestAbandonedOnce(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{Kind()})
	ctx := m.As(entrepot.Caller{Role: entrepot.Customer, UserID: user})
	at := func(d time.Duration) { m.SetNow(start.Add(d)) }
	send := func(c any) {
		t.Helper()
		if _, err := m.Ask(ctx, Of(user), c); err != nil {
			t.Fatal(err)
		}
	}
	told := func() (n int) {
		m.Wake(Name, user)
		for _, e := range m.EventTypes() {
			if e == "cart.abandoned" {
				n++
			}
		}
		return n
	}
	at(0)
	send(add(1, 1, 2, 1999, "EUR"))
	at(23 * time.Hour)
	if told() != 0 {
		t.Fatal("abandoned after 23 hours, want after a day")
	}
	send(add(2, 1, 1, 1, "EUR"))
	at(25 * time.Hour)
	if told() != 0 {
		t.Fatal("abandoned two hours after a change")
	}
	at(48 * time.Hour)
	if told() != 1 {
		t.Fatal("not announced exactly once after a day")
	}
	m.Restart()
	at(100 * time.Hour)
	if told() != 1 {
		t.Fatal("announced again without a change")
	}
	send(add(2, 1, 1, 1, "EUR"))
	at(126 * time.Hour)
	if told() != 2 {
		t.Fatal("not announced after another change")
	}
	send(Clear{})
	at(1000 * time.Hour)
	if told() != 2 {
		t.Fatal("an empty cart is announced as abandoned")
	}
}

// Additions rarely move a cart in the index of wake-ups.
func TestWakeTimesAreRounded(t *testing.T) {
	t.Parallel()
	s, moved, last := &State{}, 0, time.Time{}
	for i := range 120 {
		tn := turn(entrepot.Customer, user)
		tn.Now = start.Add(time.Duration(i) * time.Minute)
		c := add(1, 1, 1, 1, "EUR")
		do(t, s)(s.AddItem(tn, c))
		if at := s.WakeAt(); !at.Equal(last) {
			moved++
			last = at
		}
		if d := s.WakeAt().Sub(tn.Now); d < DefaultIdle || d > DefaultIdle+DefaultIdle/wakeSteps {
			t.Fatalf("wakes after %v", d)
		}
	}
	if moved > 3 {
		t.Fatalf("moved %d times in two hours", moved)
	}
	c := add(1, 1, 1, 1, "EUR")
	c.AbandonAfterMs = 60_000
	do(t, s)(s.AddItem(turn(entrepot.Customer, user), c))
	if d := s.WakeAt().Sub(start); d < time.Minute || d > 63*time.Second {
		t.Fatalf("with another setting after %v", d)
	}
}

func TestGuestCartIsEmptied(t *testing.T) {
	t.Parallel()
	id := GuestID("token")
	s := guestCart(t, id, add(1, 1, 1, 1, "EUR"))
	late := platformTurn(id)
	late.Now = start.Add(GuestIdle - 1)
	play(s, s.Wake(late))
	if len(s.Lines) != 1 || !s.Told {
		t.Fatalf("%+v", s)
	}
	late.Now = start.Add(GuestIdle)
	play(s, s.Wake(late))
	if len(s.Lines) != 0 || !s.WakeAt().IsZero() {
		t.Fatalf("%+v", s)
	}
	mine := cartOf(t, add(1, 1, 1, 1, "EUR"))
	mine.Told = true
	if !mine.WakeAt().IsZero() || len(mine.Wake(late)) != 0 {
		t.Fatal("a user's cart is not forgotten")
	}
}

func TestSavedForLater(t *testing.T) {
	t.Parallel()
	me := turn(entrepot.Customer, user)
	item := func(i int) entrepot.ID { return ItemID(product(i), shop(1)) }
	s := cartOf(t, add(1, 1, 2, 100, "EUR"), add(2, 1, 1, 100, "EUR"))
	do(t, s)(s.SaveItem(me, SaveItem{ItemID: item(1)}))
	if len(s.Lines) != 1 || len(s.Saved) != 1 || s.Saved[0].Quantity != 2 || s.Saved[0].Currency != "EUR" ||
		s.Total() != 100 {
		t.Fatalf("%+v", s)
	}
	do(t, s)(s.AddItem(me, add(1, 1, 1, 100, "EUR")))
	do(t, s)(s.SaveItem(me, SaveItem{ItemID: item(1)}))
	if len(s.Saved) != 1 || s.Saved[0].Quantity != 3 {
		t.Fatalf("%+v", s.Saved)
	}
	do(t, s)(s.AddItem(me, add(1, 1, 1, 100, "EUR")))
	do(t, s)(s.RestoreItem(me, RestoreItem{ItemID: item(1), Price: 90, Currency: "EUR", Name: "New"}))
	at := s.find(item(1))
	if len(s.Saved) != 0 || s.Lines[at].Quantity != 4 || s.Lines[at].Price != 90 || s.Lines[at].Name != "New" {
		t.Fatalf("%+v", s)
	}
	do(t, s)(s.SaveItem(me, SaveItem{ItemID: item(1)}))
	for name, err := range map[string]error{
		"not in the cart":   second(s.SaveItem(me, SaveItem{ItemID: item(9)})),
		"not saved":         second(s.RestoreItem(me, RestoreItem{ItemID: item(2), Currency: "EUR"})),
		"nothing to forget": second(s.RemoveSaved(me, RemoveSaved{ItemID: item(2)})),
		"another's":         second(s.SaveItem(turn(entrepot.Customer, company), SaveItem{ItemID: item(2)})),
		"restored by others": second(
			s.RestoreItem(turn(entrepot.Customer, company), RestoreItem{ItemID: item(1), Currency: "EUR"}),
		),
	} {
		if entrepot.CodeOf(err) != entrepot.CodeNotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.RestoreItem(
		me, RestoreItem{ItemID: item(1), Price: 1, Currency: "USD"},
	); entrepot.CodeOf(err) != entrepot.CodeConflict {
		t.Fatalf("in another currency: %v", err)
	}
	do(t, s)(s.RemoveSaved(me, RemoveSaved{ItemID: item(1)}))
	if len(s.Saved) != 0 {
		t.Fatalf("%+v", s.Saved)
	}
	for i := range MaxSaved {
		s.Saved = append(s.Saved, Item{Line{ID: fmt.Sprint(i), Quantity: 1}, "EUR"})
	}
	if _, err := s.SaveItem(me, SaveItem{ItemID: item(2)}); entrepot.CodeOf(err) != entrepot.CodeConflict {
		t.Fatalf("one too many: %v", err)
	}
}

func TestPromoCodesOfACart(t *testing.T) {
	t.Parallel()
	me := turn(entrepot.Customer, user)
	s := cartOf(t, add(1, 1, 2, 100, "EUR"))
	for i := range MaxPromos {
		do(t, s)(s.AddPromo(me, AddPromo{Code: fmt.Sprint("CODE", i)}))
	}
	do(t, s)(s.AddPromo(me, AddPromo{Code: "CODE0"})) // entered already
	if _, err := s.AddPromo(me, AddPromo{Code: "CODE9"}); entrepot.CodeOf(err) != entrepot.CodeConflict {
		t.Fatalf("one too many: %v", err)
	}
	for _, code := range []string{"", "small", string(make([]byte, 41))} {
		if _, err := s.AddPromo(me, AddPromo{Code: code}); entrepot.CodeOf(err) != entrepot.CodeInvalid {
			t.Errorf("%q: %v", code, err)
		}
	}
	do(t, s)(s.RemovePromo(me, RemovePromo{Code: "CODE3"}))
	if _, err := s.RemovePromo(me, RemovePromo{Code: "CODE3"}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Fatalf("twice: %v", err)
	}
	if slices.Contains(s.Promos, "CODE3") || len(s.Promos) != MaxPromos-1 {
		t.Fatalf("%v", s.Promos)
	}
	do(t, s)(
		s.Take(platformTurn(user), Take{OrderID: "o", Items: []Taken{{ProductID: product(1), ShopID: shop(1), Quantity: 2}}}),
	)
	if len(s.Promos) != 0 {
		t.Fatalf("after the order: %v", s.Promos)
	}
}
