package events

import (
	"time"

	"entrepot"
)

// ShippingUpdated happens when the shipping rules of a shop, or of a company, are set.
type ShippingUpdated struct {
	CompanyID entrepot.ID    `json:"companyId"`
	ShopID    entrepot.ID    `json:"shopId,omitempty"` // none: the company's, for shops without their own
	Currency  string         `json:"currency"`
	Taxed     bool           `json:"taxed,omitempty"` // at the company's rate
	Zones     []ShippingZone `json:"zones"`
	UpdatedAt time.Time      `json:"updatedAt"`
}

// ShippingZone is some places and the methods offered there.
type ShippingZone struct {
	Name        string           `json:"name"`
	Countries   []string         `json:"countries,omitempty"`   // ISO 3166-1 alpha-2; none: everywhere else
	PostalCodes []string         `json:"postalCodes,omitempty"` // their beginnings; none: all
	Methods     []ShippingMethod `json:"methods"`
}

// ShippingMethod is one way of sending and its price for one order of a shop.
type ShippingMethod struct {
	ID            string          `json:"id"`
	Name          string          `json:"name"`
	Price         entrepot.Amount `json:"price"`
	SubtotalSteps []SubtotalStep  `json:"subtotalSteps,omitempty"`
	PieceSteps    []PieceStep     `json:"pieceSteps,omitempty"`
	FreeFrom      entrepot.Amount `json:"freeFrom,omitempty"` // of the goods
}

// SubtotalStep is another price from an amount of goods on.
type SubtotalStep struct {
	From  entrepot.Amount `json:"from"`
	Price entrepot.Amount `json:"price"`
}

// PieceStep is another price from a number of pieces on.
type PieceStep struct {
	From  int64           `json:"from"`
	Price entrepot.Amount `json:"price"`
}

// EventType returns the routing key.
func (ShippingUpdated) EventType() string { return "shipping.updated" }

// ShippingRemoved happens when they are taken back.
type ShippingRemoved struct {
	CompanyID entrepot.ID `json:"companyId"`
	ShopID    entrepot.ID `json:"shopId,omitempty"`
	RemovedAt time.Time   `json:"removedAt"`
}

// EventType returns the routing key.
func (ShippingRemoved) EventType() string { return "shipping.removed" }
