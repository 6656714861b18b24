package promotion

import (
	"strings"

	"entrepot"
	"entrepot/grains"
)

// The grains' names in the cluster.
const (
	Name    = "Promotion"
	UseName = "PromotionUse"
)

// ID is a company's promotion of a code, however the code is written.
func ID(companyID entrepot.ID, code string) entrepot.ID {
	return entrepot.DeriveID("promotion", companyID, Code(code))
}

// UseID is what a customer has used of a promotion.
func UseID(promotionID, customerID entrepot.ID) entrepot.ID {
	return entrepot.DeriveID("promotion-use", promotionID, customerID)
}

// FirstID stands for a company's codes that are for a customer's first order: all
// of them together are used once, by UseID of it.
func FirstID(companyID entrepot.ID) entrepot.ID {
	return entrepot.DeriveID("promotion-first", companyID)
}

// Code is a code as it is kept: in capitals.
func Code(code string) string { return strings.ToUpper(strings.TrimSpace(code)) }

// Of names one grain of the kind.
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// UseOf names one grain of the kind.
func UseOf(id entrepot.ID) grains.Ref { return grains.Ref{Kind: UseName, ID: id} }

// Create makes a promo code of a company. Its natural id is company and code.
type Create struct {
	CompanyID entrepot.ID
	Code      string // in capitals
	Terms     Terms
}

// Update replaces the terms.
type Update struct {
	ExpectedVersion int64 // 0: whatever it is
	Terms           Terms
}

// Delete ends the code for good: the code is not given again.
type Delete struct {
	ExpectedVersion int64
}

type Get struct{}

type Promotion struct {
	ID        entrepot.ID
	CompanyID entrepot.ID
	Code      string
	Terms     Terms
	Status    string // active, paused, deleted
	Used      int64  // by orders that were paid
	Claimed   int64  // by orders that wait for their payment
	CreatedAt int64
	UpdatedAt int64
	Version   int64
}

// Claim sets one use aside for a checkout. Asked twice it is one. It is sent to
// the promotion, and before that to the customer's Use of it when that is limited.
type Claim struct {
	ClaimID     entrepot.ID
	Orders      []string // that get something of it
	ExpiresAt   int64    // of the orders; long after it a claim that nobody ended ends
	Version     int64    // of the promotion that the orders were priced by
	CustomerID  entrepot.ID
	Limit       int64 // of the customer's Use
	PromotionID entrepot.ID
}

// Release is sent when an order comes to nothing. The use is given back when all have.
type Release struct {
	ClaimID entrepot.ID
	OrderID entrepot.ID
}

// Settle is sent when an order is paid: the use is final.
type Settle struct {
	ClaimID entrepot.ID
	OrderID entrepot.ID
}

// Return is sent when an order that was paid is cancelled before anything was
// sent: the final use is given back when all orders that it was for have ended so.
type Return struct {
	ClaimID entrepot.ID
	OrderID entrepot.ID
	Alone   bool // the use was for this order only
}

// Erase forgets whose a customer's Use is.
type Erase struct{}

type Claimed struct{}

func (Create) Answers(*Promotion) {}
func (Update) Answers(*Promotion) {}
func (Delete) Answers(*Promotion) {}
func (Get) Answers(*Promotion)    {}
func (Claim) Answers(*Claimed)    {}
func (Release) Answers(*Claimed)  {}
func (Settle) Answers(*Claimed)   {}
func (Return) Answers(*Claimed)   {}
func (Erase) Answers(*Claimed)    {}
