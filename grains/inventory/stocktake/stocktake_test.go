package stocktake

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"entrepot"
	"entrepot/events"

	"pgregory.net/rapid"
)

var (
	id      = entrepot.DeriveID("stocktake")
	company = entrepot.DeriveID("company")
	shop    = entrepot.DeriveID("shop")
	tea     = entrepot.DeriveID("tea")
	mug     = entrepot.DeriveID("mug")
	start   = time.UnixMilli(1_750_000_000_123).UTC()

	admin   = entrepot.Caller{Role: entrepot.CompanyAdmin, UserID: "a", CompanyID: company}
	foreign = entrepot.Caller{Role: entrepot.CompanyAdmin, UserID: "f", CompanyID: "other"}
	manager = entrepot.Caller{Role: entrepot.ShopManager, UserID: "m", CompanyID: company, ShopIDs: []entrepot.ID{shop}}
	sibling = entrepot.Caller{Role: entrepot.ShopManager, UserID: "o", CompanyID: company, ShopIDs: []entrepot.ID{"x"}}
	staff   = entrepot.Caller{Role: entrepot.ShopStaff, UserID: "s", CompanyID: company, ShopIDs: []entrepot.ID{shop}}
	system  = entrepot.SystemCaller("step")
)

func turn(c entrepot.Caller) entrepot.Turn { return entrepot.Turn{ID: id, Now: start, Caller: c} }

func opening() Begin {
	return Begin{CompanyID: company, LocationID: shop, Items: []events.StocktakeItem{
		{ProductID: tea, VariantID: tea, OnHand: 10}, {ProductID: mug, VariantID: mug, OnHand: 4},
	}}
}

func do(t testing.TB, s *State, facts []events.Event, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range facts {
		s.Apply(f)
	}
}

func opened(t testing.TB) *State {
	t.Helper()
	s := &State{}
	facts, err := s.Begin(turn(admin), opening())
	do(t, s, facts, err)
	return s
}

func counts(counted, onHand int64) SetCounts {
	return SetCounts{Counts: []Count{{VariantID: tea, Counted: counted, OnHand: onHand}}}
}

func TestStocktakePermissions(t *testing.T) {
	t.Parallel()
	const ok, no, hidden = entrepot.Code(""), entrepot.CodeForbidden, entrepot.CodeNotFound
	for name, c := range map[string]struct {
		caller             entrepot.Caller
		opens, counts, end entrepot.Code
	}{
		"the company's admin":     {admin, ok, ok, ok},
		"the shop's manager":      {manager, ok, ok, ok},
		"the shop's staff":        {staff, no, ok, no},
		"another shop's manager":  {sibling, hidden, hidden, hidden},
		"another company's admin": {foreign, hidden, hidden, hidden},
		"a customer":              {entrepot.Caller{Role: entrepot.Customer, UserID: "c"}, hidden, hidden, hidden},
		"an anonymous caller":     {entrepot.Caller{}, hidden, hidden, hidden},
	} {
		check := func(what string, want entrepot.Code, _ []events.Event, err error) {
			t.Helper()
			if entrepot.CodeOf(err) != want {
				t.Errorf("%s %s: %v, want %q", name, what, err, want)
			}
		}
		facts, err := (&State{}).Begin(turn(c.caller), opening())
		check("opens", c.opens, facts, err)
		s := opened(t)
		facts, err = s.SetCounts(turn(c.caller), counts(9, 10))
		check("counts", c.counts, facts, err)
		facts, err = s.Cancel(turn(c.caller), Cancel{})
		check("cancels", c.end, facts, err)
		facts, err = s.SetCounts(turn(admin), counts(9, 10))
		do(t, s, facts, err)
		facts, err = s.Close(turn(c.caller), Close{})
		check("closes", c.end, facts, err)
		_, err = s.Get(turn(c.caller), Get{})
		check("reads", c.counts, nil, err)
	}
}

