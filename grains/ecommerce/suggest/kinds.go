package suggest

import (
	"context"
	"slices"
	"strings"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/ecommerce/product"
	"entrepot/grains/ecommerce/recommend"
	"entrepot/grains/ecommerce/review"
	"entrepot/grains/query"
	"entrepot/persistence"
)

func (a *advice) together(ctx context.Context) ([]pick, error) {
	list, err := a.neighbours(ctx, a.anchor.ID, most)
	out := make([]pick, len(list))
	for i, n := range list {
		out[i] = pick{id: n.ID, kind: kindTogether, score: n.Score, because: a.ofAnchor(), reason: said("Often bought together with " + a.anchor.Name)}
	}
	return out, err
}

func (a *advice) neighbours(ctx context.Context, id entrepot.ID, n int32) ([]recommend.Scored, error) {
	r, err := grains.Ask(ctx, a.Asker, recommend.AffinityOf(id), recommend.GetNeighbours{Limit: n})
	return scoredOf(r.Neighbours), err
}

func scoredOf(list []recommend.ScoredMsg) []recommend.Scored {
	out := make([]recommend.Scored, len(list))
	for i, s := range list {
		out[i] = recommend.Scored{ID: s.ProductID, Score: s.Score}
	}
	return out
}

func (a *advice) ofAnchor() *because { return &because{a.anchor.ID, a.anchor.Name} }

func (a *advice) similar(ctx context.Context) ([]pick, error) {
	hits, err := a.likeIt(ctx, a.anchor.ID, most)
	out := make([]pick, len(hits))
	for i, h := range hits {
		out[i] = pick{id: h.ProductID, kind: kindSimilar, score: h.Score, because: a.ofAnchor(), reason: a.likeness}
	}
	return out, err
}

// maxShared is how many things in common a reason names.
const maxShared = 4

// likeness describes what a product has in common with the requested one.
func (a *advice) likeness(p *product.Product) string {
	var same []string
	if p.Category != "" && p.Category == a.anchor.Category {
		same = append(same, "also in "+p.Category)
	}
	if p.Brand != "" && p.Brand == a.anchor.Brand {
		same = append(same, "also by "+p.Brand)
	}
	for _, x := range p.Attributes {
		if slices.ContainsFunc(a.anchor.Attributes, func(y product.Attribute) bool { return y.Name == x.Name && y.Value == x.Value }) {
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

// trending scores products relative to the best, so that sales figures stay
// confidential.
func (a *advice) trending(ctx context.Context, why string) ([]pick, error) {
	id := a.company
	if id == "" {
		id = recommend.Everywhere()
	}
	top, err := grains.Ask(ctx, a.Asker, recommend.TrendingOf(id), recommend.GetTop{Limit: most})
	if err != nil {
		return nil, err
	}
	out := make([]pick, len(top.Products))
	for i, p := range top.Products {
		out[i] = pick{id: p.ProductID, kind: kindTrending, score: p.Score / top.Products[0].Score, reason: said(why)}
	}
	if err := a.readTaste(ctx); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(out, func(p pick) bool { return a.has(p.id) }), nil
}

// has reports whether the customer bought the product recently.
func (a *advice) has(id entrepot.ID) bool {
	return slices.ContainsFunc(a.taste, func(l *recommend.Liked) bool { return l.ProductID == id && l.BoughtAt > 0 })
}

// readTaste loads the customer's taste once; other callers have none.
func (a *advice) readTaste(ctx context.Context) error {
	c := entrepot.CallerFrom(ctx)
	if c.Role != entrepot.Customer || a.taste != nil {
		return nil
	}
	t, err := grains.Ask(ctx, a.Asker, recommend.TasteOf(c.UserID), recommend.GetTaste{})
	if err != nil {
		return err
	}
	q := persistence.Query{Sort: persistence.CreatedAt, Desc: true, Limit: recommend.MaxPurchases}
	rows, _, err := a.Store.Find(ctx, review.Purchases, entrepot.OwnedBy(c.UserID), q)
	if err != nil {
		return query.Unreadable(review.Purchases, err)
	}
	bought := make([]recommend.Purchased, len(rows))
	for i := range rows {
		p := review.PurchaseOf(&rows[i])
		bought[i] = recommend.Purchased{ProductID: p.ProductID, At: p.At, Cancelled: p.Cancelled}
	}
	a.taste = recommend.WithBought(t.Items, bought, a.Now())
	return nil
}

// personal returns products that match the customer's taste. Without a match, trending
// products take their place, with that as the reason.
func (a *advice) personal(ctx context.Context, cold bool) ([]pick, error) {
	if err := a.readTaste(ctx); err != nil {
		return nil, err
	}
	seeds := recommend.Seeds(a.taste)
	near, like := make([][]recommend.Scored, len(seeds)), make([][]recommend.Scored, len(seeds))
	err := query.Each(ctx, len(seeds), func(ctx context.Context, i int) (err error) {
		if near[i], err = a.neighbours(ctx, seeds[i].ProductID, recommend.PerSeed); err != nil || i >= similarSeeds {
			return err
		}
		hits, err := a.likeIt(ctx, seeds[i].ProductID, recommend.PerSeed)
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
		nearOf[l.ProductID], likeOf[l.ProductID] = near[i], like[i]
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

// ofTaste adds to each suggestion the product of the taste that speaks for it.
func (a *advice) ofTaste(ctx context.Context, list []recommend.Suggestion) ([]pick, error) {
	seeds := recommend.Seeds(a.taste)
	known, err := a.products(ctx, len(seeds), func(i int) entrepot.ID { return seeds[i].ProductID })
	if err != nil {
		return nil, err
	}
	names := map[entrepot.ID]string{}
	for _, p := range known {
		names[p.ID] = p.Name
	}
	out := make([]pick, len(list))
	for i, s := range list {
		out[i] = pick{id: s.ID, kind: kindPersonal, score: s.Score / list[0].Score, reason: said("Because of what you looked at and bought")}
		if name := names[s.Because.ProductID]; name != "" {
			out[i].because = &because{s.Because.ProductID, name}
			out[i].reason = said(becauseOf[s.Because.How] + name)
		}
	}
	return out, nil
}

var becauseOf = map[string]string{
	recommend.HowBought: "Because you bought ", recommend.Wished: "Because you wished for ", recommend.HowViewed: "Because you looked at ",
}
