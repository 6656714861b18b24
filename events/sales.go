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

// OrderPricing is what an order costs, in the order's currency.
type OrderPricing struct {
	Subtotal entrepot.Amount `json:"subtotal"`
	Tax      entrepot.Amount `json:"tax"`
	Shipping entrepot.Amount `json:"shipping"`
	Discount entrepot.Amount `json:"discount"`
	Total    entrepot.Amount `json:"total"`
}

// OrderFacts is what every event of an order carries.
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

// OrderCreated happens when stock is reserved for every line. The order waits for its payment.
type OrderCreated struct {
	OrderFacts
	Items     []OrderItem  `json:"items"`
	Pricing   OrderPricing `json:"pricing"`
	ExpiresMs int64        `json:"expiresMs"` // unpaid then, it is cancelled

	PromoCodes     []string `json:"promoCodes,omitempty"`     // that it uses
	ShippingMethod string   `json:"shippingMethod,omitempty"` // of the shop's rules
}

// EventType returns the routing key.
func (OrderCreated) EventType() string { return "order.created" }

// OrderConfirmed happens when the order is paid.
type OrderConfirmed struct {
	OrderFacts
	PaymentID entrepot.ID `json:"paymentId"`
	Items     []OrderItem `json:"items"`
}

// EventType returns the routing key.
func (OrderConfirmed) EventType() string { return "order.confirmed" }

// OrderCancelled happens when the order ends before it was sent. Stock and money go back by themselves.
type OrderCancelled struct {
	OrderFacts
	Reason string `json:"reason"`
	By     string `json:"by"` // the role that cancelled; "system" for expiry
	// PaymentID is of an order that was confirmed; its payment is refunded.
	PaymentID entrepot.ID `json:"paymentId,omitempty"`
}

// EventType returns the routing key.
func (OrderCancelled) EventType() string { return "order.cancelled" }
