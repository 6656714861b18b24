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
		t.Errorf("%+v", r.Items)
	}
	f.Delete("mug")
	f.wants("", Query{Text: "beaker"})
	if f.Version("mug") != 0 || f.Len() != 3 {
		t.Error("it is still there")
	}
}

func TestSalesBeginAndEndByThemselves(t *testing.T) {
	t.Parallel()
	f := newFixture(t, &Document{ID: "a", Name: "a", Price: Price{Regular: 100}, CreatedMs: 1})
	now := f.now.UnixMilli()
	f.put(&Document{ID: "b", Name: "b", Price: Price{Regular: 200, Sale: 50, OnSale: true, FromMs: now + 1000, UntilMs: now + 2000}, ShopPrices: map[string]Price{"A": {Regular: 10}}, ShopIDs: []string{"A"}})
	for _, want := range []string{"a b", "b a", "a b"} {
		f.Tick()
		f.wants(want, Query{Sort: Cheapest})
		f.now = f.now.Add(time.Second)
	}
	f.wants("b", Query{ShopID: "A", MaxPrice: 10, HasMax: true})
}

// Many small changes, compactions and a renewal lose nothing and find nothing twice.
func TestAgingKeepsEverything(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for round := range 3 {
		for i := range 60 {
			f.put(&Document{ID: fmt.Sprint(i), Version: int64(round + 1), Name: fmt.Sprintf("thing round%c number", 'a'+round), CreatedMs: int64(i)})
		}
	}
	f.Delete("7")
	check := func(when string) {
		t.Helper()
		if n := f.find(Query{Text: "roundc"}).Total; n != 59 {
			t.Errorf("%s: %d found", when, n)
		}
		if n := f.find(Query{Text: "rounda", Brands: nil, Highlight: false}).Total; n != 0 && n != 59 { // one letter away
			t.Errorf("%s: %d old ones found", when, n)
		}
	}
	check("aged")
	if f.core.young.segments > youngSegments {
		t.Errorf("%d segments", f.core.young.segments)
	}
	if err := f.Renew(); err != nil {
		t.Fatal(err)
	}
	check("renewed")
	if f.Len() != 59 || len(f.core.docs) != 59 {
		t.Errorf("%d products in %d places", f.Len(), len(f.core.docs))
	}
	f.Close()
	if _, err := f.Search(context.Background(), Query{Limit: 1}); err == nil {
		t.Error("a closed index answers")
	}
	if f.Put(&Document{ID: "x", Version: 1}) == nil {
		t.Error("a closed index takes documents")
	}
}

// Searches and changes may run side by side (the race detector looks on).
func TestSearchesWhileChanging(t *testing.T) {
	t.Parallel()
	f := newFixture(t, goods()...)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 120 {
			_ = f.Put(&Document{ID: fmt.Sprint("n", i%10), Version: int64(i + 2), CompanyID: "acme", Active: true, Name: fmt.Sprint("espresso thing ", i)})
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
				t.Error("lost")
			}
			if _, err := f.Suggest(t.Context(), Sight{}, "espr", 5); err != nil {
				t.Error(err)
			}
			f.Similar(t.Context(), "cup", 3)
		}
	}
}
