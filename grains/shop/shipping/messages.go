package shipping

import (
	"entrepot"
	"entrepot/grains"
)

// Name is the kind's name in the cluster.
const Name = "Shipping"

// ID returns the id of a shop's rules, or without a shop of the company's.
func ID(companyID, shopID entrepot.ID) entrepot.ID {
	return entrepot.DeriveID("shipping", companyID, shopID)
}

// Of returns the ref of a set of shipping rules; id is that of [ID].
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// Set replaces the rules of a shop, or those that a company has for its shops
// without rules of their own.
type Set struct {
	CompanyID       entrepot.ID
	ShopID          entrepot.ID // empty: the company's rules
	ExpectedVersion int64       // 0: any
	Rules           *Rules
}

// Remove removes the rules. Then the company's rules apply to the shop, or shipping
// is free.
type Remove struct {
	CompanyID       entrepot.ID // empty, sent by the platform: that of the saved rules
	ShopID          entrepot.ID
	ExpectedVersion int64 // 0: any
}

// Get returns the rules to anybody, because storefronts show them.
type Get struct{}

// Shipping is a set of rules; its JSON is part of the saved state.
type Shipping struct {
	CompanyID entrepot.ID `json:"companyId,omitempty"`
	ShopID    entrepot.ID `json:"shopId,omitempty"`  // empty: the company's rules
	Rules     *Rules      `json:"rules,omitempty"`   // nil: none
	UpdatedAt int64       `json:"updated,omitempty"` // Unix ms
	Version   int64       `json:"version,omitempty"` // counts the changes, for If-Match
}

// Rules are zones and their shipping prices, in minor units of Currency.
type Rules struct {
	Currency string `json:"currency"`
	Taxed    bool   `json:"taxed,omitempty"` // at the company's rate
	Zones    []Zone `json:"zones"`
}

// Zone is a set of places and the methods offered there.
type Zone struct {
	Name        string   `json:"name"`
	Countries   []string `json:"countries,omitempty"`   // ISO 3166-1 alpha-2; empty: everywhere else
	PostalCodes []string `json:"postalCodes,omitempty"` // prefixes; empty: all
	Methods     []Method `json:"methods"`
}

// Method is a way of sending and its price.
type Method struct {
	ID            string `json:"id"`
	Name          string `json:"name"`
	Price         int64  `json:"price"`
	SubtotalSteps []Step `json:"subtotalSteps,omitempty"` // ascending
	PieceSteps    []Step `json:"pieceSteps,omitempty"`    // ascending; not with SubtotalSteps
	FreeFrom      int64  `json:"freeFrom,omitempty"`      // subtotal; 0: never
}

// Step is another price from an amount, or a number of pieces, upwards.
type Step struct {
	From  int64 `json:"from"`
	Price int64 `json:"price"`
}

func (Set) Answers(*Shipping)    {}
func (Remove) Answers(*Shipping) {}
func (Get) Answers(*Shipping)    {}
