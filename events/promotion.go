package events

import (
	"time"

	"entrepot"
)

// Promotion is a promo code of a company and its terms.
type Promotion struct {
	PromotionID     entrepot.ID     `json:"promotionId"`
	CompanyID       entrepot.ID     `json:"companyId"`
	Code            string          `json:"code"`
	Title           string          `json:"title,omitempty"`
	Type            string          `json:"type"` // amount, percent, free_shipping
	Amount          entrepot.Amount `json:"amount,omitempty"`
	Percent         int64           `json:"percent,omitempty"`
	Currency        string          `json:"currency,omitempty"`
	ProductIDs      []entrepot.ID   `json:"productIds,omitempty"`
	Categories      []string        `json:"categories,omitempty"`
	ShopIDs         []entrepot.ID   `json:"shopIds,omitempty"`
	MinimumSubtotal entrepot.Amount `json:"minimumSubtotal,omitempty"`
	StartsAt        *time.Time      `json:"startsAt,omitempty"`
	EndsAt          *time.Time      `json:"endsAt,omitempty"`
	PerCustomer     int64           `json:"perCustomer,omitempty"` // uses; 0: any number
	Total           int64           `json:"total,omitempty"`       // uses; 0: any number
	FirstOrder      bool            `json:"firstOrder,omitempty"`  // of a customer with the company only
	Status          string          `json:"status"`                // active, paused, deleted
	UpdatedAt       time.Time       `json:"updatedAt"`
}

// PromotionCreated happens when a company makes a promo code.
type PromotionCreated struct{ Promotion }

// EventType returns the routing key.
func (PromotionCreated) EventType() string { return "promotion.created" }

// PromotionUpdated happens when its terms change.
type PromotionUpdated struct{ Promotion }

// EventType returns the routing key.
func (PromotionUpdated) EventType() string { return "promotion.updated" }

// PromotionDeleted happens when it ends for good.
type PromotionDeleted struct{ Promotion }

// EventType returns the routing key.
func (PromotionDeleted) EventType() string { return "promotion.deleted" }

// PromotionUse is one use of a code by a checkout.
type PromotionUse struct {
	PromotionID entrepot.ID   `json:"promotionId"`
	CompanyID   entrepot.ID   `json:"companyId"`
	Code        string        `json:"code"`
	CheckoutID  entrepot.ID   `json:"checkoutId"`
	OrderIDs    []entrepot.ID `json:"orderIds,omitempty"`
	At          time.Time     `json:"at"`
}

// PromotionClaimed happens when a checkout sets a use aside for its orders.
type PromotionClaimed struct {
	PromotionUse
	CustomerID entrepot.ID `json:"customerId"`
}

// EventType returns the routing key.
func (PromotionClaimed) EventType() string { return "promotion.claimed" }

// PromotionReleased happens when the orders came to nothing and the use is given back.
type PromotionReleased struct{ PromotionUse }

// EventType returns the routing key.
func (PromotionReleased) EventType() string { return "promotion.released" }

// PromotionUsed happens when an order is paid: the use is final.
type PromotionUsed struct{ PromotionUse }

// EventType returns the routing key.
func (PromotionUsed) EventType() string { return "promotion.used" }

// PromotionReturned happens when an order that was paid is cancelled before
// anything was sent, the last of its checkout: the use is given back.
type PromotionReturned struct{ PromotionUse }

// EventType returns the routing key.
func (PromotionReturned) EventType() string { return "promotion.returned" }
