package recommend

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
)

// A taste survives a restart, with its events.
func TestTaste(t *testing.T) {
	t.Parallel()
	m := newMember(t)
	look := func(as entrepot.Caller, product string, ms int64) {
		t.Helper()
		ask[grains.Done](t, m, as, TasteName, as.UserID, View{ProductID: product, CompanyID: company, DurationMs: ms})
	}
	look(ann, a, 0)
	m.SetNow(start.Add(ViewedAgain - time.Millisecond))
	look(ann, a, 5000)
	m.SetNow(start.Add(2 * ViewedAgain))
	look(ann, a, 0)
	like := Like{Likings: []Liking{
		{EventID: "1", At: start.UnixMilli(), How: Wished, ProductIDs: []string{b}},
		{EventID: "2", At: start.UnixMilli(), How: Wished, ProductIDs: []string{c}},
		{EventID: "3", At: start.UnixMilli(), How: "cursed", ProductIDs: []string{c}},
	}}
	for range 2 {
		ask[grains.Done](t, m, platform, TasteName, ann.UserID, like)
		m.Restart()
	}
	var told []events.ProductViewed
	for _, e := range m.Events() {
		var v events.ProductViewed
		if err := e.Decode(&v); err != nil || e.Type != "product.viewed" || e.Actor.UserID != ann.UserID || e.CompanyID != "" {
			t.Fatalf("%+v: %v", e, err)
		}
		told = append(told, v)
	}
	first := events.ProductViewed{UserID: ann.UserID, ProductID: a, CompanyID: company, ViewedAt: start}
	if len(told) != 3 || told[0] != first || !told[1].Repeated || told[1].Duration != 5000 || told[2].Repeated {
		t.Fatalf("%+v", told)
	}
	items := ask[*Profile](t, m, ann, TasteName, ann.UserID, GetTaste{}).Items
	if len(items) != 3 || items[0].How != Wished || items[1].How != Wished || items[2].ProductID != a || items[2].How != HowViewed {
		t.Fatalf("%v", items)
	}
	if w := items[2].Weight; w < 1.9 || w > 2 {
		t.Errorf("a repeated view within half an hour counts: weight %v, want 1.9 to 2", w)
	}
	if _, err := grains.Ask(m.As(ben), m, TasteOf(ann.UserID), GetTaste{}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Errorf("another user reads: %v, want not found", err)
	}
	for range 2 {
		ask[grains.Done](t, m, platform, TasteName, ann.UserID, Forget{})
		ask[grains.Done](t, m, platform, TasteName, ann.UserID, Like{Likings: []Liking{{EventID: "9", At: start.UnixMilli(), How: Wished, ProductIDs: []string{a}}}})
		m.Restart()
	}
	if items := ask[*Profile](t, m, platform, TasteName, ann.UserID, GetTaste{}).Items; len(items) != 0 {
		t.Errorf("forgotten: %v", items)
	}
}

// A withdrawn wish has no weight.
func TestWithdrawnWish(t *testing.T) {
	t.Parallel()
	m := newMember(t)
	like := func(event, how, product string) {
		t.Helper()
		l := Liking{EventID: event, At: start.UnixMilli(), How: how, ProductIDs: []string{product}}
		ask[grains.Done](t, m, platform, TasteName, ann.UserID, Like{Likings: []Liking{l}})
		m.Restart()
	}
	like("1", Wished, a)
	like("2", Wished, c)
	for range 2 {
		like("3", Unwished, c)
		like("4", Unwished, b)
	}
	items := ask[*Profile](t, m, ann, TasteName, ann.UserID, GetTaste{}).Items
	if len(items) != 1 || items[0].ProductID != a || items[0].Weight != 3 {
		t.Fatalf("%v", items)
	}
}

// Every purchase counts, decayed; a cancelled one counts as interest only.
func TestWithBought(t *testing.T) {
	t.Parallel()
	ago := func(d time.Duration) time.Time { return start.Add(-d) }
	taste := []Liked{{ProductID: c, Weight: 3, How: Wished, At: start.UnixMilli()}}
	items := WithBought(taste, []Purchased{
		{ProductID: a, At: start, Cancelled: true},
		{ProductID: b, At: ago(time.Hour)},
		{ProductID: b, At: ago(tasteHalf)},
		{ProductID: c, At: ago(tasteHalf), Cancelled: true},
	}, start)
	var got []string
	for _, l := range items {
		name := map[string]string{a: "a", b: "b", c: "c"}[l.ProductID]
		got = append(got, fmt.Sprintf("%s %s %.1f %t", name, l.How, l.Weight, l.BoughtAt == ago(time.Hour).UnixMilli()))
	}
	if want := []string{"b bought 7.5 true", "c wished 3.5 false", "a viewed 1.0 false"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	var many []Purchased
	for i := range MaxPurchases {
		many = append(many, Purchased{ProductID: entrepot.DeriveID("p", fmt.Sprint(i)), At: start})
	}
	if items := WithBought(taste, many, start); len(items) != maxTaste || items[0].How != HowBought {
		t.Errorf("%d products", len(items))
	}
}

func TestPersonalOmitsKnownProducts(t *testing.T) {
	t.Parallel()
	taste := []Liked{
		{ProductID: a, Weight: 5, How: HowBought, BoughtAt: 1}, {ProductID: b, Weight: 3, How: Wished}, {ProductID: c, Weight: 1, How: HowViewed},
	}
	near := map[entrepot.ID][]Scored{
		a: {{"x", 0.5}, {b, 0.9}, {c, 0.4}}, b: {{a, 1}, {"x", 0.1}, {"y", 0.5}}, c: {{"y", 0.2}},
	}
	got := Personal(taste, near, map[entrepot.ID][]Scored{c: {{"z", 1}}}, 10)
	var ids []string
	for _, s := range got {
		ids = append(ids, s.ID+" for "+s.Because.How)
	}
	// x: 5·0.5 + 3·0.1; c: 5·0.4, which was only looked at; y: 3·0.5 + 1·0.2; z: 1·likeness.
	if !slices.Equal(ids, []string{"x for bought", c + " for bought", "y for wished", "z for viewed"}) {
		t.Errorf("%v", ids)
	}
	if len(Personal(taste, near, nil, 1)) != 1 || len(Personal(nil, nil, nil, 1)) != 0 {
		t.Error("bounds")
	}
}
