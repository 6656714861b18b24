package inventory

import (
	"context"
	"net/http"
	"slices"
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/ecommerce/product"
	"entrepot/grains/inventory/stock"
	"entrepot/grains/query"
	"entrepot/http/rest"
	"entrepot/persistence"
)

// stockRoutes returns the inventory service.
func stockRoutes(d Deps) rest.Routes {
	s := &inventoryAPI{d}
	write := rest.Only(entrepot.CompanyAdmin, entrepot.ShopManager)
	return rest.Routes{Service: "inventory", List: []rest.Route{
		rest.Bind(rest.Route{
			ID: "list-stock", Method: http.MethodGet, Path: "/inventory/items", Access: rest.Staff,
			Summary: "List stock items",
		}, s.list),
		rest.Bind(rest.Route{
			ID: "receive-goods", Method: http.MethodPost, Keyed: true, Path: "/inventory/items",
			Access: write, Status: http.StatusCreated, Summary: "Receive goods",
		}, s.receive),
		rest.Bind(rest.Route{
			ID: "get-stock", Method: http.MethodGet, Path: "/inventory/items/{id}", Access: rest.Staff,
			Summary: "Get stock item",
		}, s.get),
		rest.Bind(rest.Route{
			ID: "configure-stock", Method: http.MethodPatch, Path: "/inventory/items/{id}", Access: write,
			Summary: "Configure stock item",
			Doc:     "The ETag covers these settings only; stock movements do not change it.",
		}, s.configure),
		rest.Bind(rest.Route{
			ID: "receive-more", Method: http.MethodPost, Keyed: true, Path: "/inventory/items/{id}/receive",
			Access: write, Summary: "Receive more of stock item",
		}, s.receiveMore),
		rest.Bind(rest.Route{
			ID: "adjust-stock", Method: http.MethodPost, Keyed: true, Path: "/inventory/items/{id}/adjust",
			Access: write, Summary: "Adjust stock",
			Doc: "Reserved pieces cannot be removed: 409 out_of_stock names the available quantity.",
		}, s.adjust),
		rest.Bind(rest.Route{
			ID: "list-stock-alerts", Method: http.MethodGet, Path: "/inventory/alerts", Access: rest.Staff,
			Summary: "List stock alerts",
			Doc:     "Low: available at or below the reorder point. Out: nothing available.",
		}, s.alerts),
		rest.Bind(rest.Route{
			ID: "value-stock", Method: http.MethodGet, Path: "/inventory/valuation", Access: write,
			Summary: "Value stock on hand",
			Doc:     "Sums up to 2,000 items; nextCursor continues.",
		}, s.valuation),
		rest.Bind(rest.Route{
			ID: "list-movements", Method: http.MethodGet, Path: "/inventory/items/{id}/movements",
			Access: rest.Staff, Summary: "List stock movements",
		}, s.movements),
		rest.Bind(rest.Route{
			ID: "get-stock-history", Method: http.MethodGet, Path: "/inventory/items/{id}/history",
			Access: rest.Staff, Summary: "Get stock item at a past time",
		}, s.history),
		rest.Bind(rest.Route{
			ID: "explain-stock", Method: http.MethodGet, Path: "/inventory/items/{id}/explain",
			Access: rest.Staff, Summary: "Explain stock on hand",
			Doc: "Returns the ledger's sums by kind, its latest movements, and a check that its rows add up: " +
				"1,000 rows a request, newest first; before continues.",
		}, s.explain),
	}}
}

type inventoryAPI struct{ Deps }

// StockView is a stock item as the API shows it.
type StockView struct {
	ID         entrepot.ID `json:"id"`
	ProductID  entrepot.ID `json:"productId"`
	VariantID  entrepot.ID `json:"variantId" doc:"the product's id for a product without variants"`
	CompanyID  entrepot.ID `json:"companyId"`
	LocationID entrepot.ID `json:"locationId" doc:"a shop or a warehouse"`
	OnHand     int64       `json:"onHand"`
	Reserved   int64       `json:"reserved"`
	Available  int64       `json:"available" doc:"what may be promised to another order"`
	StockSums
	ReorderPoint    int64         `json:"reorderPoint" doc:"available at or below it is low; 0: none"`
	ReorderQuantity int64         `json:"reorderQuantity"`
	SafetyStock     int64         `json:"safetyStock" doc:"pieces on hand that are not promised to orders"`
	Backorder       Backorder     `json:"backorder"`
	Backordered     int64         `json:"backordered" doc:"reserved beyond on-hand"`
	Owed            int64         `json:"owed" doc:"sold beyond on-hand, delivered as goods come in, first paid first"`
	Promisable      int64         `json:"promisable,omitempty" doc:"available, and what may be promised beyond it now; of one item only"`
	Batches         []BatchView   `json:"batches,omitempty" doc:"first expired first"`
	Valuation       *StockValue   `json:"valuation,omitempty" doc:"of the pieces that have a cost"`
	Alert           string        `json:"alert,omitempty" enum:"low,out"`
	Movements       int64         `json:"movements" doc:"entries of the ledger"`
	Reservations    []Reservation `json:"reservations,omitempty"`
	UpdatedAt       rest.Time     `json:"updatedAt"`
}

