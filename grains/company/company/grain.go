package company

import (
	"entrepot/grains"
	"entrepot/persistence"
)

// Collection is where companies are kept, in companydb.
var Collection = &persistence.Collection{
	Name: "companies",
	Fields: []persistence.Field{
		{Name: "slug", Type: persistence.String, Unique: true},
		{Name: "name", Type: persistence.String},
		{Name: "isActive", Type: persistence.Bool},
		{Name: "plan", Type: persistence.String},
		{Name: "status", Type: persistence.String},
	},
	Indexes: [][]string{{"createdAt"}, {"name"}, {"isActive", "createdAt"}, {"status", "createdAt"}},
}

// Index is whose the company is: its own, so that it lies in its staff's scope.
// Its ownerId stays out of the index, where an owner is a customer. An erased
// company frees its slug.
func (s *State) Index() grains.Index {
	return grains.Index{CompanyID: s.ID, CreatedAt: s.createdAt(), Fields: []any{
		s.Slug, s.Profile.Name, s.EraseAt == 0 && !s.IsErased, s.Plan, s.Status,
	}}
}

// Kind is the grain of companies.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	grains.Command(k, (*State).Create, (*State).View)
	grains.Command(k, (*State).Update, (*State).View)
	grains.Command(k, (*State).SetSettings, (*State).View)
	grains.Later(k, (*State).SetSubscription, func(s *State, _ SetSubscription) (*Company, bool, error) { return s.settled() })
	grains.Later(k, (*State).Delete, func(s *State, _ Delete) (*Company, bool, error) { return s.settled() })
	grains.Later(k, (*State).Restore, func(s *State, _ Restore) (*Company, bool, error) { return s.settled() })
	grains.Command(k, (*State).Claim, (*State).made)
	grains.Command(k, (*State).EndClaim, (*State).made)
	grains.Query(k, (*State).Get)
	grains.Query(k, (*State).Quota)

	grains.Steps(k, steps)
	grains.Command(k, (*State).Known, (*State).View)
	return k
}

func (s *State) made() *Allowed { return &Allowed{Made: s.Made} }
