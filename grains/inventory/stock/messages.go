package stock

import (
	"entrepot"
	"entrepot/grains"
)

// Name is the kind's name in the cluster.
const Name = "StockItem"

// ID returns the id of the stock item of a variant at a location. The only variant of
// a product without options has the id of the product.
func ID(variantID, locationID entrepot.ID) entrepot.ID {
	return entrepot.DeriveID("stock", variantID, locationID)
}

// Of returns the ref of the stock item with an id made by [ID].
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// Receive adds goods. The first goods create the stock item.
type Receive struct {
	ProductID  entrepot.ID
	CompanyID  entrepot.ID
	LocationID entrepot.ID // a shop or a warehouse
	Quantity   int64
	Reason     string      // "purchase", a note
	VariantID  entrepot.ID // "": the product itself
	Reference  string      // natural id of the delivery: a repeated command adds nothing
	UnitCost   *int64      // of one piece, minor units of Currency; nil: unknown
	Currency   string
	Lot        string // lot number
	ExpiresOn  int64  // Unix ms, of the lot; 0: never
}

// Adjust corrects the pieces on hand for a reason: damaged, lost, expired (fewer),
// found (more), correction, other. It never takes reserved pieces; the error is then
// CodeOutOfStock with the number of available ones.
type Adjust struct {
	Delta     int64 // not 0
	Reason    string
	Reference string // natural id; "": none
	Note      string
	Lot       string // "": first expired, first out
}

// Count books the result of a stocktake: Counted less Expected. Movements since the
// count stay. It never takes reserved pieces.
type Count struct {
	Counted   int64
	Expected  int64  // on hand at the moment of the count
	Reference string // natural id, required
}

// Ship takes pieces out for a transfer to another location. Its natural id is the
// transfer, so a transfer has at most one line of an item.
type Ship struct {
	TransferID entrepot.ID
	Quantity   int64
}

// Arrive adds pieces of a transfer. The first goods create the stock item.
type Arrive struct {
	TransferID entrepot.ID
	Reference  string // of this part of the transfer; natural id together with TransferID
	ProductID  entrepot.ID
	VariantID  entrepot.ID
	CompanyID  entrepot.ID
	LocationID entrepot.ID
	Quantity   int64
	UnitCost   *int64 // of one piece, used without Parts
	Currency   string
	Parts      []Goods // the pieces as they left the source, with a sum of Quantity
	Back       bool    // the goods return to their source
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

// Configure changes settings of the item; nil fields stay as they are.
type Configure struct {
	ReorderPoint    *int64 // available at or below it is low; 0: no such alert
	ReorderQuantity *int64
	SafetyStock     *int64 // pieces on hand that are not promised to orders
	BackorderLimit  *int64 // pieces that may be promised beyond on-hand; 0: none
	BackorderEndsAt *int64 // Unix ms, end of a pre-order: no promises beyond on-hand after it; 0: never
	ExpectedVersion int64  // of the settings; 0: any
}

// Reserve reserves pieces for an order until they expire. Its natural id is the
// order. The reply has the order's reservation if some of it is not on hand.
type Reserve struct {
	OrderID   entrepot.ID
	Quantity  int64
	ExpiresAt int64 // Unix ms
	Moves     bool  // for a transfer: also of lots that expire before the reservation
}

// Release ends the reservation of an order, and bars the order from reserving later.
type Release struct {
	OrderID entrepot.ID
}

// Commit turns the reservation of an order into a sale. Pieces on hand leave; the
// others are owed, and delivered as goods come in. For an expired reservation it takes
// available pieces, or fails with CodeOutOfStock.
type Commit struct {
	OrderID  entrepot.ID
	Quantity int64
}

// Restock takes back the sale of an order.
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
