package cart

import (
	"slices"

	"entrepot"
	"entrepot/events"
)

// Phases of a merge.
const (
	Taking    = "taking"    // the guest's cart is being handed over
	Closing   = "closing"   // the lines are here; the guest's cart is being emptied
	Returning = "returning" // the lines do not fit; the cart goes back to its guest
)

// maxMerged is the number of merged guests' carts that a cart remembers.
const maxMerged = 16

// Merging is a merge under way.
type Merging struct {
	Guest   entrepot.ID           `json:"guest"`
	Seq     int64                 `json:"seq"`
	Phase   string                `json:"phase"`
	Prices  map[entrepot.ID]int64 `json:"prices,omitempty"` // current, by line id
	Refusal string                `json:"refusal,omitempty"`
}

// Refusal is the reason why the last merge was refused. An empty reason: there is no
// such cart.
type Refusal struct {
	Guest  entrepot.ID `json:"guest"`
	Reason string      `json:"reason,omitempty"`
}

type (
	merging struct {
		events.Private
		id, guest entrepot.ID
		prices    map[entrepot.ID]int64
		at        int64
	}
	merged  struct{ events.Private }
	refused struct {
		events.Private
		reason string // empty: nothing was handed over, so nothing goes back
	}
	closed struct{ events.Private }
)

// Merge takes a guest's cart over, once.
func (s *State) Merge(t entrepot.Turn, c Merge) ([]events.Event, error) {
	switch {
	case t.Caller.Role == "" || !s.reachable(t) || s.Guest:
		return nil, entrepot.ErrNotFound
	case !entrepot.ValidID(c.GuestID) || c.GuestID == t.ID:
		return nil, entrepot.Invalid("token", "token", "must be the token of a guest's cart")
	case slices.Contains(s.Merged, c.GuestID), s.Merging != nil && s.Merging.Guest == c.GuestID:
		return nil, nil
	case s.Merging != nil:
		return nil, entrepot.Unavailable("another cart is being merged")
	}
	m := merging{id: t.ID, guest: c.GuestID, at: t.Now.UnixMilli(), prices: map[entrepot.ID]int64{}}
	for _, p := range c.Prices[:min(len(c.Prices), MaxLines)] {
		m.prices[p.ItemID] = p.Price
	}
	return []events.Event{m}, nil
}

// outcome returns the reply to Merge once the lines are here or the guest has them
// back.
func (s *State) outcome(c Merge) (*Cart, bool, error) {
	m := s.Merging
	switch {
	case m != nil && m.Guest == c.GuestID && m.Phase != Closing:
		return nil, false, nil
	case slices.Contains(s.Merged, c.GuestID):
		return s.reply(), true, nil
	case s.Refused != nil && s.Refused.Guest == c.GuestID && s.Refused.Reason != "":
		return nil, true, entrepot.Errorf(entrepot.CodeConflict, "%s", s.Refused.Reason)
	default:
		return nil, true, entrepot.ErrNotFound
	}
}

// with returns the cart with a guest's lines added: quantities are summed up to
// MaxQuantity, at the current prices.
func (s *State) with(guest *Cart, prices map[entrepot.ID]int64) (*State, error) {
	next := &State{
		Currency: s.Currency, Lines: slices.Clone(s.Lines), Saved: slices.Clone(s.Saved), Promos: slices.Clone(s.Promos),
	}
	if len(guest.Items) > 0 {
		if next.Currency != "" && next.Currency != guest.Currency {
			return nil, entrepot.Errorf(entrepot.CodeConflict,
				"your cart is in %s and the guest's in %s: order or clear one of them first", next.Currency, guest.Currency)
		}
		next.Currency = guest.Currency
	}
	for _, it := range guest.Items {
		line := lineOf(it)
		if now, known := prices[line.ID]; known {
			line.Price = now
		}
		if at := next.find(line.ID); at >= 0 {
			line.Quantity = min(MaxQuantity, line.Quantity+next.Lines[at].Quantity)
			next.Lines[at] = line
		} else {
			next.Lines = append(next.Lines, line)
		}
	}
	for _, it := range guest.Saved {
		if at := next.findSaved(it.ID); at >= 0 {
			next.Saved[at].Quantity = min(MaxQuantity, next.Saved[at].Quantity+it.Quantity)
		} else {
			next.Saved = append(next.Saved, Item{lineOf(it), it.Currency})
		}
	}
	for _, code := range guest.PromoCodes {
		if len(next.Promos) < MaxPromos && !slices.Contains(next.Promos, code) {
			next.Promos = append(next.Promos, code)
		}
	}
	return next, next.fits()
}

// fits returns an error if the cart exceeds the limits.
func (s *State) fits() error {
	total := int64(0)
	for _, l := range s.Lines {
		var err error
		if total, err = grown(total, l, s.Currency); err != nil {
			return entrepot.Errorf(entrepot.CodeConflict, "both carts together would cost too much")
		}
	}
	switch {
	case len(s.Lines) > MaxLines:
		return entrepot.Errorf(entrepot.CodeConflict, "a cart holds at most %d lines", MaxLines)
	case len(s.Saved) > MaxSaved:
		return entrepot.Errorf(entrepot.CodeConflict, "a cart has at most %d saved lines", MaxSaved)
	default:
		return nil
	}
}

// lineOf returns the line of an item of a reply, as the state keeps it.
func lineOf(it Item) Line {
	l := it.Line
	l.VariantID = variantOf(it.VariantID, it.ProductID)
	return l
}

// merge changes the state by a fact of the merge.
func (s *State) merge(e events.Event) {
	switch f := e.(type) {
	case merging:
		if s.ID == "" {
			s.ID, s.CreatedAt = f.id, f.at
		}
		s.Merges++
		s.Refused = nil
		s.Merging = &Merging{Guest: f.guest, Seq: s.Merges, Phase: Taking, Prices: f.prices}
	case merged:
		if len(s.Merged) >= maxMerged {
			s.Merged = slices.Delete(s.Merged, 0, len(s.Merged)-maxMerged+1)
		}
		s.Merged = append(s.Merged, s.Merging.Guest)
		s.Merging = &Merging{Guest: s.Merging.Guest, Seq: s.Merging.Seq, Phase: Closing}
	case refused:
		m := *s.Merging
		m.Phase, m.Refusal, m.Prices = Returning, f.reason, nil
		s.Merging = &m
		if f.reason == "" {
			s.close()
		}
	case closed:
		s.close()
	}
}

func (s *State) close() {
	if s.Merging.Phase == Returning {
		s.Refused = &Refusal{s.Merging.Guest, s.Merging.Refusal}
	}
	s.Merging = nil
}
