package payment

import (
	"time"

	"entrepot/grains"
	"entrepot/persistence"
)

// Collection stores the payments, in paymentdb.
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
func (s *State) Ended() bool { return s.Status != Processing }

// Index returns the payment's company, shop and customer, and its indexed fields.
func (s *State) Index() grains.Index {
	return grains.Index{
		CompanyID: s.CompanyID, ShopID: s.ShopID, OwnerID: s.CustomerID, CreatedAt: time.UnixMilli(s.CreatedAt).UTC(),
		Fields: []any{s.Status, s.OrderID, s.Gateway},
	}
}

// Kind returns the kind of grain of payments.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	grains.Command(k, (*State).Open, (*State).reply)
	grains.Creates[Open](k)
	grains.Command(k, (*State).Process, (*State).reply)
	grains.Command(k, (*State).Refund, (*State).reply)
	grains.Command(k, (*State).Void, (*State).reply)
	grains.Query(k, (*State).Get)
	return k
}
