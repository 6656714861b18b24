package imports

import (
	"entrepot"
	"entrepot/grains"
)

// Name is the kind's name in the cluster.
const Name = "Import"

// Of returns the ref of an import.
func Of(id entrepot.ID) grains.Ref { return grains.Ref{Kind: Name, ID: id} }

// Start starts the import of a file that is in the blob store.
type Start struct {
	CompanyID entrepot.ID
	Format    string // csv or jsonl
	Size      int64  // of the file in bytes
}

// Advance reports the outcome of one chunk of rows. A chunk that is not the due one is ignored,
// so that a repeated one counts once.
type Advance struct {
	Chunk   int64
	Offset  int64 // start of the next chunk, in bytes
	Created int64 // rows
	Updated int64
	Failed  int64
	Columns []string // of a CSV file, from its first line
	Done    bool
	Error   string // why the rest of the file cannot be read; ends the import
}

// Erase ends the import with its company.
type Erase struct{}

// Get returns the import to admins of its company and to the manager who started it.
type Get struct{}

// Import is an import and its progress.
type Import struct {
	ID        entrepot.ID `json:"id,omitempty"`
	CompanyID entrepot.ID `json:"companyId,omitempty"`
	Format    string      `json:"format,omitempty"` // csv or jsonl
	Size      int64       `json:"size,omitempty"`   // of the file in bytes
	Status    string      `json:"status,omitempty"` // Running, Done or Failed
	Error     string      `json:"error,omitempty"`
	Chunk     int64       `json:"chunk,omitempty"`  // the due one
	Offset    int64       `json:"offset,omitempty"` // its start, in bytes
	Created   int64       `json:"made,omitempty"`   // rows
	Updated   int64       `json:"changed,omitempty"`
	Failed    int64       `json:"failed,omitempty"`
	Columns   []string    `json:"columns,omitempty"`
	CreatedAt int64       `json:"created,omitempty"` // Unix ms
	UpdatedAt int64       `json:"updated,omitempty"` // Unix ms
	// The user on whose behalf the rows are imported.
	UserID  entrepot.ID   `json:"userId,omitempty"`
	Role    entrepot.Role `json:"role,omitempty"`
	ShopIDs []entrepot.ID `json:"shopIds,omitempty"`
	Erased  bool          `json:"erased,omitempty"` // ended with its company, not by its file
}

func (Start) Answers(*Import)   {}
func (Advance) Answers(*Import) {}
func (Erase) Answers(*Import)   {}
func (Get) Answers(*Import)     {}
