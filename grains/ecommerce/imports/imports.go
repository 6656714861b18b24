// Package imports is one import of products from a file: how far it is and what
// became of its rows. The rows are taken chunk by chunk, each asked for by the
// event that the one before it left behind, on whatever member reads it; so an
// import goes on where it was after any crash.
//
// Commands: Start, Advance, Erase. Queries: Get. By itself it asks again for a chunk that
// nobody answered for. Persisted: the whole [State].
package imports

import (
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
)

// The statuses of an import.
const (
	StatusRunning = "running"
	StatusDone    = "done"
	StatusFailed  = "failed"
)

// A chunk that has no answer after patience is asked for again, maxStalls times
// in a row before the import is given up.
const (
	patience  = time.Minute
	maxStalls = 60
)

// State is an import. The zero State does not exist yet.
type State struct {
	ID        entrepot.ID   `json:"id,omitempty"`
	CompanyID entrepot.ID   `json:"companyId,omitempty"`
	Format    string        `json:"format,omitempty"`
	Size      int64         `json:"size,omitempty"`
	Status    string        `json:"status,omitempty"`
	Error     string        `json:"error,omitempty"`
	Chunk     int64         `json:"chunk,omitempty"`  // that is due
	Offset    int64         `json:"offset,omitempty"` // where it begins
	Made      int64         `json:"made,omitempty"`
	Changed   int64         `json:"changed,omitempty"`
	Failed    int64         `json:"failed,omitempty"`
	Columns   []string      `json:"columns,omitempty"`
	Stalls    int64         `json:"stalls,omitempty"`  // in a row
	CreatedAt int64         `json:"created,omitempty"` // Unix ms
	UpdatedAt int64         `json:"updated,omitempty"` // Unix ms
	UserID    entrepot.ID   `json:"userId,omitempty"`  // for whom the rows are taken
	Role      entrepot.Role `json:"role,omitempty"`
	ShopIDs   []entrepot.ID `json:"shopIds,omitempty"`
	Erased    bool          `json:"erased,omitempty"` // ended with its company
}

// The facts are the public events with the state they lead to.
type (
	due struct {
		events.ImportDue
		next State
	}
	ended struct {
		events.ImportEnded
		next State
	}
)

// Start takes the job on for its caller.
func (s *State) Start(t entrepot.Turn, c Start) ([]events.Event, error) {
	switch t.Caller.Role {
	case entrepot.SuperAdmin, entrepot.CompanyAdmin, entrepot.ShopManager:
	default:
		return nil, entrepot.Errorf(entrepot.CodeForbidden, "this role imports no products")
	}
	switch {
	case !entrepot.ValidID(c.CompanyID) || !t.Caller.MayReachCompany(c.CompanyID):
		return nil, entrepot.ErrNotFound
	case s.ID != "" && s.UserID == t.Caller.UserID && s.CompanyID == c.CompanyID && s.Size == c.Size && s.Format == c.Format:
		return nil, nil // the same again
	case s.ID != "":
		return nil, entrepot.Errorf(entrepot.CodeKeyReused, "this key was used for another import")
	case c.Format != "csv" && c.Format != "jsonl":
		return nil, entrepot.Invalid("format", "enum", "must be csv or jsonl")
	}
	now := t.Now.UnixMilli()
	next := State{
		ID: t.ID, CompanyID: c.CompanyID, Format: c.Format, Size: c.Size, Status: StatusRunning, CreatedAt: now, UpdatedAt: now,
		UserID: t.Caller.UserID, Role: t.Caller.Role, ShopIDs: slices.Clone(t.Caller.ShopIDs),
	}
	return []events.Event{next.asking()}, nil
}

// asking is the event that asks for the chunk that is due.
func (s *State) asking() due {
	return due{events.ImportDue{ImportID: s.ID, CompanyID: s.CompanyID, Chunk: s.Chunk, Offset: s.Offset}, *s}
}

