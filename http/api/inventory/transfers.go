package inventory

import (
	"context"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/inventory/transfer"
	"entrepot/grains/query"
	"entrepot/http/rest"
	"entrepot/persistence"
)

// TransferView is a transfer as the API shows it.
type TransferView struct {
	ID             entrepot.ID       `json:"id"`
	CompanyID      entrepot.ID       `json:"companyId"`
	FromLocationID entrepot.ID       `json:"fromLocationId"`
	ToLocationID   entrepot.ID       `json:"toLocationId"`
	Status         string            `json:"status" enum:"draft,shipping,in_transit,returning,received,cancelled"`
	Note           string            `json:"note,omitempty"`
	Reason         string            `json:"reason,omitempty" doc:"of what was lost, or of the cancellation"`
	Lines          []TransferLine    `json:"lines"`
	Receipts       []TransferReceipt `json:"receipts"`
	ShipmentID     entrepot.ID       `json:"shipmentId,omitempty" doc:"transferId in the ledgers of the stock items"`
	CreatedAt      rest.Time         `json:"createdAt"`
	UpdatedAt      rest.Time         `json:"updatedAt"`
	ShippedAt      *rest.Time        `json:"shippedAt,omitempty"`
	EndedAt        *rest.Time        `json:"endedAt,omitempty"`
}

// TransferLine is one variant: shipped is what arrived, was returned, is lost
// and is in transit.
type TransferLine struct {
	ProductID entrepot.ID      `json:"productId"`
	VariantID entrepot.ID      `json:"variantId"`
	SKU       string           `json:"sku,omitempty"`
	Quantity  int64            `json:"quantity"`
	Shipped   int64            `json:"shipped"`
	Arrived   int64            `json:"arrived"`
	Returned  int64            `json:"returned"`
	Lost      int64            `json:"lost" doc:"shipped, and neither arrived nor returned when the transfer ended"`
	InTransit int64            `json:"inTransit"`
	UnitCost  *entrepot.Amount `json:"unitCost,omitempty" doc:"at the source, of the pieces that have a cost"`
	Currency  string           `json:"currency,omitempty"`
	Batches   []TransferBatch  `json:"batches,omitempty" doc:"lots of what was shipped, in the order they arrive"`
}

// TransferBatch is the pieces of a line that are of one lot.
type TransferBatch struct {
	Batch     string    `json:"batch"`
	Quantity  int64     `json:"quantity"`
	ExpiresOn rest.Time `json:"expiresOn,omitzero"`
}

// TransferReceipt is what came in at once.
type TransferReceipt struct {
	ID       entrepot.ID    `json:"id"`
	Lines    []TransferPart `json:"lines"`
	Final    bool           `json:"final"`
	By       entrepot.ID    `json:"by"`
	At       rest.Time      `json:"at"`
	IsBooked bool           `json:"isBooked" doc:"in the destination's stock"`
	Refused  []entrepot.ID  `json:"refused,omitempty" doc:"variants that its stock did not take"`
}

// TransferPart is some pieces of a variant.
type TransferPart struct {
	VariantID entrepot.ID `json:"variantId"`
	Quantity  int64       `json:"quantity"`
}

func transferOf(t *transfer.Transfer) TransferView {
	v := TransferView{
		ID: t.ID, CompanyID: t.CompanyID, FromLocationID: t.FromID, ToLocationID: t.ToID, Status: t.PublicStatus(), Note: t.Note, Reason: t.Reason,
		CreatedAt: rest.Time(t.CreatedAt), UpdatedAt: rest.Time(t.UpdatedAt), ShippedAt: timeAt(t.ShippedAt), EndedAt: timeAt(t.EndedAt),
		Lines: []TransferLine{}, Receipts: []TransferReceipt{},
	}
	if t.ShippedAt != 0 {
		v.ShipmentID = t.ShipmentID()
	}
	for _, l := range t.Lines {
		line := TransferLine{
			ProductID: l.ProductID, VariantID: l.VariantID, SKU: l.SKU, Quantity: l.Quantity,
			Shipped: l.Shipped, Arrived: l.Arrived, Returned: l.Returned, Lost: l.Lost, InTransit: l.InTransit(), Currency: l.Currency,
		}
		if l.UnitCost != nil {
			cost := rest.Amount(*l.UnitCost, l.Currency)
			line.UnitCost = &cost
		}
		for _, g := range l.Goods {
			if g.Lot != "" {
				line.Batches = append(line.Batches, TransferBatch{g.Lot, g.Quantity, rest.Time(g.ExpiresOn)})
			}
		}
		v.Lines = append(v.Lines, line)
	}
	for _, r := range t.Receipts {
		receipt := TransferReceipt{ID: r.ID, Final: r.Final, By: r.By, At: rest.Time(r.At), IsBooked: r.Booked, Refused: r.Refused, Lines: []TransferPart{}}
		for _, p := range r.Parts {
			receipt.Lines = append(receipt.Lines, TransferPart{p.VariantID, p.Quantity})
		}
		v.Receipts = append(v.Receipts, receipt)
	}
	return v
}

