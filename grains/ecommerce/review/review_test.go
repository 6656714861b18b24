package review

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/grainstest"
	"entrepot/persistence/storetest"
)

var (
	product = entrepot.DeriveID("product")
	company = entrepot.DeriveID("company")
	shop    = entrepot.DeriveID("shop")
	user    = entrepot.DeriveID("user")
	id      = ID(product, user)
	start   = time.UnixMilli(1_750_000_000_123).UTC()

	buyer   = entrepot.Caller{Role: entrepot.Customer, UserID: user}
	other   = entrepot.Caller{Role: entrepot.Customer, UserID: entrepot.DeriveID("other")}
	admin   = entrepot.Caller{Role: entrepot.CompanyAdmin, UserID: "a", CompanyID: company}
	manager = entrepot.Caller{Role: entrepot.ShopManager, UserID: "m", CompanyID: company, ShopIDs: []entrepot.ID{shop}}
	away    = entrepot.Caller{Role: entrepot.ShopManager, UserID: "n", CompanyID: company, ShopIDs: []entrepot.ID{"x"}}
	staff   = entrepot.Caller{Role: entrepot.ShopStaff, UserID: "s", CompanyID: company, ShopIDs: []entrepot.ID{shop}}
	foreign = entrepot.Caller{Role: entrepot.CompanyAdmin, UserID: "f", CompanyID: "x"}
	system  = entrepot.SystemCaller("test")
)

func turn(c entrepot.Caller) entrepot.Turn { return entrepot.Turn{ID: id, Now: start, Caller: c} }

func wrote(stars int64) Write {
	return Write{
		ProductID: product, CompanyID: company, ShopID: shop, Author: "Ada L.",
		Stars: stars, Title: "Good", Text: "It holds tea.",
	}
}

func play(s *State, facts []events.Event) {
	for _, f := range facts {
		s.Apply(f)
	}
}

// written returns a review with the status.
func written(t *testing.T, status string) *State {
	t.Helper()
	s := &State{}
	do := func(facts []events.Event, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		play(s, facts)
	}
	do(s.Write(turn(buyer), wrote(4)))
	switch status {
	case Approved:
		do(s.Approve(turn(admin), Approve{}))
	case Rejected:
		do(s.Reject(turn(admin), Reject{Reason: "an advertisement"}))
	case Deleted:
		do(s.Delete(turn(buyer), Delete{}))
	}
	return s
}

func TestWriteRules(t *testing.T) {
	t.Parallel()
	change := func(f func(*Write)) Write { c := wrote(5); f(&c); return c }
	for name, c := range map[string]struct {
		state  *State
		caller entrepot.Caller
		cmd    Write
		code   entrepot.Code
	}{
		"the buyer":                 {&State{}, buyer, wrote(5), ""},
		"stars alone":               {&State{}, buyer, change(func(c *Write) { c.Title, c.Text = "", "" }), ""},
		"after the own was deleted": {written(t, Deleted), buyer, wrote(1), ""},
		"a second time":             {written(t, Pending), buyer, wrote(5), entrepot.CodeConflict},
		"after a rejection":         {written(t, Rejected), buyer, wrote(5), entrepot.CodeConflict},
		"in another's name":         {&State{}, other, wrote(5), entrepot.CodeNotFound},
		"of another product":        {&State{}, buyer, change(func(c *Write) { c.ProductID = company }), entrepot.CodeNotFound},
		"the platform":              {&State{}, system, wrote(5), entrepot.CodeNotFound},
		"no star":                   {&State{}, buyer, wrote(0), entrepot.CodeInvalid},
		"six stars":                 {&State{}, buyer, wrote(6), entrepot.CodeInvalid},
		"bought nowhere":            {&State{}, buyer, change(func(c *Write) { c.ShopID = "" }), entrepot.CodeInvalid},
		"a long title":              {&State{}, buyer, change(func(c *Write) { c.Title = strings.Repeat("ü", MaxTitle+1) }), entrepot.CodeInvalid},
		"a title at the bound":      {&State{}, buyer, change(func(c *Write) { c.Title = strings.Repeat("ü", MaxTitle) }), ""},
		"a long text":               {&State{}, buyer, change(func(c *Write) { c.Text = strings.Repeat("x", MaxText+1) }), entrepot.CodeInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts, err := c.state.Write(turn(c.caller), c.cmd)
			if entrepot.CodeOf(err) != c.code || (err == nil) != (len(facts) == 1) {
				t.Fatalf("%v, %v", facts, err)
			}
		})
	}
}

