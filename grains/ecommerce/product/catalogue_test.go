package product

import (
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

func attr(name, value string) Attribute {
	return Attribute{Name: name, Value: value}
}

// makeup is the options of a product with their variants.
type makeup struct {
	Options  []Option
	Variants []Variant
}

func (m *makeup) update() Update { return Update{Options: &m.Options, Variants: &m.Variants} }

func shirt() *makeup {
	return &makeup{
		Options: []Option{{Name: "size", Values: []string{"S", "M"}}, {Name: "colour", Values: []string{"red", "blue"}}},
		Variants: []Variant{
			{SKU: "T-S-R", Options: []Attribute{attr("size", "S"), attr("colour", "red")}},
			{SKU: "T-M-B", Options: []Attribute{attr("colour", "blue"), attr("size", "M")}, Price: new(int64(2500)), WeightGrams: 180},
		},
	}
}

func at(c entrepot.Caller, minutes int) entrepot.Turn {
	t := turn(c)
	t.Now = start.Add(time.Duration(minutes) * time.Minute)
	return t
}

func ms(minutes int) int64 { return start.Add(time.Duration(minutes) * time.Minute).UnixMilli() }

// update plays an update that must change the product.
func update(t *testing.T, s *State, tn entrepot.Turn, c Update) events.ProductUpdated {
	t.Helper()
	facts, err := s.Update(tn, c)
	if err != nil || len(facts) != 1 {
		t.Fatalf("%v, %v", facts, err)
	}
	play(s, facts)
	return facts[0].(updated).ProductUpdated
}

func TestVariantRules(t *testing.T) {
	t.Parallel()
	for field, change := range map[string]func(*makeup){
		"":                     func(*makeup) {},
		"options[1].name":      func(o *makeup) { o.Options[1].Name = "size" },
		"options[0].values":    func(o *makeup) { o.Options[0].Values = nil },
		"options[0].values[1]": func(o *makeup) { o.Options[0].Values = []string{"S", "S"} },
		"options":              func(o *makeup) { o.Options = nil },
		"variants":             func(o *makeup) { o.Variants = nil },
		"variants[1].options":  func(o *makeup) { o.Variants[1].Options = o.Variants[0].Options },
		"variants[0].options":  func(o *makeup) { o.Variants[0].Options = o.Variants[0].Options[:1] },
		"variants[1].sku":      func(o *makeup) { o.Variants[1].SKU = "T-S-R" },
		"variants[0].sku":      func(o *makeup) { o.Variants[0].SKU = "TEA-1" },
		"variants[0].price":    func(o *makeup) { o.Variants[0].Price = new(int64(-1)) },
		"variants[1].id":       func(o *makeup) { o.Variants[1].ID = entrepot.DeriveID("another product's") },
		"variants[0].id":       func(o *makeup) { o.Variants[0].ID = id },
	} {
		s, o := made(t, Active), shirt()
		change(o)
		_, err := s.Update(turn(admin), o.update())
		if got := fieldOf(err); got != field {
			t.Errorf("want %q: %v", field, err)
		}
	}
	many := &makeup{Options: []Option{{Name: "n"}}}
	for i := range MaxVariants + 1 {
		v := fmt.Sprint(i)
		if i < MaxValues {
			many.Options[0].Values = append(many.Options[0].Values, v)
		}
		many.Variants = append(many.Variants, Variant{SKU: v, Options: []Attribute{attr("n", v)}})
	}
	if _, err := made(t, Active).Update(turn(admin), many.update()); fieldOf(err) != "variants" {
		t.Errorf("%d variants: %v", len(many.Variants), err)
	}
}

func fieldOf(err error) string {
	if err == nil {
		return ""
	}
	if f := entrepot.AsError(err).Fields; len(f) == 1 {
		return f[0].Field
	}
	return err.Error()
}

// A variant keeps its id when its option values are renamed.
func TestVariantsKeepTheirIDs(t *testing.T) {
	t.Parallel()
	s := made(t, Active)
	e := update(t, s, turn(admin), shirt().update())
	small, medium := s.Variants[0].ID, s.Variants[1].ID
	if small != entrepot.DeriveID("variant", id, "S", "red") || medium == small || !reflect.DeepEqual(e.Changed, []string{"options", "variants"}) {
		t.Fatalf("%+v, %v", s.Variants, e.Changed)
	}
	if v := e.Variants[1]; v.Options["colour"] != "blue" || v.Price != "25.00" || e.Variants[0].Price != "19.99" {
		t.Fatalf("%+v", e.Variants)
	}
	if facts, err := s.Update(turn(admin), shirt().update()); err != nil || facts != nil {
		t.Fatalf("the same update again: %v, %v", facts, err)
	}
	// S is now called Small; a new S is another variant.
	renamed := shirt()
	renamed.Options[0].Values = []string{"Small", "M", "S"}
	renamed.Variants[0].ID, renamed.Variants[0].Options[0] = small, attr("size", "Small")
	renamed.Variants = append(renamed.Variants, Variant{SKU: "NEW", Options: []Attribute{attr("size", "S"), attr("colour", "red")}})
	update(t, s, turn(admin), renamed.update())
	if s.Variants[0].ID != small || s.Variants[1].ID != medium || s.Variants[2].ID == small || !entrepot.ValidID(s.Variants[2].ID) {
		t.Fatalf("%+v", s.Variants)
	}
	update(t, s, turn(admin), Update{Options: &[]Option{}, Variants: &[]Variant{}})
	if s.Options != nil || s.Variants != nil {
		t.Fatalf("%+v", s)
	}
}

func TestWhichShopsSell(t *testing.T) {
	t.Parallel()
	shopC := entrepot.DeriveID("shop", "c")
	for name, c := range map[string]struct {
		caller entrepot.Caller
		ids    []string
		want   entrepot.Code
	}{
		"an admin":                  {admin, []string{shopC}, ""},
		"a manager, own shop":       {managerA, []string{shopB}, ""},
		"a manager, foreign shop":   {managerA, []string{shopA}, entrepot.CodeForbidden},
		"a manager, to another":     {managerAB, []string{shopA, shopB, shopC}, entrepot.CodeForbidden},
		"staff":                     {staffAB, []string{shopA}, entrepot.CodeForbidden},
		"staff, who change nothing": {staffAB, []string{shopA, shopB}, ""},
		"nowhere":                   {admin, nil, entrepot.CodeInvalid},
	} {
		if _, err := made(t, Active).Update(turn(c.caller), Update{ShopIDs: &c.ids}); entrepot.CodeOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRatingKeepsVersion(t *testing.T) {
	t.Parallel()
	s := made(t, Active)
	version, time := s.Version, s.UpdatedAt
	rate := func(c entrepot.Caller, counts ...int64) ([]events.Event, error) {
		return s.SetRating(at(c, 5), SetRating{Counts: counts})
	}
	facts, err := rate(entrepot.SystemCaller("reviews"), 0, 1, 0, 0, 2)
	if err != nil {
		t.Fatal(err)
	}
	play(s, facts)
	e := facts[0].(updated).ProductUpdated
	if e.Rating == nil || e.Rating.Average != 4 || e.Rating.Count != 3 || s.Version != version || s.UpdatedAt != time {
		t.Fatalf("%+v, %+v", e.Rating, s)
	}
	if facts, err := rate(entrepot.SystemCaller("reviews"), 0, 1, 0, 0, 2); err != nil || facts != nil {
		t.Fatalf("again: %v, %v", facts, err)
	}
	for _, c := range []entrepot.Caller{admin, super, customer} {
		if _, err := rate(c, 1, 0, 0, 0, 0); entrepot.CodeOf(err) != entrepot.CodeForbidden {
			t.Errorf("%s: %v", c.Role, err)
		}
	}
	if _, err := rate(entrepot.SystemCaller("reviews"), 1, 2); entrepot.CodeOf(err) != entrepot.CodeInvalid {
		t.Error(err)
	}
}

func TestImages(t *testing.T) {
	t.Parallel()
	s, a, b := made(t, Active), entrepot.DeriveID("a"), entrepot.DeriveID("b")
	add := func(id entrepot.ID) ([]events.Event, error) {
		return s.AddImage(turn(staffA), AddImage{Image: Image{ID: id, Width: 10, Height: 5}})
	}
	for _, id := range []entrepot.ID{a, b, a} {
		facts, err := add(id)
		if err != nil {
			t.Fatal(err)
		}
		play(s, facts)
	}
	e := update(t, s, turn(staffA), Update{Images: &[]Image{{ID: b, Alt: "front"}, {ID: a}}})
	if !slices.Equal(e.Images, []entrepot.ID{b, a}) || s.Images[0] != (Image{b, "front", 10, 5}) {
		t.Fatalf("%+v", s.Images)
	}
	if _, err := s.Update(turn(staffA), Update{Images: &[]Image{{ID: id}}}); fieldOf(err) != "images[0].id" {
		t.Error(err)
	}
	facts, err := s.RemoveImage(turn(staffA), RemoveImage{ID: b})
	if err != nil {
		t.Fatal(err)
	}
	play(s, facts)
	if _, err := s.RemoveImage(turn(staffA), RemoveImage{ID: b}); entrepot.CodeOf(err) != entrepot.CodeNotFound || len(s.Images) != 1 {
		t.Fatalf("%v, %+v", err, s.Images)
	}
	for i := range MaxImages {
		facts, err = add(entrepot.DeriveID("more", fmt.Sprint(i)))
		play(s, facts)
	}
	if entrepot.CodeOf(err) != entrepot.CodeConflict || len(s.Images) != MaxImages {
		t.Fatalf("%v, %d", err, len(s.Images))
	}
	if _, err := s.AddImage(turn(customer), AddImage{Image: Image{ID: a}}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Error(err)
	}
}

// A state that was saved before variants, prices and images existed still works.
func TestOldStateReads(t *testing.T) {
	t.Parallel()
	s := &State{Product: Product{
		ID: id, CompanyID: company, ShopIDs: []entrepot.ID{shopA}, SKU: "OLD", Name: "Old",
		Price: 100, Currency: "EUR", Status: Active, Version: 3,
	}}
	if !s.WakeAt().IsZero() || s.Wake(at(super, 5)) != nil || s.View().PriceOf("", shopA, start) != 100 {
		t.Fatal("an old state has something to do")
	}
	if v, ok := s.View().Sellable(""); !ok || v.ID != id {
		t.Fatalf("%+v", v)
	}
	if e := update(t, s, turn(admin), Update{Tags: &[]string{"new"}}); !slices.Equal(e.Tags, []string{"new"}) || s.Version != 4 {
		t.Fatalf("%+v", e)
	}
}

// The host publishes a product at its time, after a restart too.
func TestPublishedByTheHost(t *testing.T) {
	t.Parallel()
	m := grainstest.New(t, storetest.NewMemory(), []*grains.Kind{Kind()})
	m.SetNow(start)
	if _, err := grains.Ask(m.As(admin), m, Of(id), creation(func(c *Create) {
		c.PublishAt, c.Attributes, c.Options, c.Variants = ms(10), []Attribute{attr("origin", "Assam")}, shirt().Options, shirt().Variants
	})); err != nil {
		t.Fatal(err)
	}
	if _, err := grains.Ask(m.As(nobody), m, Of(id), Get{}); entrepot.CodeOf(err) != entrepot.CodeNotFound {
		t.Fatal(err)
	}
	m.Restart()
	m.SetNow(start.Add(10 * time.Minute))
	m.Wake(Name, id)
	m.Restart()
	p, err := grains.Ask(m.As(nobody), m, Of(id), Get{})
	if err != nil || p.Status != Active || len(p.Variants) != 2 || value(p.Variants[1].Price) != 2500 || p.Attributes[0].Value != "Assam" {
		t.Fatalf("%+v, %v", p, err)
	}
	if got := m.EventTypes(); !reflect.DeepEqual(got, []string{"product.created", "product.updated"}) {
		t.Fatal(got)
	}
}

// drawnLists returns an update of lists and times, valid or not.
func drawnLists(t *rapid.T) Update {
	word := rapid.SampledFrom([]string{"S", "M", "L"})
	minutes := rapid.IntRange(0, 30)
	c := Update{}
	if rapid.Bool().Draw(t, "tags") {
		c.Tags = new(rapid.SliceOfN(word, 0, 3).Draw(t, "tag"))
	}
	if rapid.Bool().Draw(t, "sale") {
		c.Sale = &Sale{Percent: rapid.Int64Range(0, 99).Draw(t, "percent"), StartsAt: ms(minutes.Draw(t, "starts")), EndsAt: ms(minutes.Draw(t, "ends"))}
	}
	if rapid.Bool().Draw(t, "shops") {
		c.ShopIDs = new(rapid.SliceOfN(rapid.SampledFrom([]string{shopA, shopB}), 1, 2).Draw(t, "shop"))
	}
	if rapid.Bool().Draw(t, "prices") {
		of := rapid.SampledFrom([]string{"", derivedID(id, []string{"S"}, 0)}).Draw(t, "of")
		c.ShopPrices = &[]ShopPrice{{ShopID: shopB, Price: 7, VariantID: of}}
	}
	if rapid.Bool().Draw(t, "options") {
		c.Options, c.Variants = &[]Option{}, &[]Variant{}
		for i, v := range rapid.SliceOfN(word, 0, 3).Draw(t, "values") {
			if i == 0 {
				*c.Options = []Option{{Name: "size", Values: []string{"S", "M", "L"}}}
			}
			*c.Variants = append(*c.Variants, Variant{SKU: v, Options: []Attribute{attr("size", v)}})
		}
	}
	if rapid.Bool().Draw(t, "times") {
		c.Status = rapid.Ptr(rapid.SampledFrom([]string{Active, Draft, Archived}), true).Draw(t, "new status")
		c.PublishAt, c.UnpublishAt = new(ms(minutes.Draw(t, "publish"))), new(ms(minutes.Draw(t, "unpublish")))
	}
	return c
}

// checkWhole checks that the parts of a product are consistent.
func (s *State) checkWhole(t *rapid.T) {
	ids, skus := map[string]bool{}, map[string]bool{s.SKU: true}
	for _, v := range s.Variants {
		if ids[v.ID] || skus[v.SKU] || len(v.Options) != len(s.Options) || v.ID == s.ID {
			t.Fatalf("variants: %+v", s.Variants)
		}
		ids[v.ID], skus[v.SKU] = true, true
	}
	for _, p := range s.ShopPrices {
		if !slices.Contains(s.ShopIDs, p.ShopID) || (p.VariantID != "" && !ids[p.VariantID]) {
			t.Fatalf("a price without shop or variant: %+v", p)
		}
	}
	if s.Status == Active && s.PublishAt != 0 {
		t.Fatalf("active, and to be published: %+v", s)
	}
}
