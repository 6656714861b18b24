package usage

import (
	"entrepot"
	"entrepot/grains"
)

// Kind is the grain's name in the cluster.
const Name = "Usage"

// ID is the one such grain of the platform.
var ID = entrepot.DeriveID("usage")

// Of names one grain of the kind.
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// Report tells what a gateway let through since its last report, and asks for what the others did since number.
type Report struct {
	Gateway string // one run of a gateway
	Number  int64  // of the last answer; 0: what others did before does not matter
	Spent   []Spent
}

// Since asks for what the others did, of a gateway that has nothing to tell.
type Since struct {
	Gateway string
	Number  int64
}

// Spent are tokens of one key of one limiter; fewer than none: given back.
type Spent struct {
	Limiter string
	Key     string
	Tokens  float64
}

type Others struct {
	Number int64
	Spent  []Spent
}

func (Report) Answers(*Others) {}
func (Since) Answers(*Others)  {}
