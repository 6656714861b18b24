package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"entrepot"
	"entrepot/persistence"
)

func (f *fixture) find(scope entrepot.Scope, q persistence.Query) []entrepot.ID {
	f.t.Helper()
	if q.Limit == 0 {
		q.Limit = 100
	}
	docs, _, err := f.Find(f.ctx, things, scope, q)
	if err != nil {
		f.t.Fatalf("Find %+v: %v", q, err)
	}
	return ids(docs)
}

func testScopes(t *testing.T, f *fixture) {
	a, b, owner := entrepot.NewID(), entrepot.NewID(), entrepot.NewID()
	shop1, shop2 := entrepot.NewID(), entrepot.NewID()
	add := func(company, shop, owner entrepot.ID) entrepot.ID {
		d := f.doc(company)
		d.ShopID, d.OwnerID = shop, owner
		f.must(d)
		return d.ID
	}
	a1, a2, a0 := add(a, shop1, owner), add(a, shop2, ""), add(a, "", "")
	b1, b0 := add(b, shop1, ""), add(b, "", owner)
	none := add("", "", "")
	for _, c := range []struct {
		name  string
		scope entrepot.Scope
		want  []entrepot.ID
	}{
		{"everything", entrepot.AllTenants(), []entrepot.ID{a1, a2, a0, b1, b0, none}},
		{"company a", entrepot.InCompany(a), []entrepot.ID{a1, a2, a0}},
		{"company b", entrepot.InCompany(b), []entrepot.ID{b1, b0}},
		{"shop 1 of a", entrepot.InShops(a, []entrepot.ID{shop1}), []entrepot.ID{a1}},
		{"both shops of a", entrepot.InShops(a, []entrepot.ID{shop2, shop1}), []entrepot.ID{a1, a2}},
		{"no shops", entrepot.InShops(a, nil), nil},
		{"shops of no company", entrepot.InShops("", []entrepot.ID{shop1}), nil},
		{"owner", entrepot.OwnedBy(owner), []entrepot.ID{a1, b0}},
		{"no owner", entrepot.OwnedBy(""), nil},
		{"no company", entrepot.InCompany(""), nil},
		{"nothing", entrepot.Scope{}, nil},
		{"a stranger", entrepot.InCompany(entrepot.NewID()), nil},
		{"an operator", entrepot.InCompany(`{"$gt":""}`), nil},
	} {
		got := f.find(c.scope, persistence.Query{})
		slices.Sort(got)
		slices.Sort(c.want)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: want %v, got %v", c.name, c.want, got)
		}
		// A condition can narrow a scope but never widen it.
		onlyB := []persistence.Cond{{Field: "companyId", Op: persistence.Eq, Value: b}}
		got = f.find(c.scope, persistence.Query{Where: onlyB})
		for _, id := range got {
			if (id != b1 && id != b0) || !slices.Contains(c.want, id) {
				t.Errorf("%s with a condition on company b: want only its documents, got %v", c.name, got)
			}
		}
	}
}

