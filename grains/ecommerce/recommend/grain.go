package recommend

import (
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/persistence"
)

// Where the three are kept, in ecommercedb. They are found by their ids; by
// company only to end with it.
var (
	Affinities = &persistence.Collection{Name: "affinities"}
	Trends     = &persistence.Collection{Name: "trends"}
	Tastes     = &persistence.Collection{Name: "tastes"}
)

// Views is the views of the customers, a row each, whose id is the event's and
// whose owner is the customer. A row goes after [ViewsKept].
var Views = &persistence.Collection{
	Name: "productViews",
	Fields: []persistence.Field{
		{Name: "productId", Type: persistence.String},
		{Name: "duration", Type: persistence.Int}, // ms; 0: not known
	},
}

// ViewsKept is how long a view is kept.
const ViewsKept = 90 * 24 * time.Hour

// Index is whose the affinity is: its product's company.
func (s *Affinity) Index() grains.Index { return index(s.CompanyID, "", s.CreatedAt) }

// Index is whose the trends are: the company's, or nobody's.
func (s *Trending) Index() grains.Index { return index(s.CompanyID, "", s.CreatedAt) }

// Index is whose the taste is: the user's, and no company's. So product.viewed
// is not a company's to read: a company sees of a customer what its orders carry.
func (s *Taste) Index() grains.Index { return index("", s.UserID, s.CreatedAt) }

func index(company, owner entrepot.ID, created int64) grains.Index {
	return grains.Index{CompanyID: company, OwnerID: owner, CreatedAt: time.UnixMilli(created).UTC()}
}

// AffinityKind is the grain of what is bought together with a product.
func AffinityKind() *grains.Kind {
	k := grains.NewKind[Affinity](AffinityName, Affinities)
	k.Ring = -1 // orders are known by their ids
	done := func(*Affinity) *Done { return &Done{} }
	grains.Command(k, (*Affinity).Bought, done)
	grains.Command(k, (*Affinity).Forget, done)
	grains.Query(k, (*Affinity).GetPopularity)
	grains.Query(k, (*Affinity).GetNeighbours)
	return k
}

// TrendingKind is the grain of what is bought and viewed now.
func TrendingKind() *grains.Kind {
	k := grains.NewKind[Trending](TrendingName, Trends)
	k.Ring = -1 // events are known by their ids
	done := func(*Trending) *Done { return &Done{} }
	grains.Command(k, (*Trending).Count, done)
	grains.Command(k, (*Trending).Forget, done)
	grains.Query(k, (*Trending).GetTop)
	return k
}

// TasteKind is the grain of what a user likes.
func TasteKind() *grains.Kind {
	k := grains.NewKind[Taste](TasteName, Tastes)
	grains.Command(k, (*Taste).View, func(*Taste) *Viewed { return &Viewed{} })
	done := func(*Taste) *Done { return &Done{} }
	grains.Command(k, (*Taste).Like, done)
	grains.Command(k, (*Taste).Forget, done)
	grains.Query(k, (*Taste).GetTaste)
	return k
}
