package search

import (
	"context"
	"fmt"
	"testing"
	"time"
)

func TestNewerVersionsReplaceOlderOnes(t *testing.T) {
	t.Parallel()
	f := newFixture(t, goods()...)
	f.put(&Document{ID: "mug", Version: 3, Name: "Beaker", CreatedMs: 2})
	f.put(&Document{ID: "mug", Version: 2, Name: "Stoneware Mug", CreatedMs: 2})
	f.wants("mug", Query{Text: "beaker"})
	f.wants("", Query{Text: "stoneware mug", Brands: []string{"Terra"}, Categories: []string{"mugs"}})
	f.put(&Document{ID: "mug", Version: 4, Name: "Beaker", CreatedMs: 2, Price: Price{Regular: 7}}) // the same text
	if r := f.find(Query{Text: "beaker"}); len(r.Items) != 1 || r.Items[0].Price.Regular != 7 {
		t.Errorf("found: want one beaker at price 7, got %+v", r.Items)
	}
	f.Delete("mug")
	f.wants("", Query{Text: "beaker"})
	if f.Version("mug") != 0 || f.Len() != 3 {
		t.Error("the deleted product is still in the index")
	}
}

func TestSalesBeginAndEndByThemselves(t *testing.T) {
	t.Parallel()
	f := newFixture(t, &Document{ID: "a", Name: "a", Price: Price{Regular: 100}, CreatedMs: 1})
	now := f.now.UnixMilli()
	f.put(&Document{
		ID: "b", Name: "b", ShopIDs: []string{"A"}, ShopPrices: map[string]Price{"A": {Regular: 10}},
		Price: Price{Regular: 200, Sale: 50, OnSale: true, FromMs: now + 1000, UntilMs: now + 2000},
	})
	for _, want := range []string{"a b", "b a", "a b"} {
		f.Tick()
		f.wants(want, Query{Sort: Cheapest})
		f.now = f.now.Add(time.Second)
	}
	f.wants("b", Query{ShopID: "A", MaxPrice: 10, HasMax: true})
}

// TestAgingKeepsEverything checks that many small changes, merges and a rebuild lose nothing and
// duplicate nothing.
func TestAgingKeepsEverything(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for round := range 3 {
		for i := range 60 {
			name := fmt.Sprintf("thing round%c number", 'a'+round)
			f.put(&Document{ID: fmt.Sprint(i), Version: int64(round + 1), Name: name, CreatedMs: int64(i)})
		}
	}
	f.Delete("7")
	check := func(when string) {
		t.Helper()
		if n := f.find(Query{Text: "roundc"}).Total; n != 59 {
			t.Errorf("%s: products of the last round: want 59, got %d", when, n)
		}
		// One letter away, so all or none may match.
		if n := f.find(Query{Text: "rounda", Brands: nil, Highlight: false}).Total; n != 0 && n != 59 {
			t.Errorf("%s: products of the first round: want 0 or 59, got %d", when, n)
		}
	}
	check("aged")
	if f.core.young.segments > youngSegments {
		t.Errorf("young segments: want at most %d, got %d", youngSegments, f.core.young.segments)
	}
	if err := f.Renew(); err != nil {
		t.Fatal(err)
	}
	check("renewed")
	if f.Len() != 59 || len(f.core.docs) != 59 {
		t.Errorf("after Renew: want 59 products and ordinals, got %d and %d", f.Len(), len(f.core.docs))
	}
	f.Close()
	if _, err := f.Search(context.Background(), Query{Limit: 1}); err == nil {
		t.Error("Search on a closed index: want an error, got nil")
	}
	if f.Put(&Document{ID: "x", Version: 1}) == nil {
		t.Error("Put on a closed index: want an error, got nil")
	}
}

// TestSearchesWhileChanging runs searches and changes concurrently, for the race detector.
func TestSearchesWhileChanging(t *testing.T) {
	t.Parallel()
	f := newFixture(t, goods()...)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 120 {
			_ = f.Put(&Document{
				ID: fmt.Sprint("n", i%10), Version: int64(i + 2), CompanyID: "acme", Active: true,
				Name: fmt.Sprint("espresso thing ", i),
			})
			f.SetStock(Stock{"i", "cup", "A", int64(i % 2), int64(i), ""})
			f.AddSales(Sale{"cup", 1, f.now})
			if i == 60 {
				_ = f.Renew()
			}
		}
	}()
	for {
		select {
		case <-done:
			return
		default:
			if f.find(Query{Text: "espresso", Facets: Facets}).Total < 3 {
				t.Error("a search during changes lost products")
			}
			if _, err := f.Suggest(t.Context(), Sight{}, "espr", 5); err != nil {
				t.Error(err)
			}
			f.Similar(t.Context(), "cup", 3)
		}
	}
}
