package recommend

import (
	"strconv"

	"entrepot"
	"entrepot/grains"
)

// The names of the kinds in the cluster.
const (
	AffinityName = "Affinity"
	TrendingName = "Trending"
	TasteName    = "Taste"
)

// AffinityOf returns the ref of a product's affinity.
func AffinityOf(product entrepot.ID) grains.Ref { return grains.Ref{Kind: AffinityName, ID: product} }

// TrendingOf returns the ref of a company's trends, or of those of [Everywhere].
func TrendingOf(company entrepot.ID) grains.Ref { return grains.Ref{Kind: TrendingName, ID: company} }

// TasteOf returns the ref of a user's taste, or of the recorder of an [Anonymous] viewer.
func TasteOf(user entrepot.ID) grains.Ref { return grains.Ref{Kind: TasteName, ID: user} }

// Everywhere returns the id of the trends of the whole platform.
func Everywhere() entrepot.ID { return entrepot.DeriveID("trending", "everywhere") }

// shards is the number of entities that record the views of anonymous viewers.
const shards = 64

// Anonymous returns the id of the entity that records the views of an anonymous viewer.
func Anonymous(viewer entrepot.ID) entrepot.ID {
	n := 0
	for i := range len(viewer) {
		n = (n*31 + int(viewer[i])) % shards
	}
	return entrepot.DeriveID("anonymous", strconv.Itoa(n))
}

// Bought reports orders of a product to its affinity. An order counts once, by its id. Only the
// platform sends it.
type Bought struct {
	CompanyID entrepot.ID
	Purchases []Purchase
}

// Purchase is an order of a product, with the other products of the order.
type Purchase struct {
	OrderID entrepot.ID
	At      int64       // when it was placed, Unix ms
	With    []Companion // empty for an order that is too large to relate its products
}

// Companion is another product of an order.
type Companion struct {
	ProductID  entrepot.ID
	Popularity float64 // its Popularity before this order
}

// GetPopularity returns the popularity of a product.
type GetPopularity struct{}

// Popularity is the demand for a product.
type Popularity struct {
	Weight float64 // decayed count of its orders, as of now
}

// GetNeighbours returns the products that are bought together with the product, best first.
type GetNeighbours struct {
	Limit int // 0: MaxShown
}

// Neighbours are products that are bought together with a product.
type Neighbours struct {
	Neighbours []Scored // best first
}

// Scored is a product with its score, in 0..1 unless stated otherwise.
type Scored struct {
	ID    entrepot.ID
	Score float64
}

// Count reports purchases and views to trends. An event counts once, by its id. Only the platform
// sends it.
type Count struct {
	CompanyID entrepot.ID // empty for the trends of the whole platform
	Signals   []Signal
}

// Signal is a purchase or a view of products.
type Signal struct {
	EventID    entrepot.ID
	At         int64 // Unix ms
	ProductIDs []entrepot.ID
	Weight     float64 // of each product
}

// GetTop returns the products that trend most.
type GetTop struct {
	Limit int
}

// Top are the products that trend most.
type Top struct {
	Products []Scored // best first; score: decayed count, as of now
}

// View records a view of a product. It is sent to the customer's taste, or to the entity of an
// [Anonymous] viewer.
type View struct {
	ProductID  entrepot.ID
	CompanyID  entrepot.ID
	DurationMs int64  // 0: unknown
	Viewer     string // of an anonymous viewer: distinguishes viewers
}

// Like reports wishes to a user's taste. An event counts once, by its id. Only the platform sends it.
type Like struct {
	Likings []Liking
}

// Liking is a wish for products, or its withdrawal.
type Liking struct {
	EventID    entrepot.ID
	At         int64  // Unix ms
	How        string // Wished or Unwished
	ProductIDs []entrepot.ID
}

// GetTaste returns the taste to its user.
type GetTaste struct{}

// Profile is a user's taste as of now.
type Profile struct {
	Items []Liked // strongest first
}

// Liked is a product of a taste.
type Liked struct {
	ProductID entrepot.ID
	Weight    float64 // as of now
	How       string  // HowViewed, HowBought or Wished: the strongest reason
	BoughtAt  int64   // last, Unix ms; 0: never
	At        int64   // last event, Unix ms
}

// Forget empties the entity for good, with its user or company. Only the platform sends it.
type Forget struct{}

func (Bought) Answers(grains.Done)        {}
func (GetPopularity) Answers(*Popularity) {}
func (GetNeighbours) Answers(*Neighbours) {}
func (Count) Answers(grains.Done)         {}
func (GetTop) Answers(*Top)               {}
func (View) Answers(grains.Done)          {}
func (Like) Answers(grains.Done)          {}
func (GetTaste) Answers(*Profile)         {}
func (Forget) Answers(grains.Done)        {}
