package suggest

import (
	"context"
	"slices"

	"entrepot"
	"entrepot/grains/ecommerce/product"
	"entrepot/grains/ecommerce/recommend"
	"entrepot/grains/query"
	"entrepot/persistence"
)

// likeIt returns the products similar to a product, from a cache of a minute.
func (s *Adviser) likeIt(ctx context.Context, id entrepot.ID, n int) ([]recommend.Scored, error) {
	hits, _, fresh := s.likes.Get(id)
	if !fresh {
		asked := s.Now()
		var err error
		if hits, err = s.Similar(ctx, id, most); entrepot.CodeOf(err) == entrepot.CodeUnavailable {
			hits, err = s.similarByContent(ctx, id, most) // the index is being built
		}
		if err != nil {
			return nil, err
		}
		s.likes.Put(id, hits, asked)
	}
	return hits[:min(n, len(hits))], nil
}

// similarByContent returns the most similar products of the same company among the newest of the same
// category and brand. It replaces Similar if that is nil or not ready.
func (s *Adviser) similarByContent(ctx context.Context, id entrepot.ID, n int) ([]recommend.Scored, error) {
	p, err := query.Product(ctx, s.Asker, id)
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
		page, err := query.Find(ctx, s.Store, product.Collection, entrepot.InCompany(p.CompanyID), persistence.Query{
			Where: []persistence.Cond{{Field: "status", Value: product.Active}, {Field: by.field, Value: by.value}},
			Sort:  persistence.CreatedAt, Desc: true, Limit: similarPool,
		}, func(p *product.Product, _ *persistence.Document) recommend.Item { return itemOf(p) })
		if err != nil {
			return nil, err
		}
		for _, it := range page.Items {
			if !slices.ContainsFunc(pool, func(o recommend.Item) bool { return o.ID == it.ID }) {
				pool = append(pool, it)
			}
		}
	}
	return recommend.Similar(&to, pool, n), nil
}

func itemOf(p *product.Product) recommend.Item {
	it := recommend.Item{
		ID: p.ID, Name: p.Name, Category: p.Category, Brand: p.Brand, Tags: p.Tags, Price: p.Price, Currency: p.Currency,
	}
	for _, a := range p.Attributes {
		it.Attributes = append(it.Attributes, a.Name+"="+a.Value)
	}
	return it
}