func TestEditNeedsApproval(t *testing.T) {
	t.Parallel()
	s := written(t, Approved)
	same := Edit{Stars: 4, Title: "Good", Text: "It holds tea."}
	if facts, err := s.Edit(turn(buyer), same); err != nil || facts != nil {
		t.Fatalf("edit without a change: %v, %v", facts, err)
	}
	for _, c := range []entrepot.Caller{other, admin, manager, system, {}} {
		if _, err := s.Edit(turn(c), Edit{Stars: 1}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
			t.Errorf("edited by %q: %v, want not found", c.Role, err)
		}
	}
	if _, err := s.Edit(turn(buyer), Edit{Stars: 1, ExpectedVersion: 1}); entrepot.CodeOf(err) != entrepot.CodeStale {
		t.Errorf("from an old version: %v, want stale", err)
	}
	if _, err := s.Edit(turn(buyer), Edit{Stars: 9}); entrepot.CodeOf(err) != entrepot.CodeInvalid {
		t.Errorf("nine stars: %v, want invalid", err)
	}
	facts, err := s.Edit(turn(buyer), Edit{Stars: 1, Text: "It leaks.", ExpectedVersion: 2})
	if err != nil {
		t.Fatal(err)
	}
	play(s, facts)
	if s.Status != Pending || s.Stars != 1 || s.Title != "" || s.Version != 3 {
		t.Fatalf("%+v", s)
	}
	// A moderator who read the previous version cannot publish the new words.
	if _, err := s.Approve(turn(admin), Approve{ExpectedVersion: 2}); entrepot.CodeOf(err) != entrepot.CodeStale {
		t.Errorf("approved from an old version: %v, want stale", err)
	}
}

func TestModeration(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status string
		caller entrepot.Caller
		reject string // none: approve
		code   entrepot.Code
		facts  int
	}{
		"admin approves":          {Pending, admin, "", "", 1},
		"manager approves":        {Pending, manager, "", "", 1},
		"again":                   {Approved, admin, "", "", 0},
		"after a rejection":       {Rejected, admin, "", "", 1},
		"admin rejects":           {Pending, admin, "spam", "", 1},
		"hides":                   {Approved, manager, "spam", "", 1},
		"rejected again":          {Rejected, admin, "an advertisement", "", 0},
		"for another reason":      {Rejected, admin, "an insult", "", 1},
		"without a reason":        {Pending, admin, " ", entrepot.CodeInvalid, 0},
		"a long reason":           {Pending, admin, strings.Repeat("x", MaxReason+1), entrepot.CodeInvalid, 0},
		"staff approve":           {Pending, staff, "", entrepot.CodeNotFound, 0},
		"another shop's manager":  {Pending, away, "", entrepot.CodeNotFound, 0},
		"another company":         {Pending, foreign, "", entrepot.CodeNotFound, 0},
		"another company rejects": {Pending, foreign, "spam", entrepot.CodeNotFound, 0},
		"the author":              {Pending, buyer, "", entrepot.CodeNotFound, 0},
		"a deleted review":        {Deleted, admin, "", entrepot.CodeNotFound, 0},
		"a deleted one, reject":   {Deleted, admin, "spam", entrepot.CodeNotFound, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := written(t, c.status)
			facts, err := s.Approve(turn(c.caller), Approve{})
			want := Approved
			if c.reject != "" {
				facts, err = s.Reject(turn(c.caller), Reject{Reason: c.reject})
				want = Rejected
			}
			if entrepot.CodeOf(err) != c.code || len(facts) != c.facts {
				t.Fatalf("%v, %v", facts, err)
			}
			if play(s, facts); err == nil && (s.Status != want || (s.Reason != "") != (want == Rejected)) {
				t.Fatalf("%+v", s)
			}
		})
	}
}

func TestAnonymise(t *testing.T) {
	t.Parallel()
	for _, status := range []string{Pending, Approved, Deleted} {
		s := written(t, status)
		if _, err := s.Anonymise(turn(admin), Anonymise{}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
			t.Fatalf("by an admin: %v", err)
		}
		facts, err := s.Anonymise(turn(system), Anonymise{})
		if err != nil || len(facts) != 1 {
			t.Fatalf("%v, %v", facts, err)
		}
		play(s, facts)
		if s.UserID != "" || s.Author != "" || s.Index().OwnerID != "" || s.Status != status || (status != Deleted && s.Text == "") {
			t.Errorf("%+v", s)
		}
		if facts, err := s.Anonymise(turn(system), Anonymise{}); err != nil || facts != nil {
			t.Errorf("again: %v, %v", facts, err)
		}
		if _, err := s.Get(turn(buyer), Get{}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
			t.Errorf("%s, read by the deleted user: %v, want not found", status, err)
		}
	}
}

