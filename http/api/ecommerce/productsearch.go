package ecommerce

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"entrepot"
	"entrepot/grains/ecommerce/product"
	"entrepot/grains/query"
	"entrepot/http/rest"
	"entrepot/persistence/search"
)

// searchRoutes returns finding products while typing; the list of products is the search itself.
func searchRoutes(d Deps) rest.Routes {
	s := &productAPI{d}
	return rest.Routes{Service: "products", List: []rest.Route{
		rest.Bind(rest.Route{
			ID: "suggest-products", Method: http.MethodGet, Path: "/products/suggest", Access: rest.Public,
			Summary: "Suggest search terms",
			Doc: "Returns products, brands and categories that the caller may see and that start with the " +
				"given text, allowing for one or two typing errors.",
			Answers: reflect.TypeFor[SuggestionsView](),
		}, s.suggest),
	}}
}

// maxFilterText is how long a brand, tag or attribute to filter by may be, in bytes.
const maxFilterText = 200

// FoundProduct is a product in a list.
type FoundProduct struct {
	ProductView
	Highlights map[string]string `json:"highlights,omitempty" doc:"by field: safe HTML with the words found in em"`
}

// ProductPage is a page of the list of products.
type ProductPage struct {
	Items []FoundProduct `json:"items"`
	PageFacts
}

// PageFacts is what a page of products holds besides them.
type PageFacts struct {
	NextCursor string      `json:"nextCursor,omitempty"`
	Total      *int        `json:"total,omitempty" doc:"number of matches, with q or facets"`
	Facets     *FacetsView `json:"facets,omitempty"`
}

// FacetsView is how many products there are by each property, with all filters
// but those on the property itself.
type FacetsView struct {
	Brand        []CountView          `json:"brand,omitempty"`
	Category     []CountView          `json:"category,omitempty" doc:"by slug, with all below it"`
	Shop         []CountView          `json:"shop,omitempty" doc:"by id"`
	Tag          []CountView          `json:"tag,omitempty"`
	Availability []CountView          `json:"availability,omitempty" doc:"true: in stock"`
	Rating       []CountView          `json:"rating,omitempty" doc:"minimal number of stars"`
	Price        []PriceCountView     `json:"price,omitempty"`
	Attributes   []AttributeCountView `json:"attributes,omitempty"`
}

// CountView is how many products have a value.
type CountView struct {
	Value string `json:"value"`
	Count int    `json:"count"`
}

// PriceCountView is how many products cost from From to less than To.
type PriceCountView struct {
	From     entrepot.Amount  `json:"from"`
	To       *entrepot.Amount `json:"to,omitempty"`
	Currency string           `json:"currency"`
	Count    int              `json:"count"`
}

// AttributeCountView is the values of one attribute.
type AttributeCountView struct {
	Name   string      `json:"name"`
	Values []CountView `json:"values"`
}

// listFound returns a page of the search.
func (s *productAPI) listFound(ctx context.Context, in *productListInput, f productFilter) (*rawJSON, error) {
	q, err := in.query(ctx, f)
	if err != nil {
		return nil, err
	}
	class := readerClass(ctx)
	name := in.name(class, f)
	if q.After, err = positionIn(in.Cursor, name); err != nil {
		return nil, err
	}
	key := listKey{class: class, found: name, cursor: in.Cursor, limit: in.Limit}
	body, err := s.Lists.answer(ctx, key, func(ctx context.Context) ([]byte, error) {
		r, err := s.Search.Search(ctx, q)
		if err != nil {
			return nil, err
		}
		return encode(s.foundPage(r, &q, name))
	})
	if err != nil {
		return nil, err
	}
	return rawOf(body), nil
}

func sightOf(class string) search.Sight {
	switch class {
	case classPlatform:
		return search.Sight{All: true}
	case classPublic:
		return search.Sight{}
	default:
		return search.Sight{CompanyID: class}
	}
}

func (in *productListInput) query(ctx context.Context, f productFilter) (search.Query, error) {
	q := search.Query{
		Sight: sightOf(readerClass(ctx)), Text: in.text(), CompanyID: string(in.CompanyID), ShopID: string(in.ShopID), Status: in.Status,
		Categories: []string{in.Category}, Brands: in.Brand, Tags: in.Tag, Currency: in.Currency,
		MinPrice: f.minPrice, MaxPrice: f.maxPrice, HasMax: f.maxPrice >= 0, MinRating: in.MinRating,
		Sort: search.Sort(in.sort()), Limit: in.Limit, Highlight: in.Highlight,
	}
	for i, a := range in.Attr {
		name, value, ok := strings.Cut(a, ":")
		if !ok || name == "" || value == "" {
			return q, entrepot.Invalid(query.Indexed("attr", i, ""), "format", "must be name:value, such as colour:red")
		}
		q.Attributes = append(q.Attributes, search.Attribute{Name: name, Value: value})
	}
	if in.Available != "" {
		is := in.Available == "true"
		q.Available = &is
	}
	for _, f := range in.Facets {
		q.Facets = append(q.Facets, search.Facet(f))
	}
	return q, nil
}

// name is what was asked for but for the page: the cache and the cursor know a
// search by it.
func (in *productListInput) name(class string, f productFilter) string {
	return fmt.Sprintf("%q %q %v %q %q %q %q %q %g %q %t %q", class, in.text(), f, in.Brand, in.Tag, in.Attr, in.Currency, in.Available, in.MinRating, in.Facets, in.Highlight, in.sort())
}

// indexCursor is how cursors of the search begin; those of a database never do.
const indexCursor = "s."

