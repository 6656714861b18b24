package api

import (
	"context"
	"slices"
	"strings"
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/product"
	"entrepot/grains/product/productpb"
	"entrepot/grains/recommend"
	"entrepot/grains/recommend/recommendpb"
	"entrepot/grains/review"
	"entrepot/persistence"
)

// The bounds of one answer: whatever is asked for, no more than these is read.
const (
	most         = 100 // candidates of a kind
	similarSeeds = 4   // products of a taste that similar ones are looked up for
	similarPool  = 100 // of the same category, and of the same brand
	similarAge   = time.Minute
)

// advice is one request for recommendations.
type advice struct {
	*recommendAPI
	in      *recommendInput
	company entrepot.ID
	anchor  *productpb.Product   // that is asked about; nil: none
	taste   []*recommendpb.Liked // of the customer; read by personal
}

// pick is a candidate: its product may turn out not to be for sale.
type pick struct {
	id      entrepot.ID
	kind    string
	score   float64
	because *Because
	reason  func(p *productpb.Product) string
}

func said(text string) func(*productpb.Product) string {
	return func(*productpb.Product) string { return text }
}

// picks are the candidates of the kind that is asked for, or a mix.
func (a *advice) picks(ctx context.Context) ([]pick, error) {
	switch a.in.Kind {
	case kindTogether:
		return a.together(ctx)
	case kindSimilar:
		return a.similar(ctx)
	case kindTrending:
		return a.trending(ctx, "Popular right now")
	case kindPersonal:
		return a.personal(ctx, true)
	default:
		return a.mix(ctx)
	}
}

// mix takes turns between what goes with the product, what is like it, and what
// is personal; what trends fills up.
func (a *advice) mix(ctx context.Context) ([]pick, error) {
	lists := make([][]pick, 0, 4)
	kinds := []func(context.Context) ([]pick, error){func(ctx context.Context) ([]pick, error) { return a.personal(ctx, false) }}
	if a.anchor != nil {
		kinds = append([]func(context.Context) ([]pick, error){a.together, a.similar}, kinds...)
	}
	for _, kind := range kinds {
		list, err := kind(ctx)
		if err != nil {
			return nil, err
		}
		lists = append(lists, list)
	}
	out := inTurn(lists)
	rest, err := a.trending(ctx, "Popular right now")
	return distinct(append(out, rest...)), err
}

func inTurn(lists [][]pick) (out []pick) {
	for i, more := 0, true; more; i++ {
		more = false
		for _, l := range lists {
			if i < len(l) {
				out, more = append(out, l[i]), true
			}
		}
	}
	return out
}

func distinct(all []pick) []pick {
	seen := map[entrepot.ID]bool{}
	return slices.DeleteFunc(all, func(p pick) bool {
		again := seen[p.id]
		seen[p.id] = true
		return again
	})
}

func (a *advice) together(ctx context.Context) ([]pick, error) {
	list, err := a.neighbours(ctx, a.anchor.Id, most)
	out := make([]pick, len(list))
	for i, n := range list {
		out[i] = pick{id: n.ID, kind: kindTogether, score: n.Score, because: a.ofAnchor(), reason: said("Often bought together with " + a.anchor.Name)}
	}
	return out, err
}

func (a *advice) neighbours(ctx context.Context, id entrepot.ID, n int32) ([]recommend.Scored, error) {
	r, err := grains.Ask[*recommendpb.Neighbours](ctx, a.Asker, recommendpb.Affinity, id, &recommendpb.GetNeighbours{Limit: n})
	return scoredOf(r.GetNeighbours()), err
}

func scoredOf(list []*recommendpb.Scored) []recommend.Scored {
	out := make([]recommend.Scored, len(list))
	for i, s := range list {
		out[i] = recommend.Scored{ID: s.ProductId, Score: s.Score}
	}
	return out
}

func (a *advice) ofAnchor() *Because { return &Because{a.anchor.Id, a.anchor.Name} }

func (a *advice) similar(ctx context.Context) ([]pick, error) {
	hits, err := a.likeIt(ctx, a.anchor.Id, most)
	out := make([]pick, len(hits))
	for i, h := range hits {
		out[i] = pick{id: h.ProductID, kind: kindSimilar, score: h.Score, because: a.ofAnchor(), reason: a.likeness}
	}
	return out, err
}

// maxShared is how many things in common a reason names.
const maxShared = 4

// likeness says what a product has in common with the one that was asked about.
func (a *advice) likeness(p *productpb.Product) string {
	var same []string
	if p.Category != "" && p.Category == a.anchor.Category {
		same = append(same, "also in "+p.Category)
	}
	if p.Brand != "" && p.Brand == a.anchor.Brand {
		same = append(same, "also by "+p.Brand)
	}
	for _, x := range p.Attributes {
		if slices.ContainsFunc(a.anchor.Attributes, func(y *productpb.Attribute) bool { return y.Name == x.Name && y.Value == x.Value }) {
			same = append(same, x.Name+" also "+x.Value)
		}
	}
	for _, tag := range p.Tags {
		if slices.Contains(a.anchor.Tags, tag) {
			same = append(same, "also "+tag)
		}
	}
	if len(same) == 0 {
		return "Similar to " + a.anchor.Name
	}
	return "Similar to " + a.anchor.Name + ": " + strings.Join(same[:min(len(same), maxShared)], ", ")
}

