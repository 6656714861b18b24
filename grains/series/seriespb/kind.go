// Package seriespb holds the commands and replies of the series grain.
package seriespb

import "entrepot"

// Kind is the grain's name in the cluster.
const Kind = "NumberSeries"

// ID is the one series of a company for a use ("order") and a year.
func ID(companyID entrepot.ID, use, year string) entrepot.ID {
	return entrepot.DeriveID("series", companyID, use, year)
}
