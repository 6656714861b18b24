// Package imports is one import of products from a file: its progress and the counts of its rows.
// Rows are imported chunk by chunk. Each chunk is requested by the event of the one before it, on
// whatever member reads that event, so an import continues after any crash.
//
// Commands: Start, Advance, Erase. Queries: Get. On its own it requests a chunk
// again that has no outcome in time. Persisted: the whole [State].
package imports

import (
	"fmt"
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
)

// The statuses of an import.
const (
	Running = "running"
	Done    = "done"
	Failed  = "failed"
)

// A chunk without an outcome is requested again after patience, maxStalls times
// in a row before the import fails.
const (
	patience  = time.Minute
	maxStalls = 60
)

// State is an import. The zero State does not exist yet.
type State struct {
	Import
	Stalls int64 `json:"stalls,omitempty"` // in a row
}

// A fact is a public event with the state after it.
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

// Start starts the import on behalf of its caller.
func (s *State) Start(t entrepot.Turn, c Start) ([]events.Event, error) {
	switch t.Caller.Role {
	case entrepot.SuperAdmin, entrepot.CompanyAdmin, entrepot.ShopManager:
	default:
		return nil, entrepot.Errorf(entrepot.CodeForbidden, "this role imports no products")
	}
	switch {
	case !entrepot.ValidID(c.CompanyID) || !t.Caller.MayReachCompany(c.CompanyID):
		return nil, entrepot.ErrNotFound
	case s.ID != "" && s.UserID == t.Caller.UserID && s.CompanyID == c.CompanyID &&
		s.Size == c.Size && s.Format == c.Format:
		return nil, nil // a repetition
	case s.ID != "":
		return nil, entrepot.Errorf(entrepot.CodeKeyReused, "this key was used for another import")
	case c.Format != "csv" && c.Format != "jsonl":
		return nil, entrepot.Invalid("format", "enum", "must be csv or jsonl")
	}
	now := t.Now.UnixMilli()
	next := State{Import: Import{
		ID: t.ID, CompanyID: c.CompanyID, Format: c.Format, Size: c.Size, Status: Running,
		CreatedAt: now, UpdatedAt: now,
		UserID: t.Caller.UserID, Role: t.Caller.Role, ShopIDs: slices.Clone(t.Caller.ShopIDs),
	}}
	return []events.Event{next.asking()}, nil
}

// asking returns the event that requests the due chunk.
func (s *State) asking() due {
	return due{events.ImportDue{ImportID: s.ID, CompanyID: s.CompanyID, Chunk: s.Chunk, Offset: s.Offset}, *s}
}

// Advance counts a chunk and requests the next one, or ends the import.
func (s *State) Advance(t entrepot.Turn, c Advance) ([]events.Event, error) {
	switch {
	case t.Caller.Role != entrepot.System:
		return nil, entrepot.Errorf(entrepot.CodeForbidden, "an import advances by itself")
	case s.ID == "":
		return nil, entrepot.ErrNotFound
	case s.Status != Running || c.Chunk != s.Chunk:
		return nil, nil // counted already
	}
	next := *s
	next.Chunk++
	next.Offset, next.Stalls, next.UpdatedAt = c.Offset, 0, t.Now.UnixMilli()
	next.Created, next.Updated, next.Failed = s.Created+c.Created, s.Updated+c.Updated, s.Failed+c.Failed
	if len(c.Columns) > 0 {
		next.Columns = slices.Clone(c.Columns)
	}
	switch {
	case c.Error != "":
		return []events.Event{next.ending(Failed, c.Error)}, nil
	case c.Done:
		return []events.Event{next.ending(Done, "")}, nil
	default:
		return []events.Event{next.asking()}, nil
	}
}

// Erase ends a running import when its company is erased. An ended import stays as it is.
func (s *State) Erase(t entrepot.Turn, _ Erase) ([]events.Event, error) {
	switch {
	case t.Caller.Role != entrepot.System:
		return nil, entrepot.Errorf(entrepot.CodeForbidden, "an import ends with its company")
	case s.ID == "":
		return nil, entrepot.ErrNotFound
	case s.Status != Running:
		return nil, nil
	}
	next := *s
	next.Erased, next.UpdatedAt = true, t.Now.UnixMilli()
	return []events.Event{next.ending(Failed, "the company was erased")}, nil
}

func (s State) ending(status, why string) ended {
	s.Status, s.Error = status, why
	return ended{events.ImportEnded{
		ImportID: s.ID, CompanyID: s.CompanyID, Status: status, Error: why,
		Created: s.Created, Updated: s.Updated, Failed: s.Failed,
	}, s}
}

// WakeAt returns the time by which the due chunk should have an outcome.
func (s *State) WakeAt() time.Time {
	if s.Status != Running {
		return time.Time{}
	}
	return time.UnixMilli(s.UpdatedAt).Add(patience).UTC()
}

// Wake requests the overdue chunk again.
func (s *State) Wake(t entrepot.Turn) []events.Event {
	if s.Status != Running || t.Now.Before(s.WakeAt()) {
		return nil
	}
	next := *s
	next.Stalls++
	next.UpdatedAt = t.Now.UnixMilli()
	if next.Stalls > maxStalls {
		why := fmt.Sprintf("a chunk of rows was not processed after %d requests", maxStalls)
		return []events.Event{next.ending(Failed, why)}
	}
	return []events.Event{next.asking()}
}

// Get returns the import to admins of its company and to the manager who started it.
func (s *State) Get(t entrepot.Turn, _ Get) (*Import, error) {
	mayRead := t.Caller.Administers(s.CompanyID) || t.Caller.UserID == s.UserID
	if s.ID == "" || !t.Caller.MayReachCompany(s.CompanyID) || !mayRead {
		return nil, entrepot.ErrNotFound
	}
	return s.View(), nil
}

// View returns a copy of the import.
func (s *State) View() *Import {
	i := s.Import
	i.Columns, i.ShopIDs = slices.Clone(s.Columns), slices.Clone(s.ShopIDs)
	return &i
}

func (s *State) createdAt() time.Time { return time.UnixMilli(s.CreatedAt).UTC() }

// Apply changes the state by one fact.
func (s *State) Apply(e events.Event) {
	switch f := e.(type) {
	case due:
		*s = f.next
	case ended:
		*s = f.next
	}
}
