package review

import (
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/persistence"
)

// Collection holds the reviews, in ecommercedb.
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

// The statuses of a purchase. A cancelled purchase is never paid again.
const (
	Paid      = "paid"
	Cancelled = "cancelled"
)

// Purchases holds a row for each product of a paid order. The rows are made from the orders'
// events, so that reviews, popularity and personal recommendations need no call to the sales
// service. The _id derives from order and product; the owner is the customer; createdAt is the
// time of payment, updatedAt the time of the last write.
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
	At                     time.Time // of payment
}

// PurchaseOf returns the purchase in a row.
func PurchaseOf(d *persistence.Document) Purchase {
	p := Purchase{ID: d.ID, At: d.CreatedAt}
	p.ProductID, _ = d.Fields[0].(string)
	p.OrderID, _ = d.Fields[1].(string)
	status, _ := d.Fields[2].(string)
	p.Cancelled = status == Cancelled
	p.Units, _ = d.Fields[3].(int64)
	return p
}

// Index scopes the review to company, shop and author; the fields serve lists and counts.
func (s *State) Index() grains.Index {
	return grains.Index{
		CompanyID: s.CompanyID, ShopID: s.ShopID, OwnerID: s.UserID, CreatedAt: s.createdAt(),
		Fields: []any{s.ProductID, s.Status, s.Stars, s.Helpful},
	}
}

// Kind returns the kind of reviews.
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

// Votes holds the votes on reviews, in ecommercedb. A vote that was not taken back has [VotesOf]
// its review in the field given.
var Votes = &persistence.Collection{
	Name: "reviewVotes",
	Fields: []persistence.Field{
		{Name: "given", Type: persistence.String},
		{Name: "productId", Type: persistence.String},
	},
	Indexes: [][]string{{"given"}, {"ownerId", "productId", persistence.CreatedAt}},
}

// Index scopes the vote to its customer. It has no company.
func (s *Vote) Index() grains.Index {
	ix := grains.Index{OwnerID: s.UserID, CreatedAt: time.UnixMilli(s.At).UTC(), Fields: []any{nil, nil}}
	if s.Given {
		ix.Fields[0], ix.Fields[1] = VotesOf(s.ReviewID, s.WrittenAt), s.ProductID
	}
	return ix
}

// VoteKind returns the kind of votes. Its commands carry natural ids.
func VoteKind() *grains.Kind {
	k := grains.NewKind[Vote](VoteName, Votes)
	k.Ring = -1
	grains.Command(k, (*Vote).Mark, (*Vote).View)
	grains.Command(k, (*Vote).Unmark, (*Vote).View)
	grains.Command(k, (*Vote).Forget, (*Vote).View)
	return k
}
