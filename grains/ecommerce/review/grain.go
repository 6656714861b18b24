package review

import (
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/persistence"
)

// Collection is where reviews are kept, in ecommercedb.
var Collection = &persistence.Collection{
	Name: "reviews",
	Fields: []persistence.Field{
		{Name: "productId", Type: persistence.String},
		{Name: "status", Type: persistence.String},
		{Name: "stars", Type: persistence.Int},
		{Name: "helpful", Type: persistence.Int},
	},
	Indexes: [][]string{
		{"productId", "status", "stars"},
		{"productId", "status", "helpful"},
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
		Fields: []any{s.ProductID, s.Status, s.Stars, s.Helpful},
	}
}

// Kind is the grain of reviews.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	grains.Command(k, (*State).Write, (*State).View)
	grains.Command(k, (*State).Edit, (*State).View)
	grains.Command(k, (*State).Delete, (*State).View)
	grains.Command(k, (*State).Approve, (*State).View)
	grains.Command(k, (*State).Reject, (*State).View)
	grains.Command(k, (*State).Answer, (*State).View)
	grains.Command(k, (*State).Anonymise, (*State).View)
	grains.Command(k, (*State).SetHelpful, (*State).View)
	grains.Query(k, (*State).Get)
	grains.Query(k, (*State).Show)
	return k
}

// Votes is where it is kept who finds which review helpful, in ecommercedb. given
// is what the votes that stand are for, [VotesOf] a review; nothing of the others.
var Votes = &persistence.Collection{
	Name: "reviewVotes",
	Fields: []persistence.Field{
		{Name: "given", Type: persistence.String},
		{Name: "productId", Type: persistence.String},
	},
	Indexes: [][]string{{"given"}, {"ownerId", "productId", persistence.CreatedAt}},
}

// Index is whose the vote is: its customer's. Of the company it is not.
func (s *Vote) Index() grains.Index {
	ix := grains.Index{OwnerID: s.UserID, CreatedAt: time.UnixMilli(s.At).UTC(), Fields: []any{nil, nil}}
	if s.Given {
		ix.Fields[0], ix.Fields[1] = VotesOf(s.ReviewID, s.WrittenAt), s.ProductID
	}
	return ix
}

// VoteKind is the grain of votes. Its commands carry natural ids.
func VoteKind() *grains.Kind {
	k := grains.NewKind[Vote](VoteName, Votes)
	k.Ring = -1
	grains.Command(k, (*Vote).Mark, (*Vote).View)
	grains.Command(k, (*Vote).Unmark, (*Vote).View)
	grains.Command(k, (*Vote).Forget, (*Vote).View)
	return k
}
