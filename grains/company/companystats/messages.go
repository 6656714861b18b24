package companystats

import (
	"entrepot"
	"entrepot/grains"
)

// Name is the kind's name in the cluster.
const Name = "CompanyStats"

// Of returns the ref of a company's figures; id is the company's.
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// Count adds one event to the figures, under the event's id as command id. Only the
// platform sends it.
type Count struct {
	What     string // the event's type, one of [Bindings]
	Amount   int64  // minor units; 0 for events without money
	Currency string
	At       int64 // Unix ms; when it happened
}

// Get returns the figures to the company's admins and the platform.
type Get struct{}

// Stats holds a company's figures; its JSON is part of the saved state.
type Stats struct {
	Shops           int64     `json:"shops,omitempty"`
	Products        int64     `json:"products,omitempty"`
	Staff           int64     `json:"staff,omitempty"`
	Orders          int64     `json:"orders,omitempty"`
	CancelledOrders int64     `json:"cancelled,omitempty"`
	PaidOrders      int64     `json:"paid,omitempty"`
	Takings         []Takings `json:"takings,omitempty"` // by currency, ascending
	UpdatedAt       int64     `json:"updated,omitempty"` // Unix ms; when the newest counted event happened
}

// Takings holds the sums of one currency, in minor units.
type Takings struct {
	Currency string `json:"c"`
	Paid     int64  `json:"p,omitempty"` // orders
	Revenue  int64  `json:"r,omitempty"` // captured
	Refunded int64  `json:"b,omitempty"`
}

func (Count) Answers(*Stats) {}
func (Get) Answers(*Stats)   {}
