package cart

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/persistence/storetest"

	"pgregory.net/rapid"
)

func guestTurn(id entrepot.ID) entrepot.Turn {
	return entrepot.Turn{ID: id, Now: start, Caller: entrepot.Caller{UserID: id}}
}

func platformTurn(id entrepot.ID) entrepot.Turn {
	return entrepot.Turn{ID: id, Now: start, Caller: entrepot.SystemCaller("test")}
}

func do(t testing.TB, s *State) func([]events.Event, error) {
	return func(facts []events.Event, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		play(s, facts)
	}
}

func guestCart(t testing.TB, id entrepot.ID, adds ...AddItem) *State {
	t.Helper()
	s := &State{}
	do(t, s)(s.Open(guestTurn(id), Open{}))
	for _, c := range adds {
		do(t, s)(s.AddItem(guestTurn(id), c))
	}
	return s
}

func TestAccessToAGuestsCart(t *testing.T) {
	t.Parallel()
	id := GuestID("token")
	c := add(1, 1, 1, 100, "EUR")
	if _, err := (&State{}).AddItem(guestTurn(id), c); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Fatalf("a token that was never given out: %v", err)
	}
	if _, err := (&State{}).Open(turn(entrepot.Customer, user), Open{}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Fatalf("a customer opens one: %v", err)
	}
	s := guestCart(t, id, c)
	if _, err := s.Open(guestTurn(id), Open{}); entrepot.CodeOf(err) != entrepot.CodeConflict {
		t.Fatalf("twice: %v", err)
	}
	other := guestTurn(id)
	other.Caller.UserID = GuestID("another")
	if _, err := s.Get(other, Get{}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Fatalf("another token: %v", err)
	}
	for name, err := range map[string]error{
		"hands over":  second(s.HandOver(guestTurn(id), HandOver{To: user, Seq: 1})),
		"settles":     second(s.Settle(guestTurn(id), Settle{To: user, Seq: 1})),
		"merges":      second(s.Merge(guestTurn(id), Merge{GuestID: user})),
		"of a user's": second((&State{ID: user}).HandOver(platformTurn(user), HandOver{To: company, Seq: 1})),
	} {
		if entrepot.CodeOf(err) != entrepot.CodeNotFound {
			t.Errorf("a guest %s: %v", name, err)
		}
	}
	do(t, s)(s.HandOver(platformTurn(id), HandOver{To: user, Seq: 1}))
	if _, err := s.AddItem(guestTurn(id), c); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Fatalf("added while it is handed over: %v", err)
	}
	if _, err := s.HandOver(
		platformTurn(id), HandOver{To: company, Seq: 1},
	); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Fatalf("to a second customer: %v", err)
	}
	do(t, s)(s.Settle(platformTurn(id), Settle{To: user, Seq: 1}))
	if _, err := s.HandOver(platformTurn(id), HandOver{To: user, Seq: 1}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Fatalf("an old try after it was given back: %v", err)
	}
	do(t, s)(s.AddItem(guestTurn(id), c))
	if s.Lines[0].Quantity != 2 {
		t.Fatalf("%+v", s.Lines)
	}
}

func second[A, B any](_ A, b B) B { return b }

// network delivers the messages of a merge late, twice, in any order, or loses them.
// Lost ones are sent again, so that the merge ends.
type network struct {
	t        *rapid.T
	customer *State
	guest    *State
	guestID  entrepot.ID
	wires    []func()
}

func (n *network) step() {
	m := n.customer.Merging
	if m == nil {
		return
	}
	frozen := *m
	switch m.Phase {
	case Taking:
		n.wires = append(n.wires, func() {
			facts, err := n.guest.HandOver(platformTurn(n.guestID), HandOver{To: user, Seq: frozen.Seq})
			play(n.guest, facts)
			got := handover{n.guest.reply()}
			if err != nil {
				got.cart = nil
			}
			n.result(mergeIs(Taking), frozen.Seq, func() ([]events.Event, error) {
				return n.customer.handedOver(platformTurn(user), got)
			})
		})
	default:
		n.wires = append(n.wires, func() {
			facts, _ := n.guest.Settle(
				platformTurn(n.guestID), Settle{To: user, Seq: frozen.Seq, Taken: frozen.Phase == Closing},
			)
			play(n.guest, facts)
			n.result(mergeIs(Closing, Returning), frozen.Seq, func() ([]events.Event, error) {
				return n.customer.mergeEnded(platformTurn(user), grains.Done{})
			})
		})
	}
}

