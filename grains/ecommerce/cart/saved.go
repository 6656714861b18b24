package cart

import (
	"slices"

	"entrepot"
	"entrepot/events"
)

// MaxSaved is the maximum number of saved lines. They are written with every
// addition, so there are fewer of them than lines.
const MaxSaved = 100

// SaveItem puts a line aside and adds it to the saved line of the same variant and
// shop, if there is one.
func (s *State) SaveItem(t entrepot.Turn, c SaveItem) ([]events.Event, error) {
	at := s.find(c.ItemID)
	if !s.reachable(t) || at < 0 {
		return nil, entrepot.ErrNotFound
	}
	saved, line := slices.Clone(s.Saved), Item{s.Lines[at], s.Currency}
	switch before := s.findSaved(c.ItemID); {
	case before >= 0:
		line.Quantity = min(MaxQuantity, line.Quantity+saved[before].Quantity)
		saved[before] = line
	case len(saved) >= MaxSaved:
		return nil, entrepot.Errorf(entrepot.CodeConflict, "a cart has at most %d saved lines", MaxSaved)
	default:
		saved = append(saved, line)
	}
	lines := slices.Delete(slices.Clone(s.Lines), at, at+1)
	return []events.Event{s.update(t, content{lines, saved, s.Promos}, "")}, nil
}

// RestoreItem moves a saved line back at the current price. The rules of AddItem
// apply.
func (s *State) RestoreItem(t entrepot.Turn, c RestoreItem) ([]events.Event, error) {
	at := s.findSaved(c.ItemID)
	if !s.reachable(t) || at < 0 {
		return nil, entrepot.ErrNotFound
	}
	line := s.Saved[at]
	happened, err := s.AddItem(t, AddItem{
		ProductID: line.ProductID, VariantID: line.variant(), ShopID: line.ShopID, CompanyID: line.CompanyID,
		Quantity: line.Quantity,
		Price:    c.Price, Currency: c.Currency, Name: c.Name, AbandonAfterMs: s.Idle,
	})
	if err != nil {
		return nil, err
	}
	next := *s
	next.Lines = slices.Clone(s.Lines)
	next.Apply(happened[0])
	return []events.Event{
		next.update(t, content{next.Lines, slices.Delete(slices.Clone(s.Saved), at, at+1), s.Promos}, ""),
	}, nil
}

// RemoveSaved removes a saved line.
func (s *State) RemoveSaved(t entrepot.Turn, c RemoveSaved) ([]events.Event, error) {
	at := s.findSaved(c.ItemID)
	if !s.reachable(t) || at < 0 {
		return nil, entrepot.ErrNotFound
	}
	return []events.Event{s.update(t, content{s.Lines, slices.Delete(slices.Clone(s.Saved), at, at+1), s.Promos}, "")}, nil
}

func (s *State) findSaved(item entrepot.ID) int {
	return slices.IndexFunc(s.Saved, func(l Item) bool { return l.ID == item })
}
