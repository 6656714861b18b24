package access

import (
	"entrepot"
	"entrepot/grains"
)

// Name is the kind's name in the cluster.
const Name = "Access"

// ID is the id of the platform's one access grain.
var ID = entrepot.DeriveID("access")

// Of returns the ref of the platform's access grain; id is [ID].
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// Withdraw ends access tokens before they expire. Only the platform sends it.
type Withdraw struct {
	UserID    entrepot.ID `json:"u"`
	SessionID entrepot.ID `json:"s,omitempty"` // empty: every token of the user issued before Before
	Before    int64       `json:"b,omitempty"` // Unix ms
	Until     int64       `json:"e"`           // Unix ms; when the last of these tokens has expired
}

// SetCompany sets the standing of a company's people. Only the platform sends it.
type SetCompany struct {
	CompanyID entrepot.ID `json:"id"`
	Standing  string      `json:"standing"` // "full", "read_only", "closed"
	Version   int64       `json:"version"`  // of the standing; one older than the known one changes nothing
}

// Since returns everything that changed after Number; 0 for all that is in force.
// Only the platform sends it.
type Since struct{ Number int64 }

// Changes lists withdrawals and standings, up to Number.
type Changes struct {
	Number    int64 // of the newest change, for the next Since
	Complete  bool  // everything in force, instead of only what is new
	Withdrawn []Withdraw
	Companies []SetCompany // a complete list omits companies in full standing
}

func (Withdraw) Answers(*Changes)   {}
func (SetCompany) Answers(*Changes) {}
func (Since) Answers(*Changes)      {}
