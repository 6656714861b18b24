// Package wishlist is the list of products, or variants of them, that a customer would like to have,
// with the price of the day on which each was added. It has the id of its user.
//
// Commands: AddItem, RemoveItem, Erase. Queries: Get. Persisted: the whole
// [State]. An erased list stays empty for good.
package wishlist

import (
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
)

// MaxItems bounds a list.
const MaxItems = 500

// State is a wishlist. The zero State is an empty list that nothing was ever added to.
type State struct {
	Wishlist        // the oldest item first
	CreatedAt int64 `json:"created,omitempty"` // Unix ms
	Erased    bool  `json:"erased,omitempty"`
}

type (
	added struct {
		events.WishlistItemAdded
		item Item
	}
	erased struct {
		events.Private
		userID entrepot.ID
		at     int64
	}
)

// AddItem puts an item on the list. An item that is on the list stays as it is.
func (s *State) AddItem(t entrepot.Turn, c AddItem) ([]events.Event, error) {
	item := c.Item
	item.AddedAt = t.Now.UnixMilli()
	switch {
	case !t.Caller.Is(t.ID) || s.Erased:
		return nil, entrepot.ErrNotFound
	case !entrepot.ValidID(item.ProductID):
		return nil, entrepot.Invalid("productId", "id", "must be a product id")
	case item.VariantID != "" && !entrepot.ValidID(item.VariantID):
		return nil, entrepot.Invalid("variantId", "id", "must be a variant id")
	case !entrepot.ValidCurrency(item.Currency) || item.Price < 0:
		return nil, entrepot.Invalid("price", "range", "must be non-negative, in an ISO 4217 currency")
	case s.find(item.ID()) >= 0:
		return nil, nil
	case len(s.Items) >= MaxItems:
		return nil, entrepot.Errorf(entrepot.CodeConflict, "a wishlist holds at most %d items", MaxItems)
	}
	public := events.WishlistItemAdded{WishlistItem: item.public(t, len(s.Items)+1)}
	return []events.Event{added{public, item}}, nil
}

// RemoveItem removes one item, or all items of a product. The platform sends it when the product
// is deleted.
func (s *State) RemoveItem(t entrepot.Turn, c RemoveItem) ([]events.Event, error) {
	if !t.Caller.Is(t.ID) || c.ID == "" {
		return nil, entrepot.ErrNotFound
	}
	var removed []*Item
	if at := s.find(c.ID); at >= 0 {
		removed = append(removed, &s.Items[at])
	} else {
		for i := range s.Items {
			if s.Items[i].ProductID == c.ID {
				removed = append(removed, &s.Items[i])
			}
		}
	}
	if len(removed) == 0 {
		return nil, entrepot.ErrNotFound
	}
	var happened []events.Event
	for n, i := range removed {
		happened = append(happened, events.WishlistItemRemoved{WishlistItem: i.public(t, len(s.Items)-n-1)})
	}
	return happened, nil
}

// Erase empties the list of a deleted user for good.
func (s *State) Erase(t entrepot.Turn, _ Erase) ([]events.Event, error) {
	if err := t.RequireSystem(); err != nil || s.Erased {
		return nil, err
	}
	return []events.Event{erased{userID: t.ID, at: t.Now.UnixMilli()}}, nil
}

// Get returns the list to its user.
func (s *State) Get(t entrepot.Turn, _ Get) (*Wishlist, error) {
	if !t.Caller.Is(t.ID) {
		return nil, entrepot.ErrNotFound
	}
	w := s.View()
	w.UserID = t.ID
	return w, nil
}

// View returns a copy of the whole list, the newest item first.
func (s *State) View() *Wishlist {
	w := s.Wishlist
	w.Items = slices.Clone(s.Items)
	slices.Reverse(w.Items)
	return &w
}

func (s *State) find(id entrepot.ID) int {
	return slices.IndexFunc(s.Items, func(i Item) bool { return i.ID() == id })
}

// public returns the item as it is published, with the number of items on the list after the event.
func (i *Item) public(t entrepot.Turn, items int) events.WishlistItem {
	return events.WishlistItem{
		UserID: t.ID, ItemID: i.ID(), ProductID: i.ProductID, VariantID: i.VariantID,
		CompanyID: i.CompanyID, Name: i.Name, Currency: i.Currency, Items: items, At: t.Now,
		Price: entrepot.Money{Minor: i.Price, Currency: i.Currency}.Amount(),
	}
}

func (s *State) createdAt() time.Time { return time.UnixMilli(s.CreatedAt).UTC() }

// Apply changes the state by one fact.
func (s *State) Apply(e events.Event) {
	switch f := e.(type) {
	case added:
		s.touch(f.UserID, f.item.AddedAt)
		s.Items = append(s.Items, f.item)
	case events.WishlistItemRemoved:
		s.touch(f.UserID, f.At.UnixMilli())
		if at := s.find(f.ItemID); at >= 0 {
			s.Items = slices.Delete(s.Items, at, at+1)
		}
	case erased:
		s.touch(f.userID, f.at)
		s.Items, s.Erased = nil, true
	}
}

func (s *State) touch(id entrepot.ID, at int64) {
	if s.UserID == "" {
		s.UserID, s.CreatedAt = id, at
	}
	s.UpdatedAt = at
}
