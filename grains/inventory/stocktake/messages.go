package stocktake

import (
	"entrepot"
	"entrepot/grains"
)

// Kind is the grain's name in the cluster.
const Name = "Stocktake"

// Of names one grain of the kind.
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// Open begins to count the stock items of a location.
type Begin struct {
	CompanyID  entrepot.ID
	LocationID entrepot.ID
	Note       string
	Items      []Item
}

type Item struct {
	ProductID entrepot.ID
	VariantID entrepot.ID
	OnHand    int64 // now
}

// SetCounts notes what was counted, given what the stock item had on hand at that moment.
type SetCounts struct {
	ExpectedVersion int64 // 0: whatever it is
	Counts          []Count
}

type Count struct {
	VariantID entrepot.ID
	Counted   int64
	OnHand    int64
}

// Close books the variances into the stock.
type Close struct{}

type Cancel struct {
	Reason string
}

type Get struct{}

// Booked is the answer of a part of the booking.
type Booked struct {
	Part    int64
	Refused []Refusal
}

type Refusal struct {
	VariantID entrepot.ID
	Reason    string
}

type Stocktake struct {
	ID         entrepot.ID
	CompanyID  entrepot.ID
	LocationID entrepot.ID
	Status     string // open, closing, closed, cancelled
	Note       string
	Reason     string
	Lines      []LineView
	CreatedAt  int64
	UpdatedAt  int64
	ClosedAt   int64
	Version    int64
}

type LineView struct {
	ProductID    entrepot.ID
	VariantID    entrepot.ID
	OnHandAtOpen int64
	IsCounted    bool
	Expected     int64 // on hand when it was counted
	Counted      int64
	CountedBy    string
	CountedAt    int64
	Refused      string // why its variance could not be booked
}

func (Begin) Answers(*Stocktake)     {}
func (SetCounts) Answers(*Stocktake) {}
func (Close) Answers(*Stocktake)     {}
func (Cancel) Answers(*Stocktake)    {}
func (Get) Answers(*Stocktake)       {}
func (Booked) Answers(*Stocktake)    {}
