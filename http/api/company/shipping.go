package company

import (
	"context"
	"net/http"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/checkout"
	"entrepot/grains/company/company"
	"entrepot/grains/shop/shipping"
	"entrepot/http/api/shop"
	"entrepot/http/rest"
)

// shippingRoutes are those of a company's rules.
func (s *companyAPI) shippingRoutes() []rest.Route {
	admins := rest.Only(entrepot.SuperAdmin, entrepot.CompanyAdmin)
	return []rest.Route{
		rest.Bind(rest.Route{
			ID: "get-company-shipping", Method: http.MethodGet, Path: "/companies/{id}/shipping",
			Access: admins, Summary: "Get company shipping rules",
		}, s.getShipping),
		rest.Bind(rest.Route{
			ID: "set-company-shipping", Method: http.MethodPut, Path: "/companies/{id}/shipping",
			Access: admins, Summary: "Set company shipping rules",
			Doc: "They apply to shops without their own rules. Placed orders keep their cost.",
		}, shop.SetShipping(s.Asker, s.ruled)),
		rest.Bind(rest.Route{
			ID: "remove-company-shipping", Method: http.MethodDelete, Path: "/companies/{id}/shipping",
			Access: admins, Status: http.StatusNoContent, Summary: "Remove company shipping rules",
		}, shop.RemoveShipping(s.Asker, s.ruled)),
	}
}

// ruled is the company, if the caller is of its staff.
func (s *companyAPI) ruled(ctx context.Context, p rest.IDPath) (companyID, shop entrepot.ID, err error) {
	id, err := p.EntityID()
	if err == nil {
		_, err = grains.Ask(ctx, s.Asker, company.Of(id), company.Get{})
	}
	return id, "", err
}

func (s *companyAPI) getShipping(ctx context.Context, in *struct{ rest.IDPath }) (*rest.Answer[shop.ShippingView], error) {
	id, _, err := s.ruled(ctx, in.IDPath)
	if err != nil {
		return nil, err
	}
	v, err := checkout.AskShipping(ctx, s.Asker, id, "", shipping.Get{})
	if err != nil {
		return nil, err
	}
	return rest.AnswerAt(v.Version, shop.ShippingOf(v, id, "")), nil
}