// result delivers the result of a step, if it is still due, as the host does.
func (n *network) result(due func(*State) []string, seq int64, then func() ([]events.Event, error)) {
	n.wires = append(n.wires, func() {
		if slices.Contains(due(n.customer), fmt.Sprint(seq)) {
			n.tell(then())
		}
	})
}

func (n *network) tell(facts []events.Event, err error) {
	if err != nil {
		n.t.Fatal(err)
	}
	play(n.customer, facts)
}

// deliver delivers one message: once, twice or never.
func (n *network) deliver() {
	if len(n.wires) == 0 {
		return
	}
	i := rapid.IntRange(0, len(n.wires)-1).Draw(n.t, "which")
	w := n.wires[i]
	switch rapid.SampledFrom([]string{"once", "once", "kept", "lost"}).Draw(n.t, "fate") {
	case "lost":
		n.wires = append(n.wires[:i], n.wires[i+1:]...)
	case "kept":
		w()
	default:
		n.wires = append(n.wires[:i], n.wires[i+1:]...)
		w()
	}
}

// With lost, late and repeated messages, each piece is in one of the two carts.
func TestAMergeNeitherLosesNorDoubles(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		id := GuestID(rapid.StringN(1, 8, 8).Draw(t, "token"))
		n := &network{t: t, customer: &State{}, guest: &State{}, guestID: id}
		play(n.guest, first(t)(n.guest.Open(guestTurn(id), Open{})))
		want := int64(0)
		pieces := func(s *State) (sum int64) {
			for _, l := range s.Lines {
				sum += l.Quantity
			}
			return sum
		}
		fill := func(s *State, turn entrepot.Turn, currency string) {
			facts, err := s.AddItem(
				turn, add(rapid.IntRange(0, 3).Draw(t, "product"), 1, rapid.Int64Range(1, 9).Draw(t, "pieces"), 100, currency),
			)
			if err == nil {
				play(s, facts)
				want += facts[0].(added).Quantity
			}
		}
		currencies := []string{"EUR", "EUR", "EUR", "USD"}
		guestCurrency := rapid.SampledFrom(currencies).Draw(t, "guest's currency")
		for range rapid.IntRange(5, 60).Draw(t, "events") {
			switch rapid.SampledFrom(
				[]string{"guest adds", "customer adds", "merge", "step", "deliver", "deliver", "deliver"},
			).Draw(t, "event") {
			case "guest adds":
				fill(n.guest, guestTurn(id), guestCurrency)
			case "customer adds":
				fill(n.customer, turn(entrepot.Customer, user), "EUR")
			case "merge":
				if facts, err := n.customer.Merge(turn(entrepot.Customer, user), Merge{GuestID: id}); err == nil {
					play(n.customer, facts)
				}
			case "step":
				n.step()
			case "deliver":
				n.deliver()
			}
			visible := pieces(n.customer)
			if m := n.customer.Merging; m == nil || m.Phase != Closing {
				visible += pieces(n.guest) // while closing the guest's copy is a shell
			}
			if visible != want {
				t.Fatalf("%d pieces, want %d: customer %+v, guest %+v", visible, want, n.customer, n.guest)
			}
		}
		for range 20 { // the network recovers
			n.step()
			for len(n.wires) > 0 {
				w := n.wires[0]
				n.wires = n.wires[1:]
				w()
			}
		}
		if n.customer.Merging != nil || pieces(n.customer)+pieces(n.guest) != want {
			t.Fatalf("at the end %d and %d of %d: %+v", pieces(n.customer), pieces(n.guest), want, n.customer.Merging)
		}
	})
}

func first(t *rapid.T) func([]events.Event, error) []events.Event {
	return func(facts []events.Event, err error) []events.Event {
		if err != nil {
			t.Fatal(err)
		}
		return facts
	}
}

