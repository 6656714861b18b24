// Package stocktake keeps the stocktakes of locations: the expected and the
// counted pieces of each item, and the process that books the variances.
//
// A count is compared with the on-hand stock at the moment of the count, and its
// variance is booked when the stocktake closes. So movements before the count are
// part of it, and movements after it are kept.
//
// Commands: Begin, SetCounts, Close, Cancel. Queries: Get. Persisted: the whole
// [State].
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

// refusal is the reason on a line whose variance the stock item does not take.
const refusal = "the stock item refuses the count: reserved pieces cannot be counted away"

// State is a stocktake. The zero State does not exist yet.
type State struct {
	Stocktake

	Booked []int64 `json:"booked,omitempty"` // numbers of the booked parts

	byVariant map[entrepot.ID]int // index into Lines, made when needed
}

// Stocktake is a stocktake in the state, in replies and in lists.
type Stocktake struct {
	ID         entrepot.ID `json:"id,omitempty"`
	CompanyID  entrepot.ID `json:"companyId,omitempty"`
	LocationID entrepot.ID `json:"locationId,omitempty"`
	Status     string      `json:"status,omitempty"`
	Note       string      `json:"note,omitempty"`
	Reason     string      `json:"reason,omitempty"` // of the cancellation
	Lines      []Line      `json:"lines,omitempty"`
	CreatedAt  int64       `json:"created,omitempty"` // Unix ms
	UpdatedAt  int64       `json:"updated,omitempty"` // Unix ms
	EndedAt    int64       `json:"ended,omitempty"`   // Unix ms; 0: open or closing
	Version    int64       `json:"version,omitempty"` // counts the changes, for If-Match
}

// Line is one stock item.
type Line struct {
	ProductID    entrepot.ID `json:"productId"`
	VariantID    entrepot.ID `json:"variantId"`
	OnHandAtOpen int64       `json:"atOpen"`
	Expected     int64       `json:"expected,omitempty"` // on hand at the moment of the count
	Counted      int64       `json:"counted,omitempty"`
	CountedBy    entrepot.ID `json:"by,omitempty"`
	CountedAt    int64       `json:"at,omitempty"`      // Unix ms; 0: not counted
	Refused      string      `json:"refused,omitempty"` // why the variance is not booked
}

// IsCounted reports whether the item has a count.
func (l *Line) IsCounted() bool { return l.CountedAt != 0 }

// Private facts of a stocktake.
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
	partBooked struct {
		events.Private
		booking
	}
)

// Begin opens the stocktake with the on-hand stock of its items.
func (s *State) Begin(t entrepot.Turn, c Begin) ([]events.Event, error) {
	if s.ID != "" {
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the stocktake already exists")
	}
	next := State{Stocktake: Stocktake{ID: t.ID, CompanyID: c.CompanyID, LocationID: c.LocationID}}
	if err := next.mayManage(t.Caller); err != nil {
		return nil, err
	}
	if len(c.Items) == 0 || len(c.Items) > MaxItems {
		return nil, entrepot.Invalid("items", "length", "a stocktake has 1 to %d items", MaxItems)
	}
	known := map[entrepot.ID]bool{}
	for i, item := range c.Items {
		if known[item.VariantID] {
			return nil, entrepot.Invalid("items["+strconv.Itoa(i)+"]", "unique", "is named twice")
		}
		known[item.VariantID] = true
	}
	return []events.Event{events.StocktakeOpened{
		StocktakeID: t.ID, CompanyID: c.CompanyID, LocationID: c.LocationID, Note: c.Note,
		Items: slices.Clone(c.Items), OpenedAt: t.Now,
	}}, nil
}

// SetCounts notes counts of items of the stocktake.
func (s *State) SetCounts(t entrepot.Turn, c SetCounts) ([]events.Event, error) {
	if err := s.mayCount(t.Caller); err != nil {
		return nil, err
	}
	if err := entrepot.CheckVersion(c.ExpectedVersion, s.Version); err != nil {
		return nil, err
	}
	if s.Status != Open {
		return nil, entrepot.Errorf(entrepot.CodeConflict, "a stocktake that is %s takes no counts", s.Status)
	}
	if err := s.checkCounts(c.Counts); err != nil {
		return nil, err
	}
	return []events.Event{counted{counts: slices.Clone(c.Counts), by: t.Caller.UserID, at: t.Now.UnixMilli()}}, nil
}

