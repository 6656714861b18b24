package stocktake

import (
	"entrepot"
	"entrepot/events"
	"entrepot/grains"
)

// Name is the kind's name in the cluster.
const Name = "Stocktake"

// Of returns the ref of a stocktake.
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// Begin opens a stocktake of some stock items of a location.
type Begin struct {
	CompanyID  entrepot.ID
	LocationID entrepot.ID
	Note       string
	Items      []events.StocktakeItem // OnHand: now
}

// SetCounts notes counts. A later count of an item replaces the earlier one.
type SetCounts struct {
	ExpectedVersion int64 // 0: any
	Counts          []Count
}

// Count is the count of one item.
type Count struct {
	VariantID entrepot.ID
	Counted   int64
	OnHand    int64 // of the stock item at the moment of the count
}

// Close books the variances into the stock. The reply waits until all are booked.
type Close struct{}

// Cancel ends an open stocktake without booking anything.
type Cancel struct {
	Reason string
}

// Get queries a stocktake.
type Get struct{}

func (Begin) Answers(*Stocktake)     {}
func (SetCounts) Answers(*Stocktake) {}
func (Close) Answers(*Stocktake)     {}
func (Cancel) Answers(*Stocktake)    {}
func (Get) Answers(*Stocktake)       {}
