package recommend

import (
	"fmt"
	"math"
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
	start    = time.UnixMilli(1_800_000_000_000).UTC()
	company  = entrepot.DeriveID("company")
	ann      = entrepot.Caller{Role: entrepot.Customer, UserID: entrepot.DeriveID("ann")}
	ben      = entrepot.Caller{Role: entrepot.Customer, UserID: entrepot.DeriveID("ben")}
	platform = entrepot.SystemCaller("event")
	a, b, c  = entrepot.DeriveID("a"), entrepot.DeriveID("b"), entrepot.DeriveID("c")
)

func newMember(t *testing.T) *grainstest.Member {
	t.Helper()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{AffinityKind(), TrendingKind(), TasteKind()})
	m.SetNow(start)
	return m
}

func ask[R any](t *testing.T, m *grainstest.Member, as entrepot.Caller, kind string, id entrepot.ID, cmd grains.Message[R]) R {
	t.Helper()
	r, err := grains.Ask(m.As(as), m, grains.Ref{Kind: kind, ID: id}, cmd)
	if err != nil {
		t.Fatalf("%s %T: %v", kind, cmd, err)
	}
	return r
}

func with(ids ...entrepot.ID) (out []Companion) {
	for _, id := range ids {
		out = append(out, Companion{ProductID: id})
	}
	return out
}

// An order counts once: twice in one command, again in another with other popularities, and after a
// restart.
func TestOrderCountsOnce(t *testing.T) {
	t.Parallel()
	m := newMember(t)
	one := Purchase{OrderID: "1", At: start.UnixMilli(), With: with(b, c)}
	two := Purchase{OrderID: "2", At: start.UnixMilli(), With: with(b)}
	for range 3 {
		for _, cmd := range [][]Purchase{{one, one}, {two, one}, {two}} {
			ask[grains.Done](t, m, platform, AffinityName, a, Bought{CompanyID: company, Purchases: cmd})
		}
		two.With = slices.Clone(two.With)
		two.With[0].Popularity = 7
		m.Restart()
	}
	if p := ask[*Popularity](t, m, ann, AffinityName, a, GetPopularity{}); p.Weight != 2 {
		t.Errorf("two orders count %v", p.Weight)
	}
	near := ask[*Neighbours](t, m, ann, AffinityName, a, GetNeighbours{}).Neighbours
	if len(near) != 2 || near[0].ID != b || near[1].ID != c || near[0].Score <= near[1].Score {
		t.Errorf("neighbours: %v", near)
	}
	if got := ask[*Neighbours](t, m, ann, AffinityName, a, GetNeighbours{Limit: 1}).Neighbours; len(got) != 1 {
		t.Errorf("one: %v", got)
	}
	if list := m.Events(); len(list) != 0 {
		t.Errorf("published %v, want no events", list)
	}
	ask[grains.Done](t, m, platform, AffinityName, a, Forget{})
	m.Restart()
	if near := ask[*Neighbours](t, m, ann, AffinityName, a, GetNeighbours{}).Neighbours; len(near) != 0 {
		t.Errorf("forgotten: %v", near)
	}
}

// Products that were bought together long ago rank below recent ones.
func TestNeighboursFade(t *testing.T) {
	t.Parallel()
	var s Affinity
	buy := func(order string, at time.Time, others ...entrepot.ID) {
		turn := entrepot.Turn{ID: a, Now: at, Caller: platform}
		for _, f := range must(s.Bought(turn, Bought{CompanyID: company, Purchases: []Purchase{{OrderID: order, At: at.UnixMilli(), With: with(others...)}}})) {
			s.Apply(f)
		}
	}
	for i := range 3 {
		buy(fmt.Sprint("old", i), start, b)
	}
	later := start.Add(3 * affinityHalf)
	buy("new", later, c)
	if got := s.Neighbours(later, 10); len(got) != 2 || got[0].ID != c {
		t.Fatalf("%v", got)
	}
	if w := s.Own.at(later.UnixMilli(), affinityHalf); math.Abs(w-1.375) > 1e-9 {
		t.Errorf("three orders of three half-lives ago and one are %v", w)
	}
	// A best seller that is in everything is no better than what belongs to a.
	s = Affinity{}
	turn := entrepot.Turn{ID: a, Now: start, Caller: platform}
	for i := range 10 {
		p := Purchase{OrderID: fmt.Sprint(i), At: start.UnixMilli(), With: []Companion{{ProductID: b, Popularity: 10}, {ProductID: c, Popularity: 5000}}}
		for _, f := range must(s.Bought(turn, Bought{Purchases: []Purchase{p}})) {
			s.Apply(f)
		}
	}
	if got := s.Neighbours(start, 10); got[0].ID != b || got[0].Score < 3*got[1].Score {
		t.Errorf("%v", got)
	}
}

