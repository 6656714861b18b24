package inventory

import (
	"context"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/inventory/supplier"
	"entrepot/grains/query"
	"entrepot/http/rest"
	"entrepot/persistence"
)

// SupplierBody is all that is known of a supplier.
type SupplierBody struct {
	Name         string          `json:"name" minLength:"1" maxLength:"200" example:"Leaf & Co"`
	ContactName  string          `json:"contactName,omitempty" maxLength:"200"`
	Email        string          `json:"email,omitempty" maxLength:"254" pattern:"^[^@\\s]+@[^@\\s]+$" patternDescription:"an e-mail address"`
	Phone        string          `json:"phone,omitempty" maxLength:"40"`
	Address      string          `json:"address,omitempty" maxLength:"500"`
	Currency     string          `json:"currency" pattern:"^[A-Z]{3}$" patternDescription:"an ISO 4217 code" example:"EUR"`
	LeadTimeDays int64           `json:"leadTimeDays,omitempty" minimum:"0" maximum:"365" doc:"from the order to the goods"`
	Note         string          `json:"note,omitempty" maxLength:"1000"`
	IsActive     *bool           `json:"isActive,omitempty" doc:"default true; false: nothing is ordered from them"`
	Offers       []SupplierOffer `json:"offers,omitempty" maxItems:"500" doc:"products the supplier offers"`
}

// SupplierOffer is a variant as a supplier sells it.
type SupplierOffer struct {
	ProductID   rest.ID         `json:"productId"`
	VariantID   rest.ID         `json:"variantId,omitempty" doc:"needed when the product has variants"`
	SupplierSKU string          `json:"supplierSku,omitempty" maxLength:"64"`
	Cost        entrepot.Amount `json:"cost" doc:"of one piece"`
	MinQuantity int64           `json:"minQuantity,omitempty" minimum:"0" maximum:"1000000"`
}

// SupplierView is a supplier as the API shows it.
type SupplierView struct {
	ID        entrepot.ID `json:"id"`
	CompanyID entrepot.ID `json:"companyId"`
	SupplierBody
	CreatedAt rest.Time `json:"createdAt"`
	UpdatedAt rest.Time `json:"updatedAt"`
}

func supplierOf(s *supplier.Supplier) SupplierView {
	d := s.Details
	v := SupplierView{ID: s.ID, CompanyID: s.CompanyID, CreatedAt: rest.Time(s.CreatedAt), UpdatedAt: rest.Time(s.UpdatedAt), SupplierBody: SupplierBody{
		Name: d.Name, ContactName: d.ContactName, Email: d.Email, Phone: d.Phone, Address: d.Address, Currency: d.Currency,
		LeadTimeDays: d.LeadDays, Note: d.Note, IsActive: &d.IsActive,
	}}
	for _, o := range d.Offers {
		v.Offers = append(v.Offers, SupplierOffer{rest.ID(o.ProductID), rest.ID(o.VariantID), o.SKU, rest.Amount(o.Cost, d.Currency), o.MinQuantity})
	}
	return v
}

// details reads a supplier's body; the goods must be the company's.
func (s *logisticsAPI) supplierDetails(ctx context.Context, company entrepot.ID, b *SupplierBody) (supplier.Details, error) {
	d := supplier.Details{
		Name: b.Name, ContactName: b.ContactName, Email: b.Email, Phone: b.Phone, Address: b.Address, Currency: b.Currency,
		LeadDays: b.LeadTimeDays, Note: b.Note, IsActive: b.IsActive == nil || *b.IsActive, Offers: make([]supplier.Offer, len(b.Offers)),
	}
	return d, query.Each(ctx, len(b.Offers), func(ctx context.Context, i int) error {
		o := &b.Offers[i]
		cost, err := entrepot.ParseMoney(query.Indexed("offers", i, "cost"), string(o.Cost), b.Currency)
		if err != nil {
			return err
		}
		v, err := goodsOf(ctx, s.Asker, company, "offers", i, string(o.ProductID), string(o.VariantID))
		if err != nil {
			return err
		}
		d.Offers[i] = supplier.Offer{ProductID: string(o.ProductID), VariantID: v.ID, SKU: o.SupplierSKU, Cost: cost.Minor, MinQuantity: o.MinQuantity}
		return nil
	})
}

