package api

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"

	"entrepot"
	"entrepot/grains"
	companies "entrepot/grains/company"
	"entrepot/grains/product"
	"entrepot/grains/product/productpb"
)

// Products is the product catalogue of the e-commerce service.
func Products(d Deps) Routes {
	s := &productAPI{d.withDefaults()}
	may := Only(entrepot.SuperAdmin, entrepot.CompanyAdmin, entrepot.ShopManager)
	return Routes{"products", []Route{
		route(Route{
			ID: "list-products", Method: http.MethodGet, Path: "/products", Access: Public, Summary: "List products",
			Doc:     "Staff see their company's products in every status, everybody else the active ones. A page may hold fewer than limit while there is a next one.",
			Answers: reflect.TypeFor[ProductPage](),
		}, s.list),
		route(Route{ID: "create-product", Method: http.MethodPost, Keyed: true, Path: "/products", Access: may, Status: http.StatusCreated, Summary: "Create a product"}, s.create),
		route(Route{ID: "get-product", Method: http.MethodGet, Path: "/products/{id}", Access: Public, Summary: "Read a product"}, s.get),
		route(Route{ID: "update-product", Method: http.MethodPatch, Path: "/products/{id}", Access: Staff, Summary: "Change a product"}, s.update),
		route(Route{ID: "delete-product", Method: http.MethodDelete, Path: "/products/{id}", Access: may, Status: http.StatusNoContent, Summary: "Take a product out of the catalogue"}, s.remove),
	}}
}

type productAPI struct{ Deps }

// ProductView is a product as the API shows it.
type ProductView struct {
	ID          entrepot.ID     `json:"id"`
	CompanyID   entrepot.ID     `json:"companyId"`
	ShopIDs     []entrepot.ID   `json:"shopIds"`
	SKU         string          `json:"sku"`
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Category    string          `json:"category,omitempty"`
	Brand       string          `json:"brand,omitempty"`
	Price       entrepot.Amount `json:"price"`
	Currency    string          `json:"currency"`
	Status      string          `json:"status"`
	Image       string          `json:"image,omitempty"`
	CreatedAt   Time            `json:"createdAt"`
	UpdatedAt   Time            `json:"updatedAt"`
}

func productOf(p *productpb.Product) ProductView {
	return ProductView{
		ID: p.Id, CompanyID: p.CompanyId, ShopIDs: notNil(p.ShopIds), SKU: p.Sku, Name: p.Name, Description: p.Description,
		Category: p.Category, Brand: p.Brand, Price: amount(p.PriceMinor, p.Currency), Currency: p.Currency,
		Status: p.Status, Image: p.Image, CreatedAt: Time(p.CreatedMs), UpdatedAt: Time(p.UpdatedMs),
	}
}

func amount(minor int64, currency string) entrepot.Amount {
	return entrepot.Money{Minor: minor, Currency: currency}.Amount()
}

func (s *productAPI) get(ctx context.Context, in *struct{ IDPath }) (*answer[ProductView], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	p, err := askProduct(ctx, s.Asker, id)
	if err != nil {
		return nil, err
	}
	return answerAt(p.Version, productOf(p)), nil
}

func askProduct(ctx context.Context, a grains.Asker, id entrepot.ID) (*productpb.Product, error) {
	return grains.Ask[*productpb.Product](ctx, a, productpb.Kind, id, &productpb.Get{})
}

type productInput struct {
	Here
	KeyHeader
	RawBody []byte
	Body    struct {
		CompanyID   string          `json:"companyId,omitempty" pattern:"^[0-9a-f]{24}$" patternDescription:"an id of 24 hex digits" doc:"for super admins; others create in their own company"`
		ShopIDs     []string        `json:"shopIds" minItems:"1" maxItems:"200" doc:"the shops that sell it"`
		SKU         string          `json:"sku" minLength:"1" maxLength:"64" example:"MUG-1" doc:"unique in the company"`
		Name        string          `json:"name" minLength:"1" maxLength:"200" example:"Mug"`
		Description string          `json:"description,omitempty" maxLength:"5000"`
		Category    string          `json:"category,omitempty" maxLength:"100" example:"kitchen"`
		Brand       string          `json:"brand,omitempty" maxLength:"100"`
		Price       entrepot.Amount `json:"price"`
		Currency    string          `json:"currency" pattern:"^[A-Z]{3}$" patternDescription:"an ISO 4217 code" example:"EUR"`
		Image       string          `json:"image,omitempty" maxLength:"2000"`
	}
}

