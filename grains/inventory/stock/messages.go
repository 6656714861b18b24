package stock

import (
	"entrepot"
	"entrepot/grains"
)

// Kind is the grain's name in the cluster.
const Name = "StockItem"

// ID is the one stock item of a variant at a location. The only variant of a
// product without options has the id of the product.
func ID(variantID, locationID entrepot.ID) entrepot.ID {
	return entrepot.DeriveID("stock", variantID, locationID)
}

// Of names one grain of the kind.
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// Receive adds goods. The first one makes the stock item.
type Receive struct {
	ProductID  entrepot.ID
	CompanyID  entrepot.ID
	LocationID entrepot.ID // a shop
	Quantity   int64
	Reason     string      // "purchase", a note
	VariantID  entrepot.ID // empty: the product itself
	Reference  string      // natural id of what brought them: asked twice, received once
	UnitCost   *int64      // of one piece, in currency
	Currency   string
	Lot        string // lot number
	ExpiresOn  int64  // of the batch; 0: never
}

// Adjust corrects what is on hand, with a reason: damaged, lost, expired (fewer),
// found (more), correction, other. It never takes pieces that are set aside for
// orders: out_of_stock says what is available.
type Adjust struct {
	Delta     int64 // not 0
	Reason    string
	Reference string
	Note      string
	Lot       string // empty: first expired, first out
}

// Count is a stocktake's finding: on-hand becomes what was counted, given that
// it was expected then. Movements since then are kept. The reference, required,
// is its natural id. Pieces set aside for orders are never counted away.
type Count struct {
	Counted   int64
	Expected  int64 // on-hand when it was counted
	Reference string
}

// Ship takes pieces out for a transfer to another location. The transfer is its
// natural id: asked twice, it ships once, so a transfer has one line an item.
type Ship struct {
	TransferID entrepot.ID
	Quantity   int64
}

// Arrive brings pieces of a transfer in. The first goods make the stock item.
type Arrive struct {
	TransferID entrepot.ID
	Reference  string // of this part of the delivery
	ProductID  entrepot.ID
	VariantID  entrepot.ID
	CompanyID  entrepot.ID
	LocationID entrepot.ID
	Quantity   int64
	UnitCost   *int64 // of one piece, when there are no parts
	Currency   string
	Parts      []Goods // what the quantity consists of, as it left the source
	Back       bool    // to where it left from
}

// Goods are pieces of one lot, or of none, that a transfer moves, with their value.
type Goods struct {
	Quantity  int64  `json:"q"`
	Lot       string `json:"lot,omitempty"`
	ExpiresOn int64  `json:"expires,omitempty"` // Unix ms; 0: never
	Valued    int64  `json:"valued,omitempty"`  // of Quantity, the pieces that have a cost; they come first
	Cost      int64  `json:"cost,omitempty"`    // of all Valued pieces, first in, first out, minor units
	Average   int64  `json:"average,omitempty"` // of all Valued pieces, at the moving average, minor units
}

// Shipment is what left a stock item for a transfer.
type Shipment struct {
	Currency string // of the costs
	Goods    []Goods
}

// Configure sets what is given of the item's settings.
type Configure struct {
	ReorderPoint    *int64 // available at or below it is low; 0: none
	ReorderQuantity *int64
	SafetyStock     *int64 // on hand and not promised to orders
	// How many pieces may be promised beyond on-hand; 0: none. With an end, when
	// that stops: a pre-order. Goods that come in go to what was promised first.
	BackorderLimit  *int64
	BackorderEndsAt *int64 // 0: never
	ExpectedVersion int64  // 0: whatever it is
}

// Reserve sets quantity aside for an order until it expires. The reservation's
// natural id is the order: asked twice, it answers the same. The answer has the
// order's reservation if some of it is not on hand.
type Reserve struct {
	OrderID   entrepot.ID
	Quantity  int64
	ExpiresAt int64
	Moves     bool // for a transfer: also of lots that expire before the reservation does
}

// Release gives a reservation back, and refuses the order's later Reserve.
type Release struct {
	OrderID entrepot.ID
}

// Commit turns a reservation into a sale: on-hand falls by what of it is there;
// the rest is owed, and delivered as goods come in. An expired one is taken
// from what is available, or refused with out_of_stock.
type Commit struct {
	OrderID  entrepot.ID
	Quantity int64
}

// Restock brings a committed sale back: on-hand rises.
type Restock struct {
	OrderID  entrepot.ID
	Reason   string
	Quantity int64
}

// Get queries a stock item. Expired reservations and lots no longer count.
type Get struct{}

// Item is a stock item in replies and lists.
type Item struct {
	Record
	Available    int64         // pieces that may be promised to another order
	Promisable   int64         // Available, and what may be promised beyond it now; only in the reply to Get
	Reservations []Reservation // all open ones in replies to Get and to people; else see Reserve
}

func (Receive) Answers(*Item)   {}
func (Adjust) Answers(*Item)    {}
func (Count) Answers(*Item)     {}
func (Ship) Answers(*Shipment)  {}
func (Arrive) Answers(*Item)    {}
func (Configure) Answers(*Item) {}
func (Reserve) Answers(*Item)   {}
func (Release) Answers(*Item)   {}
func (Commit) Answers(*Item)    {}
func (Restock) Answers(*Item)   {}
func (Get) Answers(*Item)       {}
