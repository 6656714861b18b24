package stock

import (
	"time"

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
	grains.Command(k, watched((*State).Receive), (*State).view)
	grains.Command(k, watched((*State).Configure), (*State).view)
	grains.Command(k, watched((*State).Adjust), (*State).view)
	grains.Command(k, watched((*State).Count), (*State).brief)
	grains.Later(k, watched((*State).Ship), (*State).shipped)
	grains.Command(k, watched((*State).Arrive), (*State).brief)
	grains.Later(k, watched((*State).Reserve), (*State).reserved)
	grains.Command(k, watched((*State).Release), (*State).brief)
	grains.Command(k, watched((*State).Commit), (*State).brief)
	grains.Command(k, watched((*State).Restock), (*State).brief)
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
