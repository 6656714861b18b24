package payment

import (
	"entrepot"
	"entrepot/grains"
)

// Name is the kind's name in the cluster.
const Name = "Payment"

// ID returns the id of the one payment of an order.
func ID(orderID entrepot.ID) entrepot.ID { return entrepot.DeriveID("payment", orderID) }

// Of returns the ref of a payment by its [ID].
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// Open opens the payment of an order with the amount due. Repeated with the same
// amount it changes nothing.
type Open struct {
	OrderID    entrepot.ID
	CustomerID entrepot.ID
	CompanyID  entrepot.ID
	ShopID     entrepot.ID
	Amount     int64 // minor units of Currency
	Currency   string
}

// Process attempts to pay with a gateway. A payment that is completed, void or
// refunded refuses it.
type Process struct {
	Gateway string // [GatewayManual]
	Method  string // card, bank_transfer or cash_on_delivery
	Token   string // the gateway's name of the payer; see [TokenDeclined] for the manual gateway's
	Open    *Open  // opens the payment first; nil: it must be open
}

// Void ends a payment that was not made, and refunds the rest of a completed one.
type Void struct {
	Reason string
}

// Refund refunds part or all of a completed payment. Its natural id is RefundID.
type Refund struct {
	RefundID entrepot.ID
	Amount   int64 // minor units; 0: what is left
	Reason   string
}

// Get reads the payment.
type Get struct{}

// Payment is the reply to every message. The tags are those of the stored state,
// so that lists decode a document into a Payment.
type Payment struct {
	ID                   entrepot.ID `json:"id,omitempty"`
	OrderID              entrepot.ID `json:"orderId,omitempty"`
	CustomerID           entrepot.ID `json:"customerId,omitempty"`
	CompanyID            entrepot.ID `json:"companyId,omitempty"`
	ShopID               entrepot.ID `json:"shopId,omitempty"`
	Amount               int64       `json:"amount,omitempty"` // due; minor units, as all amounts here
	Currency             string      `json:"currency,omitempty"`
	Method               string      `json:"method,omitempty"`
	Gateway              string      `json:"gateway,omitempty"`
	GatewayTransactionID string      `json:"transaction,omitempty"` // of the last attempt
	Status               string      `json:"status,omitempty"`
	Captured             int64       `json:"captured,omitempty"`
	Refunded             int64       `json:"refunded,omitempty"` // sum of the refunds, at most Captured
	Failure              string      `json:"failure,omitempty"`  // of the last attempt
	Attempts             int32       `json:"attempts,omitempty"`
	CreatedAt            int64       `json:"created,omitempty"`   // Unix ms
	CompletedAt          int64       `json:"completed,omitempty"` // Unix ms
}

func (Open) Answers(*Payment)    {}
func (Process) Answers(*Payment) {}
func (Void) Answers(*Payment)    {}
func (Refund) Answers(*Payment)  {}
func (Get) Answers(*Payment)     {}
