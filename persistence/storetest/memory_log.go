package storetest

import (
	"context"
	"slices"
	"sort"
	"strings"

	"entrepot"
	"entrepot/events"
	"entrepot/persistence"
)

// inScope reports whether the scope contains the document. It is the reference for every store's
// queries.
func inScope(d *persistence.Document, s entrepot.Scope) bool {
	switch {
	case s.All():
		return true
	case s.Empty():
		return false
	case s.OwnerID != "" && d.OwnerID != s.OwnerID:
		return false
	case s.CompanyID != "" && d.CompanyID != s.CompanyID:
		return false
	}
	return s.ShopIDs == nil || slices.Contains(s.ShopIDs, d.ShopID)
}

// matches reports whether the document fulfils every condition. A missing value fulfils only Eq
// nil.
func matches(c *persistence.Collection, d *persistence.Document, where []persistence.Cond) bool {
	for _, w := range where {
		v := d.Value(c, w.Field)
		switch w.Op {
		case persistence.Eq:
			if persistence.Compare(v, w.Value) != 0 {
				return false
			}
		case persistence.In:
			if v == nil || !slices.ContainsFunc(w.Values, func(x any) bool { return persistence.Compare(v, x) == 0 }) {
				return false
			}
		case persistence.Gte:
			if v == nil || persistence.Compare(v, w.Value) < 0 {
				return false
			}
		case persistence.Lt:
			if v == nil || persistence.Compare(v, w.Value) >= 0 {
				return false
			}
		case persistence.Prefix:
			if v == nil || !strings.HasPrefix(v.(string), w.Value.(string)) {
				return false
			}
		}
	}
	return true
}

func position(c *persistence.Collection, p *persistence.Plan, d *persistence.Document) persistence.Position {
	return persistence.Position{Value: d.Value(c, p.Sort), ID: d.ID}
}

// memoryLog is the log of a memory store. It shares the store's lock.
type memoryLog struct {
	m       *memory
	entries []events.LogEntry
	last    int64
	signals persistence.Signals
}

// append adds an entry. The caller holds the store's lock.
func (l *memoryLog) append(eventType string, body []byte) {
	l.last++
	l.entries = append(l.entries, events.LogEntry{Seq: l.last, Type: eventType, Body: body})
}

func (l *memoryLog) Name() string { return "memory" }

func (l *memoryLog) Read(ctx context.Context, after int64, limit int) ([]events.LogEntry, error) {
	l.m.mu.Lock()
	defer l.m.mu.Unlock()
	if err := l.m.ready(ctx, nil); err != nil {
		return nil, err
	}
	from := sort.Search(len(l.entries), func(i int) bool { return l.entries[i].Seq > after })
	return slices.Clone(l.entries[from:min(from+limit, len(l.entries))]), nil
}

func (l *memoryLog) Appended() (<-chan struct{}, func()) { return l.signals.Subscribe() }

func (l *memoryLog) Trim(ctx context.Context, upTo int64) error {
	l.m.mu.Lock()
	defer l.m.mu.Unlock()
	if err := l.m.ready(ctx, nil); err != nil {
		return err
	}
	l.entries = slices.DeleteFunc(l.entries, func(e events.LogEntry) bool { return e.Seq <= upTo })
	return nil
}

func (l *memoryLog) Last(ctx context.Context) (int64, error) {
	l.m.mu.Lock()
	defer l.m.mu.Unlock()
	return l.last, l.m.ready(ctx, nil)
}