// trending are scored by the best: how much is sold is nobody's to know.
func (a *advice) trending(ctx context.Context, why string) ([]pick, error) {
	id := a.company
	if id == "" {
		id = recommendpb.Everywhere()
	}
	top, err := grains.Ask[*recommendpb.Top](ctx, a.Asker, recommendpb.Trending, id, &recommendpb.GetTop{Limit: most})
	if err != nil {
		return nil, err
	}
	out := make([]pick, len(top.Products))
	for i, p := range top.Products {
		out[i] = pick{id: p.ProductId, kind: kindTrending, score: p.Score / top.Products[0].Score, reason: said(why)}
	}
	if err := a.readTaste(ctx); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(out, func(p pick) bool { return a.has(p.id) }), nil
}

// has reports whether the customer bought the product lately.
func (a *advice) has(id entrepot.ID) bool {
	return slices.ContainsFunc(a.taste, func(l *recommendpb.Liked) bool { return l.ProductId == id && l.BoughtMs > 0 })
}

// readTaste reads the customer's taste once; staff and strangers have none.
func (a *advice) readTaste(ctx context.Context) error {
	c := entrepot.CallerFrom(ctx)
	if c.Role != entrepot.Customer || a.taste != nil {
		return nil
	}
	t, err := grains.Ask[*recommendpb.Taste](ctx, a.Asker, recommendpb.Tastes, c.UserID, &recommendpb.GetTaste{})
	if err != nil {
		return err
	}
	q := persistence.Query{Sort: persistence.CreatedAt, Desc: true, Limit: recommend.MaxPurchases}
	rows, _, err := a.Stores.Ecommerce.Find(ctx, review.Purchases, entrepot.OwnedBy(c.UserID), q)
	if err != nil {
		return unreadable(review.Purchases, err)
	}
	bought := make([]recommend.Purchased, len(rows))
	for i := range rows {
		p := review.PurchaseOf(&rows[i])
		bought[i] = recommend.Purchased{ProductID: p.ProductID, At: p.At, Cancelled: p.Cancelled}
	}
	a.taste = recommend.WithBought(t.GetItems(), bought, a.Now())
	return nil
}

