package storetest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"entrepot"
	"entrepot/persistence"
)

// testPages reads generated lists page by page and compares the result with filtering and sorting
// all documents.
func testPages(t *testing.T, f *fixture) {
	rapid.Check(t, func(rt *rapid.T) {
		company, shops := entrepot.NewID(), []entrepot.ID{entrepot.NewID(), entrepot.NewID()}
		all := generate(rt, f, company, shops)
		scope := rapid.SampledFrom([]entrepot.Scope{
			entrepot.InCompany(company), entrepot.InShops(company, shops[:1]), entrepot.InShops(company, shops),
			entrepot.OwnedBy(company),
		}).Draw(rt, "scope")
		q := persistence.Query{
			Sort:  rapid.SampledFrom([]string{"", "createdAt", "name", "rank", "active", "at"}).Draw(rt, "sort"),
			Desc:  rapid.Bool().Draw(rt, "desc"),
			Limit: rapid.IntRange(1, 12).Draw(rt, "limit"),
			Where: rapid.SampledFrom([][]persistence.Cond{
				nil,
				{{Field: "rank", Op: persistence.Gte, Value: int64(1)}},
				{
					{Field: "name", Op: persistence.Prefix, Value: "a"},
					{Field: "active", Op: persistence.In, Values: []any{true, false}},
				},
				{{Field: "at", Op: persistence.Lt, Value: epoch.Add(2 * time.Second)}},
			}).Draw(rt, "where"),
		}
		p, err := persistence.NewPlan(things, q)
		if err != nil {
			rt.Fatal(err)
		}
		var want []entrepot.ID
		slices.SortFunc(all, func(a, b persistence.Document) int {
			return p.Compare(position(things, p, &a), position(things, p, &b))
		})
		for i := range all {
			if inScope(&all[i], scope) && matches(things, &all[i], p.Where) {
				want = append(want, all[i].ID)
			}
		}
		got := f.walk(rt, scope, q)
		if !slices.Equal(got, want) {
			rt.Fatalf("query %+v: want\n%v\ngot\n%v", q, want, got)
		}
	})
}

// generate writes documents of a company that draw from few values, so that many are equal.
func generate(rt *rapid.T, f *fixture, company entrepot.ID, shops []entrepot.ID) []persistence.Document {
	pick := func(label string, values ...any) any { return rapid.SampledFrom(values).Draw(rt, label) }
	all := make([]persistence.Document, rapid.IntRange(0, 40).Draw(rt, "documents"))
	batch := make([]persistence.Write, len(all))
	for i := range all {
		d := f.doc(company)
		d.ShopID = pick("shop", "", shops[0], shops[1]).(string)
		d.OwnerID = pick("owner", "", company, shops[0]).(string)
		d.CreatedAt = epoch.Add(time.Duration(rapid.IntRange(0, 5).Draw(rt, "created")) * time.Millisecond)
		d.Fields = []any{
			pick("name", nil, "", "a", "ab", "b", "É", "a\x00", "🙂"), nil,
			pick("rank", nil, int64(-1), int64(0), int64(1), int64(1<<53+1), int64(1<<53)),
			pick("active", nil, true, false),
			pick("at", nil, epoch, epoch.Add(time.Second), epoch.Add(time.Hour)), nil,
		}
		all[i], batch[i] = d, write(d)
	}
	for i, err := range f.Commit(f.ctx, batch) {
		if err != nil {
			rt.Fatalf("document %d: %v", i, err)
		}
	}
	return all
}

// walk follows the cursors to the last page and returns all ids.
func (f *fixture) walk(t rapid.TB, scope entrepot.Scope, q persistence.Query) (all []entrepot.ID) {
	for range 1000 {
		docs, next, err := f.Find(f.ctx, things, scope, q)
		if err != nil {
			t.Fatalf("Find %+v: %v", q, err)
		}
		if len(docs) > q.Limit || (next != "" && len(docs) < q.Limit) {
			t.Fatalf("page: want up to %d documents, and a full page before the last; got %d, next %q", q.Limit, len(docs), next)
		}
		all = append(all, ids(docs)...)
		if next == "" {
			return all
		}
		q.Cursor = next
	}
	t.Fatal("no last page within 1000 pages")
	return nil
}

func testForeignCursors(t *testing.T, f *fixture) {
	company := entrepot.NewID()
	for range 3 {
		f.must(f.doc(company))
	}
	q := persistence.Query{Limit: 1, Sort: "rank"}
	_, cursor, err := f.Find(f.ctx, things, entrepot.InCompany(company), q)
	if err != nil || cursor == "" {
		t.Fatalf("first page: want a cursor, got %q (error %v)", cursor, err)
	}
	refused := func(q persistence.Query) {
		t.Helper()
		_, _, err := f.Find(f.ctx, things, entrepot.InCompany(company), q)
		var e *entrepot.Error
		if !errors.As(err, &e) || e.Code != entrepot.CodeInvalid || len(e.Fields) != 1 ||
			e.Fields[0].Field != "cursor" {
			t.Errorf("cursor %.40q: want a CodeInvalid error on cursor, got %v", q.Cursor, err)
		}
	}
	refused(persistence.Query{Limit: 1, Sort: "name", Cursor: cursor})
	refused(persistence.Query{Limit: 1, Sort: "rank", Desc: true, Cursor: cursor})
	refused(persistence.Query{Limit: 1, Cursor: cursor})
	for i := range cursor {
		changed := []byte(cursor)
		changed[i] ^= 1
		q.Cursor = string(changed)
		refused(q)
	}
	for _, text := range []string{
		"x", "!!", cursor + "A", cursor[1:], " ", "\x00", `{"$gt":""}`, "AAAAAAAA", strings.Repeat("A", 1<<16),
	} {
		q.Cursor = text
		refused(q)
	}
}

// testMixedIDs checks lists that mix ObjectIDs with other ids. One store sorts them separately; no
// page may skip any of them.
func testMixedIDs(t *testing.T, f *fixture) {
	company := entrepot.NewID()
	want := map[entrepot.ID]bool{}
	for i := range 14 {
		d := f.doc(company)
		if i%2 == 0 {
			d.ID = fmt.Sprintf("day:%02d:%s", i, d.ID)
		}
		if i%4 < 2 {
			d.Fields[2] = int64(1)
		}
		want[d.ID] = true
		f.must(d)
	}
	for _, sort := range []string{"createdAt", "rank", "name"} {
		for _, desc := range []bool{false, true} {
			all := f.walk(t, entrepot.InCompany(company), persistence.Query{Limit: 3, Sort: sort, Desc: desc})
			seen := map[entrepot.ID]bool{}
			for _, id := range all {
				seen[id] = true
			}
			if len(all) != len(want) || !maps.Equal(seen, want) {
				t.Errorf("by %s, descending %t: want %d documents, got %d, of which %d different",
					sort, desc, len(want), len(all), len(seen))
			}
		}
	}
}
