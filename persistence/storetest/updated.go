package storetest

import (
	"slices"
	"testing"
	"time"

	"entrepot"
	"entrepot/persistence"
)

// testUpdatedAt queries documents by their last write, like a reader that keeps up with a
// collection. A document that is written again is found again, and a page may end between two
// documents with the same time.
func testUpdatedAt(t *testing.T, f *fixture) {
	company := entrepot.NewID()
	at := func(n int) time.Time { return epoch.Add(time.Duration(n) * time.Millisecond) }
	var docs []persistence.Document
	for i := range 7 {
		d := f.doc(company)
		d.UpdatedAt = at(i / 2) // two documents for each time
		f.must(d)
		docs = append(docs, d)
	}
	other := f.doc(entrepot.NewID())
	other.UpdatedAt = at(2)
	f.must(other)
	since := func(conds ...persistence.Cond) []entrepot.ID {
		t.Helper()
		found := f.find(entrepot.InCompany(company), persistence.Query{Where: conds})
		slices.Sort(found)
		return found
	}
	of := func(indexes ...int) (out []entrepot.ID) {
		for _, i := range indexes {
			out = append(out, docs[i].ID)
		}
		slices.Sort(out)
		return out
	}
	from := func(n int) persistence.Cond {
		return persistence.Cond{Field: persistence.UpdatedAt, Op: persistence.Gte, Value: at(n)}
	}
	until := persistence.Cond{Field: persistence.UpdatedAt, Op: persistence.Lt, Value: at(3)}
	check := func(what string, got, want []entrepot.ID) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("%s: want %v, got %v", what, want, got)
		}
	}
	check("since the third time", since(from(2)), of(4, 5, 6))
	check("at the second and third time", since(from(1), until), of(2, 3, 4, 5))
	between := persistence.Cond{
		Field: persistence.UpdatedAt, Op: persistence.Gte, Value: at(3).Add(999 * time.Microsecond),
	}
	check("between two milliseconds", since(between), of(6))
	check("at one time", since(persistence.Cond{Field: persistence.UpdatedAt, Op: persistence.Eq, Value: at(1)}), of(2, 3))
	check("since a later time", since(from(4)), nil)

	again := *f.load(docs[0].ID)
	again.Version, again.UpdatedAt = 2, at(9)
	f.must(again)
	check("after a write", since(from(3)), of(0, 6))
	n, err := f.Count(f.ctx, things, entrepot.InCompany(company), []persistence.Cond{from(3)}, 100)
	if err != nil || n != 2 {
		t.Errorf("Count: want 2, got %d (error %v)", n, err)
	}

	for _, desc := range []bool{false, true} {
		var read []persistence.Document
		q := persistence.Query{Sort: persistence.UpdatedAt, Desc: desc, Limit: 3, Where: []persistence.Cond{from(1)}}
		for {
			page, next, err := f.Find(f.ctx, things, entrepot.InCompany(company), q)
			if err != nil {
				t.Fatal(err)
			}
			read = append(read, page...)
			if q.Cursor = next; next == "" {
				break
			}
		}
		ordered := slices.IsSortedFunc(read, func(a, b persistence.Document) int {
			if desc {
				a, b = b, a
			}
			return a.UpdatedAt.Compare(b.UpdatedAt)
		})
		found := ids(read)
		slices.Sort(found)
		if check("page by page", found, of(0, 2, 3, 4, 5, 6)); !ordered {
			t.Errorf("order by updatedAt, descending %t: got %v", desc, ids(read))
		}
	}
}
