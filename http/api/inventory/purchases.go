package inventory

import (
	"context"
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/inventory/purchase"
	"entrepot/grains/inventory/supplier"
	"entrepot/grains/query"
	"entrepot/http/rest"
	"entrepot/persistence"
)

// PurchaseView is a purchase order as the API shows it.
type PurchaseView struct {
	ID               entrepot.ID       `json:"id"`
	CompanyID        entrepot.ID       `json:"companyId"`
	LocationID       entrepot.ID       `json:"locationId"`
	SupplierID       entrepot.ID       `json:"supplierId"`
	SupplierName     string            `json:"supplierName"`
	Number           string            `json:"number,omitempty" example:"PO-2026-000012"`
	Status           string            `json:"status" enum:"draft,ordered,partially_received,received,cancelled"`
	Currency         string            `json:"currency"`
	Lines            []PurchaseLine    `json:"lines"`
	Total            entrepot.Amount   `json:"total" doc:"of what is ordered"`
	TolerancePercent int64             `json:"tolerancePercent"`
	Note             string            `json:"note,omitempty"`
	Reason           string            `json:"reason,omitempty" doc:"reason for the cancellation"`
	Receipts         []PurchaseReceipt `json:"receipts"`
	ExpectedAt       *rest.Time        `json:"expectedAt,omitempty"`
	CreatedAt        rest.Time         `json:"createdAt"`
	UpdatedAt        rest.Time         `json:"updatedAt"`
	OrderedAt        *rest.Time        `json:"orderedAt,omitempty"`
	EndedAt          *rest.Time        `json:"endedAt,omitempty"`
}

// PurchaseLine is one variant of a purchase order.
type PurchaseLine struct {
	ProductID   entrepot.ID     `json:"productId"`
	VariantID   entrepot.ID     `json:"variantId"`
	SKU         string          `json:"sku,omitempty"`
	SupplierSKU string          `json:"supplierSku,omitempty"`
	Quantity    int64           `json:"quantity"`
	Received    int64           `json:"received"`
	UnitCost    entrepot.Amount `json:"unitCost"`
}

// PurchaseReceipt is a delivery.
type PurchaseReceipt struct {
	ID       entrepot.ID    `json:"id"`
	Lines    []PurchasePart `json:"lines"`
	Final    bool           `json:"final"`
	By       entrepot.ID    `json:"by"`
	At       rest.Time      `json:"at"`
	IsBooked bool           `json:"isBooked" doc:"in stock"`
	Refused  []entrepot.ID  `json:"refused,omitempty" doc:"variants that the stock did not take"`
}

// PurchasePart is what came of one line.
type PurchasePart struct {
	VariantID entrepot.ID     `json:"variantId"`
	Quantity  int64           `json:"quantity"`
	UnitCost  entrepot.Amount `json:"unitCost"`
	Batch     string          `json:"batch,omitempty"`
	ExpiresOn string          `json:"expiresOn,omitempty"`
}

func purchaseOf(p *purchase.Purchase) PurchaseView {
	v := PurchaseView{
		ID: p.ID, CompanyID: p.CompanyID, LocationID: p.LocationID, SupplierID: p.SupplierID, SupplierName: p.SupplierName,
		Number: p.Number, Status: p.PublicStatus(), Currency: p.Currency, TolerancePercent: p.TolerancePercent, Note: p.Note, Reason: p.Reason,
		Lines: []PurchaseLine{}, Receipts: []PurchaseReceipt{}, ExpectedAt: timeAt(p.ExpectedAt),
		CreatedAt: rest.Time(p.CreatedAt), UpdatedAt: rest.Time(p.UpdatedAt), OrderedAt: timeAt(p.OrderedAt), EndedAt: timeAt(p.EndedAt),
	}
	total := int64(0)
	for _, l := range p.Lines {
		total += l.UnitCost * l.Quantity // the order's limits keep it in bounds
		v.Lines = append(v.Lines, PurchaseLine{l.ProductID, l.VariantID, l.SKU, l.SupplierSKU, l.Quantity, l.Received, rest.Amount(l.UnitCost, p.Currency)})
	}
	v.Total = rest.Amount(total, p.Currency)
	for _, r := range p.Receipts {
		receipt := PurchaseReceipt{ID: r.ID, Final: r.Final, By: r.By, At: rest.Time(r.At), IsBooked: r.Booked, Refused: r.Refused, Lines: []PurchasePart{}}
		for _, part := range r.Parts {
			receipt.Lines = append(receipt.Lines, PurchasePart{
				part.VariantID, part.Quantity, rest.Amount(*part.UnitCost, p.Currency), part.Batch, dateOf(part.ExpiresOn),
			})
		}
		v.Receipts = append(v.Receipts, receipt)
	}
	return v
}

func dateOf(ms int64) string {
	if ms == 0 {
		return ""
	}
	return time.UnixMilli(ms).UTC().Format(time.DateOnly)
}

