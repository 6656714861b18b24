package warehouse

import (
	"context"
	"slices"
	"strconv"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/sourcing/sourcingpb"
	"entrepot/grains/warehouse/warehousepb"

	"google.golang.org/protobuf/proto"
)

// steps tell the sourcing of every shop that has not heard of the current
// version. A warehouse asks sourcings, which ask nobody.
func steps(s *State) []grains.Step {
	var out []grains.Step
	for _, u := range s.Untold {
		out = append(out, grains.Step{Key: "source:" + u.ShopID + ":" + strconv.FormatInt(u.Version, 10), Do: s.source(u)})
	}
	return out
}

func (s *State) source(u Untold) func(context.Context, grains.Asker) (proto.Message, error) {
	place := &sourcingpb.Place{
		ShopId: u.ShopID, CompanyId: s.CompanyID, LocationId: s.ID, Version: u.Version, Priority: s.Priority,
		Removed: s.Deleted != 0 || !s.IsActive || !slices.Contains(s.Serves, u.ShopID),
	}
	if p := s.Location.Coordinates; p != nil {
		place.Point = &sourcingpb.Point{Lat: p.Lat, Lng: p.Lng}
	}
	return func(ctx context.Context, a grains.Asker) (proto.Message, error) {
		_, err := a.Ask(ctx, sourcingpb.Kind, sourcingpb.ID(place.ShopId), place)
		switch entrepot.CodeOf(err) {
		case "":
			return &warehousepb.Sourced{ShopId: u.ShopID, Version: u.Version}, nil
		case entrepot.CodeConflict, entrepot.CodeNotFound: // it never will
			return &warehousepb.Sourced{ShopId: u.ShopID, Version: u.Version, Refused: true}, nil
		default:
			return nil, err
		}
	}
}
