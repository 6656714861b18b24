package order

import (
	"entrepot"
	"entrepot/grains"
)

// Kind is the grain's name in the cluster.
const Name = "Order"

// KeyedID is the one order that a customer places under an Idempotency-Key, so
// that a retry meets the order wherever it had got to.
func KeyedID(customerID entrepot.ID, key string) entrepot.ID {
	return entrepot.DeriveID("order", customerID, key)
}

// SiblingID is the order of a further shop of the same checkout.
func SiblingID(first, shopID entrepot.ID) entrepot.ID {
	return entrepot.DeriveID("sibling", first, shopID)
}

// Of names one grain of the kind.
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// Place starts an order, or several of one checkout. It is answered when stock is
// reserved and the numbers are drawn, or when that was refused.
type Place struct {
	CheckoutID entrepot.ID
	CustomerID entrepot.ID
	// One group a shop; the first is this order itself.
	Groups          []GroupInput
	ShippingAddress *Address
	BillingAddress  *Address
	Notes           string
	FromCart        bool  // empty the customer's cart of these lines
	HoldMs          int64 // how long the stock is reserved; 0: 20 minutes
}

type GroupInput struct {
	OrderID        entrepot.ID
	CompanyID      entrepot.ID
	ShopID         entrepot.ID
	Currency       string
	TaxBasisPoints int64
	Shipping       int64
	Lines          []Line
	// Where the goods may come from, the preferred first; none: the shop itself.
	Sources            []Source
	Strategy           string // priority (default, as listed), most_stock, nearest (as listed)
	Discount           int64  // off the goods, before tax: the sum of the lines' discounts
	Promotions         []Promotion
	ShippingMethod     string // of the shop's rules; empty: it has none
	ShippingMethodName string
	ShippingTaxed      bool // as the goods are
}

type Source struct {
	LocationID entrepot.ID
}

// Placed answers Place: the orders of the checkout, this one first.
type Placed struct {
	Orders []*Order
}

type Cancel struct {
	Reason          string
	ExpectedVersion int64 // 0: whatever it is
}

type Get struct{}

// Allocated is the plan of where the lines' pieces come from.
type Allocated struct {
	Groups  []AllocatedGroup
	Missing []MissingMsg // any: the checkout is refused
	Attempt int64        // counts the plans of the checkout from 1
}

type AllocatedGroup struct {
	OrderID entrepot.ID
	Lines   []AllocatedLine // as many as the group has, in their order
}

type AllocatedLine struct {
	Allocations []Allocation
}

type Reserved struct {
	Orders      []Numbered
	Missing     []MissingMsg // any: the checkout is refused, or planned anew
	Attempt     int64        // which plan was reserved; 0: there was none
	Refused     *Refused     // a promo code: the checkout is refused
	Backordered []Backordered
}

// Backordered are pieces of a line that were promised and are not on hand.
type Backordered struct {
	OrderID  entrepot.ID
	Line     int64 // its place in the group
	Quantity int64
}

type Numbered struct {
	OrderID entrepot.ID
	Number  int64
}

type MissingMsg struct {
	ProductID entrepot.ID
	ShopID    entrepot.ID
	Wanted    int64
	Available int64
	VariantID entrepot.ID
}

// Adopt makes a sibling order of a checkout whose stock is already reserved.
type Adopt struct {
	CheckoutID      entrepot.ID
	CustomerID      entrepot.ID
	Group           GroupInput
	ShippingAddress *Address
	BillingAddress  *Address
	Notes           string
	Number          int64
	ExpiresAt       int64
	CreatedAt       int64 // of the checkout; the series' year
	Attempt         int64 // the plan by which its stock is reserved; 0: there was none
}

type Adopted struct{}

type Released struct{}

type Committed struct {
	Missing []MissingMsg // sold to others after the reservation expired
}

type Restocked struct{}

// Revived answers the reservation made anew for money that came after expiry.
type Revived struct {
	Missing []MissingMsg
	Refused *Refused
}

type RefundDone struct{}

// Settled, Unclaimed and Unused answer what was done to the promo codes' claims.
type Settled struct{}

type Unclaimed struct{}

type Unused struct{}

// Paid and PaymentFailed come from the payment's events.
type PaymentReceived struct {
	PaymentID entrepot.ID
	Amount    int64
	Currency  string
}

type PaymentFailed struct {
	PaymentID entrepot.ID
	Reason    string
}

type Order struct {
	ID                 entrepot.ID
	OrderNumber        string
	CheckoutID         entrepot.ID
	CustomerID         entrepot.ID
	CompanyID          entrepot.ID
	ShopID             entrepot.ID
	Currency           string
	Lines              []Line
	Subtotal           int64
	Tax                int64
	Shipping           int64
	Discount           int64
	Total              int64
	Status             string
	PaymentStatus      string // pending, paid, failed, refunded
	PaymentID          entrepot.ID
	TrackingNumber     string
	Notes              string
	ShippingAddress    *Address
	BillingAddress     *Address
	History            []Change
	ExpiresAt          int64 // of the reservation, while pending
	CreatedAt          int64
	UpdatedAt          int64
	Version            int64
	Promotions         []Promotion
	ShippingMethod     string
	ShippingMethodName string
}

func (Place) Answers(*Placed)          {}
func (Cancel) Answers(*Order)          {}
func (Get) Answers(*Order)             {}
func (Allocated) Answers(*Order)       {}
func (Reserved) Answers(*Order)        {}
func (Adopt) Answers(*Order)           {}
func (Adopted) Answers(*Order)         {}
func (Released) Answers(*Order)        {}
func (Committed) Answers(*Order)       {}
func (Restocked) Answers(*Order)       {}
func (Revived) Answers(*Order)         {}
func (RefundDone) Answers(*Order)      {}
func (Settled) Answers(*Order)         {}
func (Unclaimed) Answers(*Order)       {}
func (Unused) Answers(*Order)          {}
func (PaymentReceived) Answers(*Order) {}
func (PaymentFailed) Answers(*Order)   {}
