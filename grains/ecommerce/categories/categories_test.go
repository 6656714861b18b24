package categories

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/persistence/storetest"

	"pgregory.net/rapid"
)

var (
	company = entrepot.DeriveID("company")
	start   = time.UnixMilli(1_750_000_000_123).UTC()

	super   = entrepot.Caller{Role: entrepot.SuperAdmin, UserID: "root"}
	admin   = entrepot.Caller{Role: entrepot.CompanyAdmin, UserID: "a", CompanyID: company}
	foreign = entrepot.Caller{Role: entrepot.CompanyAdmin, UserID: "f", CompanyID: entrepot.DeriveID("other")}
	manager = entrepot.Caller{Role: entrepot.ShopManager, UserID: "m", CompanyID: company, ShopIDs: []entrepot.ID{"s"}}
)

func turn(c entrepot.Caller) entrepot.Turn {
	return entrepot.Turn{ID: ID(company), Now: start, Caller: c}
}

func creation(slug, parent string, position int64) Create {
	return Create{CompanyID: company, Slug: slug, Parent: parent, Title: "The " + slug, Position: position}
}

// planted returns the tree drinks > coffee > espresso, drinks > tea, tableware.
func planted(t testing.TB) *State {
	t.Helper()
	s := &State{}
	for _, c := range []Create{
		creation("tableware", "", 2), creation("drinks", "", 1), creation("tea", "drinks", 2),
		creation("coffee", "drinks", 1), creation("espresso", "coffee", 0),
	} {
		facts, err := s.Create(turn(admin), c)
		if err != nil {
			t.Fatal(err)
		}
		s.Apply(facts[0])
	}
	return s
}

func slugs(s *State) (out []string) {
	for _, n := range s.Nodes {
		out = append(out, n.Slug)
	}
	return out
}

func TestTreeIsInOrder(t *testing.T) {
	t.Parallel()
	s := planted(t)
	if got := slugs(s); !slices.Equal(got, []string{"drinks", "coffee", "espresso", "tea", "tableware"}) {
		t.Fatal(got)
	}
	if got := s.View().Paths()["espresso"]; !slices.Equal(got, []string{"drinks", "coffee", "espresso"}) {
		t.Fatal(got)
	}
	facts, err := s.Update(turn(admin), Update{CompanyID: company, Slug: "coffee", Parent: new(""), Position: new(int64(9))})
	if err != nil {
		t.Fatal(err)
	}
	e := facts[0].(changed)
	if s.Apply(e); !slices.Equal(slugs(s), []string{"drinks", "tea", "tableware", "coffee", "espresso"}) || e.Change != "updated" || e.TreeVersion != 6 || e.Parent != "" {
		t.Fatalf("%v, %+v", slugs(s), e.CategoryUpdated)
	}
}

