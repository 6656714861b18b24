package search

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"entrepot"

	"github.com/RoaringBitmap/roaring/v2"
)

// Hit is a product similar to another one, with the reason.
type Hit struct {
	ID     entrepot.ID
	Score  float64
	Reason string
}

// Weights of the properties that two products share. Shared words of the name are also weighted by
// their rarity.
const (
	likeCategory  = 3.0
	likeBrand     = 1.5
	likeAttribute = 1.0
	likeTag       = 0.75
	likeWord      = 0.5
	likePrice     = 1.0
)

// Similar returns up to n active products of the same company that are similar to a product by
// properties and name, most similar first. For an unknown product it returns none.
func (ix *Index) Similar(ctx context.Context, productID entrepot.ID, n int) []Hit {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	me, ok := ix.core.ordinal[productID]
	if !ok || n <= 0 || ix.closed {
		return nil
	}
	s := ix.scratch.Get().(*scratch)
	defer ix.scratch.Put(s)
	s.reset(len(ix.core.docs))
	v := ix.view(&Query{}, s)
	peers := v.company.any(make(bitset, wordsFor(len(v.docs))), v.docs[me].CompanyID)
	peers.and(v.active)
	v.scoreSimilar(ctx, me, peers)
	type scored struct {
		ordinal uint32
		score   float32
	}
	var out []scored
	for _, o := range v.all {
		if o == me {
			continue
		}
		c := scored{o, v.score[o] + v.merit(o)}
		if similarPrices(v.price[me], v.price[o]) && v.docs[me].Currency == v.docs[o].Currency {
			c.score += likePrice
		}
		if len(out) == n && c.score <= out[n-1].score {
			continue
		}
		i, _ := slices.BinarySearchFunc(out, c, func(have, c scored) int {
			if have.score > c.score || (have.score == c.score && v.docs[have.ordinal].ID < v.docs[c.ordinal].ID) {
				return -1
			}
			return 1
		})
		if out = slices.Insert(out, i, c); len(out) > n {
			out = out[:n]
		}
	}
	hits := make([]Hit, len(out))
	for i, c := range out {
		d := v.docs[c.ordinal]
		hits[i] = Hit{ID: d.ID, Score: float64(c.score), Reason: reason(v.docs[me], d)}
	}
	return hits
}

// similarPrices reports whether neither price is more than one and a half times the other.
func similarPrices(a, b int64) bool { return b*2 <= a*3 && a*2 <= b*3 }

// scoreSimilar scores the peers that share a property or word with the document. A property that very
// many products share is evaluated for a part of them only, and a very frequent word is skipped,
// because they say little.
func (v *view) scoreSimilar(ctx context.Context, me uint32, peers bitset) {
	among := peers.roaring()
	add := func(weight float32) func(o uint32) {
		return func(o uint32) {
			if v.score[o] == 0 {
				v.all = append(v.all, o)
			}
			v.score[o] += weight
		}
	}
	for _, by := range []struct {
		d      *dimension
		weight float32
	}{{v.category, likeCategory}, {v.brand, likeBrand}, {v.attribute, likeAttribute}, {v.tag, likeTag}} {
		for _, id := range by.d.of(me) {
			docs := roaring.And(by.d.docs[id], among)
			if most := uint64(len(v.docs)/20 + 2000); docs.GetCardinality() > most {
				docs = first(docs, most)
			}
			v.each(docs, add(by.weight))
		}
	}
	for _, t := range v.words.words(v.docs[me].Name) {
		stems := []alternative{{t.stem, 1}}
		known := v.vocabulary.stems[t.stem]
		if known == nil || known[inName] > int32(len(v.docs)/10+1000) { //nolint:gosec // a count of products in memory
			continue
		}
		weight := add(likeWord * v.rarity(stems))
		for _, p := range []*part{v.base, v.young} {
			docs, err := p.occurrences(ctx, inName, t.stem)
			if err != nil {
				return // the caller is gone; the scores so far are a valid result
			}
			v.hits = docs.within(peers, v.hits[:0])
			for _, o := range v.hits {
				weight(o)
			}
		}
	}
}

func first(docs *roaring.Bitmap, n uint64) *roaring.Bitmap {
	out, it := roaring.New(), docs.Iterator()
	for ; n > 0 && it.HasNext(); n-- {
		out.Add(it.Next())
	}
	return out
}

func reason(a, b *Document) string {
	var same []string
	if a.Category != "" && a.Category == b.Category {
		same = append(same, "category "+b.Category)
	}
	if a.Brand != "" && a.Brand == b.Brand {
		same = append(same, "brand "+b.Brand)
	}
	for _, x := range b.Attributes {
		if len(same) < 4 && slices.Contains(a.Attributes, x) {
			same = append(same, fmt.Sprintf("%s %s", x.Name, x.Value))
		}
	}
	for _, x := range b.Tags {
		if len(same) < 4 && slices.Contains(a.Tags, x) {
			same = append(same, "tag "+x)
		}
	}
	if len(same) == 0 {
		return "a similar name"
	}
	return "same " + strings.Join(same, ", ")
}