func TestReviewSurvivesRestart(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{Kind()})
	ask := func(c entrepot.Caller, cmd grains.Message[*Review]) (*Review, error) {
		return grains.Ask(m.As(c), m, Of(id), cmd)
	}
	must := func(c entrepot.Caller, cmd grains.Message[*Review]) *Review {
		t.Helper()
		v, err := ask(c, cmd)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	if v := must(buyer, wrote(4)); v.Status != Pending || v.Author != "Ada L." || v.Version != 1 {
		t.Fatalf("%v", v)
	}
	for _, c := range []entrepot.Caller{other, foreign, away, {}} {
		if v, err := ask(c, Get{}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
			t.Fatalf("read by %s: %v, %v", c.Role, v, err)
		}
	}
	approved := must(manager, Approve{ExpectedVersion: 1})
	m.Restart()
	for _, c := range []entrepot.Caller{buyer, staff, admin} {
		if v := must(c, Get{}); !reflect.DeepEqual(v, approved) {
			t.Fatalf("after the restart: %v", v)
		}
	}
	must(buyer, Edit{Stars: 2})
	must(admin, Reject{Reason: "not of the product"})
	if v := must(buyer, Delete{}); v.Status != Deleted || v.Text != "" || v.Author != "" {
		t.Fatalf("%v", v)
	}
	m.Restart()
	if _, err := ask(buyer, Get{}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Fatalf("deleted: %v", err)
	}
	if v := must(buyer, wrote(5)); v.Status != Pending || v.Stars != 5 {
		t.Fatalf("written again: %v", v)
	}
	must(system, Delete{})
	want := []string{"review.created", "review.approved", "review.updated", "review.rejected", "review.deleted", "review.created", "review.deleted"}
	if got := m.EventTypes(); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	var e events.ReviewApproved
	if env := m.Events()[1]; env.Decode(&e) != nil || e.UserID != user || e.Stars != 4 || e.Status != Approved || env.CompanyID != company || env.ShopID != shop {
		t.Errorf("%+v", env)
	}
}

// Moderators reply to approved reviews; a reply disappears when the words of the review change.
func TestReplies(t *testing.T) {
	t.Parallel()
	hello := Reply{Text: "Thank you!"}
	for name, c := range map[string]struct {
		state  *State
		caller entrepot.Caller
		cmd    Reply
		code   entrepot.Code
	}{
		"an admin":            {written(t, Approved), admin, hello, ""},
		"the shop's manager":  {written(t, Approved), manager, hello, ""},
		"another shop's":      {written(t, Approved), away, hello, entrepot.CodeNotFound},
		"staff":               {written(t, Approved), staff, hello, entrepot.CodeNotFound},
		"another company's":   {written(t, Approved), foreign, hello, entrepot.CodeNotFound},
		"the author":          {written(t, Approved), buyer, hello, entrepot.CodeNotFound},
		"to a pending one":    {written(t, Pending), admin, hello, entrepot.CodeConflict},
		"to a rejected one":   {written(t, Rejected), admin, hello, entrepot.CodeConflict},
		"to a deleted one":    {written(t, Deleted), admin, hello, entrepot.CodeNotFound},
		"to an older version": {written(t, Approved), admin, Reply{Text: "a", ExpectedVersion: 1}, entrepot.CodeStale},
		"too long":            {written(t, Approved), admin, Reply{Text: strings.Repeat("é", MaxReply+1)}, entrepot.CodeInvalid},
		"a text at the bound": {written(t, Approved), admin, Reply{Text: strings.Repeat("é", MaxReply)}, ""},
	} {
		facts, err := c.state.Answer(turn(c.caller), c.cmd)
		if entrepot.CodeOf(err) != c.code || (err == nil) != (len(facts) == 1) {
			t.Errorf("%s: %v, %v", name, facts, err)
		}
		play(c.state, facts)
		if v := c.state.View(); (err == nil) != (v.Reply == c.cmd.Text) || (err == nil) != (v.RepliedAt == start.UnixMilli()) {
			t.Errorf("%s: %v", name, v)
		}
	}
	replied := func() *State {
		s := written(t, Approved)
		facts, err := s.Answer(turn(admin), hello)
		if err != nil {
			t.Fatal(err)
		}
		play(s, facts)
		return s
	}
	if facts, err := replied().Answer(turn(admin), hello); err != nil || facts != nil {
		t.Errorf("the same reply again: %v, %v", facts, err)
	}
	for name, end := range map[string]func(*State) ([]events.Event, error){
		"taken back":  func(s *State) ([]events.Event, error) { return s.Answer(turn(manager), Reply{}) },
		"new words":   func(s *State) ([]events.Event, error) { return s.Edit(turn(buyer), Edit{Stars: 1}) },
		"no words":    func(s *State) ([]events.Event, error) { return s.Delete(turn(buyer), Delete{}) },
		"the company": func(s *State) ([]events.Event, error) { return s.Delete(turn(system), Delete{}) },
	} {
		s := replied()
		facts, err := end(s)
		play(s, facts)
		if err != nil || s.Reply != "" || s.RepliedAt != 0 {
			t.Errorf("%s: %v, %+v", name, err, s)
		}
	}
	s := replied()
	facts, err := s.Reject(turn(admin), Reject{Reason: "a mistake"})
	play(s, facts)
	if err != nil || s.Reply == "" || s.RepliedAt == 0 {
		t.Errorf("a rejected review must keep its reply: %v, %+v", err, s)
	}
}
