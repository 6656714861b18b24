// Package stockwatch is a customer's request to be notified when a variant is in stock again, in a
// shop or anywhere. The customer is notified once, which ends the watch.
//
// Commands: Watch, Cancel, Arrived and Erase (both of the platform). Queries: Get.
// Persisted: the whole [State].
package stockwatch

import (
	"time"

	"entrepot"
	"entrepot/events"
)

// The statuses of a watch.
const (
	Waiting   = "waiting"
	Told      = "told"
	Cancelled = "cancelled"
)

// State is a watch. The zero State was never asked to wait.
type State struct {
	StockWatch
	UserID entrepot.ID `json:"userId,omitempty"`
	// The movement of the last notification. It is not reported again, nor is an earlier one
	// of the same item, when the customer waits again.
	ItemID   entrepot.ID `json:"itemId,omitempty"`
	Movement int64       `json:"movement,omitempty"`
}

type (
	began struct {
		events.Private
		State
	}
	ended struct {
		events.Private
		eraseUser bool
	}
	told struct {
		events.ProductBackInStock
		itemID   entrepot.ID
		movement int64
	}
)

// Watch starts to wait. A watch that waits already stays as it is.
func (s *State) Watch(t entrepot.Turn, c Watch) ([]events.Event, error) {
	switch {
	case t.Caller.UserID == "" || t.ID != ID(t.Caller.UserID, c.VariantID, c.ShopID):
		return nil, entrepot.ErrNotFound
	case !entrepot.ValidID(c.ProductID):
		return nil, entrepot.Invalid("productId", "id", "must be a product id")
	case !entrepot.ValidID(c.VariantID):
		return nil, entrepot.Invalid("variantId", "id", "must be a variant id")
	case c.ShopID != "" && !entrepot.ValidID(c.ShopID):
		return nil, entrepot.Invalid("shopId", "id", "must be a shop id")
	case s.Status == Waiting:
		return nil, nil
	}
	watch := StockWatch{
		ID: t.ID, ProductID: c.ProductID, VariantID: c.VariantID, ShopID: c.ShopID,
		CompanyID: c.CompanyID, Name: c.Name, Status: Waiting, Since: t.Now.UnixMilli(),
	}
	next := State{StockWatch: watch, UserID: t.Caller.UserID, ItemID: s.ItemID, Movement: s.Movement}
	return []events.Event{began{State: next}}, nil
}

// Cancel stops waiting.
func (s *State) Cancel(t entrepot.Turn, _ Cancel) ([]events.Event, error) {
	if s.Status != Waiting || !t.Caller.Is(s.UserID) {
		return nil, entrepot.ErrNotFound
	}
	return []events.Event{ended{}}, nil
}

// Arrived notifies the customer, once.
func (s *State) Arrived(t entrepot.Turn, c Arrived) ([]events.Event, error) {
	if err := t.RequireSystem(); err != nil {
		return nil, err
	}
	switch {
	case s.Status != Waiting || c.Available <= 0:
		return nil, nil
	case s.ShopID != "" && s.ShopID != c.LocationID:
		return nil, nil // another location
	case c.ItemID == s.ItemID && c.Movement <= s.Movement:
		return nil, nil // notified before
	}
	return []events.Event{told{events.ProductBackInStock{
		WatchID: s.ID, UserID: s.UserID, ProductID: s.ProductID, VariantID: s.VariantID, CompanyID: s.CompanyID,
		ShopID: s.ShopID, LocationID: c.LocationID, Name: s.Name, Available: c.Available,
		WatchedAt: time.UnixMilli(s.Since).UTC(), At: t.Now,
	}, c.ItemID, c.Movement}}, nil
}

// Erase cancels the watch and removes the user's id.
func (s *State) Erase(t entrepot.Turn, _ Erase) ([]events.Event, error) {
	if err := t.RequireSystem(); err != nil || s.UserID == "" {
		return nil, err
	}
	return []events.Event{ended{eraseUser: true}}, nil
}

// Get returns the watch to its customer.
func (s *State) Get(t entrepot.Turn, _ Get) (*StockWatch, error) {
	if s.ID == "" || !t.Caller.Is(s.UserID) {
		return nil, entrepot.ErrNotFound
	}
	return s.View(), nil
}

// View returns a copy of the watch without its customer.
func (s *State) View() *StockWatch {
	w := s.StockWatch
	return &w
}

// Apply changes the state by one fact.
func (s *State) Apply(e events.Event) {
	switch f := e.(type) {
	case began:
		*s = f.State
	case ended:
		s.Status = Cancelled
		if f.eraseUser {
			s.UserID = ""
		}
	case told:
		s.Status, s.ItemID, s.Movement = Told, f.itemID, f.movement
	}
}