type purchaseListInput struct {
	rest.ListParams
	rest.CompanyFilter
	Status     string  `query:"status" enum:"draft,ordered,partially_received,received,cancelled"`
	LocationID rest.ID `query:"locationId"`
	SupplierID rest.ID `query:"supplierId"`
}

func (s *logisticsAPI) listPurchases(ctx context.Context, in *purchaseListInput) (*rest.List[PurchaseView], error) {
	q := persistence.Query{Desc: true, Limit: in.Limit, Cursor: in.Cursor, Where: query.Where(nil, persistence.CompanyID, in.CompanyID)}
	q.Where = query.Where(query.Where(query.Where(q.Where, "status", in.Status), persistence.ShopID, in.LocationID), "supplierId", in.SupplierID)
	page, err := query.Find(ctx, s.Store, purchase.Collection, entrepot.StaffScope(entrepot.CallerFrom(ctx)), q,
		func(p *purchase.Purchase, _ *persistence.Document) PurchaseView { return purchaseOf(p) })
	return &rest.List[PurchaseView]{Body: page}, err
}

// PurchaseTerms are what a draft may change.
type PurchaseTerms struct {
	Lines            []PurchaseWant `json:"lines" minItems:"1" maxItems:"200"`
	Note             string         `json:"note,omitempty" maxLength:"500"`
	ExpectedAt       string         `json:"expectedAt,omitempty" format:"date" doc:"when the goods should come; without it, after the supplier's lead time" example:"2026-12-01"`
	TolerancePercent int64          `json:"tolerancePercent,omitempty" minimum:"0" maximum:"100" doc:"accepted overdelivery"`
}

// PurchaseWant is a line to be ordered.
type PurchaseWant struct {
	ProductID rest.ID          `json:"productId"`
	VariantID rest.ID          `json:"variantId,omitempty" doc:"needed when the product has variants"`
	Quantity  int64            `json:"quantity" minimum:"1" maximum:"1000000" example:"100"`
	UnitCost  *entrepot.Amount `json:"unitCost,omitempty" doc:"of one piece, in the supplier's currency; without it, what the supplier offers"`
}

type purchaseInput struct {
	rest.Here
	rest.KeyHeader
	RawBody []byte
	Body    struct {
		SupplierID rest.ID `json:"supplierId"`
		LocationID rest.ID `json:"locationId" doc:"where the goods come: a shop or a warehouse"`
		PurchaseTerms
	}
}

func (s *logisticsAPI) createPurchase(ctx context.Context, in *purchaseInput) (*rest.Created[PurchaseView], error) {
	b := &in.Body
	at, err := locateOwn(ctx, s.Asker, "locationId", string(b.LocationID))
	if err != nil {
		return nil, err
	}
	from, err := s.askSupplier(ctx, string(b.SupplierID), supplier.Get{})
	if entrepot.CodeOf(err) == entrepot.CodeNotFound || (err == nil && from.CompanyID != at.CompanyID) {
		return nil, query.Missing("supplierId", "no such supplier")
	}
	if err != nil {
		return nil, err
	}
	if !from.IsActive {
		return nil, entrepot.Invalid("supplierId", "active", "nothing is ordered from this supplier")
	}
	terms, err := s.purchaseTerms(ctx, from, &b.PurchaseTerms)
	if err != nil {
		return nil, err
	}
	id := in.NewID(ctx, "purchase")
	r, err := grains.Call(ctx, s.Asker, purchase.Of(id), purchase.Create{
		CompanyID: at.CompanyID, LocationID: at.ID, SupplierID: from.ID, SupplierName: from.Name, Currency: from.Currency, Terms: terms,
	}, in.Keyed(ctx, "create-purchase", in.RawBody)...)
	p := r.Reply
	if err != nil {
		return nil, err
	}
	return &rest.Created[PurchaseView]{Replay: rest.ReplayOf(r.Replayed), Versioned: rest.ETagOf(p.Version), Location: in.Below(p.ID), Body: purchaseOf(p)}, nil
}

// purchaseTerms finds the goods of every line and what they cost.
func (s *logisticsAPI) purchaseTerms(ctx context.Context, from *supplier.Supplier, b *PurchaseTerms) (purchase.Terms, error) {
	terms := purchase.Terms{Note: b.Note, TolerancePercent: b.TolerancePercent, Lines: make([]purchase.Line, len(b.Lines))}
	switch day, err := time.Parse(time.DateOnly, b.ExpectedAt); {
	case err == nil:
		terms.ExpectedAt = day.UnixMilli()
	case from.LeadDays > 0:
		terms.ExpectedAt = s.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, int(from.LeadDays)).UnixMilli()
	}
	return terms, query.Each(ctx, len(b.Lines), func(ctx context.Context, i int) error {
		want := &b.Lines[i]
		v, err := goodsOf(ctx, s.Asker, from.CompanyID, "lines", i, string(want.ProductID), string(want.VariantID))
		if err != nil {
			return err
		}
		line := purchase.Line{ProductID: string(want.ProductID), VariantID: v.ID, SKU: v.SKU, Quantity: want.Quantity, UnitCost: -1}
		for _, o := range from.Offers {
			if o.VariantID == v.ID {
				line.SupplierSKU, line.UnitCost = o.SKU, o.Cost
			}
		}
		if want.UnitCost != nil {
			cost, err := entrepot.ParseMoney(query.Indexed("lines", i, "unitCost"), string(*want.UnitCost), from.Currency)
			if err != nil {
				return err
			}
			line.UnitCost = cost.Minor
		}
		if line.UnitCost < 0 {
			return entrepot.Invalid(query.Indexed("lines", i, "unitCost"), "required", "must be given: the supplier does not offer it")
		}
		terms.Lines[i] = line
		return nil
	})
}

