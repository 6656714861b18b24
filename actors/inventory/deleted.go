package inventory

import (
	"entrepot/actors"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/inventory/supplier"
	"entrepot/grains/inventory/warehouse"
	"entrepot/persistence"
)

var (
	suppliers = actors.Owned{
		Collection: supplier.Collection, Kind: supplier.Name,
		End: supplier.Delete{},
	}
	warehouses = actors.Owned{
		Collection: warehouse.Collection, Kind: warehouse.Name,
		End: warehouse.Delete{},
	}
)

// CompanyDeleted deletes the suppliers and warehouses of a deleted company. Stock and purchases
// stay on record, because the law demands that books are kept.
func CompanyDeleted(store persistence.Store, a grains.Asker) events.Handler {
	return actors.OnCompanyDeleted(store, a, suppliers, warehouses)
}