func (s *State) checkCounts(counts []Count) error {
	if len(counts) == 0 || len(counts) > MaxItems {
		return entrepot.Invalid("counts", "length", "must be 1 to %d counts", MaxItems)
	}
	known := map[entrepot.ID]bool{}
	for i, n := range counts {
		field := "counts[" + strconv.Itoa(i) + "]"
		switch {
		case s.line(n.VariantID) == nil:
			return entrepot.Invalid(field+".variantId", "exists", "is not among the items of the stocktake")
		case known[n.VariantID]:
			return entrepot.Invalid(field+".variantId", "unique", "is named twice")
		case n.Counted < 0 || n.Counted > MaxQuantity:
			return entrepot.Invalid(field+".counted", "range", "must be 0 to %d", MaxQuantity)
		}
		known[n.VariantID] = true
	}
	return nil
}

// Close begins to book the variances. Items without a count keep their stock.
func (s *State) Close(t entrepot.Turn, _ Close) ([]events.Event, error) {
	if err := s.mayManage(t.Caller); err != nil {
		return nil, err
	}
	switch s.Status {
	case Closing, Closed:
		return nil, nil
	case Cancelled:
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the stocktake is cancelled")
	}
	if s.parts() == 0 {
		return nil, entrepot.Errorf(entrepot.CodeConflict, "the stocktake has no counts: cancel it instead")
	}
	return []events.Event{closing{at: t.Now.UnixMilli()}}, nil
}

// Cancel ends an open stocktake without booking anything.
func (s *State) Cancel(t entrepot.Turn, c Cancel) ([]events.Event, error) {
	if err := s.mayManage(t.Caller); err != nil {
		return nil, err
	}
	switch s.Status {
	case Cancelled:
		return nil, nil
	case Open:
		return []events.Event{events.StocktakeCancelled{
			StocktakeID: s.ID, CompanyID: s.CompanyID, LocationID: s.LocationID, Reason: c.Reason, CancelledAt: t.Now,
		}}, nil
	default:
		return nil, entrepot.Errorf(entrepot.CodeConflict, "a stocktake that is %s cannot be cancelled", s.Status)
	}
}

// Get returns the stocktake to staff of the location and to admins.
func (s *State) Get(t entrepot.Turn, _ Get) (*Stocktake, error) {
	if err := s.mayCount(t.Caller); err != nil {
		return nil, err
	}
	return s.reply(), nil
}

// mayCount admits all staff of the location, and the company's admins.
func (s *State) mayCount(c entrepot.Caller) error {
	if s.ID == "" || !c.MayReachShop(s.CompanyID, s.LocationID) {
		return entrepot.ErrNotFound
	}
	return nil
}

// mayManage admits the managers of the location, and the company's admins.
func (s *State) mayManage(c entrepot.Caller) error {
	if err := s.mayCount(c); err != nil {
		return err
	}
	if c.Role == entrepot.ShopStaff {
		return entrepot.Errorf(entrepot.CodeForbidden, "shop staff may count, but not open, close or cancel a stocktake")
	}
	return nil
}

// report returns the event that closes the stocktake; last are the variants refused
// in the last part, which are not in the state yet.
func (s *State) report(now time.Time, last []entrepot.ID) events.StocktakeClosed {
	e := events.StocktakeClosed{
		StocktakeID: s.ID, CompanyID: s.CompanyID, LocationID: s.LocationID,
		Variances: []events.StocktakeVariance{}, ClosedAt: now,
	}
	for _, l := range s.Lines {
		if !l.IsCounted() {
			e.Uncounted++
			continue
		}
		e.Counted++
		d := l.Counted - l.Expected
		if d == 0 {
			continue
		}
		e.More += max(0, d)
		e.Fewer += max(0, -d)
		if slices.Contains(last, l.VariantID) {
			l.Refused = refusal
		}
		e.Variances = append(e.Variances, events.StocktakeVariance{
			ProductID: l.ProductID, VariantID: l.VariantID, Expected: l.Expected, Counted: l.Counted, Refused: l.Refused,
		})
	}
	return e
}

// closed replies to Close when all parts are booked.
func (s *State) closed(Close) (*Stocktake, bool, error) {
	return s.reply(), s.Status == Closed, nil
}

func (s *State) reply() *Stocktake {
	v := s.Stocktake
	v.Lines = slices.Clone(v.Lines)
	return &v
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
	case partBooked:
		s.Booked = append(s.Booked, f.part)
		for _, variant := range f.refused {
			s.line(variant).Refused = refusal
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
