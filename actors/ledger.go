package actors

import (
	"errors"

	"entrepot/events"
	"entrepot/grains/stock"
	"entrepot/persistence"
)

func isThere(err error) bool { return errors.Is(err, persistence.ErrStale) }

// Ledger keeps every movement of stock as a row that can be asked for. What else a
// stock item tells, such as that it is low, is no movement.
func Ledger(store persistence.Store) events.Handler {
	return On(keep(store, stock.Movements, func(e *events.Envelope) []any {
		var m events.InventoryUpdated
		if err := e.Decode(&m); err != nil {
			return []any{e.Aggregate.ID, e.Aggregate.Sequence}
		}
		return stock.MovementFields(&m)
	}), events.InventoryUpdated{}.EventType())
}
