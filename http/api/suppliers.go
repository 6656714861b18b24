package api

import (
	"context"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/supplier"
	"entrepot/grains/supplier/supplierpb"
	"entrepot/persistence"

	"google.golang.org/protobuf/proto"
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
	Offers       []SupplierOffer `json:"offers,omitempty" maxItems:"500" doc:"what they sell"`
}

// SupplierOffer is a variant as a supplier sells it.
type SupplierOffer struct {
	ProductID   string          `json:"productId" pattern:"^[0-9a-f]{24}$" patternDescription:"an id of 24 hex digits"`
	VariantID   string          `json:"variantId,omitempty" pattern:"^[0-9a-f]{24}$" patternDescription:"an id of 24 hex digits" doc:"needed when the product has variants"`
	SupplierSKU string          `json:"supplierSku,omitempty" maxLength:"64"`
	Cost        entrepot.Amount `json:"cost" doc:"of one piece"`
	MinQuantity int64           `json:"minQuantity,omitempty" minimum:"0" maximum:"1000000"`
}

// SupplierView is a supplier as the API shows it.
type SupplierView struct {
	ID        entrepot.ID `json:"id"`
	CompanyID entrepot.ID `json:"companyId"`
	SupplierBody
	CreatedAt Time `json:"createdAt"`
	UpdatedAt Time `json:"updatedAt"`
}

func supplierOf(s *supplierpb.Supplier) SupplierView {
	d := s.Details
	v := SupplierView{ID: s.Id, CompanyID: s.CompanyId, CreatedAt: Time(s.CreatedMs), UpdatedAt: Time(s.UpdatedMs), SupplierBody: SupplierBody{
		Name: d.Name, ContactName: d.ContactName, Email: d.Email, Phone: d.Phone, Address: d.Address, Currency: d.Currency,
		LeadTimeDays: d.LeadDays, Note: d.Note, IsActive: &d.IsActive,
	}}
	for _, o := range d.Offers {
		v.Offers = append(v.Offers, SupplierOffer{o.ProductId, o.VariantId, o.Sku, amount(o.CostMinor, d.Currency), o.MinQuantity})
	}
	return v
}

// details reads a supplier's body; the goods must be the company's.
func (s *logisticsAPI) supplierDetails(ctx context.Context, company entrepot.ID, b *SupplierBody) (*supplierpb.Details, error) {
	d := &supplierpb.Details{
		Name: b.Name, ContactName: b.ContactName, Email: b.Email, Phone: b.Phone, Address: b.Address, Currency: b.Currency,
		LeadDays: b.LeadTimeDays, Note: b.Note, IsActive: b.IsActive == nil || *b.IsActive, Offers: make([]*supplierpb.Offer, len(b.Offers)),
	}
	return d, each(ctx, len(b.Offers), func(ctx context.Context, i int) error {
		o := &b.Offers[i]
		cost, err := entrepot.ParseMoney(indexed("offers", i, "cost"), string(o.Cost), b.Currency)
		if err != nil {
			return err
		}
		v, err := goodsOf(ctx, s.Asker, company, "offers", i, o.ProductID, o.VariantID)
		if err != nil {
			return err
		}
		d.Offers[i] = &supplierpb.Offer{ProductId: o.ProductID, VariantId: v.Id, Sku: o.SupplierSKU, CostMinor: cost.Minor, MinQuantity: o.MinQuantity}
		return nil
	})
}

type supplierListInput struct {
	ListParams
	CompanyFilter
	IsActive string `query:"isActive" enum:"true,false"`
}

func (s *logisticsAPI) listSuppliers(ctx context.Context, in *supplierListInput) (*paged[SupplierView], error) {
	q := persistence.Query{Limit: in.Limit, Cursor: in.Cursor, Where: where(nil, persistence.CompanyID, in.CompanyID)}
	q.Where = append(q.Where, persistence.Cond{Field: "isDeleted", Op: persistence.Eq, Value: false})
	if in.IsActive != "" {
		q.Where = append(q.Where, persistence.Cond{Field: "isActive", Op: persistence.Eq, Value: in.IsActive == "true"})
	}
	return seen(ctx, s.Stores.Inventory, supplier.Collection, q, (*supplier.State).SeenBy,
		func(st *supplier.State) SupplierView { return supplierOf(st.View()) })
}

type supplierInput struct {
	Here
	KeyHeader
	RawBody []byte
	Body    SupplierBody
}

func (s *logisticsAPI) createSupplier(ctx context.Context, in *supplierInput) (*created[SupplierView], error) {
	company := entrepot.CallerFrom(ctx).CompanyID
	details, err := s.supplierDetails(ctx, company, &in.Body)
	if err != nil {
		return nil, err
	}
	id := in.newID(ctx, "supplier")
	ctx, replayed := in.command(ctx, "create-supplier", in.RawBody)
	v, err := s.askSupplier(ctx, id, &supplierpb.Create{CompanyId: company, Details: details})
	if err != nil {
		return nil, err
	}
	return &created[SupplierView]{Replay: replay(replayed), Versioned: versioned(v.Version), Location: in.below(v.Id), Body: supplierOf(v)}, nil
}

func (s *logisticsAPI) getSupplier(ctx context.Context, in *struct{ IDPath }) (*answer[SupplierView], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	v, err := s.askSupplier(ctx, id, &supplierpb.Get{})
	if err != nil {
		return nil, err
	}
	return answerAt(v.Version, supplierOf(v)), nil
}

type updateSupplierInput struct {
	IDPath
	IfMatch
	Body SupplierBody
}

func (s *logisticsAPI) updateSupplier(ctx context.Context, in *updateSupplierInput) (*answer[SupplierView], error) {
	id, expected, err := in.at(in.IDPath)
	if err != nil {
		return nil, err
	}
	now, err := s.askSupplier(ctx, id, &supplierpb.Get{})
	if err != nil {
		return nil, err
	}
	details, err := s.supplierDetails(ctx, now.CompanyId, &in.Body)
	if err != nil {
		return nil, err
	}
	v, err := s.askSupplier(ctx, id, &supplierpb.Update{ExpectedVersion: expected, Details: details})
	if err != nil {
		return nil, err
	}
	return answerAt(v.Version, supplierOf(v)), nil
}

func (s *logisticsAPI) deleteSupplier(ctx context.Context, in *deleteInput) (*nothing, error) {
	id, expected, err := in.at(in.IDPath)
	if err != nil {
		return nil, err
	}
	_, err = s.Asker.Ask(ctx, supplierpb.Kind, id, &supplierpb.Delete{ExpectedVersion: expected})
	return nil, err
}

func (s *logisticsAPI) askSupplier(ctx context.Context, id entrepot.ID, cmd proto.Message) (*supplierpb.Supplier, error) {
	return grains.Ask[*supplierpb.Supplier](ctx, s.Asker, supplierpb.Kind, id, cmd)
}
