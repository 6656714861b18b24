// Package stocktake is the counting of a location's stock: what was expected,
// what was counted, and the process that books the difference.
//
// A count is compared with what the stock item had on hand when the count was
// noted, and its difference is booked when the stocktake is closed: what moved
// before the count was seen by it, what moves afterwards is kept.
//
// Commands: Open, SetCounts, Close, Cancel; Booked is the answer of the process
// in steps.go. Queries: Get. Persisted: the whole [State].
package stocktake

import (
	"slices"
	"strconv"
	"time"

	"entrepot"
	"entrepot/events"
)

// Statuses of a stocktake.
const (
	Open      = "open"
	Closing   = "closing" // the variances are being booked
	Closed    = "closed"
	Cancelled = "cancelled"
)

// Limits of one stocktake.
const (
	MaxItems    = 1000
	MaxQuantity = 1_000_000_000
)

// State of a stocktake. The zero State does not exist yet.
type State struct {
	ID         entrepot.ID `json:"id,omitempty"`
	CompanyID  entrepot.ID `json:"companyId,omitempty"`
	LocationID entrepot.ID `json:"locationId,omitempty"`
	Status     string      `json:"status,omitempty"`
	Note       string      `json:"note,omitempty"`
	Reason     string      `json:"reason,omitempty"`
	Lines      []Line      `json:"lines,omitempty"`
	Booked     []int64     `json:"booked,omitempty"`  // parts of the booking that are done
	CreatedAt  int64       `json:"created,omitempty"` // Unix ms, as all times of the state
	UpdatedAt  int64       `json:"updated,omitempty"`
	EndedAt    int64       `json:"ended,omitempty"`
	Version    int64       `json:"version,omitempty"` // counts the changes, for If-Match

	byVariant map[entrepot.ID]int // index into Lines, made when needed
}

// Line is one stock item.
type Line struct {
	ProductID    entrepot.ID `json:"productId"`
	VariantID    entrepot.ID `json:"variantId"`
	OnHandAtOpen int64       `json:"atOpen"`             // on hand
	Expected     int64       `json:"expected,omitempty"` // on hand when it was counted
	Counted      int64       `json:"counted,omitempty"`
	CountedBy    entrepot.ID `json:"by,omitempty"`
	CountedAt    int64       `json:"at,omitempty"` // 0: not counted
	Refused      string      `json:"refused,omitempty"`
}

// Facts that only the stocktake itself needs.
type (
	counted struct {
		events.Private
		counts []Count
		by     entrepot.ID
		at     int64
	}
	closing struct {
		events.Private
		at int64
	}
	booked struct {
		events.Private
		part    int64
		refused []Refusal
	}
)

// mayAct: who runs the location; staff of a shop count and no more.
func (s *State) mayAct(c entrepot.Caller, counts bool) error {
	switch {
	case s.ID == "" || !c.MayReachShop(s.CompanyID, s.LocationID):
		return entrepot.ErrNotFound
	case c.Role == entrepot.ShopStaff && !counts:
		return entrepot.Errorf(entrepot.CodeForbidden, "shop staff count, and do not open or close a stocktake")
	default:
		return nil
	}
}

// Open begins the stocktake with what is on hand now.
func (s *State) Open(t entrepot.Turn, c Begin) ([]events.Event, error) {
	if s.ID != "" {
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the stocktake already exists")
	}
	next := State{ID: t.ID, CompanyID: c.CompanyID, LocationID: c.LocationID}
	if err := next.mayAct(t.Caller, false); err != nil {
		return nil, err
	}
	if len(c.Items) == 0 || len(c.Items) > MaxItems {
		return nil, entrepot.Invalid("items", "length", "a stocktake has 1 to %d items", MaxItems)
	}
	e := events.StocktakeOpened{StocktakeID: t.ID, CompanyID: c.CompanyID, LocationID: c.LocationID, Note: c.Note, OpenedAt: t.Now}
	known := map[entrepot.ID]bool{}
	for i, item := range c.Items {
		if known[item.VariantID] {
			return nil, entrepot.Invalid("items["+strconv.Itoa(i)+"]", "unique", "is named twice")
		}
		known[item.VariantID] = true
		e.Items = append(e.Items, events.StocktakeItem{ProductID: item.ProductID, VariantID: item.VariantID, OnHand: item.OnHand})
	}
	return []events.Event{e}, nil
}