func (s *logisticsAPI) getPurchase(ctx context.Context, in *struct{ rest.IDPath }) (*rest.Answer[PurchaseView], error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	return s.purchaseAfter(ctx, id, purchase.Get{})
}

type purchaseTermsInput struct {
	rest.IDPath
	rest.IfMatch
	Body PurchaseTerms
}

func (s *logisticsAPI) setPurchaseTerms(ctx context.Context, in *purchaseTermsInput) (*rest.Answer[PurchaseView], error) {
	id, expected, err := in.Target(in.IDPath)
	if err != nil {
		return nil, err
	}
	now, err := s.askPurchase(ctx, id, purchase.Get{})
	if err != nil {
		return nil, err
	}
	from, err := s.askSupplier(ctx, now.SupplierID, supplier.Get{})
	if entrepot.CodeOf(err) == entrepot.CodeNotFound {
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the supplier is deleted: the draft can only be cancelled")
	}
	if err != nil {
		return nil, err
	}
	if from.Currency != now.Currency {
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the supplier's currency has changed to %s: the draft can only be cancelled", from.Currency)
	}
	terms, err := s.purchaseTerms(ctx, from, &in.Body)
	if err != nil {
		return nil, err
	}
	return s.purchaseAfter(ctx, id, purchase.SetTerms{ExpectedVersion: expected, Terms: terms})
}

func (s *logisticsAPI) orderPurchase(ctx context.Context, in *actInput) (*rest.Answer[PurchaseView], error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	return s.purchaseAfter(ctx, id, purchase.Order{}) // its state makes it once
}

type receivePurchaseInput struct {
	rest.IDPath
	rest.KeyHeader
	Body struct {
		Lines []PurchaseArrival `json:"lines,omitempty" maxItems:"200"`
		Final bool              `json:"final,omitempty" doc:"no further delivery"`
	}
}

// PurchaseArrival is what came of one line.
type PurchaseArrival struct {
	VariantID rest.ID          `json:"variantId" doc:"of a line; the product's id for a product without variants"`
	Quantity  int64            `json:"quantity" minimum:"1" maximum:"2000000"`
	UnitCost  *entrepot.Amount `json:"unitCost,omitempty" doc:"of one piece, if not as ordered"`
	Batch     string           `json:"batch,omitempty" maxLength:"64" doc:"lot number; each lot of a variant is a delivery of its own"`
	ExpiresOn string           `json:"expiresOn,omitempty" format:"date" doc:"of the batch"`
}

func (s *logisticsAPI) receivePurchase(ctx context.Context, in *receivePurchaseInput) (*rest.Answer[PurchaseView], error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	now, err := s.askPurchase(ctx, id, purchase.Get{}) // for its currency
	if err != nil {
		return nil, err
	}
	cmd := purchase.Receive{ReceiptID: in.NewID(ctx, "purchase-receipt"), Final: in.Body.Final}
	for i, l := range in.Body.Lines {
		p := purchase.Part{VariantID: string(l.VariantID), Quantity: l.Quantity, Batch: l.Batch}
		if l.UnitCost != nil {
			cost, err := entrepot.ParseMoney(query.Indexed("lines", i, "unitCost"), string(*l.UnitCost), now.Currency)
			if err != nil {
				return nil, err
			}
			p.UnitCost = &cost.Minor
		}
		if day, err := time.Parse(time.DateOnly, l.ExpiresOn); err == nil {
			p.ExpiresOn = day.UnixMilli()
		}
		cmd.Parts = append(cmd.Parts, p)
	}
	return s.purchaseAfter(ctx, id, cmd)
}

func (s *logisticsAPI) cancelPurchase(ctx context.Context, in *endInput) (*rest.Answer[PurchaseView], error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	return s.purchaseAfter(ctx, id, purchase.Cancel{Reason: in.reason()})
}

func (s *logisticsAPI) purchaseAfter(ctx context.Context, id entrepot.ID, cmd grains.Message[*purchase.Purchase]) (*rest.Answer[PurchaseView], error) {
	p, err := s.askPurchase(ctx, id, cmd)
	if err != nil {
		return nil, err
	}
	return rest.AnswerAt(p.Version, purchaseOf(p)), nil
}

func (s *logisticsAPI) askPurchase(ctx context.Context, id entrepot.ID, cmd grains.Message[*purchase.Purchase]) (*purchase.Purchase, error) {
	return grains.Ask(ctx, s.Asker, purchase.Of(id), cmd)
}
