package cart

import (
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
)

// reachable: by its user; by a guest, once it was opened and until it was handed over.
func (s *State) reachable(t entrepot.Turn) bool {
	if s.Erased {
		return false
	}
	if t.Caller.Role == "" && (!s.Guest || s.Hand.active()) {
		return false
	}
	return t.Caller.Is(t.ID)
}

// Get answers the cart to its user. Who never used one has an empty cart.
func (s *State) Get(t entrepot.Turn, _ Get) (*Cart, error) {
	if !s.reachable(t) {
		return nil, entrepot.ErrNotFound
	}
	v := s.View()
	v.UserID = t.ID
	return v, nil
}

// View is the whole cart.
func (s *State) View() *Cart {
	v := &Cart{UserID: s.ID, Total: s.Total(), Currency: s.Currency, UpdatedAt: s.UpdatedAt, Version: s.Version}
	v.Items, v.PromoCodes = make([]Item, len(s.Lines)), slices.Clone(s.Promos)
	for i := range s.Lines {
		v.Items[i] = s.Lines[i].item(s.Currency)
	}
	for i := range s.Saved {
		v.Saved = append(v.Saved, s.Saved[i].item(s.Saved[i].Currency))
	}
	return v
}

func (l *Line) item(currency string) Item {
	return Item{
		ID: l.ID, ProductID: l.ProductID, VariantID: l.variant(), ShopID: l.ShopID, CompanyID: l.CompanyID,
		Quantity: l.Quantity, Price: l.Price, Currency: currency, Name: l.Name,
	}
}

// Total is what all lines cost, in minor units. The decisions bound it.
func (s *State) Total() (total int64) {
	for i := range s.Lines {
		total += s.Lines[i].subtotal()
	}
	return total
}

func (l *Line) subtotal() int64 { return l.Price * l.Quantity }

func (s *State) find(item entrepot.ID) int {
	for i := range s.Lines {
		if s.Lines[i].ID == item {
			return i
		}
	}
	return -1
}

func amount(minor int64, currency string) entrepot.Amount {
	return entrepot.Money{Minor: minor, Currency: currency}.Amount()
}

func (s *State) createdAt() time.Time { return time.UnixMilli(s.CreatedAt).UTC() }

func (l *Line) public(currency string) events.CartItem {
	return events.CartItem{
		ItemID: l.ID, ProductID: l.ProductID, VariantID: l.variant(), ShopID: l.ShopID, CompanyID: l.CompanyID, Name: l.Name,
		Quantity: l.Quantity, Price: amount(l.Price, currency), Currency: currency,
	}
}