type supplierListInput struct {
	rest.ListParams
	rest.CompanyFilter
	IsActive string `query:"isActive" enum:"true,false"`
}

func (s *logisticsAPI) listSuppliers(ctx context.Context, in *supplierListInput) (*rest.List[SupplierView], error) {
	q := persistence.Query{Limit: in.Limit, Cursor: in.Cursor, Where: query.Where(nil, persistence.CompanyID, in.CompanyID)}
	q.Where = append(q.Where, persistence.Cond{Field: "isDeleted", Op: persistence.Eq, Value: false})
	if in.IsActive != "" {
		q.Where = append(q.Where, persistence.Cond{Field: "isActive", Op: persistence.Eq, Value: in.IsActive == "true"})
	}
	return rest.Seen(ctx, s.Store, supplier.Collection, q, (*supplier.Supplier).SeenBy, supplierOf)
}

type supplierInput struct {
	rest.Here
	rest.KeyHeader
	RawBody []byte
	Body    SupplierBody
}

func (s *logisticsAPI) createSupplier(ctx context.Context, in *supplierInput) (*rest.Created[SupplierView], error) {
	company := entrepot.CallerFrom(ctx).CompanyID
	details, err := s.supplierDetails(ctx, company, &in.Body)
	if err != nil {
		return nil, err
	}
	id := in.NewID(ctx, "supplier")
	r, err := grains.Call(ctx, s.Asker, supplier.Of(id), supplier.Create{CompanyID: company, Details: details}, in.Keyed(ctx, "create-supplier", in.RawBody)...)
	v := r.Reply
	if err != nil {
		return nil, err
	}
	return &rest.Created[SupplierView]{Replay: rest.ReplayOf(r.Replayed), Versioned: rest.ETagOf(v.Version), Location: in.Below(v.ID), Body: supplierOf(v)}, nil
}

func (s *logisticsAPI) getSupplier(ctx context.Context, in *struct{ rest.IDPath }) (*rest.Answer[SupplierView], error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	v, err := s.askSupplier(ctx, id, supplier.Get{})
	if err != nil {
		return nil, err
	}
	return rest.AnswerAt(v.Version, supplierOf(v)), nil
}

type updateSupplierInput struct {
	rest.IDPath
	rest.IfMatch
	Body SupplierBody
}

func (s *logisticsAPI) updateSupplier(ctx context.Context, in *updateSupplierInput) (*rest.Answer[SupplierView], error) {
	id, expected, err := in.Target(in.IDPath)
	if err != nil {
		return nil, err
	}
	now, err := s.askSupplier(ctx, id, supplier.Get{})
	if err != nil {
		return nil, err
	}
	details, err := s.supplierDetails(ctx, now.CompanyID, &in.Body)
	if err != nil {
		return nil, err
	}
	v, err := s.askSupplier(ctx, id, supplier.Update{ExpectedVersion: expected, Details: details})
	if err != nil {
		return nil, err
	}
	return rest.AnswerAt(v.Version, supplierOf(v)), nil
}

func (s *logisticsAPI) deleteSupplier(ctx context.Context, in *deleteInput) (*rest.NoContent, error) {
	id, expected, err := in.Target(in.IDPath)
	if err != nil {
		return nil, err
	}
	_, err = grains.Ask(ctx, s.Asker, supplier.Of(id), supplier.Delete{ExpectedVersion: expected})
	return nil, err
}

func (s *logisticsAPI) askSupplier(ctx context.Context, id entrepot.ID, cmd grains.Message[*supplier.Supplier]) (*supplier.Supplier, error) {
	return grains.Ask(ctx, s.Asker, supplier.Of(id), cmd)
}