// SetCounts notes counts; an item counted again has the later count.
func (s *State) SetCounts(t entrepot.Turn, c SetCounts) ([]events.Event, error) {
	if err := s.mayAct(t.Caller, true); err != nil {
		return nil, err
	}
	if err := entrepot.CheckVersion(c.ExpectedVersion, s.Version); err != nil {
		return nil, err
	}
	if s.Status != Open {
		return nil, entrepot.Errorf(entrepot.CodeConflict, "a stocktake that is %s takes no counts", s.Status)
	}
	if len(c.Counts) == 0 || len(c.Counts) > MaxItems {
		return nil, entrepot.Invalid("counts", "length", "name 1 to %d counts", MaxItems)
	}
	known := map[entrepot.ID]bool{}
	for i, n := range c.Counts {
		field := "counts[" + strconv.Itoa(i) + "]"
		switch {
		case s.line(n.VariantID) == nil:
			return nil, entrepot.Invalid(field+".variantId", "exists", "is not among the items of the stocktake")
		case known[n.VariantID]:
			return nil, entrepot.Invalid(field+".variantId", "unique", "is named twice")
		case n.Counted < 0 || n.Counted > MaxQuantity:
			return nil, entrepot.Invalid(field+".counted", "range", "must be 0 to %d", MaxQuantity)
		}
		known[n.VariantID] = true
	}
	return []events.Event{counted{counts: c.Counts, by: t.Caller.UserID, at: t.Now.UnixMilli()}}, nil
}

// Close begins to book the variances. What was not counted is left as it is.
func (s *State) Close(t entrepot.Turn, _ Close) ([]events.Event, error) {
	if err := s.mayAct(t.Caller, false); err != nil {
		return nil, err
	}
	switch s.Status {
	case Closing, Closed:
		return nil, nil
	case Cancelled:
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the stocktake is cancelled")
	}
	if s.parts() == 0 {
		return nil, entrepot.Errorf(entrepot.CodeConflict, "nothing was counted: cancel the stocktake instead")
	}
	return []events.Event{closing{at: t.Now.UnixMilli()}}, nil
}

// AfterBooking takes the answer of one part of the booking; the last one closes
// the stocktake.
func (s *State) AfterBooking(t entrepot.Turn, c Booked) ([]events.Event, error) {
	if t.Caller.Role != entrepot.System || s.Status != Closing || slices.Contains(s.Booked, c.Part) || c.Part >= s.parts() {
		return nil, nil
	}
	facts := []events.Event{booked{part: c.Part, refused: c.Refused}}
	if int64(len(s.Booked))+1 < s.parts() {
		return facts, nil
	}
	return append(facts, s.report(t.Now, c.Refused)), nil
}

// report is the end of the stocktake, with the refusals of the last part.
func (s *State) report(now time.Time, last []Refusal) events.StocktakeClosed {
	e := events.StocktakeClosed{StocktakeID: s.ID, CompanyID: s.CompanyID, LocationID: s.LocationID, ClosedAt: now, Variances: []events.StocktakeVariance{}}
	for _, l := range s.Lines {
		if l.CountedAt == 0 {
			e.Uncounted++
			continue
		}
		e.Counted++
		if d := l.Counted - l.Expected; d == 0 {
			continue
		} else if d > 0 {
			e.More += d
		} else {
			e.Fewer -= d
		}
		v := events.StocktakeVariance{ProductID: l.ProductID, VariantID: l.VariantID, Expected: l.Expected, Counted: l.Counted, Refused: l.Refused}
		for _, r := range last {
			if r.VariantID == l.VariantID {
				v.Refused = r.Reason
			}
		}
		e.Variances = append(e.Variances, v)
	}
	return e
}

