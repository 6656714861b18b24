// Package stockwatch is one customer waiting for one variant to be in stock
// again, in a shop or anywhere. When it is, the customer is told once and the
// waiting is over.
//
// Commands: Watch, Cancel, Arrived and Erase (of the platform). Queries: Get.
// Persisted: the whole [State].
package stockwatch

import (
	"time"

	"entrepot"
	"entrepot/events"
)

// The states of a watch.
const (
	Waiting   = "waiting"
	Told      = "told"
	Cancelled = "cancelled"
)

// State is a watch. The zero State never was one.
type State struct {
	ID        entrepot.ID `json:"id,omitempty"`
	UserID    entrepot.ID `json:"userId,omitempty"`
	ProductID entrepot.ID `json:"productId,omitempty"`
	VariantID entrepot.ID `json:"variantId,omitempty"`
	ShopID    entrepot.ID `json:"shopId,omitempty"`
	CompanyID entrepot.ID `json:"companyId,omitempty"`
	Name      string      `json:"name,omitempty"`
	Status    string      `json:"status,omitempty"`
	Since     int64       `json:"since,omitempty"` // Unix ms
	// What told the customer last: the same, or what the item did before, does not
	// tell again who waits again.
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
		forget bool
	}
	told struct {
		events.ProductBackInStock
		itemID   entrepot.ID
		movement int64
	}
)

// Watch begins to wait. Who waits already goes on.
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
	return []events.Event{began{State: State{
		ID: t.ID, UserID: t.Caller.UserID, ProductID: c.ProductID, VariantID: c.VariantID, ShopID: c.ShopID,
		CompanyID: c.CompanyID, Name: c.Name, Status: Waiting, Since: t.Now.UnixMilli(), ItemID: s.ItemID, Movement: s.Movement,
	}}}, nil
}

// Cancel ends the waiting.
func (s *State) Cancel(t entrepot.Turn, _ Cancel) ([]events.Event, error) {
	if s.Status != Waiting || !t.Caller.Is(s.UserID) {
		return nil, entrepot.ErrNotFound
	}
	return []events.Event{ended{}}, nil
}

// Arrived tells the customer, once.
func (s *State) Arrived(t entrepot.Turn, c Arrived) ([]events.Event, error) {
	switch {
	case t.Caller.Role != entrepot.System:
		return nil, entrepot.ErrNotFound
	case s.Status != Waiting || c.Available <= 0:
		return nil, nil
	case s.ShopID != "" && s.ShopID != c.LocationID:
		return nil, nil // not there
	case c.ItemID == s.ItemID && c.Movement <= s.Movement:
		return nil, nil // told of it before
	}
	return []events.Event{told{events.ProductBackInStock{
		WatchID: s.ID, UserID: s.UserID, ProductID: s.ProductID, VariantID: s.VariantID, CompanyID: s.CompanyID, ShopID: s.ShopID,
		LocationID: c.LocationID, Name: s.Name, Available: c.Available, WatchedAt: time.UnixMilli(s.Since).UTC(), At: t.Now,
	}, c.ItemID, c.Movement}}, nil
}

// Erase ends the waiting and forgets whose it was.
func (s *State) Erase(t entrepot.Turn, _ Erase) ([]events.Event, error) {
	switch {
	case t.Caller.Role != entrepot.System:
		return nil, entrepot.ErrNotFound
	case s.UserID == "":
		return nil, nil
	}
	return []events.Event{ended{forget: true}}, nil
}

// Apply changes the state by one fact.
func (s *State) Apply(e events.Event) {
	switch f := e.(type) {
	case began:
		*s = f.State
	case ended:
		s.Status = Cancelled
		if f.forget {
			s.UserID = ""
		}
	case told:
		s.Status, s.ItemID, s.Movement = Told, f.itemID, f.movement
	}
}

// Get answers the watch to its customer.
func (s *State) Get(t entrepot.Turn, _ Get) (*StockWatch, error) {
	if s.ID == "" || !t.Caller.Is(s.UserID) {
		return nil, entrepot.ErrNotFound
	}
	return s.View(), nil
}

// View is the watch without its customer.
func (s *State) View() *StockWatch {
	return &StockWatch{
		ID: s.ID, ProductID: s.ProductID, VariantID: s.VariantID, ShopID: s.ShopID, CompanyID: s.CompanyID, Name: s.Name,
		Status: s.Status, Since: s.Since,
	}
}
