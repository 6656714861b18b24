package review

import (
	"entrepot/grains"
	"entrepot/grains/review/reviewpb"
	"entrepot/persistence"
)

// Collection is where reviews are kept, in ecommercedb.
var Collection = &persistence.Collection{
	Name: "reviews",
	Fields: []persistence.Field{
		{Name: "productId", Type: persistence.String},
		{Name: "status", Type: persistence.String},
		{Name: "stars", Type: persistence.Int},
	},
	Indexes: [][]string{
		{"productId", "status", "stars"},
		{"productId", "status", persistence.CreatedAt},
		{"companyId", "status", persistence.CreatedAt},
		{"status", persistence.CreatedAt},
	},
}

// The states of a purchase. They only go forward.
const (
	Ordered   = "ordered"
	Paid      = "paid"
	Cancelled = "cancelled"
)

// Purchases says who bought what: a row a product of an order, made from the
// orders' events, so that the e-commerce service need not ask for orders. The
// _id is made of order and product; the owner is the customer.
var Purchases = &persistence.Collection{
	Name: "purchases",
	Fields: []persistence.Field{
		{Name: "productId", Type: persistence.String},
		{Name: "orderId", Type: persistence.String},
		{Name: "status", Type: persistence.String},
	},
	Indexes: [][]string{{"orderId"}, {"ownerId", "productId", "status"}},
}

// Index is whose the review is, and what it is listed and counted by.
func (s *State) Index() grains.Index {
	return grains.Index{
		CompanyID: s.CompanyID, ShopID: s.ShopID, OwnerID: s.UserID, CreatedAt: s.createdAt(),
		Fields: []any{s.ProductID, s.Status, s.Stars},
	}
}

// Kind is the grain of reviews.
func Kind() *grains.Kind {
	k := grains.NewKind[State](reviewpb.Kind, Collection)
	grains.Command(k, (*State).Write, (*State).View)
	grains.Command(k, (*State).Edit, (*State).View)
	grains.Command(k, (*State).Delete, (*State).View)
	grains.Command(k, (*State).Approve, (*State).View)
	grains.Command(k, (*State).Reject, (*State).View)
	grains.Command(k, (*State).Anonymise, (*State).View)
	grains.Query(k, (*State).Get)
	return k
}
