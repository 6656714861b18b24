package shop

import (
	"math"

	"entrepot"
	"entrepot/events"
)

// earth is the mean radius in kilometres; distances on a sphere err by at most 0.6 %.
const earth = 6371.0088

// Distance returns the great-circle distance of two points in kilometres (haversine).
func Distance(a, b events.Point) float64 {
	lat1, lat2 := radians(a.Lat), radians(b.Lat)
	sinLat, sinLng := math.Sin((lat2-lat1)/2), math.Sin(radians(b.Lng-a.Lng)/2)
	h := sinLat*sinLat + math.Cos(lat1)*math.Cos(lat2)*sinLng*sinLng
	return 2 * earth * math.Asin(math.Sqrt(min(h, 1)))
}

// depth is the number of levels at which the map is quartered; a cell of the last
// level is 40 m wide.
const depth = 20

// Cell returns the name of the smallest cell of a point. Each level quarters the map
// (longitude across, latitude upwards), and the name of the surrounding cell is a prefix.
func Cell(p events.Point) string {
	return cell(column(p.Lng, depth), row(p.Lat, depth), depth)
}

func cell(x, y, level int) string {
	name := make([]byte, level)
	for i := range name {
		bit := level - 1 - i
		name[i] = '0' + byte(y>>bit&1)<<1 + byte(x>>bit&1)
	}
	return string(name)
}

// column returns the column of a longitude, counted eastwards from the antimeridian;
// 180 degrees is column 0 again.
func column(lng float64, level int) int {
	n := 1 << level
	x := int(math.Floor((lng + 180) / 360 * float64(n)))
	return (x%n + n) % n
}

// row returns the row of a latitude, counted from the south.
func row(lat float64, level int) int {
	n := 1 << level
	return max(0, min(n-1, int(math.Floor((lat+90)/180*float64(n)))))
}

// maxCells bounds the database queries for one circle.
const maxCells = 12

// Cover returns cells that contain every point within a radius in kilometres, at most
// maxCells and as small as that allows. A circle over a pole contains every
// longitude; beyond the antimeridian the columns continue at 0.
func Cover(center events.Point, radius float64) []string {
	angle := radius/earth + 1e-9 // a few millimetres more than rounding can lose
	north, south := center.Lat+degrees(angle), center.Lat-degrees(angle)
	width := 360.0
	if north < 90 && south > -90 {
		width = min(360, 2*degrees(math.Asin(min(1, math.Sin(angle)/math.Cos(radians(center.Lat)))))+1e-9)
	}
	for level := depth; level > 0; level-- {
		n := 1 << level
		bottom, top := row(south, level), row(north, level)
		left := column(center.Lng-width/2, level)
		across := min(n, int(math.Floor(width/360*float64(n)))+2) // wherever in a column the circle begins
		if (top-bottom+1)*across > maxCells {
			continue
		}
		var out []string
		for y := bottom; y <= top; y++ {
			for i := range across {
				out = append(out, cell((left+i)%n, y, level))
			}
		}
		return out
	}
	return []string{""}
}

func radians(d float64) float64 { return d * math.Pi / 180 }
func degrees(r float64) float64 { return r * 180 / math.Pi }

// checkPoint refuses coordinates outside the globe, and NaN, which is in no range.
func checkPoint(p *events.Point) error {
	switch {
	case p == nil:
		return nil
	case !(p.Lat >= -90 && p.Lat <= 90):
		return entrepot.Invalid("location.coordinates.lat", "range", "must be from -90 to 90 degrees")
	case !(p.Lng >= -180 && p.Lng <= 180):
		return entrepot.Invalid("location.coordinates.lng", "range", "must be from -180 to 180 degrees")
	default:
		return nil
	}
}