// checksumOf tells a search's cursors from those of others.
func checksumOf(name string, position []byte) []byte {
	sum := sha256.Sum256(append([]byte(name+"\n"), position...))
	return sum[:6]
}

func cursorOf(p *search.Position, name string) string {
	if p == nil {
		return ""
	}
	raw, err := json.Marshal(p)
	if err != nil {
		panic(err) // numbers and strings
	}
	return indexCursor + base64.RawURLEncoding.EncodeToString(append(checksumOf(name, raw), raw...))
}

func positionIn(cursor, name string) (*search.Position, error) {
	if cursor == "" {
		return nil, nil
	}
	foreign := entrepot.Invalid("cursor", "cursor", "is not a cursor of this list")
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(cursor, indexCursor))
	if err != nil || len(raw) < 6 || !slices.Equal(raw[:6], checksumOf(name, raw[6:])) {
		return nil, foreign
	}
	p := &search.Position{}
	if json.Unmarshal(raw[6:], p) != nil {
		return nil, foreign
	}
	return p, nil
}

// foundPage returns the page of a search result.
func (s *productAPI) foundPage(r *search.Result, q *search.Query, name string) ProductPage {
	page := ProductPage{Items: make([]FoundProduct, len(r.Items)), PageFacts: PageFacts{NextCursor: cursorOf(r.Next, name)}}
	if q.Text != "" || len(q.Facets) > 0 {
		page.Total = &r.Total
	}
	if len(q.Facets) > 0 {
		page.Facets = facetsOf(r.Facets)
	}
	now := s.Now()
	for i := range r.Items {
		f := &r.Items[i]
		p, _ := f.Source.(*product.Product)
		page.Items[i] = FoundProduct{ProductView: productOf(p, q.ShopID, now), Highlights: f.Highlights}
		page.Items[i].InStock = &f.InStock
	}
	return page
}

// plainPage is a page that the database answered.
func (s *productAPI) plainPage(page entrepot.Page[ProductView]) ProductPage {
	p := ProductPage{Items: make([]FoundProduct, len(page.Items)), PageFacts: PageFacts{NextCursor: page.NextCursor}}
	for i, v := range page.Items {
		p.Items[i].ProductView = v
		if s.Search.Ready() {
			if in, known := s.Search.InStock(v.ID); known {
				p.Items[i].InStock = &in
			}
		}
	}
	return p
}

func facetsOf(all map[search.Facet][]search.Count) *FacetsView {
	v := &FacetsView{
		Brand: countsOf(all[search.FacetBrand]), Category: countsOf(all[search.FacetCategory]), Shop: countsOf(all[search.FacetShop]),
		Tag: countsOf(all[search.FacetTag]), Availability: countsOf(all[search.FacetAvailability]), Rating: countsOf(all[search.FacetRating]),
	}
	for _, c := range all[search.FacetPrice] {
		p := PriceCountView{From: rest.Amount(c.From, c.Currency), Currency: c.Currency, Count: c.Count}
		if c.Until > 0 {
			to := rest.Amount(c.Until, c.Currency)
			p.To = &to
		}
		v.Price = append(v.Price, p)
	}
	for _, c := range all[search.FacetAttributes] {
		i := slices.IndexFunc(v.Attributes, func(a AttributeCountView) bool { return a.Name == c.Name })
		if i < 0 {
			i = len(v.Attributes)
			v.Attributes = append(v.Attributes, AttributeCountView{Name: c.Name})
		}
		v.Attributes[i].Values = append(v.Attributes[i].Values, CountView{c.Value, c.Count})
	}
	return v
}

func countsOf(counts []search.Count) []CountView {
	out := make([]CountView, len(counts))
	for i, c := range counts {
		out[i] = CountView{c.Value, c.Count}
	}
	return out
}

// SuggestionsView is what may be meant.
type SuggestionsView struct {
	Products   []ProductSuggestion `json:"products"`
	Brands     []CountView         `json:"brands"`
	Categories []CountView         `json:"categories" doc:"by slug"`
}

// ProductSuggestion is a product that may be meant.
type ProductSuggestion struct {
	ID   entrepot.ID `json:"id"`
	Name string      `json:"name"`
}

type suggestInput struct {
	Q     string `query:"q" required:"true" minLength:"1" maxLength:"100" doc:"text typed so far" example:"espr"`
	Limit int    `query:"limit" minimum:"1" maximum:"20" default:"5" doc:"maximal number of each kind"`
}

func (s *productAPI) suggest(ctx context.Context, in *suggestInput) (*rawJSON, error) {
	if !s.Search.Ready() {
		return nil, entrepot.Unavailable("the search is being prepared")
	}
	class := readerClass(ctx)
	key := listKey{class: class, found: "suggest " + strconv.Quote(in.Q), limit: in.Limit}
	body, err := s.Lists.answer(ctx, key, func(ctx context.Context) ([]byte, error) {
		r, err := s.Search.Suggest(ctx, sightOf(class), in.Q, in.Limit)
		if err != nil {
			return nil, err
		}
		v := SuggestionsView{Products: []ProductSuggestion{}, Brands: []CountView{}, Categories: []CountView{}}
		for _, p := range r.Products {
			v.Products = append(v.Products, ProductSuggestion{p.ID, p.Text})
		}
		for _, b := range r.Brands {
			v.Brands = append(v.Brands, CountView{b.Text, b.Count})
		}
		for _, c := range r.Categories {
			v.Categories = append(v.Categories, CountView{c.Text, c.Count})
		}
		return encode(v)
	})
	if err != nil {
		return nil, err
	}
	return rawOf(body), nil
}
