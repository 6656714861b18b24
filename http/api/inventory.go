package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/stock"
	"entrepot/grains/stock/stockpb"
	"entrepot/persistence"

	"google.golang.org/protobuf/proto"
)

// Inventory is the inventory service.
func Inventory(d Deps) Routes {
	s := &inventoryAPI{d.withDefaults()}
	write := Only(entrepot.CompanyAdmin, entrepot.ShopManager)
	return Routes{"inventory", []Route{
		route(Route{ID: "list-stock", Method: http.MethodGet, Path: "/inventory/items", Access: Staff, Summary: "List stock items"}, s.list),
		route(Route{ID: "receive-goods", Method: http.MethodPost, Keyed: true, Path: "/inventory/items", Access: write, Status: http.StatusCreated, Summary: "Receive goods of a product in a shop"}, s.receive),
		route(Route{ID: "get-stock", Method: http.MethodGet, Path: "/inventory/items/{id}", Access: Staff, Summary: "Stock on hand, reserved and available"}, s.get),
		route(Route{ID: "list-movements", Method: http.MethodGet, Path: "/inventory/items/{id}/movements", Access: Staff, Summary: "The ledger of a stock item, newest first"}, s.movements),
		route(Route{ID: "receive-more", Method: http.MethodPost, Keyed: true, Path: "/inventory/items/{id}/receive", Access: write, Summary: "Receive more of a stock item"}, s.receiveMore),
	}}
}

type inventoryAPI struct{ Deps }

// StockView is a stock item as the API shows it.
type StockView struct {
	ID           entrepot.ID   `json:"id"`
	ProductID    entrepot.ID   `json:"productId"`
	CompanyID    entrepot.ID   `json:"companyId"`
	LocationID   entrepot.ID   `json:"locationId" doc:"the shop"`
	OnHand       int64         `json:"onHand"`
	Reserved     int64         `json:"reserved"`
	Available    int64         `json:"available"`
	Received     int64         `json:"received"`
	Sold         int64         `json:"sold"`
	Restocked    int64         `json:"restocked"`
	Movements    int64         `json:"movements" doc:"entries of the ledger"`
	Reservations []Reservation `json:"reservations,omitempty"`
	UpdatedAt    Time          `json:"updatedAt"`
}

// Reservation is stock set aside for an order.
type Reservation struct {
	OrderID   string `json:"orderId"`
	Quantity  int64  `json:"quantity"`
	ExpiresAt Time   `json:"expiresAt"`
}

func stockOf(i *stockpb.Item) StockView {
	v := StockView{
		ID: i.Id, ProductID: i.ProductId, CompanyID: i.CompanyId, LocationID: i.LocationId,
		OnHand: i.OnHand, Reserved: i.Reserved, Available: i.Available,
		Received: i.Received, Sold: i.Sold, Restocked: i.Restocked, Movements: i.Movements, UpdatedAt: Time(i.UpdatedMs),
	}
	for _, r := range i.Reservations {
		v.Reservations = append(v.Reservations, Reservation{r.OrderId, r.Quantity, Time(r.ExpiresMs)})
	}
	return v
}

type stockListInput struct {
	ListParams
	CompanyFilter
	ProductID  string `query:"productId" pattern:"^[0-9a-f]{24}$" patternDescription:"an id of 24 hex digits"`
	LocationID string `query:"locationId" pattern:"^[0-9a-f]{24}$" patternDescription:"an id of 24 hex digits"`
}

func (s *inventoryAPI) list(ctx context.Context, in *stockListInput) (*paged[StockView], error) {
	q := persistence.Query{Desc: true, Limit: in.Limit, Cursor: in.Cursor}
	q.Where = where(where(where(nil, "productId", in.ProductID), "shopId", in.LocationID), persistence.CompanyID, in.CompanyID)
	page, err := find(ctx, s.Stores.Inventory, stock.Collection, entrepot.StaffScope(entrepot.CallerFrom(ctx)), q,
		func(st *stock.State, _ *persistence.Document) StockView { return stockOf(st.Brief()) })
	return &paged[StockView]{page}, err
}

func (s *inventoryAPI) ask(ctx context.Context, id entrepot.ID, cmd proto.Message) (*stockpb.Item, error) {
	return grains.Ask[*stockpb.Item](ctx, s.Asker, stockpb.Kind, id, cmd)
}

func (s *inventoryAPI) get(ctx context.Context, in *struct{ IDPath }) (*answer[StockView], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	i, err := s.ask(ctx, id, &stockpb.Get{})
	if err != nil {
		return nil, err
	}
	return answerOf(stockOf(i)), nil
}