// BatchView is the pieces on hand of one lot.
type BatchView struct {
	Batch     string    `json:"batch"`
	Quantity  int64     `json:"quantity"`
	ExpiresOn rest.Time `json:"expiresOn,omitzero"`
	Expired   bool      `json:"expired,omitempty" doc:"not for sale; adjust writes it off"`
}

// StockValue is what the pieces of an item that have a cost are worth.
type StockValue struct {
	Pieces   int64           `json:"pieces"`
	Currency string          `json:"currency"`
	FIFO     entrepot.Amount `json:"fifo" doc:"first in, first out"`
	Average  entrepot.Amount `json:"average" doc:"at the moving average"`
}

// Backorder is what may be promised beyond on-hand.
type Backorder struct {
	Limit int64     `json:"limit" doc:"pieces; 0: none"`
	Until rest.Time `json:"until,omitzero" doc:"end of a pre-order"`
}

// StockSums are the ledger of a stock item summed by kind: onHand = received - sold
// + restocked + adjusted + counted - transferredOut + transferredIn.
type StockSums struct {
	Received       int64 `json:"received"`
	Sold           int64 `json:"sold"`
	Restocked      int64 `json:"restocked"`
	Adjusted       int64 `json:"adjusted" doc:"may be negative"`
	Counted        int64 `json:"counted" doc:"what stocktakes found; may be negative"`
	TransferredOut int64 `json:"transferredOut"`
	TransferredIn  int64 `json:"transferredIn"`
}

// Reservation is stock set aside for an order.
type Reservation struct {
	OrderID   string    `json:"orderId"`
	Quantity  int64     `json:"quantity"`
	ExpiresAt rest.Time `json:"expiresAt"`

	Backordered int64 `json:"backordered,omitempty" doc:"of quantity, pieces that are not on hand"`
}

func stockOf(i *stock.Item) StockView {
	v := StockView{
		ID: i.ID, ProductID: i.ProductID, VariantID: i.VariantID, CompanyID: i.CompanyID, LocationID: i.LocationID,
		OnHand: i.OnHand, Reserved: i.Reserved, Available: i.Available, StockSums: sumsOf(i),
		ReorderPoint: i.ReorderPoint, ReorderQuantity: i.ReorderQuantity, SafetyStock: i.SafetyStock,
		Backorder: Backorder{i.BackorderLimit, rest.Time(i.BackorderEndsAt)}, Backordered: i.Backordered, Owed: i.Owing, Promisable: i.Promisable,
		Alert: i.Alert, Movements: i.Movements, UpdatedAt: rest.Time(i.UpdatedAt),
	}
	for _, b := range i.Batches {
		v.Batches = append(v.Batches, BatchView{b.Lot, b.Quantity, rest.Time(b.ExpiresOn), b.Expired})
	}
	if n := i.Valued(); n > 0 {
		v.Valuation = &StockValue{n, i.Currency, rest.Amount(i.FIFO(), i.Currency), rest.Amount(i.Average, i.Currency)}
	}
	for _, r := range i.Reservations {
		v.Reservations = append(v.Reservations, Reservation{r.OrderID, r.Quantity, rest.Time(r.ExpiresAt), r.Backordered})
	}
	return v
}

func sumsOf(i *stock.Item) StockSums {
	return StockSums{
		Received: i.Received, Sold: i.Sold, Restocked: i.Restocked, Adjusted: i.Adjusted, Counted: i.Counted,
		TransferredOut: i.TransferredOut, TransferredIn: i.TransferredIn,
	}
}

type stockListInput struct {
	rest.ListParams
	rest.CompanyFilter
	ProductID  rest.ID `query:"productId"`
	VariantID  rest.ID `query:"variantId"`
	LocationID rest.ID `query:"locationId"`
}

