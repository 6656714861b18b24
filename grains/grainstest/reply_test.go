package grainstest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/persistence"
	"entrepot/persistence/storetest"
)

// basket is a grain with correct replies and with replies that share memory with its state.
type basket struct {
	Items []item            `json:"items"`
	Notes map[string]string `json:"notes"`
	Count *int64            `json:"count"`
}

type item struct {
	Name string    `json:"name"`
	At   time.Time `json:"at"`
}

type (
	put         struct{ Name string }
	cloneItems  struct{}
	shareItems  struct{}
	shareNotes  struct{}
	shareCount  struct{}
	shareBasket struct{}
)

func (put) Answers(int)            {}
func (cloneItems) Answers([]item)  {}
func (shareItems) Answers(page)    {}
func (shareNotes) Answers(notes)   {}
func (shareCount) Answers(*int64)  {}
func (shareBasket) Answers(basket) {}

type (
	page  struct{ Items []item }
	notes struct{ By map[string]string }
)

type putIn struct {
	events.Private
	name string
	at   time.Time
}

func (s *basket) Apply(e events.Event) {
	in := e.(putIn)
	s.Items = append(s.Items, item{Name: in.name, At: in.at})
	s.Notes = map[string]string{in.name: "fresh"}
	n := int64(len(s.Items))
	s.Count = &n
}

func (s *basket) Index() grains.Index { return grains.Index{CompanyID: "c"} }

func (s *basket) put(t entrepot.Turn, c put) ([]events.Event, error) {
	return []events.Event{putIn{name: c.Name, at: t.Now}}, nil
}

func query[C grains.Message[R], R any](k *grains.Kind, read func(*basket) R) {
	grains.Query(k, func(s *basket, _ entrepot.Turn, _ C) (R, error) { return read(s), nil })
}

func basketKind() *grains.Kind {
	k := grains.NewKind[basket]("Basket", &persistence.Collection{Name: "baskets"})
	grains.Command(k, (*basket).put, func(s *basket) int { return len(s.Items) })
	query[cloneItems](k, func(s *basket) []item { return append([]item{}, s.Items...) })
	query[shareItems](k, func(s *basket) page { return page{s.Items} })
	query[shareNotes](k, func(s *basket) notes { return notes{s.Notes} })
	query[shareCount](k, func(s *basket) *int64 { return s.Count })
	query[shareBasket](k, func(s *basket) basket { return *s })
	return k
}

func TestReplyThatSharesTheStateIsReported(t *testing.T) {
	ref := grains.Ref{Kind: "Basket", ID: "aaaaaaaaaaaaaaaaaaaaaaaa"}
	for _, message := range []any{cloneItems{}, shareItems{}, shareNotes{}, shareCount{}, shareBasket{}} {
		t.Run(fmt.Sprintf("%T", message), func(t *testing.T) {
			m := New(t, storetest.NewMemory(), []*grains.Kind{basketKind()})
			var reports []string
			m.report = func(format string, args ...any) { reports = append(reports, fmt.Sprintf(format, args...)) }
			if _, err := grains.Ask(m.Platform(), m, ref, put{Name: "milk"}); err != nil {
				t.Fatal(err)
			}
			answer, err := m.Ask(m.Platform(), ref, message)
			if err != nil {
				t.Fatal(err)
			}
			if b, err := json.Marshal(answer.Value); err != nil || strings.Contains(string(b), overwrittenText) {
				t.Errorf("the caller's reply is %s, %v", b, err)
			}
			if _, correct := message.(cloneItems); correct {
				if len(reports) > 0 {
					t.Errorf("a correct reply is reported: %s", reports)
				}
				return
			}
			if len(reports) != 1 || !strings.Contains(reports[0], "Basket aaaaaaaaaaaaaaaaaaaaaaaa") ||
				!strings.Contains(reports[0], fmt.Sprintf("%T", message)) {
				t.Errorf("reports: %q; want one that names the grain and the message", reports)
			}
		})
	}
}

// fill is a command whose grain keeps the message's own slice.
type fill struct{ Items []item }

func (fill) Answers(int) {}

type filled struct {
	events.Private
	items []item
}

// chest is a grain that shares the memory of its messages.
type chest struct {
	Items []item `json:"items"`
}

func (s *chest) Apply(e events.Event) { s.Items = e.(filled).items }
func (s *chest) Index() grains.Index  { return grains.Index{} }
func (s *chest) fill(_ entrepot.Turn, c fill) ([]events.Event, error) {
	return []events.Event{filled{items: c.Items}}, nil
}

