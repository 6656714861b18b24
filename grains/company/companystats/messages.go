package companystats

import (
	"entrepot"
	"entrepot/grains"
)

// Kind is the grain's name in the cluster. Its id is the company's.
const Name = "CompanyStats"

// Of names one grain of the kind.
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// Count adds what one event says. Its command id is the event's. Only the platform sends it.
type Count struct {
	What     string // the event's type
	Amount   int64
	Currency string
	At       int64 // when it happened, Unix ms
}

type Get struct{}

type Stats struct {
	Shops           int64
	Products        int64
	Staff           int64
	Orders          int64
	CancelledOrders int64
	PaidOrders      int64
	Takings         []Takings
	UpdatedAt       int64
}

type Takings struct {
	Currency   string
	Revenue    int64 // captured
	Refunded   int64
	PaidOrders int64
}

func (Count) Answers(*Stats) {}
func (Get) Answers(*Stats)   {}
