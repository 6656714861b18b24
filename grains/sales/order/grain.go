package order

import (
	"time"

	"entrepot/grains"
	"entrepot/persistence"
)

// Collection stores the orders, in salesdb.
var Collection = &persistence.Collection{
	Name: "orders",
	Fields: []persistence.Field{
		{Name: "status", Type: persistence.String},
		{Name: "paymentStatus", Type: persistence.String},
		{Name: "orderNumber", Type: persistence.String},
	},
	Indexes: [][]string{
		{"companyId", "shopId", "createdAt"},
		{"companyId", "status", "createdAt"},
		{"ownerId", "status", "createdAt"},
		{"status", "createdAt"},
	},
}

// Kind returns the kind of grain of orders.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	grains.Later(k, (*State).Place, (*State).placed)
	grains.Creates[Place](k)
	grains.Command(k, (*State).Adopt, (*State).reply)
	grains.Command(k, (*State).PaymentReceived, (*State).reply)
	grains.Command(k, (*State).PaymentFailed, (*State).reply)
	grains.Command(k, (*State).Cancel, (*State).reply)
	grains.Query(k, (*State).Get)
	grains.Process(k, process...)
	return k
}

// Ended reports whether the process has nothing to do. The order then waits for its
// payment, its shop's staff or its customer, for minutes or days.
func (s *State) Ended() bool { return s.Status != Placing && len(s.Todo) == 0 }

// Index returns the order's company, shop and customer, and its indexed fields. An
// order that is not created yet has none, so that no tenant's list shows it.
func (s *State) Index() grains.Index {
	ix := grains.Index{
		CreatedAt: time.UnixMilli(s.CreatedAt).UTC(),
		Fields:    []any{s.Status, s.PaymentStatus, s.Number},
	}
	if s.Status != Placing && s.Status != Rejected {
		ix.CompanyID, ix.ShopID, ix.OwnerID = s.CompanyID, s.ShopID, s.CustomerID
	}
	return ix
}
