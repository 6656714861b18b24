package series

import (
	"entrepot"
	"entrepot/grains"
)

// Kind is the grain's name in the cluster.
const Name = "NumberSeries"

// ID is the one series of a company for a use ("order") and a year.
func ID(companyID entrepot.ID, use, year string) entrepot.ID {
	return entrepot.DeriveID("series", companyID, use, year)
}

// Of names one grain of the kind.
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// Next draws the next number of the series. Drawn for the same id again (one of
// the last 256), it is the same number.
type Next struct {
	ForID     entrepot.ID
	CompanyID entrepot.ID
}

type Number struct {
	Number int64
}

func (Next) Answers(*Number) {}
