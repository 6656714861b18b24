package cart

import (
	"slices"

	"entrepot"
	"entrepot/events"
)

// reachable reports whether the caller may use the cart: its user, or its guest
// between Open and HandOver.
func (s *State) reachable(t entrepot.Turn) bool {
	if s.Erased {
		return false
	}
	if t.Caller.Role == "" && (!s.Guest || s.Hand.active()) {
		return false
	}
	return t.Caller.Is(t.ID)
}

// Get returns the cart to its user.
func (s *State) Get(t entrepot.Turn, _ Get) (*Cart, error) {
	if !s.reachable(t) {
		return nil, entrepot.ErrNotFound
	}
	v := s.reply()
	v.UserID = t.ID
	return v, nil
}

func (s *State) reply() *Cart {
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

// item returns the line for a reply, where the variant of a product without variants
// is the product.
func (l *Line) item(currency string) Item {
	it := Item{*l, currency}
	it.VariantID = l.variant()
	return it
}

// Total returns the cost of all lines in minor units. The decisions keep it at most
// MaxMinor.
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

func (l *Line) public(currency string) events.CartItem {
	return events.CartItem{
		ItemID: l.ID, ProductID: l.ProductID, VariantID: l.variant(),
		ShopID: l.ShopID, CompanyID: l.CompanyID, Name: l.Name, Quantity: l.Quantity, Price: amount(
			l.Price, currency,
		), Currency: currency,
	}
}
