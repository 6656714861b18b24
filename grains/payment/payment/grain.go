package payment

import (
	"entrepot/grains"
	"entrepot/persistence"
)

// Collection is where payments are kept, in paymentdb.
var Collection = &persistence.Collection{
	Name: "payments",
	Fields: []persistence.Field{
		{Name: "status", Type: persistence.String},
		{Name: "orderId", Type: persistence.String},
		{Name: "gateway", Type: persistence.String},
	},
	Indexes: [][]string{
		{"orderId"},
		{"status", "createdAt"},
		{"ownerId", "status", "createdAt"},
		{"companyId", "status", "createdAt"},
		{"companyId", "shopId", "createdAt"},
	},
}

// Ended reports whether no gateway has a decision to make. The payment then waits for
// the customer's next attempt or for a refund.
func (s *State) Ended() bool { return s.Status != StatusProcessing }

// Index is whose the payment is: its customer's, its company's and its shop's.
func (s *State) Index() grains.Index {
	return grains.Index{
		CompanyID: s.CompanyID, ShopID: s.ShopID, OwnerID: s.CustomerID, CreatedAt: s.createdAt(),
		Fields: []any{s.Status, s.OrderID, s.Gateway},
	}
}

// Kind is the grain of payments.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	grains.Command(k, (*State).Open, (*State).View)
	grains.Creates[Open](k)
	grains.Command(k, (*State).Process, (*State).View)
	grains.Command(k, (*State).Refund, (*State).View)
	grains.Command(k, (*State).Void, (*State).View)
	grains.Query(k, (*State).Get)
	return k
}