// timeAt is a moment, if it has come.
func timeAt(ms int64) *rest.Time {
	if ms == 0 {
		return nil
	}
	t := rest.Time(ms)
	return &t
}

type transferListInput struct {
	rest.ListParams
	rest.CompanyFilter
	Status         string  `query:"status" enum:"draft,shipping,in_transit,returning,received,cancelled"`
	FromLocationID rest.ID `query:"fromLocationId"`
	ToLocationID   rest.ID `query:"toLocationId"`
}

func (s *logisticsAPI) listTransfers(ctx context.Context, in *transferListInput) (*rest.List[TransferView], error) {
	q := persistence.Query{Desc: true, Limit: in.Limit, Cursor: in.Cursor, Where: query.Where(nil, persistence.CompanyID, in.CompanyID)}
	q.Where = query.Where(query.Where(query.Where(q.Where, "status", in.Status), "fromId", in.FromLocationID), "toId", in.ToLocationID)
	return rest.Seen(ctx, s.Store, transfer.Collection, q, (*transfer.Transfer).SeenBy, transferOf)
}

// TransferLines are the lines of a draft.
type TransferLines struct {
	Lines []GoodsLine `json:"lines" minItems:"1" maxItems:"200"`
	Note  string      `json:"note,omitempty" maxLength:"500"`
}

// GoodsLine is some pieces of a product's variant.
type GoodsLine struct {
	ProductID rest.ID `json:"productId"`
	VariantID rest.ID `json:"variantId,omitempty" doc:"needed when the product has variants"`
	Quantity  int64   `json:"quantity" minimum:"1" maximum:"1000000" example:"10"`
}

type transferInput struct {
	rest.Here
	rest.KeyHeader
	RawBody []byte
	Body    struct {
		FromLocationID rest.ID `json:"fromLocationId" doc:"a shop or a warehouse"`
		ToLocationID   rest.ID `json:"toLocationId" doc:"another one of the company"`
		TransferLines
	}
}

func (s *logisticsAPI) createTransfer(ctx context.Context, in *transferInput) (*rest.Created[TransferView], error) {
	b := &in.Body
	from, err := locate(ctx, s.Asker, "fromLocationId", string(b.FromLocationID))
	if err != nil {
		return nil, err
	}
	to, err := locate(ctx, s.Asker, "toLocationId", string(b.ToLocationID))
	if err != nil {
		return nil, err
	}
	caller := entrepot.CallerFrom(ctx)
	if !caller.MayReachShop(from.CompanyID, from.ID) && !caller.MayReachShop(to.CompanyID, to.ID) {
		return nil, query.Missing("fromLocationId", "no such location")
	}
	if from.CompanyID != to.CompanyID {
		return nil, query.Missing("toLocationId", "no such location")
	}
	lines, err := s.transferLines(ctx, from.CompanyID, b.Lines)
	if err != nil {
		return nil, err
	}
	id := in.NewID(ctx, "transfer")
	r, err := grains.Call(ctx, s.Asker, transfer.Of(id), transfer.Create{CompanyID: from.CompanyID, FromID: from.ID, ToID: to.ID, Lines: lines, Note: b.Note}, in.Keyed(ctx, "create-transfer", in.RawBody)...)
	t := r.Reply
	if err != nil {
		return nil, err
	}
	return &rest.Created[TransferView]{Replay: rest.ReplayOf(r.Replayed), Versioned: rest.ETagOf(t.Version), Location: in.Below(t.ID), Body: transferOf(t)}, nil
}

