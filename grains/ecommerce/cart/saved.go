package cart

import (
	"slices"

	"entrepot"
	"entrepot/events"
)

// MaxSaved is how many lines a cart keeps for later. They are written with every
// addition, so they are fewer than its lines.
const MaxSaved = 100

// Saved is a line put aside, in the currency that it had.
type Saved struct {
	Line
	Currency string `json:"cur"`
}

// SaveItem puts a line aside, with what was put aside of it before.
func (s *State) SaveItem(t entrepot.Turn, c SaveItem) ([]events.Event, error) {
	at := s.find(c.ItemID)
	if !s.reachable(t) || at < 0 {
		return nil, entrepot.ErrNotFound
	}
	saved, line := slices.Clone(s.Saved), Saved{s.Lines[at], s.Currency}
	switch before := s.findSaved(c.ItemID); {
	case before >= 0:
		line.Quantity = min(MaxQuantity, line.Quantity+saved[before].Quantity)
		saved[before] = line
	case len(saved) >= MaxSaved:
		return nil, entrepot.Errorf(entrepot.CodeConflict, "a cart keeps at most %d lines for later", MaxSaved)
	default:
		saved = append(saved, line)
	}
	lines := slices.Delete(slices.Clone(s.Lines), at, at+1)
	return []events.Event{s.update(t, content{lines, saved, s.Promos}, "")}, nil
}

// RestoreItem puts a saved line back, at the price of now, by the rules of an addition.
func (s *State) RestoreItem(t entrepot.Turn, c RestoreItem) ([]events.Event, error) {
	at := s.findSaved(c.ItemID)
	if !s.reachable(t) || at < 0 {
		return nil, entrepot.ErrNotFound
	}
	line := s.Saved[at]
	happened, err := s.AddItem(t, AddItem{
		ProductID: line.ProductID, VariantID: line.variant(), ShopID: line.ShopID, CompanyID: line.CompanyID, Quantity: line.Quantity,
		Price: c.Price, Currency: c.Currency, Name: c.Name, AbandonAfterMs: s.Idle,
	})
	if err != nil {
		return nil, err
	}
	next := *s
	next.Lines = slices.Clone(s.Lines)
	next.Apply(happened[0])
	return []events.Event{next.update(t, content{next.Lines, slices.Delete(slices.Clone(s.Saved), at, at+1), s.Promos}, "")}, nil
}

// RemoveSaved forgets a saved line.
func (s *State) RemoveSaved(t entrepot.Turn, c RemoveSaved) ([]events.Event, error) {
	at := s.findSaved(c.ItemID)
	if !s.reachable(t) || at < 0 {
		return nil, entrepot.ErrNotFound
	}
	return []events.Event{s.update(t, content{s.Lines, slices.Delete(slices.Clone(s.Saved), at, at+1), s.Promos}, "")}, nil
}

func (s *State) findSaved(item entrepot.ID) int {
	return slices.IndexFunc(s.Saved, func(l Saved) bool { return l.ID == item })
}