// Cancel gives the stocktake up.
func (s *State) Cancel(t entrepot.Turn, c Cancel) ([]events.Event, error) {
	if err := s.mayAct(t.Caller, false); err != nil {
		return nil, err
	}
	switch s.Status {
	case Cancelled:
		return nil, nil
	case Open:
		return []events.Event{events.StocktakeCancelled{StocktakeID: s.ID, CompanyID: s.CompanyID, LocationID: s.LocationID, Reason: c.Reason, CancelledAt: t.Now}}, nil
	default:
		return nil, entrepot.Errorf(entrepot.CodeConflict, "a stocktake that is %s cannot be cancelled", s.Status)
	}
}

// Apply changes the state by one fact.
func (s *State) Apply(e events.Event) {
	switch f := e.(type) {
	case events.StocktakeOpened:
		s.ID, s.CompanyID, s.LocationID, s.Note = f.StocktakeID, f.CompanyID, f.LocationID, f.Note
		s.Status, s.CreatedAt = Open, f.OpenedAt.UnixMilli()
		for _, item := range f.Items {
			s.Lines = append(s.Lines, Line{ProductID: item.ProductID, VariantID: item.VariantID, OnHandAtOpen: item.OnHand})
		}
		s.touch(s.CreatedAt)
	case counted:
		for _, n := range f.counts {
			l := s.line(n.VariantID)
			l.Counted, l.Expected, l.CountedBy, l.CountedAt = n.Counted, n.OnHand, f.by, f.at
		}
		s.touch(f.at)
	case closing:
		s.Status = Closing
		s.touch(f.at)
	case booked:
		s.Booked = append(s.Booked, f.part)
		for _, r := range f.refused {
			if l := s.line(r.VariantID); l != nil {
				l.Refused = r.Reason
			}
		}
	case events.StocktakeClosed:
		s.Status, s.EndedAt = Closed, f.ClosedAt.UnixMilli()
		s.touch(s.EndedAt)
	case events.StocktakeCancelled:
		s.Status, s.Reason, s.EndedAt = Cancelled, f.Reason, f.CancelledAt.UnixMilli()
		s.touch(s.EndedAt)
	}
}

func (s *State) touch(at int64) {
	s.UpdatedAt = at
	s.Version++
}

func (s *State) line(variant entrepot.ID) *Line {
	if s.byVariant == nil {
		s.byVariant = make(map[entrepot.ID]int, len(s.Lines))
		for i := range s.Lines {
			s.byVariant[s.Lines[i].VariantID] = i
		}
	}
	i, ok := s.byVariant[variant]
	if !ok {
		return nil
	}
	return &s.Lines[i]
}

// partSize is how many items are booked by one step.
const partSize = 50

// parts is how many steps the booking has.
func (s *State) parts() int64 {
	n := 0
	for i := range s.Lines {
		if s.Lines[i].CountedAt != 0 {
			n++
		}
	}
	return int64(n+partSize-1) / partSize
}

// closed answers Close when everything is booked.
func (s *State) closed(Close) (*Stocktake, bool, error) {
	return s.View(), s.Status == Closed, nil
}

// Get answers the stocktake to who works in the location, and the admins above.
func (s *State) Get(t entrepot.Turn, _ Get) (*Stocktake, error) {
	if err := s.mayAct(t.Caller, true); err != nil {
		return nil, err
	}
	return s.View(), nil
}

// View is the whole stocktake.
func (s *State) View() *Stocktake {
	v := s.Brief()
	for _, l := range s.Lines {
		v.Lines = append(v.Lines, LineView{
			ProductID: l.ProductID, VariantID: l.VariantID, OnHandAtOpen: l.OnHandAtOpen, IsCounted: l.CountedAt != 0,
			Expected: l.Expected, Counted: l.Counted, CountedBy: l.CountedBy, CountedAt: l.CountedAt, Refused: l.Refused,
		})
	}
	return v
}

// Brief is the stocktake without its lines.
func (s *State) Brief() *Stocktake {
	return &Stocktake{
		ID: s.ID, CompanyID: s.CompanyID, LocationID: s.LocationID, Status: s.Status, Note: s.Note, Reason: s.Reason,
		CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt, ClosedAt: s.EndedAt, Version: s.Version,
	}
}

func (s *State) createdAt() time.Time { return time.UnixMilli(s.CreatedAt).UTC() }
