package recommend

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"entrepot"

	"pgregory.net/rapid"
)

// After any events in any order, states stay within their bounds, and no event counts twice.
func TestBoundsHold(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var near Affinity
		var top Trending
		var taste Taste
		orders := map[string]bool{}
		turn := entrepot.Turn{ID: ann.UserID, Now: start, Caller: platform}
		for range rapid.IntRange(1, 60).Draw(t, "orders") {
			n := rapid.IntRange(0, 1500).Draw(t, "order")
			id, at := fmt.Sprint(n), start.Add(-time.Duration(n)*time.Second).UnixMilli()
			orders[id] = true
			var others []entrepot.ID
			for i := range rapid.IntRange(0, 60).Draw(t, "products") {
				others = append(others, entrepot.DeriveID("p", fmt.Sprint(n*7%400+i)))
			}
			for _, f := range must(near.Bought(turn, Bought{Purchases: []Purchase{{OrderID: id, At: at, With: with(others...)}}})) {
				near.Apply(f)
			}
			for _, f := range must(top.Count(turn, Count{Signals: []Signal{{EventID: id, At: at, ProductIDs: others, Weight: 1}}})) {
				top.Apply(f)
			}
			for _, f := range must(taste.Like(turn, Like{Likings: []Liking{{EventID: id, At: at, How: Wished, ProductIDs: others}}})) {
				taste.Apply(f)
			}
		}
		if len(near.Near) > maxNeighbours || len(top.Products) > maxTrending || len(taste.Items) > maxTaste {
			t.Fatalf("%d, %d, %d", len(near.Near), len(top.Products), len(taste.Items))
		}
		if w := near.Own.at(start.UnixMilli(), affinityHalf); w > float64(len(orders)) {
			t.Fatalf("%d orders count %v", len(orders), w)
		}
		for _, s := range near.Neighbours(start, MaxShown) {
			if s.Score < 0 || s.Score > 1 {
				t.Fatalf("score %v", s.Score)
			}
		}
		for _, s := range []any{&near, &top, &taste} {
			back := reflect.New(reflect.TypeOf(s).Elem()).Interface()
			text, err := json.Marshal(s)
			if err != nil || json.Unmarshal(text, back) != nil {
				t.Fatalf("%s: %v", text, err)
			}
			if again, _ := json.Marshal(back); string(again) != string(text) {
				t.Fatalf("%s is not %s", again, text)
			}
		}
	})
}

// Dropped events count as known.
func TestMemoryCountsOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		const most = 8
		var m memory
		counted := map[string]int{}
		for range rapid.IntRange(1, 200).Draw(t, "deliveries") {
			n := rapid.Int64Range(0, 60).Draw(t, "event")
			id, at := fmt.Sprint(n), 1_000_000+n*60_000
			if m.knows(id, at) {
				continue
			}
			counted[id]++
			m.keep(id, at, most)
			if len(m.Seen) > most*entrySize {
				t.Fatalf("%d bytes", len(m.Seen))
			}
		}
		for id, n := range counted {
			if n > 1 {
				t.Fatalf("event %s counted %d times", id, n)
			}
		}
	})
	// In order everything counts, whatever is dropped meanwhile.
	var m memory
	for i := range int64(1000) {
		if id := fmt.Sprint(i); m.knows(id, 1+i) {
			t.Fatalf("event %d is not counted", i)
		} else {
			m.keep(id, 1+i, 8)
		}
	}
}

// The guarantee of Space-Saving: a product with more than 1/most of all weight is on the board, and
// no sure weight exceeds the true one.
func TestBoardKeepsTheFrequent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		const most = 10
		var list board
		truth, all := map[string]float64{}, 0.0
		for range rapid.IntRange(1, 400).Draw(t, "adds") {
			id := fmt.Sprint(int(math.Pow(rapid.Float64Range(1, 7).Draw(t, "which"), 2)))
			list.add(id, 1, start.UnixMilli(), trendingHalf, most)
			truth[id]++
			all++
		}
		for id, n := range truth {
			i := slices.IndexFunc(list, func(r ranked) bool { return r.ID == id })
			if i < 0 && n > all/most {
				t.Fatalf("%s has %v of %v and is not there", id, n, all)
			}
			if i >= 0 && (list[i].sure(start.UnixMilli(), trendingHalf) > n || list[i].Sum < n) {
				t.Fatalf("%s has %v: %+v", id, n, list[i])
			}
		}
	})
}
