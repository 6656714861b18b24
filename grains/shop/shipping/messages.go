package shipping

import (
	"entrepot"
	"entrepot/grains"
)

// Kind is the grain's name in the cluster.
const Name = "Shipping"

// ID is the one set of rules of a shop, or without a shop of a company.
func ID(companyID, shopID entrepot.ID) entrepot.ID {
	return entrepot.DeriveID("shipping", companyID, shopID)
}

// Of names one grain of the kind.
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// Set replaces the shipping rules of a shop, or those of a company that hold for
// its shops without rules of their own.
type Set struct {
	CompanyID       entrepot.ID
	ShopID          entrepot.ID // empty: the company's
	ExpectedVersion int64       // 0: whatever it is
	Rules           *Rules
}

// Remove takes them back: the company's hold for the shop, or nothing is charged.
type Remove struct {
	CompanyID       entrepot.ID
	ShopID          entrepot.ID
	ExpectedVersion int64
}

type Get struct{}

type Shipping struct {
	CompanyID entrepot.ID
	ShopID    entrepot.ID
	Rules     *Rules // unset: there are none
	Version   int64
	UpdatedAt int64
}

func (Set) Answers(*Shipping)    {}
func (Remove) Answers(*Shipping) {}
func (Get) Answers(*Shipping)    {}
