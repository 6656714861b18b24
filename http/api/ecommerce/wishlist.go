package ecommerce

import (
	"context"
	"net/http"
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/ecommerce/product"
	"entrepot/grains/ecommerce/wishlist"
	"entrepot/grains/query"
	"entrepot/http/rest"
)

// wishlistRoutes returns the routes of the wishlist.
func wishlistRoutes(d Deps) rest.Routes {
	s := &wishlistAPI{Deps: d}
	s.products.Init(s.Now, wishedProductAge)
	own := rest.Only(entrepot.Customer)
	return rest.Routes{Service: "wishlist", List: []rest.Route{
		rest.Bind(rest.Route{
			ID: "get-wishlist", Method: http.MethodGet, Path: "/wishlist", Access: own,
			Summary: "Get wishlist",
			Doc:     "Newest first, at most 500, with the price now and at the time each was added.",
		}, s.get),
		rest.Bind(rest.Route{
			ID: "add-wishlist-item", Method: http.MethodPost, Path: "/wishlist/items", Access: own,
			Status: http.StatusCreated, Summary: "Add wishlist item",
			Doc: "An existing item stays as it is.",
		}, s.add),
		rest.Bind(rest.Route{
			ID: "remove-wishlist-item", Method: http.MethodDelete, Path: "/wishlist/items/{id}", Access: own,
			Status: http.StatusNoContent, Summary: "Remove wishlist item",
			Doc: "id is an item's, or a product's to remove all its variants.",
		}, s.remove),
	}}
}

type wishlistAPI struct {
	Deps
	products query.ReplyCache[*product.Product] // nil: gone
}

const wishedProductAge = 2 * time.Second

// WishlistView is a wishlist as the API shows it.
type WishlistView struct {
	UserID    entrepot.ID    `json:"userId"`
	Products  []entrepot.ID  `json:"products" doc:"distinct, the newest first"`
	Items     []WishlistItem `json:"items"`
	UpdatedAt rest.Time      `json:"updatedAt,omitzero"`
}

// WishlistItem is an item of a wishlist.
type WishlistItem struct {
	ID             entrepot.ID     `json:"id" doc:"the variant's id, or the product's"`
	ProductID      entrepot.ID     `json:"productId"`
	VariantID      entrepot.ID     `json:"variantId,omitempty" doc:"default: any"`
	CompanyID      entrepot.ID     `json:"companyId"`
	Name           string          `json:"name"`
	Image          string          `json:"image,omitempty"`
	Price          entrepot.Amount `json:"price" doc:"current price; for products no longer sold, the price when added"`
	PriceWhenAdded entrepot.Amount `json:"priceWhenAdded"`
	Currency       string          `json:"currency"`
	Sold           bool            `json:"sold" doc:"false: not sold any more, or not at the moment"`
	AddedAt        rest.Time       `json:"addedAt"`
}

// wishOf returns the view of an item, with the current data of its product; p is nil if the product is gone.
func wishOf(i wishlist.Item, p *product.Product, now time.Time) WishlistItem {
	v := WishlistItem{
		ID: i.ID(), ProductID: i.ProductID, VariantID: i.VariantID, CompanyID: i.CompanyID, Name: i.Name,
		Price: rest.Amount(i.Price, i.Currency), PriceWhenAdded: rest.Amount(i.Price, i.Currency), Currency: i.Currency, AddedAt: rest.Time(i.AddedAt),
	}
	if p == nil {
		return v
	}
	v.Name, v.Image, v.Sold = p.Name, p.Image, true
	if v.Image == "" && len(p.Images) > 0 {
		v.Image = imagesAt + p.Images[0].ID
	}
	if i.VariantID != "" {
		variant, sold := p.Sellable(i.VariantID)
		if v.Sold = sold; variant.Image != "" {
			v.Image = variant.Image
		}
	}
	if p.Currency == i.Currency {
		v.Price = rest.Amount(p.PriceOf(i.VariantID, "", now), p.Currency)
	}
	return v
}

// ask sends a command to the caller's own list.
func (s *wishlistAPI) ask(ctx context.Context, cmd grains.Message[*wishlist.Wishlist]) (*wishlist.Wishlist, error) {
	return grains.Ask(ctx, s.Asker, wishlist.Of(entrepot.CallerFrom(ctx).UserID), cmd)
}

func (s *wishlistAPI) get(ctx context.Context, _ *struct{}) (*rest.Answer[WishlistView], error) {
	w, err := s.ask(ctx, wishlist.Get{})
	if err != nil {
		return nil, err
	}
	v := WishlistView{UserID: w.UserID, Products: []entrepot.ID{}, Items: make([]WishlistItem, len(w.Items)), UpdatedAt: rest.Time(w.UpdatedAt)}
	at := map[entrepot.ID]int{}
	for _, i := range w.Items {
		if _, known := at[i.ProductID]; !known {
			at[i.ProductID] = len(v.Products)
			v.Products = append(v.Products, i.ProductID)
		}
	}
	products := make([]*product.Product, len(v.Products))
	err = query.Each(ctx, len(products), func(ctx context.Context, i int) (err error) {
		products[i], err = s.product(ctx, v.Products[i])
		return err
	})
	if err != nil {
		return nil, err
	}
	for n, i := range w.Items {
		v.Items[n] = wishOf(i, products[at[i.ProductID]], s.Now())
	}
	return rest.AnswerOf(v), nil
}

// product returns the public data of a product; nil if it is gone.
func (s *wishlistAPI) product(ctx context.Context, id entrepot.ID) (*product.Product, error) {
	asked := s.Now()
	p, _, fresh := s.products.Get(id)
	if fresh {
		return p, nil
	}
	p, err := query.Product(ctx, s.Asker, id)
	if err != nil && entrepot.CodeOf(err) != entrepot.CodeNotFound {
		return nil, err
	}
	s.products.Put(id, p, asked)
	return p, nil
}

type wishInput struct {
	rest.Here
	Body struct {
		ProductID rest.ID `json:"productId"`
		VariantID rest.ID `json:"variantId,omitempty" doc:"one of the product's variants; default: any"`
	}
}

func (s *wishlistAPI) add(ctx context.Context, in *wishInput) (*rest.Created[WishlistItem], error) {
	p, err := query.Product(ctx, s.Asker, string(in.Body.ProductID))
	if entrepot.CodeOf(err) == entrepot.CodeNotFound {
		return nil, query.Missing("productId", "no such product")
	}
	if err != nil {
		return nil, err
	}
	variant := string(in.Body.VariantID)
	if len(p.Variants) == 0 || variant != "" {
		v, sold := p.Sellable(variant)
		if !sold {
			return nil, query.Missing("variantId", "the product has no such variant")
		}
		variant = v.ID
	}
	w, err := s.ask(ctx, wishlist.AddItem{Item: wishlist.Item{
		ProductID: p.ID, VariantID: variant, CompanyID: p.CompanyID, Name: p.Name,
		Price: p.PriceOf(variant, "", s.Now()), Currency: p.Currency,
	}})
	if err != nil {
		return nil, err
	}
	id := variant
	if id == "" {
		id = p.ID
	}
	out := &rest.Created[WishlistItem]{Location: in.Below(id)}
	for _, i := range w.Items {
		if i.ID() == id {
			out.Body = wishOf(i, p, s.Now())
		}
	}
	return out, nil
}

func (s *wishlistAPI) remove(ctx context.Context, in *struct{ rest.IDPath }) (*rest.NoContent, error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	_, err = s.ask(ctx, wishlist.RemoveItem{ID: id})
	return nil, err
}
