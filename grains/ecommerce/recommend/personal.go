package recommend

import (
	"cmp"
	"slices"

	"entrepot"
)

// Bounds and weights of personal suggestions.
const (
	// MaxSeeds bounds the products of a taste that suggestions are derived from.
	MaxSeeds = 12
	// PerSeed bounds the neighbours of each seed.
	PerSeed = 30
	// likeness is the weight of similar content in relation to shared orders.
	likeness = 0.15
)

// Suggestion is a product for a user, with the product of the taste that is its main reason.
type Suggestion struct {
	ID      entrepot.ID
	Score   float64 // comparable within one reply only
	Because *Liked
}

// Personal returns the n best suggestions for a taste: near holds the products that are bought
// together with each seed, similar (may be nil) those with similar content. Bought and wished
// products are not suggested again.
func Personal(taste []Liked, near, similar map[entrepot.ID][]Scored, n int) []Suggestion {
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
	seeds := Seeds(taste)
	for i := range seeds {
		l := &seeds[i]
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

// Seeds returns the products of a taste that suggestions are derived from.
func Seeds(taste []Liked) []Liked { return taste[:min(MaxSeeds, len(taste))] }