// personal is what goes with the customer's taste. Where nothing does, because
// nothing is known, what trends takes its place and says so.
func (a *advice) personal(ctx context.Context, cold bool) ([]pick, error) {
	if err := a.readTaste(ctx); err != nil {
		return nil, err
	}
	seeds := recommend.Seeds(a.taste)
	near, like := make([][]recommend.Scored, len(seeds)), make([][]recommend.Scored, len(seeds))
	err := each(ctx, len(seeds), func(ctx context.Context, i int) (err error) {
		if near[i], err = a.neighbours(ctx, seeds[i].ProductId, recommend.PerSeed); err != nil || i >= similarSeeds {
			return err
		}
		hits, err := a.likeIt(ctx, seeds[i].ProductId, recommend.PerSeed)
		for _, h := range hits {
			like[i] = append(like[i], recommend.Scored{ID: h.ProductID, Score: h.Score})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	nearOf, likeOf := map[entrepot.ID][]recommend.Scored{}, map[entrepot.ID][]recommend.Scored{}
	for i, l := range seeds {
		nearOf[l.ProductId], likeOf[l.ProductId] = near[i], like[i]
	}
	suggested := recommend.Personal(a.taste, nearOf, likeOf, most)
	if len(suggested) == 0 {
		if !cold {
			return nil, nil
		}
		return a.trending(ctx, "Popular right now, as we do not know your taste yet")
	}
	return a.ofTaste(ctx, suggested)
}

// ofTaste says of each suggestion which product of the taste speaks for it.
func (a *advice) ofTaste(ctx context.Context, list []recommend.Suggestion) ([]pick, error) {
	seeds := recommend.Seeds(a.taste)
	known, err := a.products(ctx, len(seeds), func(i int) entrepot.ID { return seeds[i].ProductId })
	if err != nil {
		return nil, err
	}
	names := map[entrepot.ID]string{}
	for _, p := range known {
		names[p.GetId()] = p.GetName()
	}
	out := make([]pick, len(list))
	for i, s := range list {
		out[i] = pick{id: s.ID, kind: kindPersonal, score: s.Score / list[0].Score, reason: said("Because of what you looked at and bought")}
		if name := names[s.Because.ProductId]; name != "" {
			out[i].because = &Because{s.Because.ProductId, name}
			out[i].reason = said(becauseOf[s.Because.How] + name)
		}
	}
	return out, nil
}

var becauseOf = map[string]string{
	recommend.Bought: "Because you bought ", recommend.Wished: "Because you wished for ", recommend.Viewed: "Because you looked at ",
}

// choose asks the candidates' products, some at a time, until enough may be
// shown. What is sold out is left out, or waits for the end.
func (a *advice) choose(ctx context.Context, picks []pick) ([]Recommendation, error) {
	out, later := []Recommendation{}, []Recommendation{}
	for picks = distinct(picks); len(picks) > 0 && len(out) < a.in.Limit; {
		n := min(len(picks), max(maxAsks, a.in.Limit-len(out)))
		products, err := a.products(ctx, n, func(i int) entrepot.ID { return picks[i].id })
		if err != nil {
			return nil, err
		}
		for i, p := range products {
			if p == nil || !a.allows(p) || len(out) == a.in.Limit {
				continue
			}
			v := productOf(p, a.in.ShopID, a.Now())
			r := Recommendation{Kind: picks[i].kind, Reason: picks[i].reason(p), Score: rounded(picks[i].score), Because: picks[i].because}
			levels, known := a.stockOf(p.Id)
			gone := known && len(levels) > 0 && soldOut(p, levels, a.in.ShopID)
			if known {
				v.stocked(p, levels)
			}
			switch r.Product = v; {
			case !gone:
				out = append(out, r)
			case a.in.SoldOut == soldOutLast && len(later) < a.in.Limit:
				later = append(later, r)
			}
		}
		picks = picks[n:]
	}
	return append(out, later[:min(len(later), a.in.Limit-len(out))]...), nil
}

// products asks some at a time; those that are not there, or not for the caller, are nil.
func (s *recommendAPI) products(ctx context.Context, n int, id func(int) entrepot.ID) ([]*productpb.Product, error) {
	out := make([]*productpb.Product, n)
	err := each(ctx, n, func(ctx context.Context, i int) (err error) {
		out[i], err = askProduct(ctx, s.Asker, id(i))
		if entrepot.CodeOf(err) == entrepot.CodeNotFound {
			out[i], err = nil, nil
		}
		return err
	})
	return out, err
}

func rounded(score float64) float64 { return float64(int64(score*1000+0.5)) / 1000 }

// likeIt is what is similar to a product, as it was within the last minute.
func (s *recommendAPI) likeIt(ctx context.Context, id entrepot.ID, n int) ([]SimilarHit, error) {
	hits, _, fresh := s.likes.get(id)
	if !fresh {
		asked := s.Now()
		var err error
		if hits, err = s.Similar(ctx, id, most); entrepot.CodeOf(err) == entrepot.CodeUnavailable {
			hits, err = s.similarByContent(ctx, id, most) // the index is being built
		}
		if err != nil {
			return nil, err
		}
		s.likes.put(id, hits, asked)
	}
	return hits[:min(n, len(hits))], nil
}

// similarByContent are the products of the same company that are most like one,
// among the newest of its category and of its brand. It is what Deps.Similar is
// where nothing better is wired in.
func (s *recommendAPI) similarByContent(ctx context.Context, id entrepot.ID, n int) ([]SimilarHit, error) {
	p, err := askProduct(ctx, s.Asker, id)
	if entrepot.CodeOf(err) == entrepot.CodeNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	to, pool := itemOf(p), []recommend.Item{}
	for _, by := range []struct{ field, value string }{{"category", p.Category}, {"brand", p.Brand}} {
		if by.value == "" {
			continue
		}
		page, err := find(ctx, s.Stores.Ecommerce, product.Collection, entrepot.InCompany(p.CompanyId), persistence.Query{
			Where: []persistence.Cond{{Field: "status", Value: product.StatusActive}, {Field: by.field, Value: by.value}},
			Sort:  persistence.CreatedAt, Desc: true, Limit: similarPool,
		}, func(s *product.State, _ *persistence.Document) recommend.Item { return itemOf(s.View()) })
		if err != nil {
			return nil, err
		}
		for _, it := range page.Items {
			if !slices.ContainsFunc(pool, func(o recommend.Item) bool { return o.ID == it.ID }) {
				pool = append(pool, it)
			}
		}
	}
	best := recommend.Similar(&to, pool, n)
	hits := make([]SimilarHit, len(best))
	for i, b := range best {
		hits[i] = SimilarHit{b.ID, b.Score}
	}
	return hits, nil
}

func itemOf(p *productpb.Product) recommend.Item {
	it := recommend.Item{ID: p.Id, Name: p.Name, Category: p.Category, Brand: p.Brand, Tags: p.Tags, PriceMinor: p.PriceMinor, Currency: p.Currency}
	for _, a := range p.Attributes {
		it.Attributes = append(it.Attributes, a.GetName()+"="+a.GetValue())
	}
	return it
}
