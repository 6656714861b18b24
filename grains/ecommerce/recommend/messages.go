package recommend

import (
	"strconv"

	"entrepot"
	"entrepot/grains"
)

// The grains' names in the cluster.
const (
	AffinityName = "Affinity" // its id is the product's
	TrendingName = "Trending" // its id is the company's, or Everywhere
	TasteName    = "Taste"    // its id is the user's, or one of Anonymous
)

// Everywhere is the id of the trends of the whole platform.
func Everywhere() entrepot.ID { return entrepot.DeriveID("trending", "everywhere") }

// shards is how many entities record the views of those who are not known.
const shards = 64

// Anonymous is the entity that records the views of a viewer who is not known.
func Anonymous(viewer entrepot.ID) entrepot.ID {
	n := 0
	for i := range len(viewer) {
		n = (n*31 + int(viewer[i])) % shards
	}
	return entrepot.DeriveID("anonymous", strconv.Itoa(n))
}

// AffinityOf names one grain of the kind.
func AffinityOf(id entrepot.ID) grains.Ref { return grains.Ref{Kind: AffinityName, ID: id} }

// TrendingOf names one grain of the kind.
func TrendingOf(id entrepot.ID) grains.Ref { return grains.Ref{Kind: TrendingName, ID: id} }

// TasteOf names one grain of the kind.
func TasteOf(id entrepot.ID) grains.Ref { return grains.Ref{Kind: TasteName, ID: id} }

// Bought tells a product's affinity of orders that it was in. Only the platform
// sends it. An order counts once, by its id.
type Bought struct {
	CompanyID entrepot.ID
	Purchases []Purchase
}

type Purchase struct {
	OrderID entrepot.ID
	At      int64       // when it was placed, Unix ms
	With    []Companion // what else was in it; none for an order too large to say anything
}

type Companion struct {
	ProductID  entrepot.ID
	Popularity float64 // its Popularity before this order
}

// GetPopularity asks how much a product is bought.
type GetPopularity struct{}

type Popularity struct {
	Weight float64 // decayed count of its orders, as of now
}

// GetNeighbours asks what was bought together with the product, best first.
type GetNeighbours struct {
	Limit int32 // at most; 0: all that are shown
}

type Neighbours struct {
	Neighbours []ScoredMsg
}

type ScoredMsg struct {
	ProductID entrepot.ID
	Score     float64 // 0..1
}

// Count tells what trends of purchases and views. Only the platform sends it. An
// event counts once, by its id.
type Count struct {
	CompanyID entrepot.ID // none for the trends of the whole platform
	Signals   []Signal
}

type Signal struct {
	EventID    entrepot.ID
	At         int64
	ProductIDs []entrepot.ID
	Weight     float64 // of each product
}

type GetTop struct {
	Limit int32
}

type Top struct {
	Products []ScoredMsg // score: decayed count, as of now
}

// View records that somebody looked at a product. For a customer the entity's id
// is the user's; for those who are not known it is one of a few, see Anonymous.
type View struct {
	ProductID  entrepot.ID
	CompanyID  entrepot.ID
	DurationMs int64  // 0: not known
	Viewer     string // of nobody's taste only: tells viewers apart
}

type Viewed struct{}

// Like tells a user's taste what was bought or wished for. Only the platform
// sends it. An event counts once, by its id.
type Like struct {
	Likings []Liking
}

type Liking struct {
	EventID    entrepot.ID
	At         int64
	How        string // wished, unwished
	ProductIDs []entrepot.ID
}

type GetTaste struct{}

type Profile struct {
	Items []*Liked // strongest first
}

type Liked struct {
	ProductID entrepot.ID
	Weight    float64 // as of now
	How       string  // viewed, bought, wished: the strongest reason to know it
	BoughtAt  int64   // last; 0: never
	At        int64   // of the last event
}

// Forget empties the entity for good: its user, or its company, was erased.
type Forget struct{}

type Done struct{}

func (Bought) Answers(*Done)              {}
func (GetPopularity) Answers(*Popularity) {}
func (GetNeighbours) Answers(*Neighbours) {}
func (Count) Answers(*Done)               {}
func (GetTop) Answers(*Top)               {}
func (View) Answers(*Viewed)              {}
func (Like) Answers(*Done)                {}
func (GetTaste) Answers(*Profile)         {}
func (Forget) Answers(*Done)              {}
