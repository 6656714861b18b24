package stock

import (
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/persistence"
)

// Collection keeps the stock items in inventorydb.
var Collection = &persistence.Collection{
	Name: "stockItems",
	Fields: []persistence.Field{
		{Name: "productId", Type: persistence.String},
		{Name: "available", Type: persistence.Int},
		{Name: "variantId", Type: persistence.String},
		{Name: "alert", Type: persistence.String},
	},
	Indexes: [][]string{{"productId", "createdAt"}, {"variantId", "createdAt"}, {"companyId", "shopId", "createdAt"}, {"alert", "companyId", "createdAt"}},
}

// Movements is the ledger as rows, one for each inventory.updated event, written
// by the inventory service's consumer. The _id is the event's; the state is the
// event's envelope.
var Movements = &persistence.Collection{
	Name: "movements",
	Fields: []persistence.Field{
		{Name: "itemId", Type: persistence.String},
		{Name: "movement", Type: persistence.Int},
		{Name: "kind", Type: persistence.String},
	},
	Indexes: [][]string{{"itemId", "movement"}, {"itemId", "kind", "movement"}, {"itemId", "createdAt"}},
}

// Kind is the stock item's grain. Its commands carry natural ids; a Receive or an
// Adjust without a reference is remembered by the ring.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	grains.Command(k, Watched((*State).Receive), (*State).View)
	grains.Command(k, Watched((*State).Configure), (*State).View)
	grains.Command(k, Watched((*State).Adjust), (*State).View)
	grains.Command(k, Watched((*State).Count), (*State).Brief)
	grains.Later(k, Watched((*State).Ship), (*State).shipped)
	grains.Command(k, Watched((*State).Arrive), (*State).Brief)
	grains.Later(k, Watched((*State).Reserve), (*State).reserved)
	grains.Command(k, Watched((*State).Release), (*State).Brief)
	grains.Command(k, Watched((*State).Commit), (*State).Brief)
	grains.Command(k, Watched((*State).Restock), (*State).Brief)
	grains.Query(k, (*State).Get)
	return k
}

// MovementFields are a movement's values of the ledger's fields.
func MovementFields(m *events.InventoryUpdated) []any { return []any{m.ItemID, m.Movement, m.Kind} }

// Index is whose the item is, and what it is listed by.
func (s *State) Index() grains.Index {
	var alert any
	if s.Alert != "" {
		alert = s.Alert
	}
	return grains.Index{
		CompanyID: s.CompanyID, ShopID: s.LocationID, CreatedAt: time.UnixMilli(s.CreatedAt).UTC(),
		Fields: []any{s.ProductID, s.levels().available(), s.VariantID, alert},
	}
}

// Get answers the item to staff of its location. Reservations past their expiry no longer count.
func (s *State) Get(t entrepot.Turn, _ Get) (*Item, error) {
	if s.ID == "" || !t.Caller.MayReachShop(s.CompanyID, s.LocationID) {
		return nil, entrepot.ErrNotFound
	}
	s, _ = s.aged(t)
	v, now := s.Brief(), t.Now.UnixMilli()
	v.Reserved, v.Backordered = 0, 0
	for _, r := range s.Holds {
		if r.ExpiresAt > now {
			v.Reserved += r.Quantity - r.Backordered
			v.Backordered += r.Backordered
			v.Reservations = append(v.Reservations, r.view())
		}
	}
	after := s.levels()
	after.reserved, after.backordered = v.Reserved, v.Backordered
	v.Available = after.available()
	v.Promisable = v.Available + s.beyond(t.Now, after)
	return v, nil
}

// reserved answers Reserve: with the order's reservation when some of it is not on hand.
func (s *State) reserved(c Reserve) (*Item, bool, error) {
	v := s.Brief()
	if s.Backordered > 0 {
		if r, held := s.hold(c.OrderID); held && r.Backordered > 0 {
			v.Reservations = []Reservation{r.view()}
		}
	}
	return v, true, nil
}

// View is the item with its reservations.
func (s *State) View() *Item {
	v := s.Brief()
	for _, r := range s.Holds {
		v.Reservations = append(v.Reservations, r.view())
	}
	return v
}

func (r Reservation) view() Reservation {
	return Reservation{OrderID: r.OrderID, Quantity: r.Quantity, ExpiresAt: r.ExpiresAt, Backordered: r.Backordered}
}

// Brief is the item without its reservations.
func (s *State) Brief() *Item {
	v := &Item{
		ID: s.ID, ProductID: s.ProductID, VariantID: s.VariantID, CompanyID: s.CompanyID, LocationID: s.LocationID,
		OnHand: s.OnHand, Reserved: s.Reserved, Available: s.levels().available(),
		Received: s.Received, Sold: s.Sold, Restocked: s.Restocked, Adjusted: s.Adjusted, Counted: s.Counted,
		TransferredOut: s.Out, TransferredIn: s.In, Movements: s.Movements, UpdatedAt: s.UpdatedAt,
		ReorderPoint: s.Settings.ReorderPoint, ReorderQuantity: s.Settings.ReorderQuantity, SafetyStock: s.Settings.SafetyStock,
		BackorderLimit: s.Settings.BackorderLimit, BackorderEndsAt: s.Settings.BackorderEndsMs,
		Backordered: s.Backordered, Owed: s.Owing, Alert: s.Alert, Revision: s.revision(),
		Currency: s.Currency, Valued: s.valued(), Fifo: s.FIFO(), Average: s.Average,
	}
	for _, b := range s.Batches {
		v.Batches = append(v.Batches, Batch{Lot: b.Lot, Quantity: b.Quantity, ExpiresOn: b.ExpiresOn, Expired: b.Expired})
	}
	return v
}