func (s *productAPI) create(ctx context.Context, in *productInput) (*created[ProductView], error) {
	b := &in.Body
	company, err := companyFor(ctx, b.CompanyID)
	if err != nil {
		return nil, err
	}
	price, err := entrepot.ParseMoney("price", string(b.Price), b.Currency)
	if err != nil {
		return nil, err
	}
	if err := checkShops(ctx, s.Asker, company, b.ShopIDs); err != nil {
		return nil, err
	}
	keyed, replayed := in.command(ctx, "create-product", in.RawBody)
	var p *productpb.Product
	id := in.newID(ctx, "product")
	err = s.withinPlan(ctx, s.Stores.Ecommerce, resource{companies.Products, product.Collection, nil}, company, id, func() (err error) {
		p, err = grains.Ask[*productpb.Product](keyed, s.Asker, productpb.Kind, id, &productpb.Create{
			CompanyId: company, ShopIds: b.ShopIDs, Sku: b.SKU, Name: b.Name, Description: b.Description,
			Category: b.Category, Brand: b.Brand, PriceMinor: price.Minor, Currency: b.Currency, Image: b.Image,
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	s.Lists.Invalidate(p.CompanyId)
	return &created[ProductView]{Replay: replay(replayed), Versioned: versioned(p.Version), Location: in.below(p.Id), Body: productOf(p)}, nil
}

// checkShops: a product cannot ask the shops whose they are, so the edge does.
func checkShops(ctx context.Context, a grains.Asker, company entrepot.ID, ids []entrepot.ID) error {
	if err := checkIDs("shopIds", ids); err != nil {
		return err
	}
	return each(ctx, len(ids), func(ctx context.Context, i int) error {
		v, err := askShop(ctx, a, ids[i])
		if entrepot.CodeOf(err) == entrepot.CodeNotFound || (err == nil && v.CompanyId != company) {
			return missing(indexed("shopIds", i, ""), "no such shop")
		}
		return err
	})
}

type productPatch struct {
	IDPath
	IfMatch
	Body struct {
		Name        *string          `json:"name,omitempty" minLength:"1" maxLength:"200"`
		Description *string          `json:"description,omitempty" maxLength:"5000"`
		Category    *string          `json:"category,omitempty" maxLength:"100"`
		Brand       *string          `json:"brand,omitempty" maxLength:"100"`
		Price       *entrepot.Amount `json:"price,omitempty"`
		Status      *string          `json:"status,omitempty" enum:"active,draft,archived"`
		Image       *string          `json:"image,omitempty" maxLength:"2000"`
	}
}

func (s *productAPI) update(ctx context.Context, in *productPatch) (*answer[ProductView], error) {
	id, version, err := in.at(in.IDPath)
	if err != nil {
		return nil, err
	}
	b := &in.Body
	cmd := &productpb.Update{ExpectedVersion: version, Name: b.Name, Description: b.Description, Category: b.Category, Brand: b.Brand, Status: b.Status, Image: b.Image}
	if b.Price != nil {
		now, err := askProduct(ctx, s.Asker, id) // for its currency
		if err != nil {
			return nil, err
		}
		price, err := entrepot.ParseMoney("price", string(*b.Price), now.Currency)
		if err != nil {
			return nil, err
		}
		cmd.PriceMinor = &price.Minor
	}
	p, err := grains.Ask[*productpb.Product](ctx, s.Asker, productpb.Kind, id, cmd)
	if err != nil {
		return nil, err
	}
	s.Lists.Invalidate(p.CompanyId)
	return answerAt(p.Version, productOf(p)), nil
}

func (s *productAPI) remove(ctx context.Context, in *struct{ IDPath }) (*nothing, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	p, err := grains.Ask[*productpb.Product](ctx, s.Asker, productpb.Kind, id, &productpb.Delete{})
	if err != nil {
		return nil, err
	}
	s.Lists.Invalidate(p.CompanyId)
	return nil, nil
}

// rawJSON is an answer that is encoded already.
type rawJSON struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func rawOf(b []byte) *rawJSON { return &rawJSON{ContentType: "application/json", Body: b} }

func encode(v any) ([]byte, error) { return json.Marshal(v) }
