package events

import "entrepot"

// OrderItem is a line of an order.
type OrderItem struct {
	ProductID entrepot.ID     `json:"productId"`
	VariantID entrepot.ID     `json:"variantId"` // the product's id when it has no variants
	Name      string          `json:"name"`
	Quantity  int64           `json:"quantity"`
	Price     entrepot.Amount `json:"price"`
	Subtotal  entrepot.Amount `json:"subtotal"`
	Discount  entrepot.Amount `json:"discount,omitempty"` // of the whole line, before tax
}

// OrderPricing breaks down the price of an order, in the order's currency.
type OrderPricing struct {
	Subtotal entrepot.Amount `json:"subtotal"`
	Tax      entrepot.Amount `json:"tax"`
	Shipping entrepot.Amount `json:"shipping"`
	Discount entrepot.Amount `json:"discount"`
	Total    entrepot.Amount `json:"total"`
}

// OrderFacts holds the fields common to all order events.
type OrderFacts struct {
	OrderID     entrepot.ID     `json:"orderId"`
	OrderNumber string          `json:"orderNumber"`
	CheckoutID  entrepot.ID     `json:"checkoutId"`
	CustomerID  entrepot.ID     `json:"customerId"`
	CompanyID   entrepot.ID     `json:"companyId"`
	ShopID      entrepot.ID     `json:"shopId"`
	Currency    string          `json:"currency"`
	Total       entrepot.Amount `json:"total"`
	AtMs        int64           `json:"atMs"` // Unix milliseconds
}

// OrderCreated is published when stock is reserved for every line. The order then awaits payment.
type OrderCreated struct {
	OrderFacts
	Items     []OrderItem  `json:"items"`
	Pricing   OrderPricing `json:"pricing"`
	ExpiresMs int64        `json:"expiresMs"` // Unix ms; an unpaid order is cancelled at this time

	PromoCodes     []string `json:"promoCodes,omitempty"`     // codes used by the order
	ShippingMethod string   `json:"shippingMethod,omitempty"` // one of the shop's methods
}

// EventType returns the routing key.
func (OrderCreated) EventType() string { return "order.created" }

// OrderConfirmed is published when the order is paid.
type OrderConfirmed struct {
	OrderFacts
	PaymentID entrepot.ID `json:"paymentId"`
	Items     []OrderItem `json:"items"`
}

// EventType returns the routing key.
func (OrderConfirmed) EventType() string { return "order.confirmed" }

// OrderCancelled is published when an order ends before it was shipped. Stock and money are
// returned automatically.
type OrderCancelled struct {
	OrderFacts
	Reason string `json:"reason"`
	By     string `json:"by"` // role that cancelled the order; "system" after expiry
	// PaymentID is set if the order was confirmed; that payment is refunded.
	PaymentID entrepot.ID `json:"paymentId,omitempty"`
}

// EventType returns the routing key.
func (OrderCancelled) EventType() string { return "order.cancelled" }
