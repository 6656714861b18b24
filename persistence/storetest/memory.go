package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"entrepot"
	"entrepot/events"
	"entrepot/persistence"
)

// memory is the reference implementation of the contract, built on maps.
type memory struct {
	mu          sync.Mutex
	closed      bool
	collections map[string]*persistence.Collection
	docs        map[string]map[entrepot.ID]*persistence.Document
	log         memoryLog
}

// NewMemory returns a store without durability that fulfils the rest of the contract, for fast
// tests. Its Codec is JSON and it has a log.
func NewMemory() persistence.Store {
	m := &memory{
		collections: map[string]*persistence.Collection{},
		docs:        map[string]map[entrepot.ID]*persistence.Document{},
	}
	m.log.m = m
	return m
}

var errClosed = fmt.Errorf("%w: the store is closed", persistence.ErrNotExecuted)

func (m *memory) Marshal(v any) ([]byte, error)         { return json.Marshal(v) }
func (m *memory) FromJSON(text []byte) ([]byte, error)  { return text, nil }
func (m *memory) Unmarshal(data []byte, into any) error { return json.Unmarshal(data, into) }

func (m *memory) Ensure(ctx context.Context, collections []*persistence.Collection) error {
	for _, c := range append([]*persistence.Collection{persistence.ProbeCollection}, collections...) {
		if c != persistence.ProbeCollection {
			if err := c.Validate(); err != nil {
				return err
			}
		}
		m.mu.Lock()
		m.collections[c.Name] = c
		if m.docs[c.Name] == nil {
			m.docs[c.Name] = map[entrepot.ID]*persistence.Document{}
		}
		m.mu.Unlock()
	}
	_, err := persistence.Probe(ctx, m)
	return err
}

// ready returns an error if a call on the collection cannot proceed. The caller holds the lock.
func (m *memory) ready(ctx context.Context, c *persistence.Collection) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if m.closed {
		return errClosed
	}
	if c != nil && m.collections[c.Name] == nil {
		return fmt.Errorf("persistence: collection %s was not ensured", c.Name)
	}
	return nil
}

func (m *memory) Load(ctx context.Context, c *persistence.Collection, id entrepot.ID) (*persistence.Document, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.ready(ctx, c); err != nil {
		return nil, err
	}
	d, ok := m.docs[c.Name][id]
	if !ok {
		return nil, persistence.ErrNotFound
	}
	return clone(c, d), nil
}

// clone returns a deep copy with times and fields normalized as a database would return them.
func clone(c *persistence.Collection, d *persistence.Document) *persistence.Document {
	e := *d
	e.CreatedAt, e.UpdatedAt = persistence.Millis(d.CreatedAt), persistence.Millis(d.UpdatedAt)
	e.WakeAt = persistence.Millis(d.WakeAt)
	e.Fields = make([]any, len(c.Fields))
	copy(e.Fields, d.Fields)
	for i, f := range c.Fields {
		if f.Type == persistence.Time && e.Fields[i] != nil {
			e.Fields[i] = persistence.Millis(d.Value(c, f.Name).(time.Time))
		}
	}
	e.State, e.Recent, e.Outbox = slices.Clone(d.State), slices.Clone(d.Recent), nil
	return &e
}

func (m *memory) Commit(ctx context.Context, batch []persistence.Write) []error {
	results := make([]error, len(batch))
	m.mu.Lock()
	defer m.mu.Unlock()
	appended := false
	for i := range batch {
		w := &batch[i]
		err := w.Check()
		if err == nil {
			if err = m.ready(ctx, w.Collection); err != nil {
				err = fmt.Errorf("%w: %w", persistence.ErrNotExecuted, err)
			}
		}
		if err == nil {
			err = m.write(w)
		}
		results[i] = err
		appended = appended || (err == nil && len(w.Events) > 0)
	}
	if appended {
		m.log.signals.Notify()
	}
	return results
}

