package persistence_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"entrepot/persistence"
)

// TestPrefixEnd checks that exactly the strings with prefix p lie in [p, PrefixEnd(p)).
func TestPrefixEnd(t *testing.T) {
	for p, want := range map[string]string{
		"a": "b", "az": "a{", "a\U0010FFFF": "b", "\uD7FF": "\uE000", "é": "ê", "\x00": "\x01", "\x7f": "\u0080",
	} {
		if got, ok := persistence.PrefixEnd(p); !ok || got != want {
			t.Errorf("PrefixEnd(%q): want %q, got %q (%t)", p, want, got, ok)
		}
	}
	for _, p := range []string{"", "\U0010FFFF", "\U0010FFFF\U0010FFFF"} {
		if got, ok := persistence.PrefixEnd(p); ok {
			t.Errorf("PrefixEnd(%q): want none, got %q", p, got)
		}
	}
	runes := rapid.SampledFrom([]rune{0, 'a', 'b', 0x7f, 0x80, 0x7ff, 0xD7FF, 0xE000, 0xFFFD, 0xFFFF, 0x10000, 0x10FFFF})
	text := rapid.StringOfN(runes, 0, 4, -1)
	rapid.Check(t, func(t *rapid.T) {
		p, s := text.Draw(t, "prefix"), text.Draw(t, "text")
		end, ok := persistence.PrefixEnd(p)
		if within := s >= p && (!ok || s < end); within != strings.HasPrefix(s, p) {
			t.Fatalf("%q in [%q, %q): want %t, got %t", s, p, end, !within, within)
		}
	})
}
