package order

import (
	"time"

	"entrepot/grains"
	"entrepot/persistence"
)

// Collection keeps the orders in salesdb.
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

// Kind is the order's grain.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	grains.Later(k, (*State).Place, (*State).settled)
	grains.Creates[Place](k)
	grains.Command(k, (*State).Cancel, (*State).View)
	grains.Command(k, (*State).Adopt, (*State).View)
	grains.Command(k, (*State).Paid, (*State).View)
	grains.Command(k, (*State).PaymentFailed, (*State).View)
	grains.Query(k, (*State).Get)

	grains.Steps(k, steps)
	grains.Command(k, (*State).Allocated, (*State).View)
	grains.Command(k, (*State).Reserved, (*State).View)
	grains.Command(k, (*State).Adopted, (*State).View)
	grains.Command(k, (*State).AfterCommit, (*State).View)
	grains.Command(k, (*State).AfterRevive, (*State).View)
	grains.Command(k, (*State).Released, (*State).View)
	grains.Command(k, (*State).Restocked, (*State).View)
	grains.Command(k, (*State).Refunded, (*State).View)
	grains.Command(k, (*State).Settled, (*State).View)
	grains.Command(k, (*State).Unclaimed, (*State).View)
	grains.Command(k, (*State).Unused, (*State).View)
	return k
}

// Ended reports whether the process has nothing to do. The order then waits for its
// payment, its shop's staff or its customer, for minutes or days.
func (s *State) Ended() bool { return s.Status != Placing && s.Todo == Todo{} }

// Index is whose the order is. What was not placed belongs to nobody, so no
// tenant's list shows it.
func (s *State) Index() grains.Index {
	ix := grains.Index{
		CreatedAt: time.UnixMilli(s.CreatedAt).UTC(),
		Fields:    []any{s.Status, s.Payment, s.Number},
	}
	if s.Status != Placing && s.Status != Rejected {
		ix.CompanyID, ix.ShopID, ix.OwnerID = s.Group.CompanyID, s.Group.ShopID, s.CustomerID
	}
	return ix
}