// Advance counts a chunk and asks for the next, or ends.
func (s *State) Advance(t entrepot.Turn, c Advance) ([]events.Event, error) {
	switch {
	case t.Caller.Role != entrepot.System:
		return nil, entrepot.Errorf(entrepot.CodeForbidden, "an import advances by itself")
	case s.ID == "":
		return nil, entrepot.ErrNotFound
	case s.Status != StatusRunning || c.Chunk != s.Chunk:
		return nil, nil // counted already
	}
	next := *s
	next.Chunk++
	next.Offset, next.Stalls, next.UpdatedAt = c.Offset, 0, t.Now.UnixMilli()
	next.Made, next.Changed, next.Failed = s.Made+c.Created, s.Changed+c.Updated, s.Failed+c.Failed
	if len(c.Columns) > 0 {
		next.Columns = slices.Clone(c.Columns)
	}
	switch {
	case c.Error != "":
		return []events.Event{next.ending(StatusFailed, c.Error)}, nil
	case c.Done:
		return []events.Event{next.ending(StatusDone, "")}, nil
	default:
		return []events.Event{next.asking()}, nil
	}
}

// Erase ends what runs, as its company is erased. What has ended stays as it is.
func (s *State) Erase(t entrepot.Turn, _ Erase) ([]events.Event, error) {
	switch {
	case t.Caller.Role != entrepot.System:
		return nil, entrepot.Errorf(entrepot.CodeForbidden, "an import ends with its company")
	case s.ID == "":
		return nil, entrepot.ErrNotFound
	case s.Status != StatusRunning:
		return nil, nil
	}
	next := *s
	next.Erased, next.UpdatedAt = true, t.Now.UnixMilli()
	return []events.Event{next.ending(StatusFailed, "the company was erased")}, nil
}

func (s State) ending(status, why string) ended {
	s.Status, s.Error = status, why
	return ended{events.ImportEnded{
		ImportID: s.ID, CompanyID: s.CompanyID, Status: status, Error: why, Created: s.Made, Updated: s.Changed, Failed: s.Failed,
	}, s}
}

// Apply changes the state by one fact.
func (s *State) Apply(e events.Event) {
	switch f := e.(type) {
	case due:
		*s = f.next
	case ended:
		*s = f.next
	}
}

// WakeAt is when the chunk that is due should have been answered for.
func (s *State) WakeAt() time.Time {
	if s.Status != StatusRunning {
		return time.Time{}
	}
	return time.UnixMilli(s.UpdatedAt).Add(patience).UTC()
}

// Wake asks again for what nobody answered for.
func (s *State) Wake(t entrepot.Turn) []events.Event {
	if s.Status != StatusRunning || t.Now.Before(s.WakeAt()) {
		return nil
	}
	next := *s
	next.Stalls++
	next.UpdatedAt = t.Now.UnixMilli()
	if next.Stalls > maxStalls {
		return []events.Event{next.ending(StatusFailed, "the rows were not taken: given up")}
	}
	return []events.Event{next.asking()}
}

// Get answers the company's admins, and a manager who started it.
func (s *State) Get(t entrepot.Turn, _ Get) (*Import, error) {
	if s.ID == "" || !t.Caller.MayReachCompany(s.CompanyID) || (!t.Caller.Administers(s.CompanyID) && t.Caller.UserID != s.UserID) {
		return nil, entrepot.ErrNotFound
	}
	return s.View(), nil
}

// View is the whole job.
func (s *State) View() *Import {
	return &Import{
		ID: s.ID, CompanyID: s.CompanyID, Format: s.Format, Size: s.Size, Status: s.Status, Error: s.Error, Chunk: s.Chunk, Offset: s.Offset,
		Created: s.Made, Updated: s.Changed, Failed: s.Failed, Columns: slices.Clone(s.Columns), CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt,
		UserID: s.UserID, Role: string(s.Role), ShopIDs: slices.Clone(s.ShopIDs), Erased: s.Erased,
	}
}

func (s *State) createdAt() time.Time { return time.UnixMilli(s.CreatedAt).UTC() }
