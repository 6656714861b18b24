package ecommerce

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/ecommerce/product"
	"entrepot/grains/query"
	"entrepot/grains/quota"
	"entrepot/http/api/ecommerce/form"
	"entrepot/http/rest"
)

// productRoutes returns the product catalogue of the e-commerce service.
func productRoutes(d Deps) rest.Routes {
	s := &productAPI{d}
	may := rest.Only(entrepot.SuperAdmin, entrepot.CompanyAdmin, entrepot.ShopManager)
	return rest.Routes{Service: "products", List: append([]rest.Route{
		rest.Bind(rest.Route{
			ID: "list-products", Method: http.MethodGet, Path: "/products", Access: rest.Public,
			Summary: "List products",
			Doc: "Staff see their company's products in every status, others the active ones. A page may hold " +
				"fewer than limit items while nextCursor is set.",
			Answers: reflect.TypeFor[ProductPage](),
		}, s.list),
		rest.Bind(rest.Route{
			ID: "create-product", Method: http.MethodPost, Keyed: true, Path: "/products", Access: may,
			Status: http.StatusCreated, Summary: "Create product",
		}, s.create),
		rest.Bind(rest.Route{
			ID: "get-product", Method: http.MethodGet, Path: "/products/{id}", Access: rest.Public,
			Summary: "Get product",
			Doc: "Includes current prices with sales, in a shop if shopId is given, and the availability by " +
				"variant and shop as of a moment ago.",
		}, s.get),
		rest.Bind(rest.Route{
			ID: "update-product", Method: http.MethodPatch, Path: "/products/{id}", Access: rest.Staff,
			Summary: "Update product",
			Doc:     "Replaces the given fields; lists as a whole. null removes sale, publishAt and unpublishAt.",
		}, s.update),
		rest.Bind(rest.Route{
			ID: "delete-product", Method: http.MethodDelete, Path: "/products/{id}", Access: may,
			Status: http.StatusNoContent, Summary: "Delete product",
		}, s.remove),
	}, slices.Concat(s.categoryRoutes(), s.imageRoutes(), s.importRoutes())...)}
}

type productAPI struct{ Deps }

type productGetInput struct {
	rest.IDPath
	ShopID rest.ID `query:"shopId" doc:"return the prices of this shop"`
}

func (s *productAPI) get(ctx context.Context, in *productGetInput) (*rest.Answer[ProductView], error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	p, err := query.Product(ctx, s.Asker, id)
	if err != nil {
		return nil, err
	}
	if in.ShopID != "" && !slices.Contains(p.ShopIDs, string(in.ShopID)) {
		return nil, entrepot.Invalid("shopId", "soldBy", "the shop does not sell the product")
	}
	return s.answer(ctx, p, string(in.ShopID)), nil
}

// answer is a product as the caller sees it: prices of all shops are the staff's.
func (s *productAPI) answer(ctx context.Context, p *product.Product, shopID entrepot.ID) *rest.Answer[ProductView] {
	return rest.AnswerAt(p.Version, s.whole(ctx, p, shopID))
}

func (s *productAPI) whole(ctx context.Context, p *product.Product, shopID entrepot.ID) ProductView {
	v := productOf(p, shopID, s.Now())
	if levels, known := s.stockOf(p.ID); known {
		v.stocked(p, levels)
	}
	if entrepot.CallerFrom(ctx).MayReachCompany(p.CompanyID) {
		v.forStaff(p)
	}
	return v
}

type productInput struct {
	rest.Here
	rest.KeyHeader
	RawBody []byte
	Body    form.ProductBody
}

func (s *productAPI) create(ctx context.Context, in *productInput) (*rest.Created[ProductView], error) {
	company, err := rest.CompanyFor(ctx, string(in.Body.CompanyID))
	if err != nil {
		return nil, err
	}
	cmd, err := in.Body.Command(company)
	if err != nil {
		return nil, err
	}
	if err := rest.CheckShops(ctx, s.Asker, "shopIds", company, cmd.ShopIDs); err != nil {
		return nil, err
	}
	var r grains.Result[*product.Product]
	id := in.NewID(ctx, "product")
	err = quota.Within(ctx, s.Asker, s.Store, form.Plan, company, id, func() (err error) {
		r, err = grains.Call(ctx, s.Asker, product.Of(id), cmd, in.Keyed(ctx, "create-product", in.RawBody)...)
		return err
	})
	if err != nil {
		return nil, err
	}
	p := r.Reply
	s.Lists.Invalidate(p.CompanyID)
	return &rest.Created[ProductView]{Replay: rest.ReplayOf(r.Replayed), Versioned: rest.ETagOf(p.Version), Location: in.Below(p.ID), Body: s.whole(ctx, p, "")}, nil
}

type productPatch struct {
	rest.IDPath
	rest.IfMatch
	Body form.ProductChange
}

func (s *productAPI) update(ctx context.Context, in *productPatch) (*rest.Answer[ProductView], error) {
	id, version, err := in.Target(in.IDPath)
	if err != nil {
		return nil, err
	}
	var now *product.Product
	if in.Body.NeedsPresent() {
		if now, err = query.Product(ctx, s.Asker, id); err != nil {
			return nil, err
		}
	}
	cmd, err := in.Body.Command(now)
	if err != nil {
		return nil, err
	}
	cmd.ExpectedVersion = version
	if cmd.ShopIDs != nil {
		if err := rest.CheckShops(ctx, s.Asker, "shopIds", now.CompanyID, *cmd.ShopIDs); err != nil {
			return nil, err
		}
	}
	p, err := grains.Ask(ctx, s.Asker, product.Of(id), cmd)
	if err != nil {
		return nil, err
	}
	s.Lists.Invalidate(p.CompanyID)
	if cmd.Images != nil {
		s.forget(ctx, removedImages(now, p)...)
	}
	return s.answer(ctx, p, ""), nil
}

// removedImages returns the ids of images that a product had before.
func removedImages(before, after *product.Product) (out []entrepot.ID) {
	for _, i := range before.Images {
		if !slices.ContainsFunc(after.Images, func(j product.Image) bool { return j.ID == i.ID }) {
			out = append(out, i.ID)
		}
	}
	return out
}

func (s *productAPI) remove(ctx context.Context, in *struct{ rest.IDPath }) (*rest.NoContent, error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	p, err := grains.Ask(ctx, s.Asker, product.Of(id), product.Delete{})
	if err != nil {
		return nil, err
	}
	s.Lists.Invalidate(p.CompanyID)
	return nil, nil
}

// rawJSON is an answer that is encoded already. As its length is told it need not
// be sent in chunks, of which the last is a write of its own.
type rawJSON struct {
	ContentType   string `header:"Content-Type"`
	ContentLength int    `header:"Content-Length" hidden:"true"`
	Body          []byte
}

func rawOf(b []byte) *rawJSON {
	return &rawJSON{ContentType: "application/json", ContentLength: len(b), Body: b}
}

func encode(v any) ([]byte, error) { return json.Marshal(v) }