func TestStateThatSharesAMessageIsReported(t *testing.T) {
	k := grains.NewKind[chest]("Chest", &persistence.Collection{Name: "chests"})
	grains.Command(k, (*chest).fill, func(s *chest) int { return len(s.Items) })
	m := New(t, storetest.NewMemory(), []*grains.Kind{k})
	var reports []string
	m.report = func(format string, args ...any) { reports = append(reports, fmt.Sprintf(format, args...)) }
	mine := fill{Items: []item{{Name: "milk"}}}
	ref := grains.Ref{Kind: "Chest", ID: "aaaaaaaaaaaaaaaaaaaaaaaa"}
	if _, err := grains.Ask(m.Platform(), m, ref, mine); err != nil {
		t.Fatal(err)
	}
	if len(reports) != 1 || !strings.Contains(reports[0], "fill shares memory") || mine.Items[0].Name != "milk" {
		t.Errorf("reports %q, the test's own message %+v; want one report and an unchanged message", reports, mine)
	}
}

// everything has a field of each form that a reply may have.
type everything struct {
	Text     string
	Yes      bool
	Int      int
	Small    int8
	Count    uint32
	Share    float64
	At       time.Time
	Bytes    []byte
	Raw      json.RawMessage
	Short    json.RawMessage
	Pointer  *everything
	Any      any
	Nothing  any
	List     []everything
	Empty    []string
	Nil      []string
	Array    [2]*int64
	ByName   map[string][]string
	ByNumber map[int]item
	NilMap   map[string]string
	hidden   string
}

func sample() everything {
	one, two := int64(1), int64(2)
	inner := everything{Text: "inner", Yes: true, At: time.Unix(1, 0), Raw: json.RawMessage(`{"a":"a long enough text"}`)}
	return everything{
		Text: "text", Yes: true, Int: 3, Small: 4, Count: 5, Share: 0.5, At: time.Unix(2, 0).UTC(),
		Bytes: []byte("abcdefghij"), Raw: json.RawMessage(`{}`), Short: json.RawMessage(`1`),
		Pointer: &inner, Any: []any{"a", 1.5, map[string]any{"k": "v"}},
		List: []everything{{Text: "in a list", hidden: "h"}}, Empty: []string{},
		Array:    [2]*int64{&one, &two},
		ByName:   map[string][]string{"a": {"b"}},
		ByNumber: map[int]item{1: {Name: "one"}}, hidden: "hidden",
	}
}

func TestCopyIsEqualAndSharesNothing(t *testing.T) {
	original := sample()
	copied := deepCopy(reflect.ValueOf(original)).Interface()
	if !reflect.DeepEqual(copied, sample()) {
		t.Fatalf("copy %+v, want %+v", copied, sample())
	}
	if n := overwrite(reflect.ValueOf(original)); n == 0 {
		t.Fatal("nothing was overwritten")
	}
	if !reflect.DeepEqual(copied, sample()) {
		t.Errorf("overwriting the original changed the copy to %+v", copied)
	}
}

func TestOverwriteReachesEverything(t *testing.T) {
	before, after := sample(), sample()
	overwrite(reflect.ValueOf(&after))
	b, a := reflect.ValueOf(before), reflect.ValueOf(after)
	skipped := map[string]bool{"Nothing": true, "Empty": true, "Nil": true, "NilMap": true, "hidden": true}
	for i := range b.NumField() {
		name := b.Type().Field(i).Name
		if kind := b.Field(i).Kind(); kind == reflect.Pointer || kind == reflect.Array {
			continue // checked below
		}
		equal := fmt.Sprintf("%+v", b.Field(i)) == fmt.Sprintf("%+v", a.Field(i))
		if equal != skipped[name] {
			t.Errorf("%s was overwritten from %v to %v", name, b.Field(i), a.Field(i))
		}
	}
	if *after.Array[0] != overwrittenInt64 || after.Pointer.Text != overwrittenText ||
		after.List[0].Text != overwrittenText {
		t.Errorf("behind pointers and lists: %+v", after)
	}
	text, err := json.Marshal(after)
	if err != nil {
		t.Fatalf("an overwritten value is no JSON any more: %v", err)
	}
	for _, mark := range marks {
		if !strings.Contains(string(text), string(mark)) {
			t.Errorf("no %s in %s", mark, text)
		}
	}
}