// write executes one compare-and-set. The caller holds the lock.
func (m *memory) write(w *persistence.Write) error {
	docs := m.docs[w.Collection.Name]
	old, found := docs[w.Doc.ID]
	if found != (w.Doc.Version > 1) || (found && old.Version != w.Doc.Version-1) {
		return persistence.ErrStale
	}
	if err := checkBefore(w, old); err != nil {
		return err
	}
	for i, f := range w.Collection.Fields {
		if !f.Unique || i >= len(w.Doc.Fields) || w.Doc.Fields[i] == nil || w.Doc.Fields[i] == "" {
			continue
		}
		for id, other := range docs {
			if id != w.Doc.ID && i < len(other.Fields) && other.Fields[i] == w.Doc.Fields[i] {
				return &persistence.DuplicateError{Field: f.Name}
			}
		}
	}
	bodies := make([][]byte, len(w.Events))
	for i := range w.Events {
		body, err := json.Marshal(&w.Events[i])
		if err != nil {
			return fmt.Errorf("%w: event %s: %w", persistence.ErrNotExecuted, w.Events[i].ID, err)
		}
		bodies[i] = body
	}
	for i, body := range bodies {
		m.log.append(w.Events[i].Type, body)
	}
	docs[w.Doc.ID] = clone(w.Collection, &w.Doc)
	return nil
}

// checkBefore returns an error if w.Before contradicts the stored document.
func checkBefore(w *persistence.Write, old *persistence.Document) error {
	if w.Before == nil || old == nil {
		return nil
	}
	known := clone(w.Collection, w.Before)
	same := known.CompanyID == old.CompanyID && known.ShopID == old.ShopID && known.OwnerID == old.OwnerID &&
		known.CreatedAt.Equal(old.CreatedAt) && known.WakeAt.Equal(old.WakeAt)
	if !same || !reflect.DeepEqual(known.Fields, old.Fields) {
		return fmt.Errorf("%w: %s %s: Before does not match the stored document: want %+v, got %+v",
			persistence.ErrNotExecuted, w.Collection.Name, w.Doc.ID, *old, *known)
	}
	return nil
}

func (m *memory) Find(
	ctx context.Context, c *persistence.Collection, scope entrepot.Scope, q persistence.Query,
) ([]persistence.Document, string, error) {
	p, err := persistence.NewPlan(c, q)
	if err != nil || scope.Empty() {
		return nil, "", err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.ready(ctx, c); err != nil {
		return nil, "", err
	}
	var found []persistence.Document
	for _, d := range m.docs[c.Name] {
		if !inScope(d, scope) || !matches(c, d, p.Where) {
			continue
		}
		if p.After == nil || p.Compare(position(c, p, d), *p.After) > 0 {
			d = clone(c, d)
			d.Recent = nil
			found = append(found, *d)
		}
	}
	slices.SortFunc(found, func(a, b persistence.Document) int {
		return p.Compare(position(c, p, &a), position(c, p, &b))
	})
	if len(found) <= p.Limit {
		return found, "", nil
	}
	found = found[:p.Limit]
	return found, p.Next(c, &found[p.Limit-1]), nil
}

func (m *memory) Count(
	ctx context.Context, c *persistence.Collection, scope entrepot.Scope, where []persistence.Cond, limit int,
) (n int, err error) {
	p, err := persistence.NewCountPlan(c, where)
	if err != nil || scope.Empty() {
		return 0, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.ready(ctx, c); err != nil {
		return 0, err
	}
	for _, d := range m.docs[c.Name] {
		if inScope(d, scope) && matches(c, d, p.Where) {
			n++
		}
	}
	return min(n, limit), nil
}

func (m *memory) Due(
	ctx context.Context, c *persistence.Collection, now time.Time, limit int,
) ([]persistence.Due, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.ready(ctx, c); err != nil {
		return nil, err
	}
	var due []persistence.Due
	for _, d := range m.docs[c.Name] {
		if !d.WakeAt.IsZero() && !d.WakeAt.After(now) {
			due = append(due, persistence.Due{ID: d.ID, WakeAt: d.WakeAt})
		}
	}
	slices.SortFunc(due, func(a, b persistence.Due) int {
		if n := a.WakeAt.Compare(b.WakeAt); n != 0 {
			return n
		}
		return strings.Compare(a.ID, b.ID)
	})
	return due[:min(limit, len(due))], nil
}

func (m *memory) Purge(ctx context.Context, c *persistence.Collection, now time.Time, limit int) (int, error) {
	due, err := m.Due(ctx, c, now, limit)
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, d := range due {
		delete(m.docs[c.Name], d.ID)
	}
	return len(due), err
}

func (m *memory) Log() events.Log { return &m.log }

func (m *memory) Ping(ctx context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.ready(ctx, nil)
}

func (m *memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	return nil
}