func TestOnlyPlatformReports(t *testing.T) {
	t.Parallel()
	for _, caller := range []entrepot.Caller{{}, ann, {Role: entrepot.SuperAdmin}, {Role: entrepot.CompanyAdmin, CompanyID: company}} {
		turn := entrepot.Turn{ID: a, Now: start, Caller: caller}
		for name, err := range map[string]error{
			"bought": second((&Affinity{}).Bought(turn, Bought{})), "forget affinity": second((&Affinity{}).Forget(turn, Forget{})),
			"count": second((&Trending{}).Count(turn, Count{})), "forget trends": second((&Trending{}).Forget(turn, Forget{})),
			"like": second((&Taste{}).Like(turn, Like{})), "forget taste": second((&Taste{}).Forget(turn, Forget{})),
		} {
			if entrepot.CodeOf(err) != entrepot.CodeNotFound {
				t.Errorf("%s by %q: %v", name, caller.Role, err)
			}
		}
	}
	turn := entrepot.Turn{ID: a, Now: start, Caller: platform}
	for name, err := range map[string]error{
		"purchases": second((&Affinity{}).Bought(turn, Bought{Purchases: make([]Purchase, maxPurchases+1)})),
		"signals":   second((&Trending{}).Count(turn, Count{Signals: make([]Signal, maxSignals+1)})),
		"likings":   second((&Taste{}).Like(turn, Like{Likings: make([]Liking, maxLikings+1)})),
	} {
		if entrepot.CodeOf(err) != entrepot.CodeInvalid {
			t.Errorf("too many %s: %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestTrending(t *testing.T) {
	t.Parallel()
	m := newMember(t)
	signals := []Signal{
		{EventID: "1", At: start.UnixMilli(), ProductIDs: []string{a, b}, Weight: WeightOrder},
		{EventID: "2", At: start.UnixMilli(), ProductIDs: []string{a}, Weight: WeightView},
		{EventID: "3", At: start.Add(-trendingHalf).UnixMilli(), ProductIDs: []string{c}, Weight: 4},
		{EventID: "4", At: start.Add(time.Hour).UnixMilli(), ProductIDs: []string{c}, Weight: -1},
	}
	for range 2 {
		ask[grains.Done](t, m, platform, TrendingName, company, Count{CompanyID: company, Signals: signals})
		ask[grains.Done](t, m, platform, TrendingName, company, Count{CompanyID: company, Signals: append(signals[1:], signals[0])})
		m.Restart()
	}
	top := ask[*Top](t, m, entrepot.Caller{}, TrendingName, company, GetTop{Limit: 10})
	want := &Top{Products: []Scored{{ID: a, Score: 6}, {ID: b, Score: 5}, {ID: c, Score: 2}}}
	if !reflect.DeepEqual(top, want) {
		t.Fatalf("%v", top)
	}
	m.SetNow(start.Add(trendingHalf))
	if top := ask[*Top](t, m, ann, TrendingName, company, GetTop{Limit: 1}).Products; len(top) != 1 || top[0].Score != 3 {
		t.Errorf("a half-life later: %v", top)
	}
}

func TestViewRules(t *testing.T) {
	t.Parallel()
	viewer := entrepot.DeriveID("viewer")
	good := View{ProductID: a, CompanyID: company}
	for name, x := range map[string]struct {
		id     entrepot.ID
		caller entrepot.Caller
		cmd    View
		want   entrepot.Code
	}{
		"the user":            {ann.UserID, ann, good, ""},
		"another user":        {ann.UserID, ben, good, entrepot.CodeNotFound},
		"staff":               {ann.UserID, entrepot.Caller{Role: entrepot.SuperAdmin, UserID: ann.UserID}, good, entrepot.CodeNotFound},
		"no viewer in taste":  {ann.UserID, entrepot.Caller{}, good, entrepot.CodeNotFound},
		"a viewer in a taste": {ann.UserID, entrepot.Caller{}, View{ProductID: a, Viewer: viewer}, entrepot.CodeNotFound},
		"a viewer":            {Anonymous(viewer), entrepot.Caller{}, View{ProductID: a, Viewer: viewer}, ""},
		"no product":          {ann.UserID, ann, View{ProductID: "x"}, entrepot.CodeInvalid},
		"a negative time":     {ann.UserID, ann, View{ProductID: a, DurationMs: -1}, entrepot.CodeInvalid},
		"four hours":          {ann.UserID, ann, View{ProductID: a, DurationMs: MaxDuration.Milliseconds()}, ""},
		"longer":              {ann.UserID, ann, View{ProductID: a, DurationMs: MaxDuration.Milliseconds() + 1}, entrepot.CodeInvalid},
	} {
		if _, err := (&Taste{}).View(entrepot.Turn{ID: x.id, Now: start, Caller: x.caller}, x.cmd); entrepot.CodeOf(err) != x.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A viewer counts once in half an hour, and viewers are distinguished.
func TestViewerCountsOnceInHalfAnHour(t *testing.T) {
	t.Parallel()
	m := newMember(t)
	at := time.UnixMilli(window(start.UnixMilli())).UTC()
	for step := range 4 { // two in each window
		m.SetNow(at.Add(time.Duration(step) * 16 * time.Minute))
		for _, viewer := range []string{"x", "y"} {
			for _, product := range []string{a, b} {
				cmd := View{ProductID: product, CompanyID: company, Viewer: viewer}
				ask[grains.Done](t, m, entrepot.Caller{}, TasteName, Anonymous(viewer), cmd)
			}
		}
		m.Restart()
	}
	list := m.Events()
	if len(list) != 2*2*2 {
		t.Fatalf("%d views", len(list))
	}
	var v events.ProductViewed
	if err := list[0].Decode(&v); err != nil || v.UserID != "" || v.ProductID != a {
		t.Errorf("%+v, %v", v, err)
	}
	if items := ask[*Profile](t, m, platform, TasteName, Anonymous("x"), GetTaste{}).Items; len(items) != 0 {
		t.Errorf("an anonymous viewer has a taste: %v", items)
	}
}

func TestSimilarity(t *testing.T) {
	t.Parallel()
	mug := Item{ID: "mug", Name: "Blue Mug", Category: "mugs", Brand: "Acme", Tags: []string{"ceramic"}, Attributes: []string{"colour=blue"}, Price: 1000, Currency: "EUR"}
	pool := []Item{
		mug,
		{ID: "same", Name: "Blue mugs", Category: "mugs", Brand: "ACME", Tags: []string{"Ceramic"}, Attributes: []string{"colour=blue"}, Price: 1000, Currency: "EUR"},
		{ID: "dear", Name: "Blue mugs", Category: "mugs", Brand: "Acme", Tags: []string{"ceramic"}, Attributes: []string{"colour=blue"}, Price: 9000, Currency: "EUR"},
		{ID: "red", Name: "Red Mug", Category: "mugs", Brand: "Acme", Tags: []string{"ceramic"}, Attributes: []string{"colour=red"}, Price: 1000, Currency: "EUR"},
		{ID: "brand", Name: "Kettle", Category: "kettles", Brand: "Acme", Price: 1000, Currency: "EUR"},
		{ID: "else", Name: "Tyre", Category: "bikes", Brand: "Roll", Price: 1000, Currency: "EUR"},
	}
	var got []string
	for _, s := range Similar(&mug, pool, 10) {
		if got = append(got, s.ID); s.Score <= 0 || s.Score > 1 {
			t.Errorf("%v", s)
		}
	}
	if !slices.Equal(got, []string{"same", "dear", "red", "brand"}) {
		t.Errorf("%v", got)
	}
	if len(Similar(&mug, pool, 1)) != 1 || len(Similar(&mug, nil, 1)) != 0 || len(Similar(&Item{}, pool, 3)) != 0 {
		t.Error("bounds")
	}
}
