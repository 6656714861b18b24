package stock

import (
	"time"

	"entrepot/events"
	"entrepot/grains"
	"entrepot/persistence"
)

// Collection stores stock items in inventorydb. Its documents decode as [Record].
var Collection = &persistence.Collection{
	Name: "stockItems",
	Fields: []persistence.Field{
		{Name: "productId", Type: persistence.String},
		{Name: "available", Type: persistence.Int},
		{Name: "variantId", Type: persistence.String},
		{Name: "alert", Type: persistence.String},
	},
	Indexes: [][]string{
		{"productId", "createdAt"},
		{"variantId", "createdAt"},
		{"companyId", "shopId", "createdAt"},
		{"alert", "companyId", "createdAt"},
	},
}

// Movements stores the ledger as rows, one for each inventory.updated event, written
// by a consumer of the inventory service. The id is that of the event, and the state
// is its envelope.
var Movements = &persistence.Collection{
	Name: "movements",
	Fields: []persistence.Field{
		{Name: "itemId", Type: persistence.String},
		{Name: "movement", Type: persistence.Int},
		{Name: "kind", Type: persistence.String},
	},
	Indexes: [][]string{{"itemId", "movement"}, {"itemId", "kind", "movement"}, {"itemId", "createdAt"}},
}

// Kind returns the kind of grain that keeps one stock item. Most commands carry natural
// ids; a Receive or an Adjust without a reference needs the ring of recent commands.
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

// MovementFields returns the values of the fields of [Movements] for a movement.
func MovementFields(m *events.InventoryUpdated) []any { return []any{m.ItemID, m.Movement, m.Kind} }

// Index scopes the item to its location as the shop.
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
