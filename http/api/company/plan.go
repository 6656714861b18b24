package company

import (
	"context"
	"net/http"
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/company/company"
	"entrepot/grains/company/companystats"
	"entrepot/grains/shop/shop"
	shopapi "entrepot/http/api/shop"
	"entrepot/http/rest"
)

func (s *companyAPI) planRoutes() []rest.Route {
	return []rest.Route{
		rest.Bind(rest.Route{
			ID: "list-plans", Method: http.MethodGet, Path: "/companies/plans", Access: rest.Public,
			Summary: "List plans",
		}, s.plans),
		rest.Bind(rest.Route{
			ID: "get-company-stats", Method: http.MethodGet, Path: "/companies/{id}/stats",
			Access:  rest.Only(entrepot.SuperAdmin, entrepot.CompanyAdmin).AnyStanding(),
			Summary: "Get company statistics",
			Doc:     "Counted from the events of all services with a short delay.",
		}, s.stats),
		rest.Bind(rest.Route{
			ID: "update-subscription", Method: http.MethodPut, Path: "/companies/{id}/subscription",
			Access: rest.Only(entrepot.SuperAdmin), Summary: "Update subscription",
			Doc: "A trial or active subscription becomes past_due at its end, and suspended 14 days later. " +
				"Suspended: staff can only read, and the company takes no orders. Cancelled: it lasts until " +
				"expiresAt, then the company is closed. Every member enforces a change within a second.",
		}, s.subscribe),
	}
}

// SubscriptionView is a company's subscription.
type SubscriptionView struct {
	Plan      string    `json:"plan" example:"starter"`
	Status    string    `json:"status" example:"active"`
	ExpiresAt rest.Time `json:"expiresAt,omitzero"`
	Standing  string    `json:"standing" example:"full" doc:"current access of its staff: full, read_only, closed"`
}

// PlanView is a plan and its limits. A limit that is absent is none.
type PlanView struct {
	Name     string `json:"name"`
	Shops    int64  `json:"shops,omitempty"`
	Products int64  `json:"products,omitempty"`
	Staff    int64  `json:"staff,omitempty"`
}

func (s *companyAPI) plans(context.Context, *struct{}) (*rest.List[PlanView], error) {
	out := &rest.List[PlanView]{}
	for _, p := range company.Plans {
		out.Body.Items = append(out.Body.Items, PlanView(p))
	}
	return out, nil
}

type subscriptionInput struct {
	rest.IDPath
	rest.IfMatch
	Body struct {
		Plan      string    `json:"plan" enum:"free,starter,business,enterprise"`
		Status    string    `json:"status" enum:"trial,active,past_due,suspended,cancelled"`
		ExpiresAt time.Time `json:"expiresAt,omitzero" doc:"default: no end; required for a trial"`
	}
}

func (s *companyAPI) subscribe(ctx context.Context, in *subscriptionInput) (*rest.Answer[CompanyView], error) {
	id, version, err := in.Target(in.IDPath)
	if err != nil {
		return nil, err
	}
	cmd := company.SetSubscription{ExpectedVersion: version, Plan: in.Body.Plan, Status: in.Body.Status}
	if !in.Body.ExpiresAt.IsZero() {
		cmd.ExpiresAt = in.Body.ExpiresAt.UnixMilli()
	}
	return s.stand(ctx, id, cmd)
}

// CompanyStats are a company's figures.
type CompanyStats struct {
	CompanyID       entrepot.ID       `json:"companyId"`
	Shops           int64             `json:"shops"`
	Products        int64             `json:"products"`
	Staff           int64             `json:"staff"`
	Orders          int64             `json:"orders" doc:"placed"`
	CancelledOrders int64             `json:"cancelledOrders"`
	PaidOrders      int64             `json:"paidOrders"`
	Sales           []shopapi.Takings `json:"sales"`
	UpdatedAt       rest.Time         `json:"updatedAt,omitzero" doc:"when the newest event that is counted happened"`
}

func (s *companyAPI) stats(ctx context.Context, in *struct{ rest.IDPath }) (*rest.Answer[CompanyStats], error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	if _, err := s.ask(ctx, id, company.Get{}); err != nil { // there is such a company
		return nil, err
	}
	v, err := grains.Ask(ctx, s.Asker, companystats.Of(id), companystats.Get{})
	if err != nil {
		return nil, err
	}
	out := CompanyStats{
		CompanyID: id, Shops: v.Shops, Products: v.Products, Staff: v.Staff, Orders: v.Orders,
		CancelledOrders: v.CancelledOrders, PaidOrders: v.PaidOrders, Sales: []shopapi.Takings{}, UpdatedAt: rest.Time(v.UpdatedAt),
	}
	for _, k := range v.Takings {
		takings := shop.Takings(k)
		out.Sales = append(out.Sales, shopapi.TakingsOf(&takings))
	}
	return rest.AnswerOf(out), nil
}
