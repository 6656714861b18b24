package events

import (
	"time"

	"entrepot"
)

// PaymentRef is what every payment event says about its payment. The amount
// beside it is always that of what happened: to be paid, captured, tried, refunded.
type PaymentRef struct {
	PaymentID            entrepot.ID `json:"paymentId"`
	OrderID              entrepot.ID `json:"orderId"`
	CustomerID           entrepot.ID `json:"customerId"`
	CompanyID            entrepot.ID `json:"companyId"`
	ShopID               entrepot.ID `json:"shopId"`
	PaymentMethod        string      `json:"paymentMethod,omitempty"`
	Gateway              string      `json:"gateway,omitempty"`
	GatewayTransactionID string      `json:"gatewayTransactionId,omitempty"`
	Currency             string      `json:"currency"`
}

// PaymentInitiated happens once, when the payment of an order is opened: by an
// intent, or by the first attempt to pay.
type PaymentInitiated struct {
	PaymentRef
	Amount entrepot.Amount `json:"amount"` // to be paid
}

// EventType returns the routing key.
func (PaymentInitiated) EventType() string { return "payment.initiated" }

// PaymentProcessing happens when a gateway has accepted an attempt and will say
// later what became of it. The manual gateway decides at once and has no such moment.
type PaymentProcessing struct {
	PaymentRef
	Amount  entrepot.Amount `json:"amount"` // tried
	Attempt int             `json:"attempt"`
}

// EventType returns the routing key.
func (PaymentProcessing) EventType() string { return "payment.processing" }

// PaymentSuccess happens when the money is captured.
type PaymentSuccess struct {
	PaymentRef
	Amount      entrepot.Amount `json:"amount"` // captured
	CompletedAt time.Time       `json:"completedAt"`
}

// EventType returns the routing key.
func (PaymentSuccess) EventType() string { return "payment.success" }

// PaymentFailed happens when a gateway refuses an attempt. The payment may be
// tried again.
type PaymentFailed struct {
	PaymentRef
	Amount  entrepot.Amount `json:"amount"` // tried
	Reason  string          `json:"reason"` // for the payer: "declined", "insufficient funds"
	Attempt int             `json:"attempt"`
}

// EventType returns the routing key.
func (PaymentFailed) EventType() string { return "payment.failed" }

// PaymentRefunded happens with every refund, of a part or of the whole.
type PaymentRefunded struct {
	PaymentRef
	RefundID      string          `json:"refundId"`
	Amount        entrepot.Amount `json:"amount"`        // of this refund
	RefundedTotal entrepot.Amount `json:"refundedTotal"` // of all refunds so far
	FullyRefunded bool            `json:"fullyRefunded"` // nothing is left
	Reason        string          `json:"reason,omitempty"`
}

// EventType returns the routing key.
func (PaymentRefunded) EventType() string { return "payment.refunded" }
