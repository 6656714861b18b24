package usage

import (
	"entrepot"
	"entrepot/grains"
)

// Name is the kind's name in the cluster.
const Name = "Usage"

// ID is the id of the platform's one usage grain.
var ID = entrepot.DeriveID("usage")

// Of returns the ref of the platform's usage grain; id is [ID].
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// Report adds what a gateway admitted since its last report, and returns what the
// other gateways reported after Number. Only the platform sends it.
type Report struct {
	Gateway string // id of one run of a gateway
	Number  int64  // of the last reply; 0 skips everything reported before
	Spent   []Spent
}

// Since returns what the other gateways reported after Number, to a gateway that
// has nothing to report. Only the platform sends it.
type Since struct {
	Gateway string
	Number  int64
}

// Spent counts tokens of one key of one limiter. A negative number gives tokens back.
type Spent struct {
	Limiter string  `json:"l"`
	Key     string  `json:"k"`
	Tokens  float64 `json:"x"`
}

// Others lists what the other gateways reported, up to Number.
type Others struct {
	Number int64 // of the newest report, for the next Report or Since
	Spent  []Spent
}

func (Report) Answers(*Others) {}
func (Since) Answers(*Others)  {}
