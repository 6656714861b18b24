package payment

import (
	"entrepot"
	"entrepot/grains"
)

// Kind is the grain's name in the cluster.
const Name = "Payment"

// ID is the one payment of an order: a single writer sees all its attempts and refunds.
func ID(orderID entrepot.ID) entrepot.ID { return entrepot.DeriveID("payment", orderID) }

// Of names one grain of the kind.
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// Open makes the payment of an order: what is to be paid. Opening again with the same amount changes nothing.
type Open struct {
	OrderID    entrepot.ID
	CustomerID entrepot.ID
	CompanyID  entrepot.ID
	ShopID     entrepot.ID
	Amount     int64
	Currency   string
}

// Process pays it with a gateway. Refused when it is paid, void or refunded.
type Process struct {
	Gateway string // manual
	Method  string // card, bank_transfer, cash_on_delivery
	Token   string // what the gateway knows the payer by; the manual gateway documents tokens that fail
	Open    *Open  // opens it first when it is not open yet
}

// Void ends a payment that was not made; one that was is refunded whole.
type Void struct {
	Reason string
}

// Refund gives money back. Its natural id is refund_id. Sum of refunds <= captured.
type Refund struct {
	RefundID entrepot.ID
	Amount   int64 // 0: what is left
	Reason   string
}

type Get struct{}

type Payment struct {
	ID                   entrepot.ID
	OrderID              entrepot.ID
	CustomerID           entrepot.ID
	CompanyID            entrepot.ID
	ShopID               entrepot.ID
	Amount               int64
	Currency             string
	Method               string
	Gateway              string
	GatewayTransactionID entrepot.ID
	Status               string // pending, processing, completed, failed, refunded, void
	Captured             int64
	Refunded             int64
	Failure              string
	CreatedAt            int64
	CompletedAt          int64
	Attempts             int32
}

func (Open) Answers(*Payment)    {}
func (Process) Answers(*Payment) {}
func (Void) Answers(*Payment)    {}
func (Refund) Answers(*Payment)  {}
func (Get) Answers(*Payment)     {}