func TestRules(t *testing.T) {
	t.Parallel()
	update := func(slug string, c Update) func(*State, entrepot.Turn) error {
		c.CompanyID, c.Slug = company, slug
		return func(s *State, t entrepot.Turn) error { _, err := s.Update(t, c); return err }
	}
	create := func(c Create) func(*State, entrepot.Turn) error {
		return func(s *State, t entrepot.Turn) error { _, err := s.Create(t, c); return err }
	}
	remove := func(slug string) func(*State, entrepot.Turn) error {
		return func(s *State, t entrepot.Turn) error {
			_, err := s.Delete(t, Delete{CompanyID: company, Slug: slug})
			return err
		}
	}
	for name, c := range map[string]struct {
		caller entrepot.Caller
		do     func(*State, entrepot.Turn) error
		want   entrepot.Code
	}{
		"a super admin":           {super, create(creation("new", "tea", 0)), ""},
		"another company's admin": {foreign, create(creation("new", "", 0)), entrepot.CodeNotFound},
		"a manager":               {manager, create(creation("new", "", 0)), entrepot.CodeForbidden},
		"an anonymous caller":     {entrepot.Caller{}, remove("tea"), entrepot.CodeNotFound},
		"a used slug":             {admin, create(creation("tea", "", 0)), entrepot.CodeConflict},
		"a malformed slug":        {admin, create(creation("Tea Time", "", 0)), entrepot.CodeInvalid},
		"an unknown parent":       {admin, create(creation("new", "nowhere", 0)), entrepot.CodeInvalid},
		"its own parent, new":     {admin, create(creation("new", "new", 0)), entrepot.CodeInvalid},
		"a negative position":     {admin, create(creation("new", "", -1)), entrepot.CodeInvalid},
		"another company's tree":  {admin, create(Create{CompanyID: foreign.CompanyID, Slug: "new", Title: "x"}), entrepot.CodeNotFound},
		"no title":                {admin, update("tea", Update{Title: new("")}), entrepot.CodeInvalid},
		"a cycle":                 {admin, update("drinks", Update{Parent: new("espresso")}), entrepot.CodeInvalid},
		"its own parent":          {admin, update("tea", Update{Parent: new("tea")}), entrepot.CodeInvalid},
		"an old version":          {admin, update("tea", Update{Title: new("x"), ExpectedVersion: 1}), entrepot.CodeStale},
		"an unknown category":     {admin, update("nothing", Update{}), entrepot.CodeNotFound},
		"with children":           {admin, remove("coffee"), entrepot.CodeConflict},
		"without children":        {admin, remove("espresso"), ""},
		"delete an unknown one":   {admin, remove("nothing"), entrepot.CodeNotFound},
	} {
		if err := c.do(planted(t), turn(c.caller)); entrepot.CodeOf(err) != c.want {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if facts, err := planted(t).Update(turn(admin), Update{CompanyID: company, Slug: "tea", Title: new("The tea")}); err != nil || facts != nil {
		t.Errorf("update without a change: %v, %v", facts, err)
	}
}

func TestBounds(t *testing.T) {
	t.Parallel()
	deep := &State{}
	for i, parent := 0, ""; i <= MaxDepth; i++ {
		c := creation(fmt.Sprintf("level-%d", i), parent, 0)
		facts, err := deep.Create(turn(admin), c)
		if (err == nil) != (i < MaxDepth) {
			t.Fatalf("level %d: %v", i, err)
		}
		for _, f := range facts {
			deep.Apply(f)
		}
		parent = c.Slug
	}
	full := &State{}
	for i := range MaxNodes {
		full.Nodes = append(full.Nodes, Node{Slug: fmt.Sprint(i), Title: "x"})
	}
	if _, err := full.Create(turn(admin), creation("more", "", 0)); entrepot.CodeOf(err) != entrepot.CodeConflict {
		t.Fatal(err)
	}
}

// Any sequence of commands leaves a tree with parents before children. Decisions do not change the
// state, and JSON preserves it.
func TestStaysATree(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := &State{}
		slug := rapid.SampledFrom([]string{"a", "b", "c", "d", "e"})
		parent := rapid.SampledFrom([]string{"", "a", "b", "c", "d", "e"})
		for range rapid.IntRange(1, 25).Draw(t, "commands") {
			var facts []events.Event
			before, _ := json.Marshal(s)
			switch rapid.IntRange(0, 3).Draw(t, "command") {
			case 0, 1:
				facts, _ = s.Create(turn(admin), creation(slug.Draw(t, "new"), parent.Draw(t, "parent"), rapid.Int64Range(0, 3).Draw(t, "position")))
			case 2:
				facts, _ = s.Update(turn(admin), Update{CompanyID: company, Slug: slug.Draw(t, "slug"), Parent: rapid.Ptr(parent, true).Draw(t, "to")})
			case 3:
				facts, _ = s.Delete(turn(admin), Delete{CompanyID: company, Slug: slug.Draw(t, "gone")})
			}
			if after, _ := json.Marshal(s); string(after) != string(before) {
				t.Fatal("a decision changed the state")
			}
			for _, f := range facts {
				s.Apply(f)
			}
			seen := map[string]bool{"": true}
			for _, n := range s.Nodes {
				if !seen[n.Parent] || seen[n.Slug] {
					t.Fatalf("not a tree: %+v", s.Nodes)
				}
				seen[n.Slug] = true
			}
		}
		var back State
		b, _ := json.Marshal(s)
		if err := json.Unmarshal(b, &back); err != nil || !reflect.DeepEqual(back.View(), s.View()) {
			t.Fatalf("%v: %+v %+v", err, back, s)
		}
	})
}

func TestOnTheHost(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{Kind()})
	id := ID(company)
	if _, err := grains.Ask(m.As(admin), m, Of(id), creation("coffee", "", 0)); err != nil {
		t.Fatal(err)
	}
	m.Restart()
	tree, err := grains.Ask(m.As(entrepot.Caller{}), m, Of(id), Get{})
	if err != nil || len(tree.Nodes) != 1 || tree.Nodes[0].Title != "The coffee" || tree.CompanyID != company {
		t.Fatalf("%+v, %v", tree, err)
	}
	if _, err := grains.Ask(m.As(admin), m, Of(id), Clear{}); entrepot.CodeOf(err) != entrepot.CodeForbidden {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := grains.Ask(m.Platform(), m, Of(id), Clear{}); err != nil {
			t.Fatal(err)
		}
	}
	list := m.Events()
	if len(list) != 1 || list[0].Type != "category.updated" || list[0].CompanyID != company {
		t.Fatalf("%+v", list)
	}
}
