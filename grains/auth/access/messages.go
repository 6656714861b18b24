package access

import (
	"entrepot"
	"entrepot/grains"
)

// Kind is the grain's name in the cluster.
const Name = "Access"

// ID is the platform's one access grain.
var ID = entrepot.DeriveID("access")

// Of names one grain of the kind.
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// Withdraw ends access tokens before they expire. Only the platform sends it.
type Withdraw struct {
	UserID    entrepot.ID
	SessionID entrepot.ID // one session; empty: every token of the user issued before before_ms
	Before    int64       // Unix ms
	Until     int64       // when the last of these tokens has expired, and this may be forgotten
}

// SetCompany says what the people of a company may do from now on. Only the platform sends it.
type SetCompany struct {
	CompanyID entrepot.ID
	Standing  string // "full", "read_only", "closed"
	Version   int64  // of the company; an older one than known changes nothing
}

// Since asks for everything that changed after a number; 0 for all that counts.
type Since struct {
	Number int64
}

type Changes struct {
	Number    int64 // ask from here next time
	Complete  bool  // the whole of what counts, not only what is new
	Withdrawn []Withdraw
	Companies []SetCompany // whose standing is not full, or changed
}

func (Withdraw) Answers(*Changes)   {}
func (SetCompany) Answers(*Changes) {}
func (Since) Answers(*Changes)      {}
