package stockwatch

import (
	"time"

	"entrepot/grains"
	"entrepot/persistence"
)

// Collection is where watches are kept, in ecommercedb. watched is the variant
// of those that wait, and nothing of the others: what is asked with the stock's
// every arrival is an index of the waiting alone.
var Collection = &persistence.Collection{
	Name: "stockWatches",
	Fields: []persistence.Field{
		{Name: "watched", Type: persistence.String},
		{Name: "status", Type: persistence.String},
	},
	Indexes: [][]string{{"watched", persistence.CreatedAt}, {"ownerId", "status", persistence.CreatedAt}},
}

// Index is whose the watch is: its customer's. Of the company it is not: whom a
// customer waits for is no business of the staff.
func (s *State) Index() grains.Index {
	ix := grains.Index{OwnerID: s.UserID, CreatedAt: time.UnixMilli(s.Since).UTC(), Fields: []any{nil, s.Status}}
	if s.Status == Waiting {
		ix.Fields[0] = s.VariantID
	}
	return ix
}

// Kind is the grain of watches. Its commands carry natural ids.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	grains.Command(k, (*State).Watch, (*State).View)
	grains.Command(k, (*State).Cancel, (*State).View)
	grains.Command(k, (*State).Arrived, (*State).View)
	grains.Command(k, (*State).Erase, (*State).View)
	grains.Query(k, (*State).Get)
	return k
}