func (s *inventoryAPI) list(ctx context.Context, in *stockListInput) (*rest.List[StockView], error) {
	q := persistence.Query{Desc: true, Limit: in.Limit, Cursor: in.Cursor}
	q.Where = query.Where(query.Where(query.Where(nil, "productId", in.ProductID), "shopId", in.LocationID), persistence.CompanyID, in.CompanyID)
	q.Where = query.Where(q.Where, "variantId", in.VariantID)
	return s.items(ctx, q)
}

func (s *inventoryAPI) items(ctx context.Context, q persistence.Query) (*rest.List[StockView], error) {
	page, err := query.Find(ctx, s.Store, stock.Collection, entrepot.StaffScope(entrepot.CallerFrom(ctx)), q,
		func(r *stock.Record, _ *persistence.Document) StockView { return stockOf(r.Item()) })
	return &rest.List[StockView]{Body: page}, err
}

type alertsInput struct {
	rest.ListParams
	rest.CompanyFilter
	Level      string  `query:"level" enum:"low,out" doc:"default: both"`
	LocationID rest.ID `query:"locationId"`
}

func (s *inventoryAPI) alerts(ctx context.Context, in *alertsInput) (*rest.List[StockView], error) {
	q := persistence.Query{Desc: true, Limit: in.Limit, Cursor: in.Cursor}
	q.Where = query.Where(query.Where(nil, "shopId", in.LocationID), persistence.CompanyID, in.CompanyID)
	levels := []any{stock.Low, stock.Out}
	if in.Level != "" {
		levels = []any{in.Level}
	}
	q.Where = append(q.Where, persistence.Cond{Field: "alert", Op: persistence.In, Values: levels})
	return s.items(ctx, q)
}

func (s *inventoryAPI) ask(ctx context.Context, id entrepot.ID, cmd grains.Message[*stock.Item]) (*stock.Item, error) {
	return grains.Ask(ctx, s.Asker, stock.Of(id), cmd)
}

func (s *inventoryAPI) get(ctx context.Context, in *struct{ rest.IDPath }) (*rest.Answer[StockView], error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	i, err := s.ask(ctx, id, stock.Get{})
	if err != nil {
		return nil, err
	}
	return rest.AnswerAt(i.Revision, stockOf(i)), nil
}

type receiveInput struct {
	rest.Here
	rest.KeyHeader
	RawBody []byte
	Body    struct {
		ProductID  rest.ID `json:"productId"`
		VariantID  rest.ID `json:"variantId,omitempty" doc:"of a product that has variants"`
		ShopID     rest.ID `json:"shopId,omitempty" doc:"a shop that sells it; or else name a location"`
		LocationID rest.ID `json:"locationId,omitempty" doc:"a shop or a warehouse"`
		Quantity   int64   `json:"quantity" minimum:"1" maximum:"1000000000" example:"10"`
		Reason     string  `json:"reason" minLength:"1" maxLength:"200" example:"purchase"`
		IncomingGoods
	}
}

func (s *inventoryAPI) receive(ctx context.Context, in *receiveInput) (*rest.Created[StockView], error) {
	b := &in.Body
	p, err := query.Product(ctx, s.Asker, string(b.ProductID))
	if entrepot.CodeOf(err) == entrepot.CodeNotFound || (err == nil && !entrepot.CallerFrom(ctx).MayReachCompany(p.CompanyID)) {
		return nil, query.Missing("productId", "no such product")
	}
	if err != nil {
		return nil, err
	}
	location, err := s.receivingAt(ctx, p, string(b.ShopID), string(b.LocationID))
	if err != nil {
		return nil, err
	}
	variant, err := variantOf(p, string(b.VariantID))
	if err != nil {
		return nil, err
	}
	cmd := stock.Receive{
		ProductID: p.ID, VariantID: variant, CompanyID: p.CompanyID, LocationID: location, Quantity: b.Quantity, Reason: b.Reason,
	}
	if err := b.into(&cmd); err != nil {
		return nil, err
	}
	r, err := grains.Call(ctx, s.Asker, stock.Of(stock.ID(variant, location)), cmd, in.Keyed(ctx, "receive", in.RawBody)...)
	i := r.Reply
	if err != nil {
		return nil, err
	}
	return &rest.Created[StockView]{Replay: rest.ReplayOf(r.Replayed), Location: in.Below(i.ID), Body: stockOf(i)}, nil
}

