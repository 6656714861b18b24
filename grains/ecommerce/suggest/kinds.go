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
		reason := fixed("Often bought together with " + a.anchor.Name)
		out[i] = pick{id: n.ID, kind: kindTogether, score: n.Score, because: a.ofAnchor(), reason: reason}
	}
	return out, err
}

func (a *advice) neighbours(ctx context.Context, id entrepot.ID, n int) ([]recommend.Scored, error) {
	r, err := grains.Ask(ctx, a.Asker, recommend.AffinityOf(id), recommend.GetNeighbours{Limit: n})
	if err != nil {
		return nil, err
	}
	return r.Neighbours, nil
}

func (a *advice) ofAnchor() *because { return &because{a.anchor.ID, a.anchor.Name} }

func (a *advice) similar(ctx context.Context) ([]pick, error) {
	hits, err := a.likeIt(ctx, a.anchor.ID, most)
	out := make([]pick, len(hits))
	for i, h := range hits {
		out[i] = pick{id: h.ID, kind: kindSimilar, score: h.Score, because: a.ofAnchor(), reason: a.likeness}
	}
	return out, err
}

// maxShared bounds the common properties that a reason names.
const maxShared = 4

// likeness returns a reason that names what a product has in common with the requested one.
func (a *advice) likeness(p *product.Product) string {
	var same []string
	if p.Category != "" && p.Category == a.anchor.Category {
		same = append(same, "also in "+p.Category)
	}
	if p.Brand != "" && p.Brand == a.anchor.Brand {
		same = append(same, "also by "+p.Brand)
	}
	for _, x := range p.Attributes {
		if slices.Contains(a.anchor.Attributes, x) {
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

// trending returns the trending products. Scores are relative to the best: sales figures are not public.
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
		out[i] = pick{id: p.ID, kind: kindTrending, score: p.Score / top.Products[0].Score, reason: fixed(why)}
	}
	if err := a.readTaste(ctx); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(out, func(p pick) bool { return a.has(p.id) }), nil
}

// has reports whether the customer bought the product recently.
func (a *advice) has(id entrepot.ID) bool {
	return slices.ContainsFunc(a.taste, func(l recommend.Liked) bool { return l.ProductID == id && l.BoughtAt > 0 })
}

// readTaste reads the taste of a customer once. Staff and anonymous callers have none.
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

// personal returns suggestions for the customer's taste. For an empty taste it returns trending products
// with a reason that admits this if cold is true, else none.
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
		like[i] = hits
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

// ofTaste adds to each suggestion the product of the taste that is its reason.
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
		reason := fixed("Because of what you looked at and bought")
		out[i] = pick{id: s.ID, kind: kindPersonal, score: s.Score / list[0].Score, reason: reason}
		if name := names[s.Because.ProductID]; name != "" {
			out[i].because = &because{s.Because.ProductID, name}
			out[i].reason = fixed(becauseOf[s.Because.How] + name)
		}
	}
	return out, nil
}

var becauseOf = map[string]string{
	recommend.HowBought: "Because you bought ",
	recommend.Wished:    "Because you wished for ",
	recommend.HowViewed: "Because you looked at ",
}