func testConditions(t *testing.T, f *fixture) {
	company := entrepot.NewID()
	at := func(n int) time.Time { return epoch.Add(time.Duration(n) * time.Second) }
	rows := [][]any{
		{"apple", "n1", int64(1), true, at(1), int64(10)},
		{"apricot", "n2", int64(2), false, at(2), nil},
		{"Apple", "", int64(-3), nil, nil, nil},
		{"", nil, int64(0), true, at(0), nil},
		{nil, nil, nil, nil, nil, nil},
		{"ap\U0010FFFF", "N1", int64(1 << 60), false, at(-5), nil},
	}
	names := map[entrepot.ID]int{}
	for i, fields := range rows {
		d := f.doc(company)
		d.Fields, d.CreatedAt = fields, at(i)
		f.must(d)
		names[d.ID] = i
	}
	other := f.doc(entrepot.NewID())
	other.Fields = []any{"apple", "n9", int64(1), true, at(1), nil}
	f.must(other)
	for _, c := range []struct {
		cond persistence.Cond
		want []int
	}{
		{persistence.Cond{Field: "name", Op: persistence.Eq, Value: "apple"}, []int{0}},
		{persistence.Cond{Field: "name", Op: persistence.Eq, Value: ""}, []int{3}},
		{persistence.Cond{Field: "name", Op: persistence.Eq, Value: nil}, []int{4}},
		{persistence.Cond{Field: "number", Op: persistence.Eq, Value: "n1"}, []int{0}},
		{persistence.Cond{Field: "number", Op: persistence.Eq, Value: ""}, []int{2}},
		{persistence.Cond{Field: "number", Op: persistence.In, Values: []any{"n1", "", "n9"}}, []int{0, 2}},
		{persistence.Cond{Field: "number", Op: persistence.Prefix, Value: "n"}, []int{0, 1}},
		{persistence.Cond{Field: "number", Op: persistence.Prefix, Value: ""}, []int{0, 1, 2, 5}},
		{persistence.Cond{Field: "number", Op: persistence.Gte, Value: ""}, []int{0, 1, 2, 5}},
		{persistence.Cond{Field: "number", Op: persistence.Lt, Value: "n"}, []int{2, 5}},
		{persistence.Cond{Field: "rank", Op: persistence.Eq, Value: int64(0)}, []int{3}},
		{persistence.Cond{Field: "rank", Op: persistence.Gte, Value: int64(1)}, []int{0, 1, 5}},
		{persistence.Cond{Field: "rank", Op: persistence.Lt, Value: int64(1)}, []int{2, 3}},
		{persistence.Cond{Field: "rank", Op: persistence.In, Values: []any{int64(2), int64(1 << 60), int64(9)}}, []int{1, 5}},
		{persistence.Cond{Field: "rank", Op: persistence.In, Values: nil}, nil},
		{persistence.Cond{Field: "active", Op: persistence.Eq, Value: false}, []int{1, 5}},
		{persistence.Cond{Field: "active", Op: persistence.Eq, Value: nil}, []int{2, 4}},
		{persistence.Cond{Field: "at", Op: persistence.Gte, Value: at(1)}, []int{0, 1}},
		{persistence.Cond{Field: "at", Op: persistence.Lt, Value: at(1)}, []int{3, 5}},
		{persistence.Cond{Field: "serial", Op: persistence.Eq, Value: int64(10)}, []int{0}},
		{persistence.Cond{Field: "createdAt", Op: persistence.Gte, Value: at(4)}, []int{4, 5}},
		{persistence.Cond{Field: "name", Op: persistence.Prefix, Value: "ap"}, []int{0, 1, 5}},
		{persistence.Cond{Field: "name", Op: persistence.Prefix, Value: "ap\U0010FFFF"}, []int{5}},
		{persistence.Cond{Field: "name", Op: persistence.Prefix, Value: "%"}, nil},
		{persistence.Cond{Field: "ownerId", Op: persistence.Eq, Value: ""}, []int{0, 1, 2, 3, 4, 5}},
		{persistence.Cond{Field: "ownerId", Op: persistence.Eq, Value: entrepot.NewID()}, nil},
	} {
		got := []int{}
		for _, id := range f.find(entrepot.InCompany(company), persistence.Query{Where: []persistence.Cond{c.cond}}) {
			i, ok := names[id]
			if !ok {
				t.Fatalf("condition %+v returned another company's document", c.cond)
			}
			got = append(got, i)
		}
		slices.Sort(got)
		if !slices.Equal(got, c.want) {
			t.Errorf("condition %+v: want %v, got %v", c.cond, c.want, got)
		}
	}
	// Find loads everything except Recent and Outbox.
	docs, _, err := f.Find(f.ctx, things, entrepot.InCompany(company), persistence.Query{Limit: 1})
	if err != nil || len(docs) != 1 {
		t.Fatalf("Find: want 1 document, got %v (error %v)", docs, err)
	}
	if want := f.load(docs[0].ID); !reflect.DeepEqual(docs[0], *want) {
		t.Errorf("Find: want, as by Load,\n%+v\ngot\n%+v", *want, docs[0])
	}
}

func testUndeclared(t *testing.T, f *fixture) {
	for _, q := range []persistence.Query{
		{Limit: 0},
		{Limit: 101},
		{Limit: -1},
		{Limit: 1, Sort: "nonsense"},
		{Limit: 1, Sort: "state"},
		{Limit: 1, Sort: "ownerId"},
		{Limit: 1, Sort: "_id"},
		{Limit: 1, Where: []persistence.Cond{{Field: "state.label", Value: "x"}}},
		{Limit: 1, Where: []persistence.Cond{{Field: "$where", Value: "1"}}},
		{Limit: 1, Where: []persistence.Cond{{Field: `name" OR 1 --`, Value: "1"}}},
		{Limit: 1, Where: []persistence.Cond{{Field: "name", Value: 1}}},
		{Limit: 1, Where: []persistence.Cond{{Field: "name", Value: map[string]any{"$gt": ""}}}},
		{Limit: 1, Where: []persistence.Cond{{Field: "rank", Op: persistence.Prefix, Value: int64(1)}}},
		{Limit: 1, Where: []persistence.Cond{{Field: "name", Op: persistence.In, Values: []any{nil}}}},
		{Limit: 1, Where: []persistence.Cond{{Field: "name", Op: 99, Value: "x"}}},
	} {
		_, _, err := f.Find(f.ctx, things, entrepot.AllTenants(), q)
		var e *entrepot.Error
		if err == nil || errors.As(err, &e) {
			t.Errorf("query %+v: want an error that is not an entrepot.Error, got %v", q, err)
		}
	}
	for _, c := range []*persistence.Collection{
		{Name: ""},
		{Name: "a b"},
		{Name: "a.b"},
		{Name: "events"},
		{Name: `x"; DROP TABLE y`},
		{Name: "x", Fields: []persistence.Field{{Name: "state"}}},
		{Name: "x", Fields: []persistence.Field{{Name: "a"}, {Name: "A"}}},
		{Name: "x", Fields: []persistence.Field{{Name: "$a"}}},
		{Name: "x", Indexes: [][]string{{"nonsense"}}},
	} {
		if f.Ensure(f.ctx, []*persistence.Collection{c}) == nil {
			t.Errorf("Ensure of %+v: want an error, got nil", c)
		}
	}
}

