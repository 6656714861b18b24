package promotion

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
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
	company  = entrepot.DeriveID("company")
	north    = entrepot.DeriveID("north")
	south    = entrepot.DeriveID("south")
	id       = ID(company, "TEN")
	start    = time.UnixMilli(1_750_000_000_000).UTC()
	platform = entrepot.SystemCaller("test")
	admin    = entrepot.Caller{Role: entrepot.CompanyAdmin, UserID: "a", CompanyID: company}
	manager  = entrepot.Caller{Role: entrepot.ShopManager, UserID: "m", CompanyID: company, ShopIDs: []entrepot.ID{north}}
	staff    = entrepot.Caller{Role: entrepot.ShopStaff, UserID: "s", CompanyID: company, ShopIDs: []entrepot.ID{north}}
	foreign  = entrepot.Caller{Role: entrepot.CompanyAdmin, UserID: "f", CompanyID: entrepot.DeriveID("other")}
	customer = entrepot.Caller{Role: entrepot.Customer, UserID: "c"}
)

func at(c entrepot.Caller, after time.Duration) entrepot.Turn {
	return entrepot.Turn{ID: id, Now: start.Add(after), Caller: c}
}

func percent(n int64, change ...func(*Terms)) Terms {
	terms := Terms{Kind: Percent, Percent: n}
	for _, c := range change {
		c(&terms)
	}
	return terms
}

func creation(terms Terms) Create {
	return Create{CompanyID: company, Code: "TEN", Terms: terms}
}

func play(t testing.TB, s grains.State) func([]events.Event, error) {
	return func(facts []events.Event, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range facts {
			s.Apply(f)
		}
	}
}

func made(t testing.TB, terms Terms) *State {
	t.Helper()
	s := &State{}
	play(t, s)(s.Create(at(admin, 0), creation(terms)))
	return s
}

func claim(claim string, orders ...string) Claim {
	if len(orders) == 0 {
		orders = []string{claim}
	}
	return Claim{ClaimID: claim, Orders: orders, ExpiresAt: start.Add(time.Hour).UnixMilli(), Version: 1, CustomerID: "c"}
}

func TestCreateRules(t *testing.T) {
	t.Parallel()
	inNorth := func(x *Terms) { x.ShopIDs = []string{north} }
	inBoth := func(x *Terms) { x.ShopIDs = []string{north, south} }
	for name, c := range map[string]struct {
		caller entrepot.Caller
		cmd    Create
		want   entrepot.Code
		field  string
	}{
		"an admin":             {admin, creation(percent(10)), "", ""},
		"a manager":            {manager, creation(percent(10, inNorth)), "", ""},
		"of another's shop":    {manager, creation(percent(10, inBoth)), entrepot.CodeForbidden, ""},
		"of all shops":         {manager, creation(percent(10)), entrepot.CodeForbidden, ""},
		"staff":                {staff, creation(percent(10, inNorth)), entrepot.CodeForbidden, ""},
		"another company":      {foreign, creation(percent(10)), entrepot.CodeNotFound, ""},
		"a customer":           {customer, creation(percent(10)), entrepot.CodeNotFound, ""},
		"small letters":        {admin, Create{CompanyID: company, Code: "ten", Terms: percent(10)}, entrepot.CodeInvalid, "code"},
		"more than all":        {admin, creation(percent(101)), entrepot.CodeInvalid, "percent"},
		"zero percent":         {admin, creation(percent(0)), entrepot.CodeInvalid, "percent"},
		"an amount of percent": {admin, creation(percent(10, func(x *Terms) { x.Amount = 1 })), entrepot.CodeInvalid, "amount"},
		"no type":              {admin, creation(Terms{}), entrepot.CodeInvalid, "type"},
		"no currency":          {admin, creation(Terms{Kind: Amount, Amount: 100}), entrepot.CodeInvalid, "currency"},
		"a minimum of none":    {admin, creation(percent(10, func(x *Terms) { x.Minimum = 1 })), entrepot.CodeInvalid, "currency"},
		"an end before":        {admin, creation(percent(10, func(x *Terms) { x.StartsAt, x.EndsAt = 2, 1 })), entrepot.CodeInvalid, "endsAt"},
		"a negative limit":     {admin, creation(percent(10, func(x *Terms) { x.Total = -1 })), entrepot.CodeInvalid, "total"},
		"no product":           {admin, creation(percent(10, func(x *Terms) { x.ProductIDs = []string{"x"} })), entrepot.CodeInvalid, "productIds"},
	} {
		facts, err := (&State{}).Create(at(c.caller, 0), c.cmd)
		if entrepot.CodeOf(err) != c.want || (err == nil) != (len(facts) == 1) {
			t.Errorf("%s: %v", name, err)
		}
		if c.field != "" && entrepot.AsError(err).Fields[0].Field != c.field {
			t.Errorf("%s: %+v", name, err)
		}
	}
}

