package ecommerce

import (
	"context"
	"slices"
	"strings"

	"entrepot"
	"entrepot/grains/ecommerce/product"
	"entrepot/grains/query"
	"entrepot/http/rest"
	"entrepot/persistence"
	"entrepot/persistence/search"
)

// productFilter is what products are chosen by. It is comparable, and so part of
// the key that a list is cached by.
type productFilter struct {
	company, shop, category, brand, status string
	currency                               string
	minPrice, maxPrice                     int64 // minor units; maxPrice -1: none
}

type productListInput struct {
	rest.ListParams
	Q         string   `query:"q" maxLength:"200" doc:"words to be found in name, brand, category, attributes, tags and description; the last one may be unfinished" example:"espresso cup"`
	ShopID    rest.ID  `query:"shopId"`
	CompanyID rest.ID  `query:"companyId"`
	Category  string   `query:"category" maxLength:"100" doc:"with all categories below it"`
	Brand     []string `query:"brand,explode" maxItems:"50" doc:"one of them; repeat it for several"`
	Tag       []string `query:"tag,explode" maxItems:"50" doc:"one of them"`
	Attr      []string `query:"attr,explode" maxItems:"50" doc:"name:value; values of one name are alternatives, different names must all match" example:"colour:red"`
	Status    string   `query:"status" enum:"active,draft,archived" doc:"for staff"`
	MinPrice  string   `query:"minPrice" maxLength:"20" doc:"with currency" example:"5.00"`
	MaxPrice  string   `query:"maxPrice" maxLength:"20" doc:"with currency, inclusive" example:"50.00"`
	Currency  string   `query:"currency" pattern:"^[A-Z]{3}$" patternDescription:"an ISO 4217 code"`
	MinRating float64  `query:"minRating" minimum:"0" maximum:"5" doc:"mean of the reviews at least"`
	Available string   `query:"available" enum:"true,false" doc:"in stock (in the shop, with shopId) or out of stock"`
	Facets    []string `query:"facets" maxItems:"8" enum:"brand,category,price,rating,attributes,availability,shop,tag" doc:"facets to count, comma-separated; each is counted with all other filters applied"`
	Highlight bool     `query:"highlight" doc:"return matches of q as safe HTML with <em>"`
	Sort      string   `query:"sort" enum:"-createdAt,createdAt,price,-price,name,relevance,-popularity,-rating" doc:"default: relevance with q, else -createdAt"`
}

// list answers from the index of the search what only it can answer, and what it
// answers better once it is complete; and from the database the plain lists.
func (s *productAPI) list(ctx context.Context, in *productListInput) (*rawJSON, error) {
	f, err := in.filter(ctx)
	if err != nil {
		return nil, err
	}
	byIndex, err := s.byIndex(in)
	if err != nil {
		return nil, err
	}
	if byIndex {
		return s.listFound(ctx, in, f)
	}
	key := listKey{class: readerClass(ctx), productFilter: f, sort: in.sort(), cursor: in.Cursor, limit: in.Limit}
	body, err := s.Lists.answer(ctx, key, func(ctx context.Context) ([]byte, error) {
		page, err := s.read(ctx, key)
		if err != nil {
			return nil, err
		}
		return encode(s.plainPage(page))
	})
	if err != nil {
		return nil, err
	}
	return rawOf(body), nil
}

// sort is the order asked for, or what goes without saying.
func (in *productListInput) sort() string {
	switch {
	case in.Sort != "":
		return in.Sort
	case in.text() != "":
		return string(search.ByRelevance)
	default:
		return string(search.Newest)
	}
}

func (in *productListInput) text() string { return strings.TrimSpace(in.Q) }

// byIndex decides who answers. A list goes on where it began: the cursor tells.
func (s *productAPI) byIndex(in *productListInput) (bool, error) {
	begun := strings.HasPrefix(in.Cursor, indexCursor)
	needs := in.onlyByIndex()
	switch {
	case needs && in.Cursor != "" && !begun:
		return false, entrepot.Invalid("cursor", "cursor", "is not a cursor of this list")
	case (needs || begun) && !s.Search.Ready():
		return false, entrepot.Unavailable("the search is being prepared")
	case needs || begun:
		return true, nil
	default:
		return in.Cursor == "" && s.Search.Ready() && in.betterByIndex(), nil
	}
}

// onlyByIndex: what the database does not know or cannot order by.
func (in *productListInput) onlyByIndex() bool {
	switch in.Sort {
	case string(search.ByRelevance), string(search.MostPopular), string(search.BestRated):
		return true
	}
	return in.text() != "" || len(in.Facets) > 0 || len(in.Attr) > 0 || len(in.Tag) > 0 || len(in.Brand) > 1 ||
		in.MinRating > 0 || in.Available != "" || in.Highlight
}

// betterByIndex: categories with those below them, the shop's own prices, and
// what the database has no index for.
func (in *productListInput) betterByIndex() bool {
	return in.Category != "" || in.ShopID != "" || in.Currency != "" || in.Sort == string(search.Cheapest) || in.Sort == string(search.Dearest)
}

