package inventory

import (
	"context"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/inventory/sourcing"
	"entrepot/grains/inventory/warehouse"
	"entrepot/grains/query"
	"entrepot/grains/shop/shop"
	"entrepot/http/rest"
	"entrepot/persistence"
)

// WarehouseBody is a warehouse as a client describes it.
type WarehouseBody struct {
	Name          string            `json:"name" minLength:"1" maxLength:"200" example:"North"`
	Code          string            `json:"code" minLength:"1" maxLength:"32" pattern:"^[A-Za-z0-9._-]+$" patternDescription:"letters, digits, dots, dashes and underscores" doc:"unique in the company" example:"N1"`
	Location      rest.ShopLocation `json:"location,omitempty"`
	ServesShopIDs []string          `json:"servesShopIds,omitempty" maxItems:"200" doc:"the shops whose orders may be sent from here"`
	Priority      int64             `json:"priority,omitempty" minimum:"0" maximum:"1000" doc:"among the locations of a shop, lower first; the shop itself has 0 unless its sourcing sets another"`
	IsActive      *bool             `json:"isActive,omitempty" doc:"default true; false: nothing is sent from here"`
}

func (b *WarehouseBody) details() warehouse.Details {
	l := b.Location
	return warehouse.Details{
		Name: b.Name, Code: b.Code, Serves: b.ServesShopIDs, Priority: b.Priority, IsActive: b.IsActive == nil || *b.IsActive,
		Location: events.Location{
			Address: l.Address, City: l.City, State: l.State, Country: l.Country, Coordinates: (*events.Point)(l.Coordinates),
		},
	}
}

// WarehouseView is a warehouse as the API shows it.
type WarehouseView struct {
	ID            entrepot.ID       `json:"id"`
	CompanyID     entrepot.ID       `json:"companyId"`
	Name          string            `json:"name"`
	Code          string            `json:"code"`
	Location      rest.ShopLocation `json:"location"`
	ServesShopIDs []entrepot.ID     `json:"servesShopIds"`
	Priority      int64             `json:"priority"`
	IsActive      bool              `json:"isActive"`
	CreatedAt     rest.Time         `json:"createdAt"`
	UpdatedAt     rest.Time         `json:"updatedAt"`
}

func warehouseOf(w *warehouse.Warehouse) WarehouseView {
	l := w.Location
	return WarehouseView{
		ID: w.ID, CompanyID: w.CompanyID, Name: w.Name, Code: w.Code, ServesShopIDs: rest.NotNil(w.Serves), Priority: w.Priority,
		Location: rest.ShopLocation{
			Address: l.Address, City: l.City, State: l.State, Country: l.Country, Coordinates: (*rest.Coordinates)(l.Coordinates),
		},
		IsActive: w.IsActive, CreatedAt: rest.Time(w.CreatedAt), UpdatedAt: rest.Time(w.UpdatedAt),
	}
}

type warehouseListInput struct {
	rest.ListParams
	rest.CompanyFilter
	IsActive string `query:"isActive" enum:"true,false"`
}

func (s *logisticsAPI) listWarehouses(ctx context.Context, in *warehouseListInput) (*rest.List[WarehouseView], error) {
	q := persistence.Query{Limit: in.Limit, Cursor: in.Cursor, Where: query.Where(nil, persistence.CompanyID, in.CompanyID)}
	q.Where = append(q.Where, persistence.Cond{Field: "isDeleted", Op: persistence.Eq, Value: false})
	if in.IsActive != "" {
		q.Where = append(q.Where, persistence.Cond{Field: "isActive", Op: persistence.Eq, Value: in.IsActive == "true"})
	}
	return rest.Seen(ctx, s.Store, warehouse.Collection, q, (*warehouse.Warehouse).SeenBy, warehouseOf)
}

type warehouseInput struct {
	rest.Here
	rest.KeyHeader
	RawBody []byte
	Body    WarehouseBody
}

func (s *logisticsAPI) createWarehouse(ctx context.Context, in *warehouseInput) (*rest.Created[WarehouseView], error) {
	company := entrepot.CallerFrom(ctx).CompanyID
	if err := rest.CheckShops(ctx, s.Asker, "servesShopIds", company, in.Body.ServesShopIDs); err != nil {
		return nil, err
	}
	id := in.NewID(ctx, "warehouse")
	r, err := grains.Call(ctx, s.Asker, warehouse.Of(id), warehouse.Create{CompanyID: company, Details: in.Body.details()}, in.Keyed(ctx, "create-warehouse", in.RawBody)...)
	w := r.Reply
	if err != nil {
		return nil, err
	}
	return &rest.Created[WarehouseView]{Replay: rest.ReplayOf(r.Replayed), Versioned: rest.ETagOf(w.Version), Location: in.Below(w.ID), Body: warehouseOf(w)}, nil
}

type updateWarehouseInput struct {
	rest.IDPath
	rest.IfMatch
	Body WarehouseBody
}

func (s *logisticsAPI) updateWarehouse(ctx context.Context, in *updateWarehouseInput) (*rest.Answer[WarehouseView], error) {
	id, expected, err := in.Target(in.IDPath)
	if err != nil {
		return nil, err
	}
	now, err := s.askWarehouse(ctx, id, warehouse.Get{})
	if err != nil {
		return nil, err
	}
	if err := rest.CheckShops(ctx, s.Asker, "servesShopIds", now.CompanyID, in.Body.ServesShopIDs); err != nil {
		return nil, err
	}
	w, err := s.askWarehouse(ctx, id, warehouse.Update{ExpectedVersion: expected, Details: in.Body.details()})
	if err != nil {
		return nil, err
	}
	return rest.AnswerAt(w.Version, warehouseOf(w)), nil
}