func TestStocktakeRules(t *testing.T) {
	t.Parallel()
	many := opening()
	for i := range MaxItems {
		many.Items = append(many.Items, events.StocktakeItem{VariantID: fmt.Sprint(i)})
	}
	twice := opening()
	twice.Items[1].VariantID = tea
	code := func(_ []events.Event, err error) entrepot.Code { return entrepot.CodeOf(err) }
	cancelled := opened(t)
	facts, err := cancelled.Cancel(turn(admin), Cancel{})
	do(t, cancelled, facts, err)
	for name, c := range map[string]struct{ got, want entrepot.Code }{
		"too many items":                {code((&State{}).Begin(turn(admin), many)), entrepot.CodeInvalid},
		"no items":                      {code((&State{}).Begin(turn(admin), Begin{CompanyID: company, LocationID: shop})), entrepot.CodeInvalid},
		"an item twice":                 {code((&State{}).Begin(turn(admin), twice)), entrepot.CodeInvalid},
		"open it again":                 {code(opened(t).Begin(turn(admin), opening())), entrepot.CodeConflict},
		"count what is not in it":       {code(opened(t).SetCounts(turn(admin), SetCounts{Counts: []Count{{VariantID: "x"}}})), entrepot.CodeInvalid},
		"count fewer than none":         {code(opened(t).SetCounts(turn(admin), counts(-1, 10))), entrepot.CodeInvalid},
		"count one twice":               {code(opened(t).SetCounts(turn(admin), SetCounts{Counts: append(counts(1, 1).Counts, counts(1, 1).Counts...)})), entrepot.CodeInvalid},
		"count from an older version":   {code(opened(t).SetCounts(turn(admin), SetCounts{ExpectedVersion: 9, Counts: counts(1, 1).Counts})), entrepot.CodeStale},
		"close before anything counted": {code(opened(t).Close(turn(admin), Close{})), entrepot.CodeConflict},
		"count what is cancelled":       {code(cancelled.SetCounts(turn(admin), counts(1, 1))), entrepot.CodeConflict},
		"close what is cancelled":       {code(cancelled.Close(turn(admin), Close{})), entrepot.CodeConflict},
		"cancel it again":               {code(cancelled.Cancel(turn(admin), Cancel{})), ""},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", name, c.got, c.want)
		}
	}
}

// Whatever the counts, and in whatever order and how often the parts are booked,
// the report has every counted item once.
func TestReportAddsUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 180).Draw(t, "items")
		c := Begin{CompanyID: company, LocationID: shop}
		for i := range n {
			c.Items = append(c.Items, events.StocktakeItem{ProductID: "p", VariantID: fmt.Sprint("v", i), OnHand: 10})
		}
		s := &State{}
		play := func(facts []events.Event, err error) (closed *events.StocktakeClosed) {
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range facts {
				s.Apply(f)
				if e, ok := f.(events.StocktakeClosed); ok {
					closed = &e
				}
			}
			return closed
		}
		play(s.Begin(turn(admin), c))
		var balance, done int64
		set := SetCounts{}
		for i := range n {
			if i > 0 && rapid.Bool().Draw(t, "skip") {
				continue
			}
			got := rapid.Int64Range(0, 20).Draw(t, "counted")
			set.Counts = append(set.Counts, Count{VariantID: fmt.Sprint("v", i), Counted: got, OnHand: 10})
			balance += got - 10
			done++
		}
		play(s.SetCounts(turn(staff), set))
		play(s.Close(turn(manager), Close{}))
		var reports []*events.StocktakeClosed
		for tries := 0; s.Status == Closing; tries++ {
			if len(s.unbooked()) == 0 {
				t.Fatal("closing without a part to book")
			}
			part := rapid.Int64Range(0, s.parts()).Draw(t, "part") // one beyond: no part
			if tries > 100 {
				part = int64(tries) % s.parts()
			}
			if !slices.Contains(s.unbooked(), strconv.FormatInt(part, 10)) {
				continue // the host drops such a result
			}
			if e := play(s.booked(turn(system), booking{part: part})); e != nil {
				reports = append(reports, e)
			}
			b, _ := json.Marshal(s)
			s = &State{}
			if err := json.Unmarshal(b, s); err != nil {
				t.Fatal(err)
			}
		}
		if len(reports) != 1 || len(s.unbooked()) != 0 {
			t.Fatalf("%d reports and %d unbooked parts, want one report and none", len(reports), len(s.unbooked()))
		}
		e := reports[0]
		if e.Counted != done || e.Counted+e.Uncounted != int64(n) || e.More-e.Fewer != balance {
			t.Fatalf("%+v: counted %d of %d, balance %d", e, done, n, balance)
		}
	})
}
