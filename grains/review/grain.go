package review

import (
	"time"

	"entrepot"
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
	Paid      = "paid"
	Cancelled = "cancelled"
)

// Purchases says who bought what: a row a product of a paid order, made from the
// orders' events, so that the e-commerce service need not ask for orders: reviews,
// the order by popularity and personal recommendations rest on it. The _id is made
// of order and product; the owner is the customer; createdAt is when the order was
// paid, updatedAt when the row was written.
var Purchases = &persistence.Collection{
	Name: "purchases",
	Fields: []persistence.Field{
		{Name: "productId", Type: persistence.String},
		{Name: "orderId", Type: persistence.String},
		{Name: "status", Type: persistence.String},
		{Name: "units", Type: persistence.Int},
	},
	Indexes: [][]string{{"orderId"}, {"ownerId", "productId", "status"}, {persistence.UpdatedAt}},
}

// Purchase is a row of [Purchases].
type Purchase struct {
	ID, ProductID, OrderID entrepot.ID
	Cancelled              bool
	Units                  int64
	At                     time.Time // it was paid
}

// PurchaseOf reads a row.
func PurchaseOf(d *persistence.Document) Purchase {
	p := Purchase{ID: d.ID, At: d.CreatedAt}
	p.ProductID, _ = d.Fields[0].(string)
	p.OrderID, _ = d.Fields[1].(string)
	status, _ := d.Fields[2].(string)
	p.Cancelled = status == Cancelled
	p.Units, _ = d.Fields[3].(int64)
	return p
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
	grains.Command(k, (*State).Answer, (*State).View)
	grains.Command(k, (*State).Anonymise, (*State).View)
	grains.Query(k, (*State).Get)
	return k
}