func (s *logisticsAPI) getWarehouse(ctx context.Context, in *struct{ rest.IDPath }) (*rest.Answer[WarehouseView], error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	w, err := s.askWarehouse(ctx, id, warehouse.Get{})
	if err != nil {
		return nil, err
	}
	return rest.AnswerAt(w.Version, warehouseOf(w)), nil
}

type deleteInput struct {
	rest.IDPath
	rest.IfMatch
}

func (s *logisticsAPI) deleteWarehouse(ctx context.Context, in *deleteInput) (*rest.NoContent, error) {
	id, expected, err := in.Target(in.IDPath)
	if err != nil {
		return nil, err
	}
	_, err = grains.Ask(ctx, s.Asker, warehouse.Of(id), warehouse.Delete{ExpectedVersion: expected})
	return nil, err
}

func (s *logisticsAPI) askWarehouse(ctx context.Context, id entrepot.ID, cmd grains.Message[*warehouse.Warehouse]) (*warehouse.Warehouse, error) {
	return grains.Ask(ctx, s.Asker, warehouse.Of(id), cmd)
}

// SourcingView is where a shop's orders may be sent from.
type SourcingView struct {
	ShopID       entrepot.ID        `json:"shopId"`
	Strategy     string             `json:"strategy" enum:"priority,most_stock,nearest"`
	ShopPriority int64              `json:"shopPriority" doc:"of the shop itself among its locations"`
	Locations    []SourcingLocation `json:"locations" doc:"in use, by priority; the shop is one of them"`
}

// SourcingLocation is one of the locations.
type SourcingLocation struct {
	LocationID  entrepot.ID       `json:"locationId"`
	Kind        string            `json:"kind" enum:"shop,warehouse"`
	Priority    int64             `json:"priority"`
	Coordinates *rest.Coordinates `json:"coordinates,omitempty"`
}

func sourcingOf(v *sourcing.Sourcing) SourcingView {
	out := SourcingView{ShopID: v.ShopID, Strategy: v.Strategy, ShopPriority: v.ShopPriority, Locations: []SourcingLocation{}}
	for _, l := range v.Locations {
		at := SourcingLocation{LocationID: l.LocationID, Kind: LocationWarehouse, Priority: l.Priority}
		if l.LocationID == v.ShopID {
			at.Kind = LocationShop
		}
		at.Coordinates = (*rest.Coordinates)(l.Point)
		out.Locations = append(out.Locations, at)
	}
	return out
}

// ShopPath is the shop in a path.
type ShopPath struct {
	ShopID string `path:"shopId" example:"65a1b2c3d4e5f60718293a4b"`
}

func (s *logisticsAPI) getSourcing(ctx context.Context, in *ShopPath) (*rest.Answer[SourcingView], error) {
	if _, err := s.ownShop(ctx, in.ShopID); err != nil {
		return nil, err
	}
	v, err := s.askSourcing(ctx, in.ShopID, sourcing.Get{ShopID: in.ShopID})
	if err != nil {
		return nil, err
	}
	return rest.AnswerAt(v.Version, sourcingOf(v)), nil
}

type setSourcingInput struct {
	ShopPath
	rest.IfMatch
	Body struct {
		Strategy     string `json:"strategy" enum:"priority,most_stock,nearest" doc:"nearest needs coordinates of the locations and of where the order goes"`
		ShopPriority int64  `json:"shopPriority,omitempty" minimum:"0" maximum:"1000" doc:"of the shop itself; lower first, and before warehouses of the same"`
	}
}

func (s *logisticsAPI) setSourcing(ctx context.Context, in *setSourcingInput) (*rest.Answer[SourcingView], error) {
	expected, err := in.Version()
	if err != nil {
		return nil, err
	}
	shop, err := s.ownShop(ctx, in.ShopID)
	if err != nil {
		return nil, err
	}
	set := sourcing.Configure{
		ShopID: in.ShopID, CompanyID: shop.CompanyID, Strategy: in.Body.Strategy, ShopPriority: in.Body.ShopPriority, ExpectedVersion: expected,
	}
	if p := shop.Point; p != nil {
		set.ShopPoint = &events.Point{Lat: p.Lat, Lng: p.Lng}
	}
	v, err := s.askSourcing(ctx, in.ShopID, set)
	if err != nil {
		return nil, err
	}
	return rest.AnswerAt(v.Version, sourcingOf(v)), nil
}

func (s *logisticsAPI) askSourcing(ctx context.Context, shop entrepot.ID, cmd grains.Message[*sourcing.Sourcing]) (*sourcing.Sourcing, error) {
	return grains.Ask(ctx, s.Asker, sourcing.Of(sourcing.ID(shop)), cmd)
}

// ownShop finds a shop that the caller reaches.
func (s *logisticsAPI) ownShop(ctx context.Context, id string) (*shop.Shop, error) {
	id, err := rest.ExistingID(id)
	if err != nil {
		return nil, err
	}
	v, err := query.Shop(ctx, s.Asker, id)
	if err == nil && !entrepot.CallerFrom(ctx).MayReachShop(v.CompanyID, id) {
		return nil, entrepot.ErrNotFound
	}
	return v, err
}
