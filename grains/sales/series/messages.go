package series

import (
	"entrepot"
	"entrepot/grains"
)

// Name is the kind's name in the cluster.
const Name = "NumberSeries"

// ID returns the id of the one series of a company for a use ("order") and a year.
func ID(companyID entrepot.ID, use, year string) entrepot.ID {
	return entrepot.DeriveID("series", companyID, use, year)
}

// Of returns the ref of a series by its [ID].
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// Next draws the next number of the series. Repeated for one of the last 256 ids,
// it returns that id's number.
type Next struct {
	ForID     entrepot.ID // of what gets the number
	CompanyID entrepot.ID
}

// Number is the reply to [Next].
type Number struct {
	Number int64 // from 1
}

func (Next) Answers(*Number) {}
