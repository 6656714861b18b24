package inventory

import (
	"context"
	"time"

	"entrepot/grains"

	"entrepot/grains/inventory/stock"
	"entrepot/http/rest"
)

type adjustInput struct {
	rest.IDPath
	rest.KeyHeader
	RawBody []byte
	Body    struct {
		Delta  int64  `json:"delta" minimum:"-1000000000" maximum:"1000000000" example:"-2" doc:"pieces more, or fewer when negative"`
		Reason string `json:"reason" enum:"damaged,lost,expired,found,correction,other" doc:"damaged, lost and expired goods make on-hand fall, found ones rise"`
		Note   string `json:"note,omitempty" maxLength:"500" example:"fell off the shelf"`
		Batch  string `json:"batch,omitempty" maxLength:"64" doc:"lot to take from; default: first expired, first out"`
	}
}

func (s *inventoryAPI) adjust(ctx context.Context, in *adjustInput) (*rest.Answer[StockView], error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	r, err := grains.Call(ctx, s.Asker, stock.Of(id), stock.Adjust{Delta: in.Body.Delta, Reason: in.Body.Reason, Note: in.Body.Note, Lot: in.Body.Batch}, in.Keyed(ctx, "adjust", in.RawBody)...)
	i := r.Reply
	if err != nil {
		return nil, err
	}
	return &rest.Answer[StockView]{Replay: rest.ReplayOf(r.Replayed), Versioned: rest.ETagOf(i.Revision), Body: stockOf(i)}, nil
}

type configureInput struct {
	rest.IDPath
	rest.IfMatch
	Body struct {
		ReorderPoint    *int64 `json:"reorderPoint,omitempty" minimum:"0" maximum:"1000000000" example:"10" doc:"available at or below it is low; 0: none"`
		ReorderQuantity *int64 `json:"reorderQuantity,omitempty" minimum:"0" maximum:"1000000000" example:"50"`
		SafetyStock     *int64 `json:"safetyStock,omitempty" minimum:"0" maximum:"1000000000" example:"2" doc:"pieces on hand that are not promised to orders"`
		Backorder       *struct {
			Limit int64      `json:"limit" minimum:"0" maximum:"10000" example:"50" doc:"pieces that may be promised beyond on-hand; 0: none"`
			Until *time.Time `json:"until,omitempty" doc:"end of a pre-order; default: never"`
		} `json:"backorder,omitempty"`
	}
}

func (s *inventoryAPI) configure(ctx context.Context, in *configureInput) (*rest.Answer[StockView], error) {
	id, version, err := in.Target(in.IDPath)
	if err != nil {
		return nil, err
	}
	b := &in.Body
	cmd := stock.Configure{
		ReorderPoint: b.ReorderPoint, ReorderQuantity: b.ReorderQuantity, SafetyStock: b.SafetyStock, ExpectedVersion: version,
	}
	if b.Backorder != nil {
		var ends int64
		if b.Backorder.Until != nil {
			ends = b.Backorder.Until.UnixMilli()
		}
		cmd.BackorderLimit, cmd.BackorderEndsAt = &b.Backorder.Limit, &ends
	}
	i, err := s.ask(ctx, id, cmd)
	if err != nil {
		return nil, err
	}
	return rest.AnswerAt(i.Revision, stockOf(i)), nil
}
