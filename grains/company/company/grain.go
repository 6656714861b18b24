package company

import (
	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/persistence"
)

// Collection holds the companies, in companydb.
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

// Index scopes a company to itself, so that its staff may see it. The owner of the
// company is not the index's owner, which is a customer. An erased company frees its
// slug.
func (s *State) Index() grains.Index {
	return grains.Index{CompanyID: s.ID, CreatedAt: s.createdAt(), Fields: []any{
		s.Slug, s.Profile.Name, s.IsActive(), s.Plan, s.Status,
	}}
}

// Kind returns the grain of companies.
func Kind() *grains.Kind {
	k := grains.NewKind[State](Name, Collection)
	grains.Command(k, (*State).Create, (*State).view)
	grains.Command(k, (*State).Update, (*State).view)
	grains.Command(k, (*State).SetSettings, (*State).view)
	standing(k, (*State).SetSubscription)
	standing(k, (*State).Delete)
	standing(k, (*State).Restore)
	grains.Command(k, (*State).Claim, (*State).made)
	grains.Command(k, (*State).EndClaim, (*State).made)
	grains.Query(k, (*State).Get)
	grains.Query(k, (*State).Quota)
	process(k)
	return k
}

// standing registers a command whose reply waits until the access grain has the
// company's standing.
func standing[C grains.Message[*Company]](
	k *grains.Kind, decide func(*State, entrepot.Turn, C) ([]events.Event, error),
) {
	grains.Later(k, decide, func(s *State, _ C) (*Company, bool, error) { return s.settled() })
}
