package stockwatch

import (
	"time"

	"entrepot/grains"
	"entrepot/persistence"
)

// Collection holds the watches, in ecommercedb. Only waiting watches have a value in the field
// watched, their variant, so that the index that every arrival of stock reads has no others.
var Collection = &persistence.Collection{
	Name: "stockWatches",
	Fields: []persistence.Field{
		{Name: "watched", Type: persistence.String},
		{Name: "status", Type: persistence.String},
	},
	Indexes: [][]string{{"watched", persistence.CreatedAt}, {"ownerId", "status", persistence.CreatedAt}},
}

// Index scopes the watch to its customer. It has no company: the wishes of customers are not
// shown to staff.
func (s *State) Index() grains.Index {
	ix := grains.Index{OwnerID: s.UserID, CreatedAt: time.UnixMilli(s.Since).UTC(), Fields: []any{nil, s.Status}}
	if s.Status == Waiting {
		ix.Fields[0] = s.VariantID
	}
	return ix
}

// Kind returns the kind of watches. Its commands carry natural ids.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	grains.Command(k, (*State).Watch, (*State).View)
	grains.Command(k, (*State).Cancel, (*State).View)
	grains.Command(k, (*State).Arrived, (*State).View)
	grains.Command(k, (*State).Erase, (*State).View)
	grains.Query(k, (*State).Get)
	return k
}