// receivingAt settles where goods of a product come in: a shop that sells it, or a warehouse.
func (s *inventoryAPI) receivingAt(ctx context.Context, p *product.Product, shop, location entrepot.ID) (entrepot.ID, error) {
	field, kind := "shopId", LocationShop
	switch {
	case shop == "" && location == "":
		return "", entrepot.Invalid("shopId", "required", "name a shop or a location")
	case shop != "" && location != "" && shop != location:
		return "", entrepot.Invalid("locationId", "one", "is another than shopId: name one")
	case location != "":
		l, err := locateOwn(ctx, s.Asker, "locationId", location)
		if err != nil {
			return "", err
		}
		if l.CompanyID != p.CompanyID {
			return "", query.Missing("locationId", "no such location")
		}
		field, kind, shop = "locationId", l.Kind, location
	case !entrepot.CallerFrom(ctx).MayReachShop(p.CompanyID, shop):
		return "", query.Missing("shopId", "no such shop")
	}
	if kind == LocationShop && !slices.Contains(p.ShopIDs, shop) {
		return "", entrepot.Invalid(field, "soldBy", "the shop does not sell the product")
	}
	return shop, nil
}

// variantOf settles which variant of a product goods are of. One that is not sold
// right now may still be stocked.
func variantOf(p *product.Product, id entrepot.ID) (entrepot.ID, error) {
	if len(p.Variants) == 0 && (id == "" || id == p.ID) {
		return p.ID, nil
	}
	if id == "" {
		return "", entrepot.Invalid("variantId", "required", "the product has variants: name one")
	}
	if !slices.ContainsFunc(p.Variants, func(v product.Variant) bool { return v.ID == id }) {
		return "", query.Missing("variantId", "the product has no such variant")
	}
	return id, nil
}

type receiveMoreInput struct {
	rest.IDPath
	rest.KeyHeader
	RawBody []byte
	Body    struct {
		Quantity int64  `json:"quantity" minimum:"1" maximum:"1000000000" example:"10"`
		Reason   string `json:"reason" minLength:"1" maxLength:"200" example:"purchase"`
		IncomingGoods
	}
}

// IncomingGoods is what goods that come in may tell besides.
type IncomingGoods struct {
	UnitCost  *entrepot.Amount `json:"unitCost,omitempty" doc:"of one piece; with currency"`
	Currency  string           `json:"currency,omitempty" pattern:"^[A-Z]{3}$" patternDescription:"an ISO 4217 code"`
	Batch     string           `json:"batch,omitempty" maxLength:"64" doc:"lot number" example:"L-2026-07"`
	ExpiresOn *time.Time       `json:"expiresOn,omitempty" doc:"of the batch; the first to expire is sold first, and what has expired is not sold"`
	Reference string           `json:"reference,omitempty" maxLength:"255" doc:"your id of the delivery; the same id is received once" example:"PO-17/1"`
}

// into completes the command.
func (g *IncomingGoods) into(cmd *stock.Receive) error {
	cmd.Lot, cmd.Reference = g.Batch, g.Reference
	if g.ExpiresOn != nil {
		cmd.ExpiresOn = g.ExpiresOn.UnixMilli()
		if cmd.ExpiresOn <= 0 {
			return entrepot.Invalid("expiresOn", "future", "must be in the future")
		}
	}
	if g.UnitCost == nil {
		return nil
	}
	if g.Currency == "" {
		return entrepot.Invalid("currency", "required", "a cost is in a currency")
	}
	cost, err := entrepot.ParseMoney("unitCost", string(*g.UnitCost), g.Currency)
	cmd.UnitCost, cmd.Currency = &cost.Minor, g.Currency
	return err
}

func (s *inventoryAPI) receiveMore(ctx context.Context, in *receiveMoreInput) (*rest.Answer[StockView], error) {
	id, err := in.EntityID()
	if err != nil {
		return nil, err
	}
	now, err := s.ask(ctx, id, stock.Get{}) // it must exist: only a product in a shop makes a new one
	if err != nil {
		return nil, err
	}
	cmd := stock.Receive{
		ProductID: now.ProductID, VariantID: now.VariantID, CompanyID: now.CompanyID, LocationID: now.LocationID,
		Quantity: in.Body.Quantity, Reason: in.Body.Reason,
	}
	if err := in.Body.into(&cmd); err != nil {
		return nil, err
	}
	r, err := grains.Call(ctx, s.Asker, stock.Of(id), cmd, in.Keyed(ctx, "receive", in.RawBody)...)
	i := r.Reply
	if err != nil {
		return nil, err
	}
	return &rest.Answer[StockView]{Replay: rest.ReplayOf(r.Replayed), Body: stockOf(i)}, nil
}
