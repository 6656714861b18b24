package inventory

import (
	"entrepot/actors"
	"entrepot/events"
	"entrepot/grains/inventory/stock"
	"entrepot/persistence"
)

// Ledger records every stock movement as a row of [stock.Movements]. Other events of a stock
// item, such as low stock, are no movements and are skipped.
func Ledger(store persistence.Store) events.Handler {
	return actors.On(actors.KeepEnvelopes(store, stock.Movements, func(e *events.Envelope) []any {
		var m events.InventoryUpdated
		if err := e.Decode(&m); err != nil {
			return []any{e.Aggregate.ID, e.Aggregate.Sequence}
		}
		return stock.MovementFields(&m)
	}), events.InventoryUpdated{}.EventType())
}
