package payment

import (
	"context"
	"net/http"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/payment/payment"
	"entrepot/grains/query"
	"entrepot/grains/sales/order"
	"entrepot/http/rest"
	"entrepot/persistence"
)

// paymentRoutes returns the routes of payments.
func paymentRoutes(d Deps) rest.Routes {
	s := &paymentAPI{d}
	customer := rest.Only(entrepot.Customer)
	return rest.Routes{Service: "payments", List: []rest.Route{
		rest.Bind(rest.Route{
			ID: "create-payment-intent", Method: http.MethodPost, Keyed: true, Path: "/payments/intent",
			Access: customer, Status: http.StatusCreated, Summary: "Create payment intent",
		}, s.intent),
		rest.Bind(rest.Route{
			ID: "process-payment", Method: http.MethodPost, Keyed: true, Path: "/payments/process",
			Access: customer, Summary: "Process payment",
			Doc: "The manual gateway refuses the tokens `fail` and `insufficient`, and amounts by card that " +
				"end with .13.",
		}, s.process),
		rest.Bind(rest.Route{
			ID: "list-payments", Method: http.MethodGet, Path: "/payments/history", Access: rest.LoggedIn,
			Summary: "List payments",
			Doc:     "Customers see their own, staff see those of their shops.",
		}, s.history),
		rest.Bind(rest.Route{
			ID: "get-payment", Method: http.MethodGet, Path: "/payments/{id}", Access: rest.LoggedIn,
			Summary: "Get payment",
		}, s.get),
		rest.Bind(rest.Route{
			ID: "refund-payment", Method: http.MethodPost, Keyed: true, Path: "/payments/{id}/refund",
			Access:  rest.Only(entrepot.SuperAdmin, entrepot.CompanyAdmin, entrepot.ShopManager),
			Summary: "Refund payment",
		}, s.refund),
	}}
}

type paymentAPI struct{ Deps }

// PaymentView is a payment as the API shows it.
type PaymentView struct {
	ID                   entrepot.ID     `json:"id"`
	OrderID              entrepot.ID     `json:"orderId"`
	CustomerID           entrepot.ID     `json:"customerId"`
	CompanyID            entrepot.ID     `json:"companyId"`
	ShopID               entrepot.ID     `json:"shopId"`
	Amount               entrepot.Amount `json:"amount"`
	Currency             string          `json:"currency"`
	PaymentMethod        string          `json:"paymentMethod,omitempty"`
	Gateway              string          `json:"gateway,omitempty"`
	GatewayTransactionID string          `json:"gatewayTransactionId,omitempty"`
	Status               string          `json:"status" example:"completed"`
	Captured             entrepot.Amount `json:"captured"`
	Refunded             entrepot.Amount `json:"refunded"`
	Failure              string          `json:"failure,omitempty"`
	Attempts             int32           `json:"attempts"`
	CreatedAt            rest.Time       `json:"createdAt"`
	CompletedAt          rest.Time       `json:"completedAt,omitzero"`
}

func paymentOf(p *payment.Payment) PaymentView {
	m := func(minor int64) entrepot.Amount { return rest.Amount(minor, p.Currency) }
	return PaymentView{
		ID: p.ID, OrderID: p.OrderID, CustomerID: p.CustomerID, CompanyID: p.CompanyID, ShopID: p.ShopID,
		Amount: m(p.Amount), Currency: p.Currency, PaymentMethod: p.Method, Gateway: p.Gateway,
		GatewayTransactionID: p.GatewayTransactionID, Status: p.Status, Captured: m(p.Captured), Refunded: m(p.Refunded),
		Failure: p.Failure, Attempts: p.Attempts, CreatedAt: rest.Time(p.CreatedAt), CompletedAt: rest.Time(p.CompletedAt),
	}
}

func (s *paymentAPI) ask(
	ctx context.Context, id entrepot.ID, cmd grains.Message[*payment.Payment],
) (*payment.Payment, error) {
	return grains.Ask(ctx, s.Asker, payment.Of(id), cmd)
}

// order returns the order to be paid, as its customer sees it.
func (s *paymentAPI) order(ctx context.Context, id entrepot.ID) (*order.Order, error) {
	o, err := grains.Ask(ctx, s.Asker, order.Of(id), order.Get{})
	if entrepot.CodeOf(err) == entrepot.CodeNotFound {
		return nil, query.Missing("orderId", "no such order")
	}
	return o, err
}

func openOf(o *order.Order) payment.Open {
	return payment.Open{
		OrderID: o.ID, CustomerID: o.CustomerID, CompanyID: o.CompanyID, ShopID: o.ShopID,
		Amount: o.Total, Currency: o.Currency,
	}
}

func unpayable(o *order.Order) error {
	return entrepot.Errorf(entrepot.CodeConflict, "an order that is %s cannot be paid", o.Status)
}

type intentInput struct {
	rest.Here
	rest.KeyHeader
	Body struct {
		OrderID rest.ID `json:"orderId"`
	}
}

