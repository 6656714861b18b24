// Package promotionpb holds the commands and replies of promo codes.
package promotionpb

import (
	"strings"

	"entrepot"
)

// The grains' names in the cluster.
const (
	Kind    = "Promotion"
	UseKind = "PromotionUse"
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
