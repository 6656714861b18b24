package promotion

import (
	"time"

	"entrepot/grains"
	"entrepot/persistence"
)

// Collection holds the promotions, in ecommercedb.
var Collection = &persistence.Collection{
	Name: "promotions",
	Fields: []persistence.Field{
		{Name: "status", Type: persistence.String},
		{Name: "code", Type: persistence.String},
	},
	Indexes: [][]string{{"companyId", "status", "createdAt"}, {"status", "createdAt"}},
}

// Uses holds the uses of promotions by customer, in ecommercedb.
var Uses = &persistence.Collection{Name: "promotionUses"}

// Index scopes the promotion to its company, and to its shop if it is limited to one shop.
func (s *State) Index() grains.Index {
	ix := grains.Index{
		CompanyID: s.CompanyID, CreatedAt: time.UnixMilli(s.CreatedAt).UTC(), Fields: []any{s.status(), s.Code},
	}
	if len(s.Terms.ShopIDs) == 1 {
		ix.ShopID = s.Terms.ShopIDs[0]
	}
	return ix
}

// Ended reports true: a customer's uses change with the orders of that customer only.
func (s *Use) Ended() bool { return true }

// Index scopes the uses to their customer.
func (s *Use) Index() grains.Index {
	return grains.Index{OwnerID: s.CustomerID, CreatedAt: time.UnixMilli(s.CreatedAt).UTC()}
}

// Kind returns the kind of promotions. The commands of orders have empty replies.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	grains.Command(k, (*State).Create, (*State).View)
	grains.Command(k, (*State).Update, (*State).View)
	grains.Command(k, (*State).Delete, (*State).View)
	k.Ring = -1 // codes and claims carry natural ids
	done := func(*State) grains.Done { return grains.Done{} }
	grains.Command(k, (*State).Claim, done)
	grains.Command(k, (*State).Release, done)
	grains.Command(k, (*State).Settle, done)
	grains.Command(k, (*State).Return, done)
	grains.Query(k, (*State).Get)
	return k
}

// UseKind returns the kind of one customer's uses of one promotion.
func UseKind() *grains.Kind {
	k := grains.NewKind[Use](UseName, Uses)
	k.Ring = -1 // claims carry natural ids
	done := func(*Use) grains.Done { return grains.Done{} }
	grains.Command(k, (*Use).Claim, done)
	grains.Command(k, (*Use).Release, done)
	grains.Command(k, (*Use).Settle, done)
	grains.Command(k, (*Use).Return, done)
	grains.Command(k, (*Use).Erase, done)
	return k
}