// readerClass is what decides which products are seen.
func readerClass(ctx context.Context) string {
	c := entrepot.CallerFrom(ctx)
	switch c.Role {
	case entrepot.SuperAdmin:
		return classPlatform
	case entrepot.CompanyAdmin, entrepot.ShopManager, entrepot.ShopStaff:
		return c.CompanyID
	default:
		return classPublic
	}
}

func (in *productListInput) filter(ctx context.Context) (productFilter, error) {
	f := productFilter{
		company: string(in.CompanyID), shop: string(in.ShopID), category: in.Category, status: in.Status,
		currency: in.Currency, maxPrice: -1,
	}
	if len(in.Brand) == 1 {
		f.brand = in.Brand[0]
	}
	for field, list := range map[string][]string{"brand": in.Brand, "tag": in.Tag, "attr": in.Attr} {
		for i, v := range list {
			if len(v) > maxFilterText {
				return f, entrepot.Invalid(query.Indexed(field, i, ""), "maxLength", "at most %d bytes", maxFilterText)
			}
		}
	}
	if in.Status != "" && in.Status != product.Active && !rest.IsStaff(ctx) {
		return f, entrepot.Invalid("status", "privileged", "only staff see products that are not active")
	}
	if in.MinPrice == "" && in.MaxPrice == "" {
		return f, nil
	}
	if in.Currency == "" {
		return f, entrepot.Invalid("currency", "required", "must be given with a price")
	}
	if in.MinPrice != "" {
		m, err := entrepot.ParseMoney("minPrice", in.MinPrice, in.Currency)
		if err != nil {
			return f, err
		}
		f.minPrice = m.Minor
	}
	if in.MaxPrice != "" {
		m, err := entrepot.ParseMoney("maxPrice", in.MaxPrice, in.Currency)
		if err != nil {
			return f, err
		}
		f.maxPrice = m.Minor
	}
	return f, nil
}

// maxSieved is how many pages one request may sieve for filters that the
// database has no index for (a shop among several, a currency).
const maxSieved = 5

// read returns a page from the database.
func (s *productAPI) read(ctx context.Context, key listKey) (entrepot.Page[ProductView], error) {
	q, scope := key.query()
	if key.shop != "" && key.company == "" {
		v, err := query.Shop(ctx, s.Asker, key.shop)
		switch entrepot.CodeOf(err) {
		case "":
			q.Where = query.Where(q.Where, "companyId", v.CompanyID)
		case entrepot.CodeNotFound:
			return entrepot.Page[ProductView]{Items: []ProductView{}}, nil
		default:
			return entrepot.Page[ProductView]{}, err
		}
	}
	for range maxSieved - 1 {
		page, err := s.page(ctx, key, scope, q)
		if err != nil || len(page.Items) > 0 || page.NextCursor == "" {
			return page, err
		}
		q.Cursor = page.NextCursor
	}
	return s.page(ctx, key, scope, q)
}

func (s *productAPI) page(ctx context.Context, key listKey, scope entrepot.Scope, q persistence.Query) (entrepot.Page[ProductView], error) {
	now := s.Now()
	page, err := query.Find(ctx, s.Store, product.Collection, scope, q,
		func(p *product.Product, _ *persistence.Document) ProductView { return productOf(p, key.shop, now) })
	page.Items = slices.DeleteFunc(page.Items, func(p ProductView) bool {
		return (key.shop != "" && !slices.Contains(p.ShopIDs, key.shop)) || (key.currency != "" && p.Currency != key.currency)
	})
	return page, err
}

// query is the list as the database is asked for it: the public sees what is
// active, staff their company's in every status.
func (k listKey) query() (persistence.Query, entrepot.Scope) {
	scope, status := entrepot.AllTenants(), k.status
	switch k.class {
	case classPlatform:
	case classPublic:
		status = product.Active
	default:
		scope = entrepot.InCompany(k.class)
	}
	by, desc := strings.CutPrefix(k.sort, "-")
	q := persistence.Query{Sort: by, Desc: desc, Limit: k.limit, Cursor: k.cursor}
	if status != "" {
		q.Where = query.Where(q.Where, "status", status)
	} else {
		q.Where = append(q.Where, persistence.Cond{
			Field: "status", Op: persistence.In,
			Values: []any{product.Active, product.Draft, product.Archived},
		})
	}
	q.Where = query.Where(q.Where, "companyId", k.company)
	q.Where = query.Where(q.Where, "category", k.category)
	q.Where = query.Where(q.Where, "brand", k.brand)
	if k.minPrice > 0 {
		q.Where = append(q.Where, persistence.Cond{Field: "price", Op: persistence.Gte, Value: k.minPrice})
	}
	if k.maxPrice >= 0 {
		q.Where = append(q.Where, persistence.Cond{Field: "price", Op: persistence.Lt, Value: k.maxPrice + 1})
	}
	return q, scope
}
