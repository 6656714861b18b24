package events

import (
	"time"

	"entrepot"
)

// PaymentRef identifies the payment in every payment event. The amount beside it belongs to the
// event itself: the amount due, captured, attempted or refunded.
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

// PaymentInitiated is published once, when the payment of an order is opened by an intent or by the
// first attempt to pay.
type PaymentInitiated struct {
	PaymentRef
	Amount entrepot.Amount `json:"amount"` // due
}

// EventType returns the routing key.
func (PaymentInitiated) EventType() string { return "payment.initiated" }

// PaymentProcessing is published when a gateway has accepted an attempt and will report its result
// later. The manual gateway decides at once and never publishes it.
type PaymentProcessing struct {
	PaymentRef
	Amount  entrepot.Amount `json:"amount"` // attempted
	Attempt int             `json:"attempt"`
}

// EventType returns the routing key.
func (PaymentProcessing) EventType() string { return "payment.processing" }

// PaymentSuccess is published when the money is captured.
type PaymentSuccess struct {
	PaymentRef
	Amount      entrepot.Amount `json:"amount"` // captured
	CompletedAt time.Time       `json:"completedAt"`
}

// EventType returns the routing key.
func (PaymentSuccess) EventType() string { return "payment.success" }

// PaymentFailed is published when a gateway refuses an attempt. The payment may be tried again.
type PaymentFailed struct {
	PaymentRef
	Amount  entrepot.Amount `json:"amount"` // attempted
	Reason  string          `json:"reason"` // for the payer: "declined", "insufficient funds"
	Attempt int             `json:"attempt"`
}

// EventType returns the routing key.
func (PaymentFailed) EventType() string { return "payment.failed" }

// PaymentRefunded is published for every refund, partial or full.
type PaymentRefunded struct {
	PaymentRef
	RefundID      string          `json:"refundId"`
	Amount        entrepot.Amount `json:"amount"`        // of this refund
	RefundedTotal entrepot.Amount `json:"refundedTotal"` // of all refunds so far
	FullyRefunded bool            `json:"fullyRefunded"` // no captured amount is left
	Reason        string          `json:"reason,omitempty"`
}

// EventType returns the routing key.
func (PaymentRefunded) EventType() string { return "payment.refunded" }
