package imports

import (
	"entrepot"
	"entrepot/grains"
)

// Kind is the grain's name in the cluster.
const Name = "Import"

// Of names one grain of the kind.
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// Start takes a job on whose file lies in the blob store.
type Start struct {
	CompanyID entrepot.ID
	Format    string // csv or jsonl
	Size      int64  // of the file in bytes
}

// Advance is what became of the rows of one chunk. Only the chunk that is due
// counts, so that one done twice counts once.
type Advance struct {
	Chunk   int64
	Offset  int64 // where the next chunk begins, in bytes
	Created int64
	Updated int64
	Failed  int64
	Columns []string // of a CSV file, from its first line
	Done    bool
	Error   string // why the file cannot be read on: the job ends
}

// Erase ends the job with its company.
type Erase struct{}

type Get struct{}

type Import struct {
	ID        entrepot.ID
	CompanyID entrepot.ID
	Format    string
	Size      int64
	Status    string // running, done, failed
	Error     string
	Chunk     int64 // that is due
	Offset    int64
	Created   int64
	Updated   int64
	Failed    int64
	Columns   []string
	CreatedAt int64
	UpdatedAt int64
	// For whom the rows are taken.
	UserID  entrepot.ID
	Role    string
	ShopIDs []entrepot.ID
	Erased  bool // ended with its company, not by its file
}

func (Start) Answers(*Import)   {}
func (Advance) Answers(*Import) {}
func (Erase) Answers(*Import)   {}
func (Get) Answers(*Import)     {}
