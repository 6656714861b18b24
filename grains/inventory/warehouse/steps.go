package warehouse

import (
	"context"
	"slices"
	"strconv"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/inventory/sourcing"
)

// steps tell the sourcing of every shop that has not heard of the current
// version. A warehouse asks sourcings, which ask nobody.
func steps(s *State) []grains.OldStep {
	var out []grains.OldStep
	for _, u := range s.Untold {
		out = append(out, grains.OldStep{Key: "source:" + u.ShopID + ":" + strconv.FormatInt(u.Version, 10), Do: s.source(u)})
	}
	return out
}

func (s *State) source(u Untold) func(context.Context, grains.Asker) (any, error) {
	place := sourcing.Place{
		ShopID: u.ShopID, CompanyID: s.CompanyID, LocationID: s.ID, Version: u.Version, Priority: s.Priority,
		Removed: s.DeletedAt != 0 || !s.IsActive || !slices.Contains(s.Serves, u.ShopID),
	}
	if p := s.Location.Coordinates; p != nil {
		place.Point = &sourcing.Point{Lat: p.Lat, Lng: p.Lng}
	}
	return func(ctx context.Context, a grains.Asker) (any, error) {
		_, err := grains.Ask(ctx, a, sourcing.Of(sourcing.ID(place.ShopID)), place)
		switch entrepot.CodeOf(err) {
		case "":
			return Sourced{ShopID: u.ShopID, Version: u.Version}, nil
		case entrepot.CodeConflict, entrepot.CodeNotFound: // it never will
			return Sourced{ShopID: u.ShopID, Version: u.Version, Refused: true}, nil
		default:
			return nil, err
		}
	}
}