func TestUpdateAndDelete(t *testing.T) {
	t.Parallel()
	s := made(t, percent(10))
	if _, err := s.Create(at(admin, 0), creation(percent(5))); entrepot.CodeOf(err) != entrepot.CodeConflict {
		t.Fatalf("created twice: %v, want conflict", err)
	}
	if _, err := s.Update(at(admin, 0), Update{ExpectedVersion: 7, Terms: percent(20)}); entrepot.CodeOf(err) != entrepot.CodeStale {
		t.Fatalf("of another version: %v", err)
	}
	for name, c := range map[string]entrepot.Caller{"a manager": manager, "staff": staff} {
		if _, err := s.Update(at(c, 0), Update{Terms: percent(20)}); entrepot.CodeOf(err) != entrepot.CodeForbidden {
			t.Errorf("%s changes it: %v", name, err)
		}
		if _, err := s.Get(at(c, 0), Get{}); err != nil {
			t.Errorf("%s reads it: %v", name, err)
		}
	}
	for name, c := range map[string]entrepot.Caller{"another company": foreign, "a customer": customer, "an anonymous caller": {}} {
		if _, err := s.Get(at(c, 0), Get{}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
			t.Errorf("%s reads it: %v", name, err)
		}
		if _, err := s.Claim(at(c, 0), claim("o")); entrepot.CodeOf(err) != entrepot.CodeNotFound {
			t.Errorf("%s claims it: %v", name, err)
		}
	}
	play(t, s)(s.Claim(at(platform, 0), claim("o1")))
	play(t, s)(s.Update(at(admin, 0), Update{ExpectedVersion: 1, Terms: percent(20)}))
	if v := s.View(); v.Version != 2 || v.Terms.Percent != 20 || v.Claimed != 1 {
		t.Fatalf("%+v", v)
	}
	rule(t, second(s.Claim(at(platform, 0), claim("o2"))), "current") // priced by the old terms
	play(t, s)(s.Delete(at(admin, 0), Delete{}))
	play(t, s)(s.Settle(at(platform, 0), Settle{ClaimID: "o1", OrderID: "o1"}))
	if _, err := s.Get(at(admin, 0), Get{}); entrepot.CodeOf(err) != entrepot.CodeNotFound || s.Used != 1 {
		t.Fatalf("deleted: %v, %+v", err, s.Claims)
	}
}

func second[A, B any](_ A, b B) B { return b }

func rule(t *testing.T, err error, want string) {
	t.Helper()
	if e := entrepot.AsError(err); e == nil || e.Code != entrepot.CodeConflict || len(e.Fields) != 1 || e.Fields[0].Rule != want {
		t.Fatalf("%+v, want the rule %s", err, want)
	}
}

func TestClaims(t *testing.T) {
	t.Parallel()
	s := made(t, percent(10, func(x *Terms) {
		x.Total, x.StartsAt, x.EndsAt = 2, start.UnixMilli(), start.Add(2*time.Hour).UnixMilli()
	}))
	do := func(facts []events.Event, err error) { t.Helper(); play(t, s)(facts, err) }
	do(s.Claim(at(platform, 0), claim("one")))
	do(s.Claim(at(platform, 0), claim("one"))) // asked twice
	do(s.Claim(at(platform, 0), claim("two", "two", "sibling")))
	rule(t, second(s.Claim(at(platform, 0), claim("three"))), "limit")
	do(s.Release(at(platform, 0), Release{ClaimID: "two", OrderID: "two"}))
	do(s.Release(at(platform, 0), Release{ClaimID: "two", OrderID: "two"}))
	rule(t, second(s.Claim(at(platform, 0), claim("three"))), "limit") // its sibling still has it
	do(s.Release(at(platform, 0), Release{ClaimID: "two", OrderID: "sibling"}))
	do(s.Settle(at(platform, 0), Settle{ClaimID: "one", OrderID: "one"}))
	do(s.Settle(at(platform, 0), Settle{ClaimID: "one", OrderID: "one"}))
	do(s.Release(at(platform, 0), Release{ClaimID: "one", OrderID: "one"})) // the order came back: it stays used
	rule(t, second(s.Claim(at(platform, 0), claim("two"))), "ended")        // an old try
	do(s.Claim(at(platform, 0), claim("four")))
	if v := s.View(); v.Used != 1 || v.Claimed != 1 {
		t.Fatalf("%+v", v)
	}
	rule(t, second(s.Claim(at(platform, -time.Millisecond), claim("five"))), "limit")
	play(t, s)(s.Update(at(admin, 0), Update{Terms: percent(10, func(x *Terms) { x.EndsAt = start.Add(time.Hour).UnixMilli() })}))
	late := claim("six")
	late.Version = 2
	rule(t, second(s.Claim(at(platform, time.Hour), late)), "period")
	// An abandoned claim expires a day after its order.
	if at := s.WakeAt(); !at.Equal(start.Add(time.Hour + ClaimGuard)) {
		t.Fatalf("wakes at %v", at)
	}
	play(t, s)(s.Wake(at(platform, time.Hour+ClaimGuard)), nil)
	if v := s.View(); v.Used != 1 || v.Claimed != 0 || !s.WakeAt().IsZero() {
		t.Fatalf("%+v", v)
	}
}

