package checkout

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"entrepot"
	"entrepot/grains"
	"entrepot/grains/inventory/sourcing"
	"entrepot/grains/query"
	"entrepot/grains/sales/order"
)

// sources caches the sourcing of shops for a second, so that a popular shop's is not
// queried with every order. While it is unavailable, its last reply is used.
type sources struct {
	known query.ReplyCache[*sourcing.Sourcing]
}

const sourcesAge = time.Second

// maxSources is the maximum number of locations that an order chooses among.
const maxSources = 20

func (s *sources) init(now func() time.Time) { s.known.Init(now, sourcesAge) }

// Point is a place on Earth in degrees (WGS 84).
type Point struct{ Lat, Lng float64 }

// Source adds to every group the locations that its goods may come from; to is their
// destination, nil if unknown. A shop that sends everything itself adds none.
func (s *Pricer) Source(ctx context.Context, groups []*order.Group, to *Point) error {
	return s.sources.fill(ctx, s.Asker, groups, to)
}

func (s *sources) fill(ctx context.Context, a grains.Asker, groups []*order.Group, to *Point) error {
	for _, g := range groups {
		v, err := s.of(ctx, a, g.ShopID)
		if err != nil {
			return err
		}
		if v.CompanyID != g.CompanyID || (len(v.Locations) == 1 && v.Locations[0].LocationID == g.ShopID) {
			continue
		}
		locations := v.Locations
		if v.Strategy == sourcing.Nearest {
			locations = nearest(locations, g.ShopID, to)
		}
		g.Strategy = v.Strategy
		for _, l := range locations[:min(len(locations), maxSources)] {
			g.Sources = append(g.Sources, l.LocationID)
		}
	}
	return nil
}

func (s *sources) of(ctx context.Context, a grains.Asker, shop entrepot.ID) (*sourcing.Sourcing, error) {
	asked := s.known.Now()
	v, known, fresh := s.known.Get(shop)
	if fresh {
		return v, nil
	}
	// A customer's order depends on the sourcing, which customers may not read.
	now, err := grains.Ask(query.AsPlatform(ctx), a, sourcing.Of(sourcing.ID(shop)), sourcing.Get{ShopID: shop})
	switch {
	case err != nil && known:
		return v, nil
	case err != nil:
		return nil, err
	}
	s.known.Put(shop, now, asked)
	return now, nil
}

// nearest returns the locations sorted by their distance from the destination, or from
// the shop if that is unknown. Locations without coordinates come last, in their order.
func nearest(locations []sourcing.Location, shop entrepot.ID, to *Point) []sourcing.Location {
	if to == nil {
		at := slices.IndexFunc(locations, func(l sourcing.Location) bool {
			return l.LocationID == shop && l.Point != nil
		})
		if at < 0 {
			return locations
		}
		to = &Point{locations[at].Point.Lat, locations[at].Point.Lng}
	}
	sorted := slices.Clone(locations)
	slices.SortStableFunc(sorted, func(a, b sourcing.Location) int {
		return cmp.Compare(distance(a, to), distance(b, to))
	})
	return sorted
}

// distance returns the distance as an angle (haversine), or infinity for a location
// without coordinates.
func distance(l sourcing.Location, to *Point) float64 {
	if l.Point == nil {
		return math.Inf(1)
	}
	rad := func(degrees float64) float64 { return degrees * math.Pi / 180 }
	half := func(angle float64) float64 { s := math.Sin(angle / 2); return s * s }
	lat, lng := l.Point.Lat, l.Point.Lng
	h := half(rad(lat-to.Lat)) + math.Cos(rad(lat))*math.Cos(rad(to.Lat))*half(rad(lng-to.Lng))
	return 2 * math.Asin(math.Sqrt(min(1, h)))
}
