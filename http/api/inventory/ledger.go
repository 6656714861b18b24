package inventory

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains/inventory/stock"
	"entrepot/grains/query"
	"entrepot/http/rest"
	"entrepot/persistence"
)

// Movement is one entry of the ledger, with the levels after it.
type Movement struct {
	ID             entrepot.ID        `json:"id"`
	Sequence       int64              `json:"sequence" doc:"counts the item's movements from 1"`
	ItemID         entrepot.ID        `json:"itemId"`
	VariantID      entrepot.ID        `json:"variantId"`
	Kind           string             `json:"kind" example:"received"`
	Quantity       int64              `json:"quantity"`
	Delta          int64              `json:"delta" doc:"what on-hand changed by"`
	OnHandAfter    int64              `json:"onHandAfter"`
	ReservedAfter  int64              `json:"reservedAfter"`
	AvailableAfter int64              `json:"availableAfter"`
	Beyond         int64              `json:"beyond,omitempty" doc:"pieces more than quantity, which were not on hand: backordered"`
	Cost           entrepot.Amount    `json:"cost,omitempty" doc:"of the pieces, first in, first out: of sold ones the cost of goods sold"`
	Currency       string             `json:"currency,omitempty"`
	Batch          string             `json:"batch,omitempty"`
	Batches        []events.BatchPart `json:"batches,omitempty" doc:"the lots that pieces left from"`
	OrderID        string             `json:"orderId,omitempty"`
	TransferID     string             `json:"transferId,omitempty"`
	Reference      string             `json:"reference,omitempty"`
	Reason         string             `json:"reason,omitempty"`
	Note           string             `json:"note,omitempty"`
	Actor          events.Actor       `json:"actor"`
	At             rest.Time          `json:"at"`

	setAside int64 // what reserved changed by
}

type movementsInput struct {
	rest.IDPath
	rest.ListParams
	Kind string    `query:"kind" enum:"received,reserved,released,expired,sold,restocked,adjusted,counted,transferred_out,transferred_in,covered,filled,forgone"`
	From time.Time `query:"from" doc:"at or after"`
	To   time.Time `query:"to" doc:"before"`
}

func (s *inventoryAPI) movements(ctx context.Context, in *movementsInput) (*rest.List[Movement], error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	if _, err := s.ask(ctx, id, stock.Get{}); err != nil { // whoever may not see the item does not see its ledger
		return nil, err
	}
	q := persistence.Query{Where: query.Where(query.Where(nil, "itemId", id), "kind", in.Kind), Sort: "movement", Desc: true, Limit: in.Limit, Cursor: in.Cursor}
	if !in.From.IsZero() || !in.To.IsZero() { // by time, which is the index that has both
		q.Sort = persistence.CreatedAt
	}
	if !in.From.IsZero() {
		q.Where = append(q.Where, persistence.Cond{Field: persistence.CreatedAt, Op: persistence.Gte, Value: in.From.UTC()})
	}
	if !in.To.IsZero() {
		q.Where = append(q.Where, persistence.Cond{Field: persistence.CreatedAt, Op: persistence.Lt, Value: in.To.UTC()})
	}
	page, err := s.rows(ctx, q)
	return &rest.List[Movement]{Body: page}, err
}

// rows are a page of the ledger.
func (s *inventoryAPI) rows(ctx context.Context, q persistence.Query) (entrepot.Page[Movement], error) {
	var broken error
	page, err := query.Find(ctx, s.Store, s.Movements, entrepot.StaffScope(entrepot.CallerFrom(ctx)), q,
		func(e *events.Envelope, _ *persistence.Document) Movement {
			m, err := movementOf(e)
			if err != nil {
				broken = err
			}
			return m
		})
	if err == nil {
		err = broken
	}
	return page, err
}

func movementOf(e *events.Envelope) (Movement, error) {
	var m events.InventoryUpdated
	if err := json.Unmarshal(e.Data, &m); err != nil {
		return Movement{}, fmt.Errorf("api: movement %s: %w", e.ID, err)
	}
	delta, reserved := m.Change()
	variant := m.VariantID
	if variant == "" { // from before there were variants
		variant = m.ProductID
	}
	actor := e.Actor
	actor.IP, actor.UserAgent = "", "" // those are the audit log's
	return Movement{
		ID: e.ID, Sequence: m.Movement, ItemID: m.ItemID, VariantID: variant, Kind: m.Kind, Quantity: m.Quantity, Delta: delta, Beyond: m.Beyond,
		Cost: m.Cost, Currency: m.Currency, Batch: m.Batch, Batches: m.Parts,
		OnHandAfter: m.OnHand, ReservedAfter: m.Reserved, AvailableAfter: m.Available,
		OrderID: m.OrderID, TransferID: m.TransferID, Reference: m.Reference, Reason: m.Reason, Note: m.Note, Actor: actor, At: rest.TimeOf(e.OccurredAt),
		setAside: reserved,
	}, nil
}