type receiveInput struct {
	Here
	KeyHeader
	RawBody []byte
	Body    struct {
		ProductID string `json:"productId" pattern:"^[0-9a-f]{24}$" patternDescription:"an id of 24 hex digits"`
		ShopID    string `json:"shopId" pattern:"^[0-9a-f]{24}$" patternDescription:"an id of 24 hex digits"`
		Quantity  int64  `json:"quantity" minimum:"1" maximum:"1000000000" example:"10"`
		Reason    string `json:"reason" minLength:"1" maxLength:"200" example:"purchase"`
	}
}

func (s *inventoryAPI) receive(ctx context.Context, in *receiveInput) (*created[StockView], error) {
	b := &in.Body
	p, err := askProduct(ctx, s.Asker, b.ProductID)
	if entrepot.CodeOf(err) == entrepot.CodeNotFound || (err == nil && !entrepot.CallerFrom(ctx).MayReachCompany(p.CompanyId)) {
		return nil, missing("productId", "no such product")
	}
	if err != nil {
		return nil, err
	}
	if !entrepot.CallerFrom(ctx).MayReachShop(p.CompanyId, b.ShopID) {
		return nil, missing("shopId", "no such shop")
	}
	if !slices.Contains(p.ShopIds, b.ShopID) {
		return nil, entrepot.Invalid("shopId", "soldBy", "the shop does not sell the product")
	}
	ctx, replayed := in.command(ctx, "receive", in.RawBody)
	i, err := s.ask(ctx, stockpb.ID(p.Id, b.ShopID), &stockpb.Receive{
		ProductId: p.Id, CompanyId: p.CompanyId, LocationId: b.ShopID, Quantity: b.Quantity, Reason: b.Reason,
	})
	if err != nil {
		return nil, err
	}
	return &created[StockView]{Replay: replay(replayed), Location: in.below(i.Id), Body: stockOf(i)}, nil
}

type receiveMoreInput struct {
	IDPath
	KeyHeader
	RawBody []byte
	Body    struct {
		Quantity int64  `json:"quantity" minimum:"1" maximum:"1000000000" example:"10"`
		Reason   string `json:"reason" minLength:"1" maxLength:"200" example:"purchase"`
	}
}

func (s *inventoryAPI) receiveMore(ctx context.Context, in *receiveMoreInput) (*answer[StockView], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	now, err := s.ask(ctx, id, &stockpb.Get{}) // it must exist: only a product in a shop makes a new one
	if err != nil {
		return nil, err
	}
	ctx, replayed := in.command(ctx, "receive", in.RawBody)
	i, err := s.ask(ctx, id, &stockpb.Receive{
		ProductId: now.ProductId, CompanyId: now.CompanyId, LocationId: now.LocationId,
		Quantity: in.Body.Quantity, Reason: in.Body.Reason,
	})
	if err != nil {
		return nil, err
	}
	return &answer[StockView]{Replay: replay(replayed), Body: stockOf(i)}, nil
}

// Movement is one entry of the ledger, with the levels after it.
type Movement struct {
	ID             entrepot.ID  `json:"id"`
	Sequence       int64        `json:"sequence" doc:"counts the item's movements from 1"`
	ItemID         entrepot.ID  `json:"itemId"`
	Kind           string       `json:"kind" example:"received"`
	Quantity       int64        `json:"quantity"`
	OnHandAfter    int64        `json:"onHandAfter"`
	ReservedAfter  int64        `json:"reservedAfter"`
	AvailableAfter int64        `json:"availableAfter"`
	OrderID        string       `json:"orderId,omitempty"`
	Reason         string       `json:"reason,omitempty"`
	Actor          events.Actor `json:"actor"`
	At             Time         `json:"at"`
}

type movementsInput struct {
	IDPath
	ListParams
}

func (s *inventoryAPI) movements(ctx context.Context, in *movementsInput) (*paged[Movement], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	if _, err := s.ask(ctx, id, &stockpb.Get{}); err != nil { // whoever may not see the item does not see its ledger
		return nil, err
	}
	var broken error
	q := persistence.Query{Where: where(nil, "itemId", id), Sort: "movement", Desc: true, Limit: in.Limit, Cursor: in.Cursor}
	page, err := find(ctx, s.Stores.Inventory, s.Movements, entrepot.StaffScope(entrepot.CallerFrom(ctx)), q,
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
	return &paged[Movement]{page}, err
}

func movementOf(e *events.Envelope) (Movement, error) {
	var m events.InventoryUpdated
	if err := json.Unmarshal(e.Data, &m); err != nil {
		return Movement{}, fmt.Errorf("api: movement %s: %w", e.ID, err)
	}
	actor := e.Actor
	actor.IP, actor.UserAgent = "", "" // those are the audit log's
	return Movement{
		ID: e.ID, Sequence: m.Movement, ItemID: m.ItemID, Kind: m.Kind, Quantity: m.Quantity,
		OnHandAfter: m.OnHand, ReservedAfter: m.Reserved, AvailableAfter: m.Available,
		OrderID: m.OrderID, Reason: m.Reason, Actor: actor, At: timeOf(e.OccurredAt),
	}, nil
}