func TestMergedContent(t *testing.T) {
	t.Parallel()
	id := GuestID("token")
	guest := guestCart(t, id, add(1, 1, 3, 100, "EUR"), add(2, 1, MaxQuantity, 1, "EUR"), add(3, 1, 1, 70, "EUR"))
	do(t, guest)(guest.SaveItem(guestTurn(id), SaveItem{ItemID: ItemID(product(3), shop(1))}))
	do(t, guest)(guest.AddPromo(guestTurn(id), AddPromo{Code: "TEN"}))
	s := cartOf(t, add(1, 1, 2, 90, "EUR"), add(2, 1, 5, 1, "EUR"), add(4, 1, 1, 10, "EUR"))
	next, err := s.with(guest.reply(), map[entrepot.ID]int64{ItemID(product(1), shop(1)): 80})
	if err != nil {
		t.Fatal(err)
	}
	if len(next.Lines) != 3 || next.Lines[0].Quantity != 5 || next.Lines[0].Price != 80 ||
		next.Lines[1].Quantity != MaxQuantity ||
		len(next.Saved) != 1 || len(next.Promos) != 1 {
		t.Fatalf("%+v", next)
	}
	dollars := cartOf(t, add(1, 1, 1, 1, "USD"))
	if _, err := dollars.with(guest.reply(), nil); entrepot.CodeOf(err) != entrepot.CodeConflict {
		t.Fatalf("two currencies: %v", err)
	}
	full := cartOf(t)
	full.Currency = "EUR"
	for i := range MaxLines - 1 {
		full.Lines = append(full.Lines, Line{ID: entrepot.DeriveID(fmt.Sprint(i)), Quantity: 1})
	}
	if _, err := full.with(guest.reply(), nil); entrepot.CodeOf(err) != entrepot.CodeConflict {
		t.Fatalf("too many lines: %v", err)
	}
	dear := cartOf(t, add(9, 1, 1, entrepot.MaxMinor-5, "EUR"))
	if _, err := dear.with(guest.reply(), nil); entrepot.CodeOf(err) != entrepot.CodeConflict {
		t.Fatalf("too dear: %v", err)
	}
}

// A merge ends once although both carts restart at any time.
func TestMergesUnderRestarts(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{Kind()})
	const pairs = 40
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	as := func(role entrepot.Role, id entrepot.ID) context.Context {
		return entrepot.WithCaller(ctx, entrepot.Caller{Role: role, UserID: id})
	}
	ask := func(ctx context.Context, id entrepot.ID, c grains.Message[*Cart]) *Cart {
		v, err := grains.Ask(ctx, m, Of(id), c)
		if err != nil {
			t.Error(err)
		}
		return v
	}
	stop := make(chan struct{})
	var restarts sync.WaitGroup
	ids := func(i int) (guest, customer entrepot.ID) {
		return GuestID(fmt.Sprint("token", i)), entrepot.DeriveID("customer", fmt.Sprint(i))
	}
	for i := range pairs {
		guest, customer := ids(i)
		ask(as("", guest), guest, Open{})
		ask(as("", guest), guest, add(1, 1, 2, 100, "EUR"))
		ask(as("", guest), guest, add(2, 1, 3, 100, "EUR"))
		ask(as(entrepot.Customer, customer), customer, add(1, 1, 1, 100, "EUR"))
	}
	restarts.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				_ = m.Host.Passivate(ctx)
			}
		}
	})
	var wg sync.WaitGroup
	for i := range pairs {
		guest, customer := ids(i)
		wg.Go(func() {
			for {
				_, err := grains.Ask(as(entrepot.Customer, customer), m, Of(customer), Merge{GuestID: guest})
				if err == nil {
					return
				}
				if code := entrepot.CodeOf(err); errors.Is(err, context.DeadlineExceeded) || code == entrepot.CodeNotFound ||
					code == entrepot.CodeConflict {
					t.Error(err)
					return
				}
				_, _ = m.Ask(m.Platform(), Of(customer), grains.Wake{}) // in place of the waker; it may fail by a restart too
			}
		})
	}
	wg.Wait()
	close(stop)
	restarts.Wait()
	for i := range pairs {
		guest, customer := ids(i)
		v := ask(as(entrepot.Customer, customer), customer, Get{})
		if len(v.Items) != 2 || v.Items[0].Quantity != 3 || v.Items[1].Quantity != 3 {
			t.Fatalf("customer %d: %+v", i, v)
		}
		for end := time.Now().Add(5 * time.Second); ; m.Wake(Name, customer) {
			g := ask(m.Platform(), guest, Get{})
			if len(g.Items) == 0 {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("guest %d still has %+v", i, g)
			}
		}
	}
}
