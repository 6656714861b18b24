package recommend

import (
	"cmp"
	"slices"

	"entrepot"
)

// The bounds of what is personal.
const (
	// MaxSeeds is how many products of a taste recommendations are made from.
	MaxSeeds = 12
	// PerSeed is how many neighbours each of them brings.
	PerSeed = 30
	// likeness is what similar content counts beside what others bought.
	likeness = 0.15
)

// Suggestion is a product for one user, and the one of the taste that speaks for
// it most.
type Suggestion struct {
	ID      entrepot.ID
	Score   float64 // compares within one answer only
	Because *Liked
}

// Personal merges what goes with the products of a taste: near is what was bought
// together with each seed, similar (which may be nil) what is like it. What the
// user bought lately, and the seeds that were viewed, are not suggested again;
// the same for a wish, which is known already.
func Personal(taste []*Liked, near, similar map[entrepot.ID][]Scored, n int) []Suggestion {
	known := map[entrepot.ID]bool{}
	for _, l := range taste {
		known[l.ProductID] = l.BoughtAt > 0 || l.How == Wished
	}
	type voice struct {
		sum, most float64
		because   *Liked
	}
	voices := map[entrepot.ID]*voice{}
	say := func(l *Liked, list []Scored, share float64) {
		for _, s := range list {
			if known[s.ID] || s.ID == l.ProductID {
				continue
			}
			v := voices[s.ID]
			if v == nil {
				v = &voice{}
				voices[s.ID] = v
			}
			w := l.Weight * s.Score * share
			if v.sum += w; w > v.most {
				v.most, v.because = w, l
			}
		}
	}
	for _, l := range Seeds(taste) {
		say(l, near[l.ProductID], 1)
		say(l, similar[l.ProductID], likeness)
	}
	out := make([]Suggestion, 0, len(voices))
	for id, v := range voices {
		if v.most > 0 {
			out = append(out, Suggestion{id, v.sum, v.because})
		}
	}
	slices.SortFunc(out, func(a, b Suggestion) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.ID, b.ID))
	})
	return out[:min(n, len(out))]
}

// Seeds are the products of a taste that recommendations are made from.
func Seeds(taste []*Liked) []*Liked { return taste[:min(MaxSeeds, len(taste))] }
