package promotion

import (
	"strings"

	"entrepot"
	"entrepot/grains"
)

// Name is the kind's name in the cluster.
const Name = "Promotion"

// UseName is the name in the cluster of the kind of one customer's uses of one promotion.
const UseName = "PromotionUse"

// ID returns the id of a company's promotion with a code, in any spelling of the code.
func ID(companyID entrepot.ID, code string) entrepot.ID {
	return entrepot.DeriveID("promotion", companyID, Code(code))
}

// UseID returns the id of a customer's uses of a promotion.
func UseID(promotionID, customerID entrepot.ID) entrepot.ID {
	return entrepot.DeriveID("promotion-use", promotionID, customerID)
}

// FirstID returns the id that takes the place of a promotion in [UseID] for a company's codes for
// a customer's first order: all of them together can be used once.
func FirstID(companyID entrepot.ID) entrepot.ID {
	return entrepot.DeriveID("promotion-first", companyID)
}

// Code returns a code as it is stored: trimmed, in capitals.
func Code(code string) string { return strings.ToUpper(strings.TrimSpace(code)) }

// Of returns the ref of a promotion; its id comes from [ID].
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// UseOf returns the ref of a customer's uses; their id comes from [UseID].
func UseOf(id entrepot.ID) grains.Ref { return grains.Ref{Kind: UseName, ID: id} }

// Create creates a promo code of a company.
type Create struct {
	CompanyID entrepot.ID
	Code      string // in capitals
	Terms     Terms
}

// Update replaces the terms.
type Update struct {
	ExpectedVersion int64 // 0: any
	Terms           Terms
}

// Delete deletes the promotion. Its code cannot be used for another.
type Delete struct {
	ExpectedVersion int64 // 0: any
}

// Get returns the promotion to the staff that may see it.
type Get struct{}

// Claim sets one use aside for a checkout; a repeated claim counts once. It is sent to the
// promotion, and before that to the customer's [Use] if the uses per customer are limited.
type Claim struct {
	ClaimID     entrepot.ID
	Orders      []entrepot.ID // with a discount
	ExpiresAt   int64         // of the orders, Unix ms; see ClaimGuard
	Version     int64         // of the promotion by which the orders were priced
	CustomerID  entrepot.ID
	Limit       int64 // of the customer's Use
	PromotionID entrepot.ID
}

// Release reports an order that ended unpaid. The use is given back when all orders of the claim
// have.
type Release struct {
	ClaimID entrepot.ID
	OrderID entrepot.ID
}

// Settle reports a paid order, which makes the use final.
type Settle struct {
	ClaimID entrepot.ID
	OrderID entrepot.ID
}

// Return reports a paid order that was cancelled before shipping. The final use is given back when
// all orders of the claim have ended.
type Return struct {
	ClaimID entrepot.ID
	OrderID entrepot.ID
	Alone   bool // the claim was for this order only
}

// Erase removes the customer of a [Use].
type Erase struct{}

// Promotion is a promotion as its company's staff sees it.
type Promotion struct {
	Details
	Status  string // Active, Paused or Deleted
	Used    int64  // by paid orders
	Claimed int64  // by orders that wait for payment
}

// Details are the fields of a promotion that its state and its replies share.
type Details struct {
	ID        entrepot.ID `json:"id,omitempty"`
	CompanyID entrepot.ID `json:"companyId,omitempty"`
	Code      string      `json:"code,omitempty"`
	Terms     Terms       `json:"terms"`
	CreatedAt int64       `json:"created,omitempty"` // Unix ms
	UpdatedAt int64       `json:"updated,omitempty"` // Unix ms
	Version   int64       `json:"version,omitempty"` // counts changes of the terms, not uses
}

// Terms are the discount of a code, its goods and its limits. Amounts are in minor units, times
// in Unix ms.
type Terms struct {
	Title       string        `json:"title,omitempty"`
	Kind        string        `json:"kind,omitempty"` // Amount, Percent or FreeShipping
	Amount      int64         `json:"amount,omitempty"`
	Currency    string        `json:"currency,omitempty"`
	Percent     int64         `json:"percent,omitempty"`
	ProductIDs  []entrepot.ID `json:"productIds,omitempty"` // with Categories empty: all products
	Categories  []string      `json:"categories,omitempty"` // slugs
	ShopIDs     []entrepot.ID `json:"shopIds,omitempty"`    // empty: all shops
	Minimum     int64         `json:"minimum,omitempty"`    // subtotal of the goods
	StartsAt    int64         `json:"starts,omitempty"`
	EndsAt      int64         `json:"ends,omitempty"`        // 0: never
	PerCustomer int64         `json:"perCustomer,omitempty"` // uses; 0: any number
	Total       int64         `json:"total,omitempty"`       // uses; 0: any number
	Paused      bool          `json:"paused,omitempty"`
	FirstOrder  bool          `json:"firstOrder,omitempty"` // only for a customer's first order from the company
}

func (Create) Answers(*Promotion)   {}
func (Update) Answers(*Promotion)   {}
func (Delete) Answers(*Promotion)   {}
func (Get) Answers(*Promotion)      {}
func (Claim) Answers(grains.Done)   {}
func (Release) Answers(grains.Done) {}
func (Settle) Answers(grains.Done)  {}
func (Return) Answers(grains.Done)  {}
func (Erase) Answers(grains.Done)   {}
