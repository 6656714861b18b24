package storetest

import (
	"slices"
	"testing"
	"time"

	"entrepot"
	"entrepot/persistence"
)

// testUpdatedAt asks for what was written since a moment, in the order of the last
// writes, as a reader does that keeps up with a collection: whatever is written
// again is found again, and a page ends between two documents of one moment.
func testUpdatedAt(t *testing.T, f *fixture) {
	company := entrepot.NewID()
	at := func(n int) time.Time { return epoch.Add(time.Duration(n) * time.Millisecond) }
	var docs []persistence.Document
	for i := range 7 {
		d := f.doc(company)
		d.UpdatedAt = at(i / 2) // two of each moment
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
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	check("since the third moment", since(from(2)), of(4, 5, 6))
	check("in the second and third", since(from(1), until), of(2, 3, 4, 5))
	check("between two moments of the clock", since(persistence.Cond{Field: persistence.UpdatedAt, Op: persistence.Gte, Value: at(3).Add(999 * time.Microsecond)}), of(6))
	check("at one", since(persistence.Cond{Field: persistence.UpdatedAt, Op: persistence.Eq, Value: at(1)}), of(2, 3))
	check("since what is not yet", since(from(4)), nil)

	again := *f.load(docs[0].ID)
	again.Version, again.UpdatedAt = 2, at(9)
	f.must(again)
	check("after a write", since(from(3)), of(0, 6))
	if n, err := f.Count(f.ctx, things, entrepot.InCompany(company), []persistence.Cond{from(3)}, 100); err != nil || n != 2 {
		t.Errorf("counted %d, %v", n, err)
	}

	for _, desc := range []bool{false, true} {
		var read []persistence.Document
		for q := (persistence.Query{Sort: persistence.UpdatedAt, Desc: desc, Limit: 3, Where: []persistence.Cond{from(1)}}); ; {
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
			t.Errorf("in the order %v, descending %v", ids(read), desc)
		}
	}
}
