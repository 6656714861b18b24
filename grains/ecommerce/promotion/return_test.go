package promotion

import (
	"fmt"
	"testing"
	"time"

	"entrepot"
	"entrepot/events"

	"pgregory.net/rapid"
)

// keeper is the common interface of a promotion and a customer's uses.
type keeper interface {
	Claim(t entrepot.Turn, c Claim) ([]events.Event, error)
	Release(t entrepot.Turn, c Release) ([]events.Event, error)
	Settle(t entrepot.Turn, c Settle) ([]events.Event, error)
	Return(t entrepot.Turn, c Return) ([]events.Event, error)
	Apply(e events.Event)
}

// Orders of a checkout may be paid and cancelled, and report it repeatedly. A use counts while one of
// its orders was paid and one of them is not cancelled.
func TestCancelledOrdersReturnUses(t *testing.T) {
	t.Parallel()
	const waiting, paid, unpaid, returned = 0, 1, 2, 3
	rapid.Check(t, func(t *rapid.T) {
		code, customers := &State{Details: Details{ID: id, CompanyID: company, Version: 1}}, &Use{}
		both := map[keeper]*Claims{code: &code.Claims, customers: &customers.Claims}
		useID := UseID(id, "c")
		checkouts := rapid.SliceOfN(rapid.IntRange(1, 3), 1, 4).Draw(t, "checkouts")
		state := make([][]int, len(checkouts))
		for k := range both {
			at := at(platform, 0)
			if k == keeper(customers) {
				at.ID = useID
			}
			for i, n := range checkouts {
				c := Claim{ClaimID: name(i, 0), Version: 1, PromotionID: id, CustomerID: "c", ExpiresAt: start.UnixMilli()}
				for o := range n {
					c.Orders = append(c.Orders, name(i, o))
				}
				apply(t, k)(k.Claim(at, c))
				state[i] = make([]int, n)
			}
		}
		for range rapid.IntRange(1, 40).Draw(t, "commands") {
			i := rapid.IntRange(0, len(checkouts)-1).Draw(t, "checkout")
			o := rapid.IntRange(0, checkouts[i]-1).Draw(t, "order")
			s := &state[i][o]
			if rapid.Bool().Draw(t, "goes on") {
				switch {
				case *s == waiting && rapid.Bool().Draw(t, "pays"):
					*s = paid
				case *s == waiting:
					*s = unpaid
				case *s == paid:
					*s = returned
				}
			}
			for k := range both {
				turn := at(platform, 0)
				switch *s { // an order settles before it returns
				case paid:
					apply(t, k)(k.Settle(turn, Settle{ClaimID: name(i, 0), OrderID: name(i, o)}))
				case unpaid:
					apply(t, k)(k.Release(turn, Release{ClaimID: name(i, 0), OrderID: name(i, o)}))
				case returned:
					apply(t, k)(k.Return(turn, Return{ClaimID: name(i, 0), OrderID: name(i, o), Alone: checkouts[i] == 1}))
				}
			}
			want := int64(0)
			for i := range state {
				stands, was := false, false
				for _, s := range state[i] {
					stands = stands || s == waiting || s == paid
					was = was || s == paid || s == returned
				}
				if stands && was {
					want++
				}
			}
			for _, c := range both {
				if c.Used != want {
					t.Fatalf("%v: %d used, want %d: %+v", state, c.Used, want, c)
				}
			}
		}
	})
}

func name(checkout, order int) string { return fmt.Sprintf("c%do%d", checkout, order) }

func apply(t *rapid.T, k keeper) func([]events.Event, error) {
	return func(facts []events.Event, err error) {
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range facts {
			k.Apply(f)
		}
	}
}

// However many uses are returned within a day, none counts twice.
func TestReturnsAreRememberedForADay(t *testing.T) {
	t.Parallel()
	s := &State{Details: Details{ID: id, CompanyID: company, Version: 1}, Claims: Claims{Used: 10_000}}
	back := func(i int, after time.Duration) error {
		facts, err := s.Return(at(platform, after), Return{ClaimID: name(i, 0), OrderID: name(i, 0), Alone: true})
		for _, f := range facts {
			s.Apply(f)
		}
		return err
	}
	for i := range mostReturned {
		if err := back(i, 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := back(mostReturned, 0); entrepot.CodeOf(err) != entrepot.CodeUnavailable {
		t.Fatalf("one more within the day: %v", err)
	}
	for _, i := range []int{0, mostReturned - 1} {
		if err := back(i, time.Hour); err != nil || s.Used != 10_000-mostReturned {
			t.Fatalf("reported again: %v, %d used", err, s.Used)
		}
	}
	if err := back(mostReturned, keepReturned); err != nil || s.Used != 10_000-mostReturned-1 || len(s.Returned) != leastReturned {
		t.Fatalf("the day after: %v, %d used, %d remembered", err, s.Used, len(s.Returned))
	}
	if _, err := s.Return(at(admin, 0), Return{ClaimID: "x", OrderID: "x", Alone: true}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Fatalf("admin sends Return: %v, want not found", err)
	}
}
