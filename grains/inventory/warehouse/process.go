package warehouse

import (
	"context"
	"slices"
	"strconv"

	"entrepot"
	"entrepot/events"
	"entrepot/grains"
	"entrepot/grains/inventory/sourcing"
)

// process brings every change of a warehouse to the sourcings of its shops. A
// warehouse asks sourcings, which ask no grain.
var process = []grains.Row[*State]{
	grains.Step("source", (*State).unplaced, place, (*State).placed),
}

// unplaced returns an element for each shop whose sourcing lacks the current version.
func (s *State) unplaced() (out []string) {
	for _, p := range s.Pending {
		out = append(out, p.element())
	}
	return out
}

func (p Placement) element() string { return p.ShopID + ":" + strconv.FormatInt(p.Version, 10) }

// placing is the result of a call of a sourcing.
type placing struct {
	Placement
	refused bool // the shop has as many warehouses as it may, or is of another company
}

func place(ctx context.Context, a grains.Asker, s *State, of string) (placing, error) {
	i := slices.IndexFunc(s.Pending, func(p Placement) bool { return p.element() == of })
	if i < 0 {
		return placing{}, entrepot.Errorf(entrepot.CodeInternal, "the warehouse has no placement %s", of)
	}
	p := s.Pending[i]
	_, err := grains.Ask(ctx, a, sourcing.Of(sourcing.ID(p.ShopID)), sourcing.PlaceWarehouse{
		ShopID: p.ShopID, CompanyID: s.CompanyID,
		Warehouse: sourcing.Location{
			LocationID: s.ID, Version: p.Version, Priority: s.Priority, Point: s.Location.Coordinates,
		},
		Removed: s.DeletedAt != 0 || !s.IsActive || !slices.Contains(s.Serves, p.ShopID),
	})
	refused, err := grains.Refused(err, entrepot.CodeConflict, entrepot.CodeNotFound)
	return placing{Placement: p, refused: refused}, err
}

// placed notes that a sourcing has a version. A shop whose sourcing refused the
// warehouse is not served by it.
func (s *State) placed(t entrepot.Turn, r placing) ([]events.Event, error) {
	facts := []events.Event{sourced{Placement: r.Placement}}
	if r.refused && s.DeletedAt == 0 && slices.Contains(s.Serves, r.ShopID) {
		d := s.Details
		d.Serves = slices.DeleteFunc(slices.Clone(d.Serves), func(id entrepot.ID) bool { return id == r.ShopID })
		facts = append(facts, events.WarehouseUpdated{Warehouse: d.public(s.ID, s.CompanyID, s.createdAt(), t.Now)})
	}
	return facts, nil
}