func testDue(t *testing.T, f *fixture) {
	company := entrepot.NewID()
	var want []persistence.Due
	for i := range 12 {
		d := f.doc(company)
		if i%3 != 0 {
			d.WakeAt = epoch.Add(time.Duration(20-i) * time.Second)
			want = append(want, persistence.Due{ID: d.ID, WakeAt: d.WakeAt})
		}
		f.must(d)
	}
	slices.Reverse(want) // oldest first
	due := func(now time.Time, limit int) []persistence.Due {
		t.Helper()
		got, err := f.Due(f.ctx, things, now, limit)
		if err != nil {
			t.Fatalf("Due: %v", err)
		}
		return got
	}
	check := func(got, want []persistence.Due) {
		t.Helper()
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("due documents: want\n%v\ngot\n%v", want, got)
		}
	}
	check(due(epoch, 10), nil)
	check(due(epoch.Add(time.Hour), 100), want)
	check(due(epoch.Add(time.Hour), 3), want[:3])
	check(due(want[2].WakeAt, 100), want[:3])
	check(due(want[2].WakeAt.Add(-time.Millisecond), 100), want[:2])
	// A later write removes a document from the list or moves it.
	d := *f.load(want[0].ID)
	d.Version, d.WakeAt = 2, time.Time{}
	f.must(d)
	moved := *f.load(want[1].ID)
	moved.Version, moved.WakeAt = 2, epoch.Add(time.Hour)
	f.must(moved)
	want = append(slices.Clone(want[2:]), persistence.Due{ID: moved.ID, WakeAt: moved.WakeAt})
	check(due(epoch.Add(2*time.Hour), 100), want)
}

func testPurge(t *testing.T, f *fixture) {
	var docs []persistence.Document
	for i := range 6 {
		d := f.doc(entrepot.NewID())
		if i > 0 { // the first has no wakeAt
			d.WakeAt = epoch.Add(time.Duration(i) * time.Second)
		}
		f.must(d)
		docs = append(docs, d)
	}
	purge := func(now time.Time, limit, want int) {
		t.Helper()
		if n, err := f.Purge(f.ctx, things, now, limit); err != nil || n != want {
			t.Fatalf("Purge: want %d, got %d (error %v)", want, n, err)
		}
	}
	purge(epoch, 10, 0)
	purge(docs[4].WakeAt, 2, 2) // the oldest first
	f.absent(docs[1].ID)
	f.absent(docs[2].ID)
	moved := *f.load(docs[3].ID)
	moved.Version, moved.WakeAt = 2, epoch.Add(time.Hour)
	f.must(moved)
	purge(docs[4].WakeAt, 10, 1)
	f.absent(docs[4].ID)
	for _, d := range []persistence.Document{docs[0], docs[3], docs[5]} {
		f.load(d.ID)
	}
	again := docs[1] // a purged document may be inserted again
	f.must(again)
	f.load(again.ID)
}

func testCount(t *testing.T, f *fixture) {
	ours, theirs := entrepot.NewID(), entrepot.NewID()
	for i := range 9 {
		d := f.doc(ours)
		d.Fields[3] = i%3 == 0
		f.must(d)
	}
	f.must(f.doc(theirs))
	active := []persistence.Cond{{Field: "active", Op: persistence.Eq, Value: true}}
	for _, c := range []struct {
		scope entrepot.Scope
		where []persistence.Cond
		limit int
		want  int
	}{
		{entrepot.InCompany(ours), nil, 100, 9},
		{entrepot.InCompany(ours), nil, 5, 5},
		{entrepot.InCompany(ours), active, 100, 3},
		{entrepot.InCompany(theirs), nil, 100, 1},
		{entrepot.InCompany(entrepot.NewID()), nil, 100, 0},
		{entrepot.AllTenants(), nil, 100, 10},
		{entrepot.Scope{}, nil, 100, 0},
	} {
		if n, err := f.Count(f.ctx, things, c.scope, c.where, c.limit); err != nil || n != c.want {
			t.Errorf("Count %+v: got %d (error %v)", c, n, err)
		}
	}
	undeclared := []persistence.Cond{{Field: "label", Op: persistence.Eq, Value: "x"}}
	if _, err := f.Count(f.ctx, things, entrepot.AllTenants(), undeclared, 1); err == nil {
		t.Error("Count by an undeclared field: want an error, got nil")
	}
}