// transferLines finds the goods of every line.
func (s *logisticsAPI) transferLines(ctx context.Context, company entrepot.ID, in []GoodsLine) ([]transfer.Line, error) {
	out := make([]transfer.Line, len(in))
	return out, query.Each(ctx, len(in), func(ctx context.Context, i int) error {
		v, err := goodsOf(ctx, s.Asker, company, "lines", i, string(in[i].ProductID), string(in[i].VariantID))
		if err == nil {
			out[i] = transfer.Line{ProductID: string(in[i].ProductID), VariantID: v.ID, SKU: v.SKU, Quantity: in[i].Quantity}
		}
		return err
	})
}

func (s *logisticsAPI) getTransfer(ctx context.Context, in *struct{ rest.IDPath }) (*rest.Answer[TransferView], error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	return s.transferAfter(ctx, id, transfer.Get{})
}

type transferLinesInput struct {
	rest.IDPath
	rest.IfMatch
	Body TransferLines
}

func (s *logisticsAPI) setTransferLines(ctx context.Context, in *transferLinesInput) (*rest.Answer[TransferView], error) {
	id, expected, err := in.Target(in.IDPath)
	if err != nil {
		return nil, err
	}
	now, err := s.askTransfer(ctx, id, transfer.Get{})
	if err != nil {
		return nil, err
	}
	lines, err := s.transferLines(ctx, now.CompanyID, in.Body.Lines)
	if err != nil {
		return nil, err
	}
	return s.transferAfter(ctx, id, transfer.SetLines{ExpectedVersion: expected, Lines: lines, Note: in.Body.Note})
}

// actInput is an action that needs no words.
type actInput struct {
	rest.IDPath
	rest.KeyHeader
}

func (s *logisticsAPI) shipTransfer(ctx context.Context, in *actInput) (*rest.Answer[TransferView], error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	return s.transferAfter(ctx, id, transfer.Ship{}) // its state makes it once
}

type receiveTransferInput struct {
	rest.IDPath
	rest.KeyHeader
	Body struct {
		Lines  []ArrivedLine `json:"lines,omitempty" maxItems:"200"`
		Final  bool          `json:"final,omitempty" doc:"no further delivery: the rest is booked as lost"`
		Reason string        `json:"reason,omitempty" maxLength:"200" doc:"of what is lost" example:"broken on the way"`
	}
}

// ArrivedLine is what has arrived of one line.
type ArrivedLine struct {
	VariantID rest.ID `json:"variantId" doc:"of a line; the product's id for a product without variants"`
	Quantity  int64   `json:"quantity" minimum:"1" maximum:"1000000"`
}

func (s *logisticsAPI) receiveTransfer(ctx context.Context, in *receiveTransferInput) (*rest.Answer[TransferView], error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	cmd := transfer.Receive{ReceiptID: in.NewID(ctx, "transfer-receipt"), Final: in.Body.Final, Reason: in.Body.Reason}
	for _, l := range in.Body.Lines {
		cmd.Parts = append(cmd.Parts, events.TransferPart{VariantID: string(l.VariantID), Quantity: l.Quantity})
	}
	return s.transferAfter(ctx, id, cmd)
}

// endInput ends something before its time.
type endInput struct {
	rest.IDPath
	rest.KeyHeader
	Body *struct {
		Reason string `json:"reason,omitempty" maxLength:"200"`
	}
}

func (in *endInput) reason() string {
	if in.Body == nil {
		return ""
	}
	return in.Body.Reason
}

func (s *logisticsAPI) cancelTransfer(ctx context.Context, in *endInput) (*rest.Answer[TransferView], error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	return s.transferAfter(ctx, id, transfer.Cancel{Reason: in.reason()})
}

func (s *logisticsAPI) transferAfter(ctx context.Context, id entrepot.ID, cmd grains.Message[*transfer.Transfer]) (*rest.Answer[TransferView], error) {
	t, err := s.askTransfer(ctx, id, cmd)
	if err != nil {
		return nil, err
	}
	return rest.AnswerAt(t.Version, transferOf(t)), nil
}

func (s *logisticsAPI) askTransfer(ctx context.Context, id entrepot.ID, cmd grains.Message[*transfer.Transfer]) (*transfer.Transfer, error) {
	return grains.Ask(ctx, s.Asker, transfer.Of(id), cmd)
}
