package events

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// reference computes Match with a regular expression, in which every word of the key is preceded by
// a dot.
func reference(pattern, key string) bool {
	var re strings.Builder
	for _, word := range strings.Split(pattern, ".") {
		switch word {
		case "#":
			re.WriteString(`(\.[^.]*)*`)
		case "*":
			re.WriteString(`\.[^.]*`)
		default:
			re.WriteString(`\.` + regexp.QuoteMeta(word))
		}
	}
	return regexp.MustCompile(`^` + re.String() + `$`).MatchString("." + key)
}

func TestMatchLikeReference(t *testing.T) {
	words := func(of ...string) *rapid.Generator[string] {
		return rapid.Map(rapid.SliceOfN(rapid.SampledFrom(of), 1, 6), func(w []string) string { return strings.Join(w, ".") })
	}
	patterns, keys := words("a", "b", "ab", "*", "#", ""), words("a", "b", "ab", "")
	rapid.Check(t, func(t *rapid.T) {
		p, k := patterns.Draw(t, "pattern"), keys.Draw(t, "key")
		if got, want := Match(p, k), reference(p, k); got != want {
			t.Fatalf("Match(%q, %q): want %v, got %v", p, k, want, got)
		}
	})
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, key string
		want         bool
	}{
		{"order.created", "order.created", true},
		{"order.created", "order.created.x", false},
		{"order.*", "order.created", true},
		{"order.*", "order", false},
		{"order.*", "order.a.b", false},
		{"*.created", "order.created", true},
		{"#", "anything.at.all", true},
		{"order.#", "order", true},
		{"order.#", "order.a.b", true},
		{"#.b", "b", true},
		{"#.b.#", "a.b.c", true},
		{"#.b.#", "a.c", false},
		{"#.#.a", "a", true},
		{"*.#", "a", true},
		{"order", "orders", false},
	} {
		if got := Match(c.pattern, c.key); got != c.want {
			t.Errorf("Match(%q, %q): want %v, got %v", c.pattern, c.key, c.want, got)
		}
	}
}
