package search

import (
	"cmp"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Minimum quality on the labelled set: a department store's catalogue, and queries with the
// relevance of products. Labels describe what a product is and are not indexed. The floors are
// slightly below the last measurement (docs/search.md).
const (
	floorNDCG   = 0.93
	floorRecall = 0.94
	floorKind   = 0.85 // NDCG for each kind of query
)

type labelled struct {
	*Document
	label map[string]string
}

type judged struct {
	kind, text string
	rules      []judgement
}

type judgement struct {
	conds [][2]string
	grade float64
}

func lines(t *testing.T, file string) [][]string {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	var out [][]string
	for line := range strings.Lines(string(raw)) {
		if line = strings.TrimRight(line, "\n"); line != "" && line[0] != '#' {
			out = append(out, strings.Split(line, "\t"))
		}
	}
	return out
}

func catalogue(t *testing.T) []labelled {
	t.Helper()
	var out []labelled
	for i, f := range lines(t, "catalogue.tsv") {
		price, err := strconv.ParseInt(f[7], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		path := strings.Split(f[3], "/")
		d := &Document{
			ID: f[0], Version: 1, CompanyID: "c", Active: true, Status: "active", SKU: f[0], Name: f[1],
			Brand: f[2], Category: path[0], Path: path,
			Description: f[8], Currency: "EUR", Price: Price{Regular: price}, CreatedMs: int64(i),
		}
		if f[5] != "" {
			d.Attributes = append(d.Attributes, Attribute{"colour", f[5]})
		}
		d.Attributes = append(d.Attributes, Attribute{"make", f[6]})
		out = append(out, labelled{d, map[string]string{"type": f[4], "brand": f[2], "colour": f[5], "make": f[6]}})
	}
	return out
}

func queries(t *testing.T) []judged {
	t.Helper()
	var out []judged
	for _, f := range lines(t, "queries.tsv") {
		q := judged{kind: f[0], text: f[1]}
		for _, rule := range f[2:] {
			conds, grade, _ := strings.Cut(rule, ":")
			g, err := strconv.ParseFloat(grade, 64)
			if err != nil {
				t.Fatal(rule, err)
			}
			j := judgement{grade: g}
			for _, c := range strings.Split(conds, ",") {
				k, v, _ := strings.Cut(c, "=")
				j.conds = append(j.conds, [2]string{k, v})
			}
			q.rules = append(q.rules, j)
		}
		out = append(out, q)
	}
	return out
}

func (q judged) grade(d labelled) float64 {
	for _, r := range q.rules {
		if !slices.ContainsFunc(r.conds, func(c [2]string) bool {
			if c[0] == "category" {
				return !slices.Contains(d.Path, c[1])
			}
			return d.label[c[0]] != c[1]
		}) {
			return r.grade
		}
	}
	return 0
}

const depth = 10

func dcg(grades []float64) (sum float64) {
	for i, g := range grades[:min(len(grades), depth)] {
		sum += (math.Exp2(g) - 1) / math.Log2(float64(i)+2)
	}
	return sum
}

// TestQuality logs NDCG@10 and the recall of the best grade within as many results as it has
// products, at most 50, and checks the minimum values.
func TestQuality(t *testing.T) {
	t.Parallel()
	goods := catalogue(t)
	f := newFixture(t)
	byID := map[string]labelled{}
	for _, g := range goods {
		f.put(g.Document)
		byID[g.ID] = g
	}
	type score struct {
		ndcg, recall float64
		n            int
	}
	kinds, total := map[string]*score{}, &score{}
	all := queries(t)
	if len(all) < 150 || len(goods) < 200 {
		t.Fatalf("labelled set: want at least 150 queries and 200 products, got %d and %d", len(all), len(goods))
	}
	for _, q := range all {
		var ideal []float64
		for _, g := range goods {
			if grade := q.grade(g); grade > 0 {
				ideal = append(ideal, grade)
			}
		}
		slices.SortFunc(ideal, func(a, b float64) int { return cmp.Compare(b, a) })
		best := 0
		for best < len(ideal) && ideal[best] == ideal[0] {
			best++
		}
		best = min(best, 50)
		var got []float64
		found := 0
		for i, hit := range f.find(Query{Text: q.text, Limit: 50}).Items {
			g := q.grade(byID[hit.ID])
			got = append(got, g)
			if g == ideal[0] && i < max(best, depth) {
				found++
			}
		}
		ndcg, recall := dcg(got)/dcg(ideal), min(1, float64(found)/float64(best))
		if ndcg < 0.7 {
			t.Logf("%-12s %-24q NDCG@10 %.2f recall %.2f", q.kind, q.text, ndcg, recall)
		}
		if kinds[q.kind] == nil {
			kinds[q.kind] = &score{}
		}
		for _, s := range []*score{kinds[q.kind], total} {
			s.ndcg, s.recall, s.n = s.ndcg+ndcg, s.recall+recall, s.n+1
		}
	}
	for kind, s := range kinds {
		t.Logf("%-12s %3d queries  NDCG@10 %.3f  recall %.3f",
			kind, s.n, s.ndcg/float64(s.n), s.recall/float64(s.n))
		if s.ndcg/float64(s.n) < floorKind {
			t.Errorf("queries by %s: NDCG@10: want at least %.2f, got %.3f", kind, floorKind, s.ndcg/float64(s.n))
		}
	}
	ndcg, recall := total.ndcg/float64(total.n), total.recall/float64(total.n)
	t.Logf("all          %3d queries over %d products  NDCG@10 %.3f  recall %.3f", total.n, len(goods), ndcg, recall)
	if ndcg < floorNDCG || recall < floorRecall {
		t.Errorf("want NDCG@10 and recall of at least %.2f and %.2f, got %.3f and %.3f", floorNDCG, floorRecall, ndcg, recall)
	}
}
