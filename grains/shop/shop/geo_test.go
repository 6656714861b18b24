package shop

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"entrepot/events"

	"pgregory.net/rapid"
)

func point(lat, lng float64) events.Point { return events.Point{Lat: lat, Lng: lng} }

func TestDistance(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		a, b events.Point
		km   float64
	}{
		"nowhere":                {point(51, 4), point(51, 4), 0},
		"a degree of latitude":   {point(0, 0), point(1, 0), earth * math.Pi / 180},
		"Antwerp to Brussels":    {point(51.2194, 4.4025), point(50.8503, 4.3517), 41.2},
		"over the antimeridian":  {point(0, 179.5), point(0, -179.5), earth * math.Pi / 180},
		"over the pole":          {point(89.5, 0), point(89.5, 180), earth * math.Pi / 180},
		"to the other side":      {point(0, 0), point(0, 180), earth * math.Pi},
		"both names of one line": {point(10, 180), point(10, -180), 0},
	} {
		if got := Distance(c.a, c.b); math.Abs(got-c.km) > 0.1 {
			t.Errorf("%s: %f km, want %f", name, got, c.km)
		}
	}
}

func covered(p, center events.Point, radius float64) error {
	cells := Cover(center, radius)
	if len(cells) > maxCells {
		return fmt.Errorf("%d cells", len(cells))
	}
	for _, c := range cells {
		if strings.HasPrefix(Cell(p), c) {
			return nil
		}
	}
	return fmt.Errorf("%v (cell %s) is %f km from %v and in none of %q", p, Cell(p), Distance(p, center), center, cells)
}

// TestCoverHoldsTheCircle: whatever brute force finds within the radius lies in a
// cell; points are drawn on and within the circle itself, everywhere on Earth.
func TestCoverHoldsTheCircle(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		lat := rapid.OneOf(rapid.Float64Range(-90, 90), rapid.Float64Range(89.9, 90), rapid.Float64Range(-90, -89.9), rapid.Just(90.0), rapid.Just(-90.0)).Draw(t, "lat")
		lng := rapid.OneOf(rapid.Float64Range(-180, 180), rapid.Float64Range(179.9, 180), rapid.Float64Range(-180, -179.9), rapid.Just(180.0)).Draw(t, "lng")
		radius := rapid.OneOf(rapid.Float64Range(0.001, 1), rapid.Float64Range(1, 500), rapid.Float64Range(500, 20000)).Draw(t, "radius")
		center := point(lat, lng)
		p := away(center, rapid.Float64Range(0, 2*math.Pi).Draw(t, "bearing"), radius*rapid.OneOf(rapid.Just(1.0), rapid.Float64Range(0, 1)).Draw(t, "part"))
		if Distance(center, p) > radius {
			return // by rounding
		}
		if err := covered(p, center, radius); err != nil {
			t.Fatal(err)
		}
	})
}

// away is the point at a bearing and a distance in kilometres.
func away(p events.Point, bearing, km float64) events.Point {
	lat, d := radians(p.Lat), km/earth
	sin := math.Sin(lat)*math.Cos(d) + math.Cos(lat)*math.Sin(d)*math.Cos(bearing)
	to := math.Asin(max(-1, min(1, sin)))
	lng := p.Lng + degrees(math.Atan2(math.Sin(bearing)*math.Sin(d)*math.Cos(lat), math.Cos(d)-math.Sin(lat)*sin))
	return point(degrees(to), math.Mod(lng+540, 360)-180)
}

// A small circle asks for little of the map.
func TestCoverIsSmall(t *testing.T) {
	t.Parallel()
	for _, c := range []events.Point{point(51.2, 4.4), point(0, 179.9999), point(-45, -180)} {
		for _, cell := range Cover(c, 1) {
			if len(cell) < 11 { // a cell of level 11 is 20 km wide at the equator
				t.Errorf("1 km around %v reads the cell %q", c, cell)
			}
		}
	}
}
