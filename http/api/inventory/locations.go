package inventory

import (
	"context"
	"strings"

	"entrepot"
	"entrepot/grains/inventory/warehouse"
	"entrepot/grains/query"
	"entrepot/grains/shop/shop"
	shopapi "entrepot/http/api/shop"
	"entrepot/http/rest"
	"entrepot/persistence"
)

// LocationView is a shop or a warehouse, as a place where stock lies.
type LocationView struct {
	ID        entrepot.ID       `json:"id"`
	CompanyID entrepot.ID       `json:"companyId"`
	Type      string            `json:"type" enum:"shop,warehouse"`
	Name      string            `json:"name"`
	Location  rest.ShopLocation `json:"location"`
	IsActive  bool              `json:"isActive"`
}

type locationListInput struct {
	rest.ListParams
	rest.CompanyFilter
	Type string `query:"type" enum:"shop,warehouse" doc:"default: both"`
}

// A page's cursor names the list it continues: warehouses come first, then shops.
const (
	inWarehouses = "w."
	inShops      = "s."
)

func (s *logisticsAPI) listLocations(ctx context.Context, in *locationListInput) (*rest.List[LocationView], error) {
	from, cursor := inWarehouses, in.Cursor
	if in.Type == LocationShop {
		from = inShops
	}
	if cursor != "" {
		if from, cursor = cursor[:min(len(cursor), len(inShops))], cursor[min(len(cursor), len(inShops)):]; from != inWarehouses && from != inShops {
			return nil, entrepot.Invalid("cursor", "format", "is not of this list")
		}
	}
	if strings.HasPrefix(from, inShops) {
		return s.shopsAt(ctx, in, cursor, in.Limit)
	}
	page, err := s.warehousesAt(ctx, in, cursor)
	if err != nil {
		return nil, err
	}
	left := in.Limit - len(page.Body.Items)
	switch {
	case page.Body.NextCursor != "":
		page.Body.NextCursor = inWarehouses + page.Body.NextCursor
	case in.Type == LocationWarehouse:
	case left == 0:
		page.Body.NextCursor = inShops
	default:
		rest, err := s.shopsAt(ctx, in, "", left)
		if err != nil {
			return nil, err
		}
		page.Body.Items, page.Body.NextCursor = append(page.Body.Items, rest.Body.Items...), rest.Body.NextCursor
	}
	return page, nil
}

func (s *logisticsAPI) warehousesAt(ctx context.Context, in *locationListInput, cursor string) (*rest.List[LocationView], error) {
	q := persistence.Query{Limit: in.Limit, Cursor: cursor, Where: query.Where(nil, persistence.CompanyID, in.CompanyID)}
	q.Where = append(q.Where, persistence.Cond{Field: "isDeleted", Op: persistence.Eq, Value: false})
	return rest.Seen(ctx, s.Store, warehouse.Collection, q, (*warehouse.Warehouse).SeenBy, func(found *warehouse.Warehouse) LocationView {
		w := warehouseOf(found)
		return LocationView{w.ID, w.CompanyID, LocationWarehouse, w.Name, w.Location, w.IsActive}
	})
}

// shopsAt are the shops of the whole company: goods can be sent to each of them.
func (s *logisticsAPI) shopsAt(ctx context.Context, in *locationListInput, cursor string, limit int) (*rest.List[LocationView], error) {
	q := persistence.Query{Limit: limit, Cursor: cursor, Where: query.Where(nil, persistence.CompanyID, in.CompanyID)}
	q.Where = append(q.Where, persistence.Cond{Field: "deletedAt", Op: persistence.Eq})
	page, err := query.Find(ctx, s.Shops, shop.Collection, rest.CompanyScope(ctx), q, func(saved *shop.Shop, _ *persistence.Document) LocationView {
		v := shopapi.ShopOf(saved, s.Now())
		return LocationView{v.ID, v.CompanyID, LocationShop, v.Name, v.Location, v.IsActive}
	})
	if page.NextCursor != "" {
		page.NextCursor = inShops + page.NextCursor
	}
	return &rest.List[LocationView]{Body: page}, err
}
