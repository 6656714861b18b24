package promotion

import (
	"time"

	"entrepot/grains"
	"entrepot/persistence"
)

// Collection is where promotions are kept, in ecommercedb.
var Collection = &persistence.Collection{
	Name: "promotions",
	Fields: []persistence.Field{
		{Name: "status", Type: persistence.String},
		{Name: "code", Type: persistence.String},
	},
	Indexes: [][]string{{"companyId", "status", "createdAt"}, {"status", "createdAt"}},
}

// Uses is where the uses by customer are kept, in ecommercedb.
var Uses = &persistence.Collection{Name: "promotionUses"}

// Index is whose the promotion is. shopId stands only for a code of one shop.
func (s *State) Index() grains.Index {
	ix := grains.Index{CompanyID: s.CompanyID, CreatedAt: time.UnixMilli(s.CreatedAt).UTC(), Fields: []any{s.status(), s.Code}}
	if len(s.Terms.ShopIDs) == 1 {
		ix.ShopID = s.Terms.ShopIDs[0]
	}
	return ix
}

// Ended reports true: a customer's uses change with the orders of that customer only.
func (s *Use) Ended() bool { return true }

// Index is whose the uses are: the customer's.
func (s *Use) Index() grains.Index {
	return grains.Index{OwnerID: s.CustomerID, CreatedAt: time.UnixMilli(s.CreatedAt).UTC()}
}

// Kind is the grain of promotions. What an order does to it answers nothing of it.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	grains.Command(k, (*State).Create, (*State).View)
	grains.Command(k, (*State).Update, (*State).View)
	grains.Command(k, (*State).Delete, (*State).View)
	k.Ring = -1 // codes and claims are known by their ids
	done := func(*State) *Claimed { return &Claimed{} }
	grains.Command(k, (*State).Claim, done)
	grains.Command(k, (*State).Release, done)
	grains.Command(k, (*State).Settle, done)
	grains.Command(k, (*State).Return, done)
	grains.Query(k, (*State).Get)
	return k
}

// UseKind is the grain of one customer's uses of one promotion.
func UseKind() *grains.Kind {
	k := grains.NewKind[Use](UseName, Uses)
	k.Ring = -1 // claims are known by their ids
	grains.Command(k, (*Use).Claim, (*Use).View)
	grains.Command(k, (*Use).Release, (*Use).View)
	grains.Command(k, (*Use).Settle, (*Use).View)
	grains.Command(k, (*Use).Return, (*Use).View)
	grains.Command(k, (*Use).Erase, (*Use).View)
	return k
}
