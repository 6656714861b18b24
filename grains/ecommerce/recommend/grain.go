package recommend

import (
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/persistence"
)

// The collections of the three kinds, in ecommercedb. Documents are read by id, and by company only
// to delete them with it.
var (
	Affinities = &persistence.Collection{Name: "affinities"}
	Trends     = &persistence.Collection{Name: "trends"}
	Tastes     = &persistence.Collection{Name: "tastes"}
)

// Views holds a row for each view of a customer. Its id is the event's, its owner the customer. A row
// expires after [ViewsKept].
var Views = &persistence.Collection{
	Name: "productViews",
	Fields: []persistence.Field{
		{Name: "productId", Type: persistence.String},
		{Name: "duration", Type: persistence.Int}, // ms; 0: unknown
	},
}

// ViewsKept is the retention of a view.
const ViewsKept = 90 * 24 * time.Hour

// Index scopes the affinity to its product's company.
func (s *Affinity) Index() grains.Index { return index(s.CompanyID, "", s.CreatedAt) }

// Index scopes the trends to their company; those of the platform have none.
func (s *Trending) Index() grains.Index { return index(s.CompanyID, "", s.CreatedAt) }

// Index scopes the taste to its user and to no company, so that companies cannot read product.viewed:
// a company sees only a customer's orders.
func (s *Taste) Index() grains.Index { return index("", s.UserID, s.CreatedAt) }

func index(company, owner entrepot.ID, created int64) grains.Index {
	return grains.Index{CompanyID: company, OwnerID: owner, CreatedAt: time.UnixMilli(created).UTC()}
}

// AffinityKind returns the kind of affinities.
func AffinityKind() *grains.Kind {
	k := grains.NewKind[Affinity](AffinityName, Affinities)
	k.Ring = -1 // orders count once by their ids
	done := func(*Affinity) grains.Done { return grains.Done{} }
	grains.Command(k, (*Affinity).Bought, done)
	grains.Command(k, (*Affinity).Forget, done)
	grains.Query(k, (*Affinity).GetPopularity)
	grains.Query(k, (*Affinity).GetNeighbours)
	return k
}

// TrendingKind returns the kind of trends.
func TrendingKind() *grains.Kind {
	k := grains.NewKind[Trending](TrendingName, Trends)
	k.Ring = -1 // events count once by their ids
	done := func(*Trending) grains.Done { return grains.Done{} }
	grains.Command(k, (*Trending).Count, done)
	grains.Command(k, (*Trending).Forget, done)
	grains.Query(k, (*Trending).GetTop)
	return k
}

// TasteKind returns the kind of tastes.
func TasteKind() *grains.Kind {
	k := grains.NewKind[Taste](TasteName, Tastes)
	done := func(*Taste) grains.Done { return grains.Done{} }
	grains.Command(k, (*Taste).View, done)
	grains.Command(k, (*Taste).Like, done)
	grains.Command(k, (*Taste).Forget, done)
	grains.Query(k, (*Taste).GetTaste)
	return k
}
