package search

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"entrepot"
)

func syllables(r *rand.Rand, n int) string {
	parts := []string{"ka", "mo", "ri", "ta", "le", "su", "no", "vi", "do", "pe", "sha", "gru", "bel", "tor", "min"}
	x := int(float64(n) * r.Float64() * r.Float64())
	out := ""
	for range 3 {
		out += parts[x%15]
		x /= 15
	}
	return out
}

func big(n int) []*Document {
	r := rand.New(rand.NewPCG(1, 2))
	docs := make([]*Document, n)
	for i := range docs {
		desc := make([]string, 25)
		for j := range desc {
			desc[j] = syllables(r, 3000)
		}
		docs[i] = &Document{
			ID: entrepot.DeriveID("p", fmt.Sprint(i)), Version: 1, CompanyID: "c", ShopIDs: []string{fmt.Sprint("shop", r.IntN(50))}, Active: true, Status: "active",
			Name: syllables(r, 3000) + " " + syllables(r, 3000) + " " + syllables(r, 300), Brand: syllables(r, 400), Category: syllables(r, 60), SKU: fmt.Sprint("SKU-", i),
			Attributes: []Attribute{{"colour", syllables(r, 20)}, {"size", fmt.Sprint(r.IntN(10))}}, Description: strings.Join(desc, " "),
			Currency: "EUR", Price: Price{Regular: 100 + r.Int64N(20000)}, CreatedMs: int64(i),
			Ratings: [5]int64{0, 0, r.Int64N(3), r.Int64N(5), r.Int64N(9)},
		}
	}
	return docs
}

func TestScale(t *testing.T) {
	docs := big(100_000)
	var a, b runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&a)
	ix, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if err := ix.Put(docs...); err != nil {
		t.Fatal(err)
	}
	built := time.Since(start)
	runtime.GC()
	runtime.ReadMemStats(&b)
	fmt.Printf("build %v, heap +%d MB\n", built, (b.HeapAlloc-a.HeapAlloc)>>20)
	r := rand.New(rand.NewPCG(3, 4))
	run := func(name string, q func() Query) {
		const n = 200
		var worst time.Duration
		total := 0
		start := time.Now()
		for range n {
			s := time.Now()
			res, err := ix.Search(context.Background(), q())
			if err != nil {
				t.Fatal(err)
			}
			worst = max(worst, time.Since(s))
			total += res.Total
		}
		fmt.Printf("%-30s mean %v worst %v, %d found\n", name, time.Since(start)/n, worst, total/n)
	}
	run("list newest", func() Query { return Query{Sort: Newest, Limit: 20} })
	run("filter brand+price", func() Query {
		return Query{Brands: []string{syllables(r, 400)}, MinPrice: 1000, MaxPrice: 10000, HasMax: true, Currency: "EUR", Sort: Cheapest, Limit: 20}
	})
	run("filter category+facets", func() Query {
		return Query{Categories: []string{syllables(r, 60)}, Sort: Cheapest, Limit: 20, Facets: Facets}
	})
	run("all facets of all", func() Query { return Query{Sort: Cheapest, Limit: 20, Facets: Facets} })
	run("text 1", func() Query { return Query{Text: syllables(r, 3000) + " ", Limit: 20} })
	run("text 1 prefix", func() Query { return Query{Text: syllables(r, 3000)[:4], Limit: 20} })
	run("text 2", func() Query { return Query{Text: syllables(r, 3000) + " " + syllables(r, 3000), Limit: 20} })
	run("text 2 typo", func() Query { return Query{Text: syllables(r, 3000) + "xx " + syllables(r, 3000), Limit: 20} })
	run("text 2 facets", func() Query {
		return Query{Text: syllables(r, 3000) + " " + syllables(r, 300), Limit: 20, Facets: Facets}
	})
	s := time.Now()
	for i := range 100 {
		ix.Similar(context.Background(), docs[i].ID, 10)
	}
	fmt.Println("similar", time.Since(s)/100)
	s = time.Now()
	for i := range 100 {
		if _, err := ix.Suggest(context.Background(), Sight{}, docs[i].Name[:5], 5); err != nil {
			t.Fatal(err)
		}
	}
	fmt.Println("suggest", time.Since(s)/100)
	s = time.Now()
	for i := range 200 {
		d := *docs[i]
		d.Name, d.Version = "changed "+d.Name, 2
		if err := ix.Put(&d); err != nil {
			t.Fatal(err)
		}
	}
	fmt.Println("put one", time.Since(s)/200)
}