// Commands in any order, repeated at will, leave exactly the uses of the orders, and never more
// than the limit.
func TestClaimsAreExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.Int64Range(1, 5).Draw(t, "limit")
		var c Claims
		const open, final, gone = 1, 2, 3
		orders := map[string]int{}
		for range rapid.IntRange(1, 60).Draw(t, "commands") {
			n := rapid.IntRange(0, 9).Draw(t, "order")
			o := fmt.Sprint("o", n)
			switch rapid.SampledFrom([]string{"claim", "release", "settle"}).Draw(t, "command") {
			case "claim":
				fresh, err := c.claim(claim(o), limit)
				held := int64(0)
				for _, s := range orders {
					if s == open || s == final {
						held++
					}
				}
				if want := orders[o] == 0 && held < limit; fresh != want || (err == nil) != (want || orders[o] == open) {
					t.Fatalf("claim of %s in state %d, %d of %d held: %v %v", o, orders[o], held, limit, fresh, err)
				}
				if fresh {
					c.add(claim(o))
					orders[o] = open
				}
			case "release":
				if e := c.end(o, o, false); e != nil {
					c.apply(*e)
				}
				if orders[o] == open {
					orders[o] = gone
				}
			default:
				if e := c.end(o, o, true); e != nil {
					c.apply(*e)
				}
				if orders[o] == open {
					orders[o] = final
				}
			}
			used, claimed := int64(0), 0
			for _, s := range orders {
				switch s {
				case final:
					used++
				case open:
					claimed++
				}
			}
			if c.Used != used || len(c.Open) != claimed || used+int64(claimed) > limit {
				t.Fatalf("%+v, want %d used and %d claimed of %d", c, used, claimed, limit)
			}
		}
	})
}

// Two hundred concurrent claims of a code with fifty uses, while the grain restarts.
func TestTwoHundredClaims(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{Kind(), UseKind()})
	create := creation(percent(10, func(x *Terms) { x.Total = 50 }))
	if _, err := grains.Ask(m.As(admin), m, Of(id), create); err != nil {
		t.Fatal(err)
	}
	var granted, limited atomic.Int64
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			c := claim(entrepot.DeriveID("order", fmt.Sprint(i)))
			c.ExpiresAt = m.Now().Add(time.Hour).UnixMilli()
			for {
				_, err := grains.Ask(m.Platform(), m, Of(id), c)
				switch entrepot.CodeOf(err) {
				case "":
					granted.Add(1)
					return
				case entrepot.CodeConflict:
					limited.Add(1)
					return
				}
			}
		})
	}
	m.Restart()
	wg.Wait()
	m.Restart()
	p, err := grains.Ask(m.As(admin), m, Of(id), Get{})
	if err != nil || granted.Load() != 50 || limited.Load() != 150 || p.Claimed != 50 {
		t.Fatalf("%d granted, %d refused, %+v, %v", granted.Load(), limited.Load(), p, err)
	}
	if n := len(slices.DeleteFunc(m.EventTypes(), func(e string) bool { return e != "promotion.claimed" })); n != 50 {
		t.Fatalf("%d events", n)
	}
}

func TestUsesOfACustomer(t *testing.T) {
	t.Parallel()
	s, mine := &Use{}, UseID(id, "c")
	tn := entrepot.Turn{ID: mine, Now: start, Caller: platform}
	one := func(o string) Claim {
		c := claim(o)
		c.PromotionID, c.Limit = id, 1
		return c
	}
	play(t, s)(s.Claim(tn, one("a")))
	rule(t, second(s.Claim(tn, one("b"))), "limit")
	play(t, s)(s.Release(tn, Release{ClaimID: "a", OrderID: "a"}))
	play(t, s)(s.Claim(tn, one("b")))
	play(t, s)(s.Settle(tn, Settle{ClaimID: "b", OrderID: "b"}))
	rule(t, second(s.Claim(tn, one("d"))), "limit")
	if s.CustomerID != "c" || s.Index().OwnerID != "c" || s.Used != 1 {
		t.Fatalf("%+v", s)
	}
	tn.Caller = customer
	if _, err := s.Claim(tn, one("e")); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Fatalf("customer claims: %v, want not found", err)
	}
}