func (s *paymentAPI) intent(ctx context.Context, in *intentInput) (*rest.Created[PaymentView], error) {
	o, err := s.order(ctx, string(in.Body.OrderID))
	if err != nil {
		return nil, err
	}
	if o.Status != order.Pending {
		return nil, unpayable(o)
	}
	p, err := s.ask(ctx, payment.ID(o.ID), openOf(o))
	if err != nil {
		return nil, err
	}
	return &rest.Created[PaymentView]{Location: in.Beside(p.ID), Body: paymentOf(p)}, nil
}

type processInput struct {
	rest.KeyHeader
	RawBody []byte
	Body    struct {
		OrderID rest.ID `json:"orderId"`
		Gateway string  `json:"gateway" enum:"manual" example:"manual"`
		Method  string  `json:"method" enum:"card,bank_transfer,cash_on_delivery" example:"card"`
		Token   string  `json:"token,omitempty" maxLength:"255" doc:"payer's reference at the gateway" example:"ok"`
	}
}

// process pays a pending order. A keyed request for an order that is no longer
// pending may be a retry of the request that paid it, which the payment recognizes.
func (s *paymentAPI) process(ctx context.Context, in *processInput) (*rest.Answer[PaymentView], error) {
	o, err := s.order(ctx, string(in.Body.OrderID))
	if err != nil {
		return nil, err
	}
	if o.Status != order.Pending && in.Key == "" {
		return nil, unpayable(o)
	}
	cmd := payment.Process{Gateway: in.Body.Gateway, Method: in.Body.Method, Token: in.Body.Token}
	if o.Status == order.Pending {
		cmd.Open = new(openOf(o))
	}
	r, err := grains.Call(ctx, s.Asker, payment.Of(payment.ID(o.ID)), cmd, in.Keyed(ctx, "pay", in.RawBody)...)
	switch {
	case entrepot.CodeOf(err) == entrepot.CodeNotFound: // never opened, and too late now
		return nil, unpayable(o)
	case err != nil:
		return nil, err
	case r.Reply.Status == payment.Failed:
		return nil, entrepot.Errorf(entrepot.CodeDeclined, "%s", r.Reply.Failure)
	}
	return &rest.Answer[PaymentView]{Replay: rest.ReplayOf(r.Replayed), Body: paymentOf(r.Reply)}, nil
}

func (s *paymentAPI) get(ctx context.Context, in *struct{ rest.IDPath }) (*rest.Answer[PaymentView], error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	p, err := s.ask(ctx, id, payment.Get{})
	if err != nil {
		return nil, err
	}
	return rest.AnswerOf(paymentOf(p)), nil
}

type paymentListInput struct {
	rest.ListParams
	rest.CompanyFilter
	Status  string  `query:"status" enum:"pending,processing,completed,failed,refunded,void"`
	OrderID rest.ID `query:"orderId"`
}

func (s *paymentAPI) history(ctx context.Context, in *paymentListInput) (*rest.List[PaymentView], error) {
	q := persistence.Query{Desc: true, Limit: in.Limit, Cursor: in.Cursor}
	q.Where = query.Where(
		query.Where(query.Where(nil, "status", in.Status), "orderId", in.OrderID), persistence.CompanyID, in.CompanyID,
	)
	page, err := query.Find(ctx, s.Store, payment.Collection, rest.OwnOrStaff(ctx), q,
		func(p *payment.Payment, _ *persistence.Document) PaymentView { return paymentOf(p) })
	return &rest.List[PaymentView]{Body: page}, err
}

type refundInput struct {
	rest.IDPath
	rest.KeyHeader
	RawBody []byte
	Body    struct {
		Amount *entrepot.Amount `json:"amount,omitempty" doc:"default: what is left"`
		Reason string           `json:"reason,omitempty" maxLength:"500" example:"damaged"`
	}
}

func (s *paymentAPI) refund(ctx context.Context, in *refundInput) (*rest.Answer[PaymentView], error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	cmd := payment.Refund{RefundID: entrepot.NewID(), Reason: in.Body.Reason}
	if in.Key != "" {
		cmd.RefundID = entrepot.DeriveID("refund", entrepot.CallerFrom(ctx).UserID, in.Key)
	}
	if in.Body.Amount != nil {
		now, err := s.ask(ctx, id, payment.Get{}) // for the currency
		if err != nil {
			return nil, err
		}
		m, err := entrepot.ParseMoney("amount", string(*in.Body.Amount), now.Currency)
		if err != nil {
			return nil, err
		}
		if m.Minor == 0 {
			return nil, entrepot.Invalid("amount", "minimum", "must be more than 0")
		}
		cmd.Amount = m.Minor
	}
	r, err := grains.Call(ctx, s.Asker, payment.Of(id), cmd, in.Keyed(ctx, "refund", in.RawBody)...)
	if err != nil {
		return nil, err
	}
	return &rest.Answer[PaymentView]{Replay: rest.ReplayOf(r.Replayed), Body: paymentOf(r.Reply)}, nil
}
