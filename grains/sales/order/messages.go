package order

import (
	"entrepot"
	"entrepot/grains"
)

// Name is the kind's name in the cluster.
const Name = "Order"

// KeyedID returns the id of the one order that a customer places under an
// Idempotency-Key, so that a retry finds the order however far it has come.
func KeyedID(customerID entrepot.ID, key string) entrepot.ID {
	return entrepot.DeriveID("order", customerID, key)
}

// SiblingID returns the id of the order of a further shop of the same checkout.
func SiblingID(first, shopID entrepot.ID) entrepot.ID {
	return entrepot.DeriveID("sibling", first, shopID)
}

// Of returns the ref of an order by its id.
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// Place places the orders of a checkout, one a shop, at the prices that it carries.
// Only the platform may send it, on the customer's behalf. The reply comes when the
// stock is reserved and the numbers are drawn, or when the checkout is refused.
type Place struct {
	CheckoutID      entrepot.ID
	CustomerID      entrepot.ID
	Groups          []Group // one a shop; the first is this order itself
	ShippingAddress Address
	BillingAddress  Address
	Notes           string
	FromCart        bool  // take the lines out of the customer's cart
	HoldMs          int64 // how long the stock is reserved; 0: [DefaultHold]
}

// Placed is the reply to [Place].
type Placed struct {
	Orders []*Order // of the checkout, this one first
}

// Adopt makes this the order of a further shop of a checkout whose stock is reserved.
type Adopt struct {
	Order   Order
	Attempt int64 // the plan by which its stock is reserved; 0: there was none
}

// PaymentReceived reports that the payment was made.
type PaymentReceived struct {
	PaymentID entrepot.ID
	Amount    int64 // minor units of Currency
	Currency  string
}

// PaymentFailed reports that an attempt to pay failed.
type PaymentFailed struct {
	PaymentID entrepot.ID
	Reason    string
}

// Cancel cancels an order that is not sent yet.
type Cancel struct {
	Reason          string
	ExpectedVersion int64 // 0: any
}

// Get reads the order.
type Get struct{}

// Order is the reply to every other message, and the part of the state that readers
// see. Amounts are minor units of Currency. Lists decode documents into an Order.
type Order struct {
	ID              entrepot.ID `json:"id"`
	Number          string      `json:"orderNumber,omitempty"`
	CheckoutID      entrepot.ID `json:"checkoutId"`
	CustomerID      entrepot.ID `json:"customerId"`
	Group           `json:"group"`
	Totals          `json:"totals"`
	ShippingAddress Address     `json:"shippingAddress,omitzero"`
	BillingAddress  Address     `json:"billingAddress,omitzero"`
	Notes           string      `json:"notes,omitempty"`
	Status          string      `json:"status"`
	PaymentStatus   string      `json:"paymentStatus"`
	PaymentID       entrepot.ID `json:"paymentId,omitempty"`
	TrackingNumber  string      `json:"trackingNumber,omitempty"`
	History         []Change    `json:"statusHistory"`
	CreatedAt       int64       `json:"createdMs"`           // Unix ms
	UpdatedAt       int64       `json:"updatedMs"`           // Unix ms
	Version         int64       `json:"version,omitempty"`   // counts the changes that readers see, for If-Match
	ExpiresAt       int64       `json:"expiresMs,omitempty"` // Unix ms; cancelled then if still pending
}

func (Place) Answers(*Placed)          {}
func (Adopt) Answers(*Order)           {}
func (PaymentReceived) Answers(*Order) {}
func (PaymentFailed) Answers(*Order)   {}
func (Cancel) Answers(*Order)          {}
func (Get) Answers(*Order)             {}
