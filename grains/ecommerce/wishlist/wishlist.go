// Package wishlist is what one customer, whose id it has, would like to have:
// products, or variants of them, with the price of the day they were added.
//
// Commands: AddItem, RemoveItem, Erase. Queries: Get. Persisted: the whole
// [State]. An erased user's list stays empty for good.
package wishlist

import (
	"slices"
	"time"

	"entrepot"
	"entrepot/events"
)

// MaxItems bounds a list.
const MaxItems = 500

// State is a wishlist. The zero State is the empty list of somebody who never had one.
type State struct {
	ID        entrepot.ID `json:"id,omitempty"`
	Items     []Wish      `json:"items,omitempty"`   // the oldest first
	CreatedAt int64       `json:"created,omitempty"` // Unix ms, as all times here
	UpdatedAt int64       `json:"updated,omitempty"`
	Erased    bool        `json:"erased,omitempty"`
}

// Item is one wish. Its id is the variant's, or the product's.
type Wish struct {
	ProductID entrepot.ID `json:"pid"`
	VariantID entrepot.ID `json:"vid,omitempty"` // none: whichever
	CompanyID entrepot.ID `json:"cid"`
	Name      string      `json:"name"`
	Price     int64       `json:"price"` // minor units, when it was added
	Currency  string      `json:"cur"`
	AddedAt   int64       `json:"added"`
}

// ID is the item's, the same on every list.
func (i *Wish) ID() entrepot.ID {
	if i.VariantID != "" {
		return i.VariantID
	}
	return i.ProductID
}

type (
	added struct {
		events.WishlistItemAdded
		item Wish
	}
	erased struct {
		events.Private
		userID entrepot.ID
		at     int64
	}
)

// AddItem puts something on the list. What is there stays as it is.
func (s *State) AddItem(t entrepot.Turn, c AddItem) ([]events.Event, error) {
	item := Wish{
		ProductID: c.ProductID, VariantID: c.VariantID, CompanyID: c.CompanyID, Name: c.Name,
		Price: c.Price, Currency: c.Currency, AddedAt: t.Now.UnixMilli(),
	}
	switch {
	case !t.Caller.Is(t.ID) || s.Erased:
		return nil, entrepot.ErrNotFound
	case !entrepot.ValidID(c.ProductID):
		return nil, entrepot.Invalid("productId", "id", "must be a product id")
	case c.VariantID != "" && !entrepot.ValidID(c.VariantID):
		return nil, entrepot.Invalid("variantId", "id", "must be a variant id")
	case !entrepot.ValidCurrency(c.Currency) || c.Price < 0:
		return nil, entrepot.Invalid("price", "range", "must be non-negative, in an ISO 4217 currency")
	case s.find(item.ID()) >= 0:
		return nil, nil
	case len(s.Items) >= MaxItems:
		return nil, entrepot.Errorf(entrepot.CodeConflict, "a wishlist holds at most %d items", MaxItems)
	}
	return []events.Event{added{events.WishlistItemAdded{WishlistItem: item.public(t, len(s.Items)+1)}, item}}, nil
}

// RemoveItem takes one item off the list, or all of a product. The platform does
// it when the product is deleted.
func (s *State) RemoveItem(t entrepot.Turn, c RemoveItem) ([]events.Event, error) {
	if !t.Caller.Is(t.ID) || c.ID == "" {
		return nil, entrepot.ErrNotFound
	}
	var gone []*Wish
	if at := s.find(c.ID); at >= 0 {
		gone = append(gone, &s.Items[at])
	} else {
		for i := range s.Items {
			if s.Items[i].ProductID == c.ID {
				gone = append(gone, &s.Items[i])
			}
		}
	}
	if len(gone) == 0 {
		return nil, entrepot.ErrNotFound
	}
	var happened []events.Event
	for n, i := range gone {
		happened = append(happened, events.WishlistItemRemoved{WishlistItem: i.public(t, len(s.Items)-n-1)})
	}
	return happened, nil
}

// Erase forgets the list of a user who is no more.
func (s *State) Erase(t entrepot.Turn, _ Erase) ([]events.Event, error) {
	switch {
	case t.Caller.Role != entrepot.System:
		return nil, entrepot.ErrNotFound
	case s.Erased:
		return nil, nil
	}
	return []events.Event{erased{userID: t.ID, at: t.Now.UnixMilli()}}, nil
}

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
	if s.ID == "" {
		s.ID, s.CreatedAt = id, at
	}
	s.UpdatedAt = at
}

// Get answers the list to its user.
func (s *State) Get(t entrepot.Turn, _ Get) (*Wishlist, error) {
	if !t.Caller.Is(t.ID) {
		return nil, entrepot.ErrNotFound
	}
	v := s.View()
	v.UserID = t.ID
	return v, nil
}

// View is the whole list, the newest first.
func (s *State) View() *Wishlist {
	v := &Wishlist{UserID: s.ID, UpdatedAt: s.UpdatedAt}
	for n := len(s.Items) - 1; n >= 0; n-- {
		i := &s.Items[n]
		v.Items = append(v.Items, Item{
			ID: i.ID(), ProductID: i.ProductID, VariantID: i.VariantID, CompanyID: i.CompanyID, Name: i.Name,
			Price: i.Price, Currency: i.Currency, AddedAt: i.AddedAt,
		})
	}
	return v
}

func (s *State) find(id entrepot.ID) int {
	return slices.IndexFunc(s.Items, func(i Wish) bool { return i.ID() == id })
}

// public is the item as events tell it, with how many there are then.
func (i *Wish) public(t entrepot.Turn, items int) events.WishlistItem {
	return events.WishlistItem{
		UserID: t.ID, ItemID: i.ID(), ProductID: i.ProductID, VariantID: i.VariantID, CompanyID: i.CompanyID, Name: i.Name,
		Price: entrepot.Money{Minor: i.Price, Currency: i.Currency}.Amount(), Currency: i.Currency, Items: items, At: t.Now,
	}
}

func (s *State) createdAt() time.Time { return time.UnixMilli(s.CreatedAt).UTC() }
