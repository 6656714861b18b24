// Package suggest recommends products: it mixes products that are bought together, similar, trending
// or personal, with a reason for each.
package suggest

import (
	"context"
	"slices"
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/ecommerce/product"
	"entrepot/grains/ecommerce/recommend"
	"entrepot/grains/query"
	"entrepot/persistence/search"
)

// Bounds of what is read for one request.
const (
	most         = 100 // candidates per kind
	similarSeeds = 4   // products of a taste whose similar products are read
	similarPool  = 100 // of the same category, and of the same brand
	similarAge   = time.Minute
)

// Adviser mixes recommendations. It is safe for concurrent use.
type Adviser struct {
	Config
	likes query.ReplyCache[[]recommend.Scored] // by product
}

// Config is what an adviser reads from.
type Config struct {
	Asker grains.Asker
	Store query.Reader // of the e-commerce service
	// Similar returns up to n products similar to one, best first, among them possibly products
	// that are not for sale or of another company. nil: by content, from the database.
	Similar func(ctx context.Context, productID entrepot.ID, n int) ([]recommend.Scored, error)
	// StockOf returns the stock levels of a product, a moment old; known is false while they are
	// unknown.
	StockOf func(product entrepot.ID) (levels []search.Stock, known bool)
	Now     func() time.Time
}

// New returns an adviser with an empty cache.
func New(c Config) *Adviser {
	s := &Adviser{Config: c}
	s.likes.Init(s.Now, similarAge)
	if s.Similar == nil {
		s.Similar = s.similarByContent
	}
	return s
}

// The kinds of recommendations, as the API names them.
const (
	kindTogether = "bought_together"
	kindSimilar  = "similar"
	kindTrending = "trending"
	kindPersonal = "personal"
)

// Request is one request for suggestions.
type Request struct {
	Kind        string      // "": a mix of the kinds that apply
	ProductID   entrepot.ID // required for bought_together and similar
	ShopID      entrepot.ID // "": any shop
	CompanyID   entrepot.ID // "": the product's company, or any
	SoldOutLast bool        // products without stock come last; otherwise they are left out
	Limit       int
}

// Suggestion is a visible product with the reason for its suggestion.
type Suggestion struct {
	Product    *product.Product
	Stock      []search.Stock // if StockKnown
	StockKnown bool
	Kind       string
	Reason     string  // a sentence for the customer
	Score      float64 // 0..1, comparable within one kind only
	Because    *because
}

// because is the product that is the reason for another.
type because struct {
	ProductID entrepot.ID
	Name      string
}

// Suggest returns the best products for the caller, at most r.Limit.
func (s *Adviser) Suggest(ctx context.Context, r Request) ([]Suggestion, error) {
	a := &advice{Adviser: s, in: r, company: r.CompanyID}
	if err := a.prepare(ctx); err != nil {
		return nil, err
	}
	picks, err := a.picks(ctx)
	if err != nil {
		return nil, err
	}
	return a.choose(ctx, picks)
}

// advice is the work on one request.
type advice struct {
	*Adviser
	in      Request
	company entrepot.ID
	anchor  *product.Product  // the requested product; nil: none
	taste   []recommend.Liked // of the customer; see readTaste
}

// pick is a candidate. Its product may turn out not to be for sale.
type pick struct {
	id      entrepot.ID
	kind    string
	score   float64
	because *because
	reason  func(p *product.Product) string
}

func fixed(text string) func(*product.Product) string {
	return func(*product.Product) string { return text }
}

// picks returns the candidates of the requested kind, or a mix.
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

// mix alternates between products bought together, similar and personal ones, followed by trending
// ones.
func (a *advice) mix(ctx context.Context) ([]pick, error) {
	lists := make([][]pick, 0, 4)
	personal := func(ctx context.Context) ([]pick, error) { return a.personal(ctx, false) }
	kinds := []func(context.Context) ([]pick, error){personal}
	if a.anchor != nil {
		kinds = []func(context.Context) ([]pick, error){a.together, a.similar, personal}
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

// choose reads the candidates' products in groups until enough are visible. Sold-out products are
// omitted or come last.
func (a *advice) choose(ctx context.Context, picks []pick) ([]Suggestion, error) {
	var out, later []Suggestion
	for picks = distinct(picks); len(picks) > 0 && len(out) < a.in.Limit; {
		n := min(len(picks), max(query.AtOnce, a.in.Limit-len(out)))
		products, err := a.products(ctx, n, func(i int) entrepot.ID { return picks[i].id })
		if err != nil {
			return nil, err
		}
		for i, p := range products {
			if p == nil || !a.allows(p) || len(out) == a.in.Limit {
				continue
			}
			pick := picks[i]
			r := Suggestion{
				Product: p, Kind: pick.kind, Reason: pick.reason(p), Score: rounded(pick.score), Because: pick.because,
			}
			r.Stock, r.StockKnown = a.StockOf(p.ID)
			gone := r.StockKnown && len(r.Stock) > 0 && soldOut(p, r.Stock, a.in.ShopID)
			switch {
			case !gone:
				out = append(out, r)
			case a.in.SoldOutLast && len(later) < a.in.Limit:
				later = append(later, r)
			}
		}
		picks = picks[n:]
	}
	return append(out, later[:min(len(later), a.in.Limit-len(out))]...), nil
}

// products returns products by id; nil for those that are missing or hidden from the caller.
func (s *Adviser) products(ctx context.Context, n int, id func(int) entrepot.ID) ([]*product.Product, error) {
	out := make([]*product.Product, n)
	err := query.Each(ctx, n, func(ctx context.Context, i int) (err error) {
		out[i], err = query.Product(ctx, s.Asker, id(i))
		if entrepot.CodeOf(err) == entrepot.CodeNotFound {
			out[i], err = nil, nil
		}
		return err
	})
	return out, err
}

func rounded(score float64) float64 { return float64(int64(score*1000+0.5)) / 1000 }

// prepare reads the requested product. If it does not belong to the requested shop or company, there
// is nothing to recommend.
func (a *advice) prepare(ctx context.Context) (err error) {
	if a.in.ProductID == "" {
		if a.in.Kind == kindTogether || a.in.Kind == kindSimilar {
			return entrepot.Invalid("productId", "required", "must be given for the kind %s", a.in.Kind)
		}
		return a.shopsCompany(ctx)
	}
	a.anchor, err = query.Product(ctx, a.Asker, a.in.ProductID)
	if entrepot.CodeOf(err) == entrepot.CodeNotFound {
		return query.Missing("productId", "no such product")
	}
	if err == nil && a.company == "" {
		a.company = a.anchor.CompanyID
	}
	return err
}

// shopsCompany limits trending products to the company of the shop. An unknown shop sells nothing.
func (a *advice) shopsCompany(ctx context.Context) error {
	if a.in.ShopID == "" || a.company != "" {
		return nil
	}
	v, err := query.Shop(ctx, a.Asker, a.in.ShopID)
	switch entrepot.CodeOf(err) {
	case "":
		a.company = v.CompanyID
		return nil
	case entrepot.CodeNotFound:
		a.company = a.in.ShopID // not the id of a company: nothing trends there
		return nil
	default:
		return err
	}
}

// allows reports whether a product is for sale and belongs to the requested shop and company.
func (a *advice) allows(p *product.Product) bool {
	return p.Status == product.Active && (a.company == "" || p.CompanyID == a.company) &&
		(a.in.ShopID == "" || slices.Contains(p.ShopIDs, a.in.ShopID)) && p.ID != a.in.ProductID
}
