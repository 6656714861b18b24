package inventory

import (
	"entrepot/actors"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/supplier"
	"entrepot/grains/supplier/supplierpb"
	"entrepot/grains/warehouse"
	"entrepot/grains/warehouse/warehousepb"
	"entrepot/persistence"

	"google.golang.org/protobuf/proto"
)

var (
	suppliers = actors.Owned{
		Collection: supplier.Collection, Kind: supplierpb.Kind,
		End: func() proto.Message { return &supplierpb.Delete{} },
	}
	warehouses = actors.Owned{
		Collection: warehouse.Collection, Kind: warehousepb.Kind,
		End: func() proto.Message { return &warehousepb.Delete{} },
	}
)

// CompanyDeleted deletes the suppliers and warehouses of a deleted company. Stock and purchases
// stay on record, because the law demands that books are kept.
func CompanyDeleted(store persistence.Store, a grains.Asker) events.Handler {
	return actors.OnCompanyDeleted(store, a, suppliers, warehouses)
}
